import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes

from opensearch.config import HashSettings
from opensearch.errors import InvalidInput
from opensearch.hashing import HashData, fit_hasher, linear, whitened
from opensearch.hashing.linear import random_projection
from opensearch.semantic import unit


def data(n=400, d=32, seed=0):
    rng = np.random.default_rng(seed)
    centres = unit(rng.normal(size=(8, d)))
    labels = rng.integers(0, 8, n)
    rows = unit(centres[labels] + 0.2 * rng.normal(size=(n, d)))
    return HashData(rows, np.full(n, "photo"), labels, centres)


def quantisation_error(hasher, rows):
    values = hasher.logits(rows).astype(float)
    return np.square(np.where(values >= 0, 1, -1) - values).mean()


def test_lsh_directions_are_orthonormal_up_to_the_width():
    made = random_projection(40, 32, 0)
    np.testing.assert_allclose(made.T @ made, np.eye(32), atol=1e-6)


def test_lsh_beyond_the_width_stacks_orthonormal_blocks():
    made = random_projection(20, 48, 0)
    assert made.shape == (20, 48)
    for block in (made[:, :20], made[:, 20:40], made[:, 40:]):
        np.testing.assert_allclose(block.T @ block, np.eye(block.shape[1]), atol=1e-6)


def test_itq_axes_are_the_main_ones_turned():
    """Reference: the span of the projection is that of the first singular vectors."""
    d = data()
    made = fit_hasher(HashSettings(name="itq", bits=16), d, 0)
    centred = d.embeddings - d.embeddings.mean(axis=0)
    main = np.linalg.svd(centred, full_matrices=False)[2][:16].T
    np.testing.assert_allclose(made.projection.T @ made.projection, np.eye(16), atol=1e-5)
    np.testing.assert_allclose(made.projection @ made.projection.T, main @ main.T, atol=1e-4)
    np.testing.assert_allclose(made.mean, d.embeddings.mean(axis=0), atol=1e-6)


def test_itq_quantises_better_than_its_axes_at_random(monkeypatch):
    d = data()
    turned = fit_hasher(HashSettings(name="itq", bits=16), d, 0)
    monkeypatch.setattr("opensearch.hashing.itq.ITERATIONS", 0)
    random = fit_hasher(HashSettings(name="itq", bits=16), d, 0)
    better, worse = (quantisation_error(made, d.embeddings) for made in (turned, random))
    assert better < worse - 0.01


def test_itq_stops_where_turning_further_gains_nothing():
    """Reference: scipy's best rotation toward the signs it ended with."""
    d = data()
    made = fit_hasher(HashSettings(name="itq", bits=16), d, 0)
    values = made.logits(d.embeddings).astype(float)
    signs = np.where(values >= 0, 1.0, -1.0)
    further = values @ orthogonal_procrustes(values, signs)[0]
    assert np.square(signs - further).mean() > 0.999 * np.square(signs - values).mean()


def test_logits_are_the_centred_embeddings_projected():
    d = data()
    shifted = HashData(d.embeddings + 3, d.domains, d.labels, d.prototypes)
    made = fit_hasher(HashSettings(name="itq", bits=16), shifted, 0)
    wanted = (shifted.embeddings - shifted.embeddings.mean(axis=0)) @ made.projection
    np.testing.assert_allclose(made.logits(shifted.embeddings), wanted, atol=1e-4)


def test_itq_keeps_categories_together_better_than_lsh():
    d = data()
    same = d.labels[:200, None] == d.labels
    gap = {}
    for name in ("itq", "lsh"):
        made = fit_hasher(HashSettings(name=name, bits=16), d, 0)
        bits = np.where(made.logits(d.embeddings) >= 0, 1, -1)
        agree = bits[:200] @ bits.T
        gap[name] = (agree[same].mean() - agree[~same].mean()) / agree.std()
    assert gap["itq"] > gap["lsh"]


@pytest.mark.parametrize(("n", "d", "limit"), [(400, 32, 32), (20, 64, 20)])
def test_itq_says_when_its_bits_are_a_random_rotation(n, d, limit):
    made = fit_hasher(HashSettings(name="itq", bits=40), data(n=n, d=d), 0)
    assert f"at most {limit} bits" in made.note
    assert made.bits == 40
    assert fit_hasher(HashSettings(name="itq", bits=limit // 8 * 8), data(n=n, d=d), 0).note == ""


def test_codes_do_not_depend_on_the_batch(monkeypatch):
    monkeypatch.setattr(linear, "_BLOCK", 64)  # so that there are several
    made, rows = (
        fit_hasher(HashSettings(name="itq", bits=16), data(n=900), 0),
        data(n=900).embeddings,
    )
    one_by_one = np.concatenate([made.encode(row[None]) for row in rows])
    np.testing.assert_array_equal(made.encode(rows), one_by_one)


def test_whitening_shrinks_what_differs_within_known_categories():
    spread = np.linspace(-1, 1, 8)
    rows = np.zeros((24, 3), np.float32)
    rows[:8, 0], rows[8:16, 0] = 5, -5  # two categories, which differ within along axis 1
    rows[:8, 1], rows[8:16, 1], rows[16:, 2] = spread, spread, 9 * spread
    labels = np.repeat([0, 1, -1], 8)
    made = whitened._whitening(
        HashData(rows, np.full(24, "a"), labels, np.ones((2, 3), np.float32))
    )
    between, within, unknown = np.diag(made)
    assert within < 0.8 * between
    assert unknown == pytest.approx(between)


def test_no_embeddings_have_no_codes():
    made = fit_hasher(HashSettings(name="lsh", bits=16), data(), 0)
    assert made.encode(np.zeros((0, 32), np.float32)).shape == (0, 2)


@pytest.mark.parametrize(
    "broken",
    [
        {"embeddings": np.zeros((0, 4), np.float32)},
        {"embeddings": np.zeros(4, np.float32)},
        {"domains": np.array(["a"])},
        {"labels": np.zeros(2, np.int64)},
        {"prototypes": np.zeros((2, 5), np.float32)},
    ],
)
def test_data_that_do_not_fit_together_are_refused(broken):
    whole = {
        "embeddings": np.ones((3, 4), np.float32),
        "domains": np.array(["a", "b", "a"]),
        "labels": np.zeros(3, np.int64),
        "prototypes": np.ones((2, 4), np.float32),
    }
    HashData(**whole)
    with pytest.raises(InvalidInput, match="hash data wants"):
        HashData(**{**whole, **broken})


def test_an_embedding_that_is_not_finite_is_named():
    rows = np.ones((3, 4), np.float32)
    rows[1, 2] = np.inf
    with pytest.raises(InvalidInput, match="embedding 1 is not finite"):
        HashData(rows, np.full(3, "a"), np.zeros(3, np.int64), np.ones((1, 4), np.float32))
