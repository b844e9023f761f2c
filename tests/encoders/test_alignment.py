"""The last map of an encoder: against least squares, what it is learnt on, and what it mends."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.encoders.alignment import MAP, Alignment, fit_maps, stored
from opensearch.encoders.encoder import Encoder
from opensearch.errors import BundleError

DIM = 6


def made(seed, categories=8, each=3, dim=DIM):
    """Items of two domains: unit rows, their domains and labels; the second lies turned."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(categories, dim))
    near = np.eye(dim) + 0.3 * rng.normal(size=(dim, dim))
    turn, upper = np.linalg.qr(near)
    turn = turn * np.sign(np.diag(upper))
    labels = np.tile(np.repeat(np.arange(categories), each), 2)
    rows = middles[labels] + 0.2 * rng.normal(size=(len(labels), dim))
    domains = np.repeat(["a", "b"], len(labels) // 2)
    rows[domains == "b"] = rows[domains == "b"] @ turn
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), domains, labels


def reference(rows, domains, labels, freedom, name):
    """The map as rows of least squares: items onto their middles, the identity onto itself."""
    left, right, weights = [], [], []
    for label in sorted(set(labels[labels >= 0].tolist())):
        own = {d: rows[(labels == label) & (domains == d)] for d in ("a", "b")}
        held = {d: part for d, part in own.items() if len(part)}
        if len(held) < 2 or name not in held:
            continue
        middle = sum(part.mean(axis=0) for part in held.values()) / len(held)
        for row in held[name]:
            weights.append(1 / np.sqrt(len(held[name])))
            left.append(row)
            right.append(middle)
    scale = np.sqrt(np.array(weights) / sum(weights))[:, None]
    hold = np.eye(DIM) / np.sqrt(DIM * freedom)
    return np.linalg.lstsq(
        np.vstack([scale * left, hold]), np.vstack([scale * right, hold]), rcond=None
    )[0]


@given(st.integers(0, 10**6), st.floats(0.01, 10))
def test_a_map_is_that_of_least_squares_held_to_the_identity(seed, freedom):
    rows, domains, labels = made(seed)
    labels[::5] = -1
    labels[(labels == 2) & (domains == "b")] = 3  # so that one domain alone holds 2
    maps = fit_maps(rows, domains, labels, freedom)
    assert sorted(maps) == ["a", "b"]
    for name, onto in maps.items():
        wanted = reference(rows, domains, labels, freedom, name)
        np.testing.assert_allclose(onto, wanted, atol=1e-5)


def test_little_freedom_leaves_embeddings_as_they_are():
    maps = fit_maps(*made(0), 1e-6)
    np.testing.assert_allclose(maps["a"], np.eye(DIM), atol=1e-4)


def test_a_domain_that_shares_no_category_has_no_map():
    rows, domains, labels = made(0)
    labels[domains == "b"] += 100
    assert fit_maps(rows, domains, labels, 1.0) == {}


def test_categories_that_took_no_part_come_together():
    """Learnt on 80 categories, of which 20 others gain: each finds its own in the other domain."""
    dim = 24
    rows, domains, labels = made(3, categories=100, each=4, dim=dim)
    known = labels < 80
    maps = fit_maps(rows[known], domains[known], labels[known], 1.0)

    def found(a, b):
        order = np.argsort(-(a @ b.T), axis=1)[:, :4]
        new = labels[~known & (domains == "a")]
        return (new[order] == new[:, None]).mean()

    apart = {name: rows[~known & (domains == name)] for name in ("a", "b")}
    mapped = {name: Alignment({MAP: stored(maps[name])})(part) for name, part in apart.items()}
    assert found(*mapped.values()) > found(*apart.values()) + 0.1


def test_an_encoder_ends_with_its_map():
    rng = np.random.default_rng(0)
    projector = {
        "linear.weight": rng.normal(size=(DIM, 4)).astype(np.float32),
        "linear.bias": rng.normal(size=DIM).astype(np.float32),
        "norm.weight": np.ones(DIM, np.float32),
        "norm.bias": np.zeros(DIM, np.float32),
        "norm.running_mean": np.zeros(DIM, np.float32),
        "norm.running_var": np.ones(DIM, np.float32),
    }
    features = rng.normal(size=(5, 1, 4)).astype(np.float32)
    plain = Encoder(None, projector, "mean").embed_features(features)
    onto = rng.normal(size=(DIM, DIM)).astype(np.float16)
    mapped = Encoder(None, {**projector, MAP: onto}, "mean")
    wanted = [
        sum(x * row for x, row in zip(item, onto.astype(float), strict=True)) for item in plain
    ]
    wanted = [row / np.sqrt((row**2).sum()) for row in wanted]
    np.testing.assert_allclose(mapped.embed_features(features), wanted, atol=1e-6)
    np.testing.assert_array_equal(mapped.unaligned(features), plain)
    with pytest.raises(BundleError, match="alignment is a map of shape"):
        Encoder(None, {**projector, MAP: onto[:3]}, "mean")
