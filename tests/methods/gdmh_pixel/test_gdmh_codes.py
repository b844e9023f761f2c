"""The discrete step, against a slow reference and against what it is to minimise."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.methods.gdmh_pixel.codes import category_codes, item_codes

CATEGORIES, BITS = 4, 6


def problem(seed, sizes=(9, 5, 7)):
    generator = torch.Generator().manual_seed(seed)
    labels = [torch.randint(0, CATEGORIES, (n,), generator=generator) for n in sizes]
    codes = [torch.randint(0, 2, (n, BITS), generator=generator) * 2.0 - 1 for n in sizes]
    outputs = [torch.randn(n, BITS, generator=generator) for n in sizes]
    return labels, codes, outputs


def onehot(labels):
    return torch.nn.functional.one_hot(labels, CATEGORIES).double()


def objective(labels, codes, of_categories, outputs, fidelity):
    """What Zhang et al. minimise over B and D, the ridge term included."""
    total = of_categories.square().sum()
    for label, code, output in zip(labels, codes, outputs, strict=True):
        total += (code - onehot(label) @ of_categories).square().sum()
        total += fidelity * (code - output).square().sum()
    return float(total)


@given(st.integers(0, 10_000))
def test_category_codes_solve_the_ridge_regression(seed):
    """With Y of all domains below one another: (Y^T Y + I)^-1 Y^T B."""
    labels, codes, _ = problem(seed)
    Y, B = torch.cat([onehot(label) for label in labels]), torch.cat(codes).double()
    wanted = torch.linalg.solve(Y.T @ Y + torch.eye(CATEGORIES).double(), Y.T @ B)
    assert torch.allclose(category_codes(labels, codes, CATEGORIES).double(), wanted, atol=1e-6)


def test_with_paired_items_it_is_the_papers_formula():
    """D = (2 Y^T Y + I)^-1 Y^T (B_I + B_S), Y being of both domains."""
    labels, codes, _ = problem(3, sizes=(8, 8))
    Y = onehot(labels[0])
    left = 2 * Y.T @ Y + torch.eye(CATEGORIES).double()
    wanted = torch.linalg.solve(left, Y.T @ (codes[0] + codes[1]).double())
    made = category_codes([labels[0], labels[0]], codes, CATEGORIES)
    assert torch.allclose(made.double(), wanted, atol=1e-6)


@given(st.integers(0, 10_000), st.integers(0, CATEGORIES - 1), st.integers(0, BITS - 1))
def test_no_other_category_code_is_better(seed, row, bit):
    labels, codes, outputs = problem(seed)
    best = category_codes(labels, codes, CATEGORIES).double()
    least = objective(labels, codes, best, outputs, 0.1)
    for change in (-0.01, 0.01):
        other = best.clone()
        other[row, bit] += change
        assert objective(labels, codes, other, outputs, 0.1) > least


@given(st.integers(0, 10_000), st.floats(0, 2))
def test_no_flipped_bit_of_an_item_is_better(seed, fidelity):
    labels, codes, outputs = problem(seed)
    of_categories = category_codes(labels, codes, CATEGORIES)
    best = [
        item_codes(label, of_categories, output, fidelity)
        for label, output in zip(labels, outputs, strict=True)
    ]
    least = objective(labels, best, of_categories.double(), outputs, fidelity)
    for domain in range(len(best)):
        for bit in range(BITS):
            other = [codes.clone() for codes in best]
            other[domain][0, bit] *= -1
            value = objective(labels, other, of_categories.double(), outputs, fidelity)
            assert value >= least - 1e-6


def test_item_codes_by_hand():
    """Categories say .5 and 0; outputs decide the tie, and zero counts as 1."""
    of_categories = torch.tensor([[0.5, 0.0, 0.0]])
    outputs = torch.tensor([[-9.0, -1.0, 0.0]])
    assert item_codes(torch.tensor([0]), of_categories, outputs, 1e-5).tolist() == [[1, -1, 1]]
    assert item_codes(torch.tensor([0]), of_categories, outputs, 0.1).tolist() == [[-1, -1, 1]]


def test_codes_settle_at_the_first_step():
    """What the module's docstring says of a small fidelity."""
    labels, codes, outputs = problem(1, sizes=(11, 13, 9))
    for _ in range(2):
        before = codes
        of_categories = category_codes(labels, codes, CATEGORIES)
        codes = [
            item_codes(label, of_categories, output, 1e-5)
            for label, output in zip(labels, outputs, strict=True)
        ]
    settled = [torch.equal(a, b) for a, b in zip(before, codes, strict=True)]
    assert all(settled)


def test_a_category_without_items_has_no_code():
    labels, codes = [torch.tensor([0, 2])], [torch.ones(2, BITS)]
    made = category_codes(labels, codes, 3)
    assert made[:, 0].tolist() == pytest.approx([0.5, 0.0, 0.5])
