"""Codes that are an embedding's own signs."""

import numpy as np
import pytest

from opensearch.config import HashSettings
from opensearch.errors import BundleError, InvalidInput
from opensearch.hashing import HashData, fit_hasher, restore_hasher


def data(dim):
    rows = np.random.default_rng(0).normal(size=(5, dim)).astype(np.float32)
    return HashData(rows, np.array(["photo"] * 5), np.zeros(5, np.int64), rows[:1])


def test_signs_by_hand():
    row = np.array([[0.5, -0.1, 0, -0.0, 1e-30, -1e-30, 1, -1] * 2], np.float32)
    assert fit_hasher(HashSettings(name="sign", bits=16), data(16), 0).encode(row).tolist() == [
        [0b1011_1010] * 2
    ]


def test_another_width_than_the_embeddings_is_refused_with_the_way_out():
    with pytest.raises(
        InvalidInput, match=r"which has 24, got 16 bits; ask for 24, or take .* itq"
    ):
        fit_hasher(HashSettings(name="sign", bits=16), data(24), 0)


def test_nothing_is_stored_but_the_width():
    made = fit_hasher(HashSettings(name="sign", bits=24), data(24), 0)
    assert made.tensors() == {}
    assert restore_hasher(made.settings(), {}, {}) == made


@pytest.mark.parametrize("lost", ["bits", "dim", "note"])
def test_a_setting_that_is_missing_is_damage(lost):
    settings = fit_hasher(HashSettings(name="sign", bits=24), data(24), 0).settings()
    del settings[lost]
    with pytest.raises(BundleError, match=f"sign hasher lacks '{lost}'"):
        restore_hasher(settings, {}, {})
