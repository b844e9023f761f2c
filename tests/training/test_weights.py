"""Weights between a start and what was fine-tuned: the weighted sum, and its ends."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from opensearch.training.weights import on_the_way


def state(seed):
    values = torch.randn(3, 4, generator=torch.Generator().manual_seed(seed))
    values[0, 0] = -0.0
    return {"weight": values, "count": torch.tensor(10 + seed)}


def bits(tensor):
    return tensor.view(torch.int32).tolist()


@given(st.floats(0, 1), st.integers(1, 4))
def test_is_the_weighted_sum_of_the_mean_and_the_start(share, count):
    start, tuned = state(0), [state(1 + number) for number in range(count)]
    made = on_the_way(start, tuned, share)
    mean = sum(one["weight"].double() for one in tuned) / count
    expected = share * mean + (1 - share) * start["weight"].double()
    torch.testing.assert_close(made["weight"].double(), expected, rtol=0, atol=1e-6)
    assert made["count"] == 11


@pytest.mark.parametrize(("share", "end"), [(0.0, 0), (1.0, 1)])
def test_the_ends_are_the_models_themselves(share, end):
    made = on_the_way(state(0), [state(1)], share)
    assert bits(made["weight"]) == bits(state(end)["weight"])


def test_by_hand():
    start, one, two = ({"w": torch.tensor([value])} for value in (10.0, 1.0, 3.0))
    assert on_the_way(start, [one, two], 0.8)["w"].item() == pytest.approx(0.8 * 2 + 0.2 * 10)
