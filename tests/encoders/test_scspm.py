"""Features of SIFT codes against slow references; descriptors themselves need OpenCV."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.encoders import scspm
from opensearch.encoders.runtime import choose_precision, choose_runtime, open_backbone
from opensearch.encoders.scspm import Scspm, descriptors, local_codes
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import BundleError, MissingExtra


def slow_code(row, words, nearest):
    """Equation 7 of Wang et al. by elimination: least ||row - sum w_i word_i||, sum w_i = 1."""
    distances = [float(((word - row) ** 2).sum()) for word in words]
    chosen = sorted(range(len(words)), key=distances.__getitem__)[:nearest]
    a = np.zeros((nearest + 1, nearest + 1))
    for i, one in enumerate(chosen):
        for j, other in enumerate(chosen):
            a[i, j] = float((words[one] - row) @ (words[other] - row))
    a[:nearest, :nearest] += 1e-4 * np.trace(a) * np.eye(nearest)
    a[:nearest, -1] = a[-1, :nearest] = 1  # the multiplier of the constraint
    shares = np.linalg.solve(a, np.eye(nearest + 1)[-1])[:-1]
    return dict(zip(chosen, shares, strict=True))


def slow_features(rows, places, words, levels, nearest, side):
    """The largest absolute share of each word in each cell, level by level, then of length 1."""
    out = []
    for level in levels:
        for row in range(level):
            for column in range(level):
                cell = np.zeros(len(words))
                for one, (x, y) in zip(rows, places, strict=True):
                    if int(y * level / side) == row and int(x * level / side) == column:
                        for word, share in slow_code(one, words, nearest).items():
                            cell[word] = max(cell[word], abs(share))
                out.append(cell)
    joined = np.concatenate(out)
    return joined / np.linalg.norm(joined)


def units(rng, *shape):
    rows = np.abs(rng.normal(size=shape)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def tensors_of(words, levels=(1, 2), nearest=3):
    numbers = {"levels": list(levels), "patch": 16, "step": 8, "nearest": nearest}
    return {"words": words, **{k: np.array(v, np.int32) for k, v in numbers.items()}}


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), nearest=st.integers(1, 5))
def test_codes_are_the_least_squares_of_nearest_words(seed, nearest):
    rng = np.random.default_rng(seed)
    rows, words = units(rng, 4, 128), units(rng, 9, 128)
    chosen, shares = local_codes(rows, words, nearest)
    for row, places, own in zip(rows, chosen, shares, strict=True):
        assert dict(zip(places, own, strict=True)) == pytest.approx(
            slow_code(row, words, nearest), abs=1e-3
        )


def test_a_word_itself_is_its_code_and_few_words_are_all_taken():
    words = units(np.random.default_rng(0), 4, 128)
    chosen, shares = local_codes(words[2:3], words, 9)
    assert chosen.shape == (1, 4)
    assert shares[0, chosen[0] == 2] == pytest.approx(1, abs=1e-3)


def test_cells_keep_the_largest_shares(monkeypatch):
    monkeypatch.setattr(scspm, "require", lambda *names: None)
    rng = np.random.default_rng(1)
    words, rows = units(rng, 6, 128), units(rng, 7, 128)
    places = rng.uniform(0, 32, (7, 2)).astype(np.float32)
    monkeypatch.setattr(scspm, "descriptors", lambda view, patch, step: (rows, places))
    made = Scspm(tensors_of(words, (1, 2, 4))).features(np.zeros((2, 32, 32, 3), np.uint8))
    wanted = slow_features(rows, places, words, (1, 2, 4), 3, 32)
    assert made.shape == (2, 6 * 21)
    assert made[0] == pytest.approx(wanted, abs=1e-4)


def test_an_empty_view_has_no_share_of_any_word(monkeypatch):
    monkeypatch.setattr(scspm, "require", lambda *names: None)
    none = np.zeros((0, 128), np.float32), np.zeros((0, 2), np.float32)
    monkeypatch.setattr(scspm, "descriptors", lambda view, patch, step: none)
    words = units(np.random.default_rng(0), 4, 128)
    made = Scspm(tensors_of(words)).features(np.full((1, 32, 32, 3), 255, np.uint8))
    assert made.tolist() == [[0.0] * 20]


def test_other_tensors_and_a_missing_opencv_are_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    file = tmp_path / save_tensors(tmp_path, "words", {"words": np.zeros((2, 128), np.float32)})
    with pytest.raises(MissingExtra, match=r"SIFT descriptors needs cv2.*opensearch-visual\[scspm"):
        open_backbone("scspm:1x2x4", file, None)
    monkeypatch.setattr(scspm, "require", lambda *names: None)
    with pytest.raises(BundleError, match="the tensors are not those of scspm features"):
        open_backbone("scspm:1x2x4", file, None)


@pytest.mark.parametrize("asked", ["auto", "onnx", "torch"])
def test_what_is_no_network_has_its_own_runtime(asked, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_RUNTIME", asked)
    assert choose_runtime(None, "scspm:1x2x4") == "opencv"
    assert choose_precision(None, "scspm:1x2x4") == "f32"


def drawn(x=40, width=4, dark=0):
    view = np.full((64, 64, 3), 255, np.uint8)
    view[:, x : x + width] = dark
    return view


class TestDescriptors:
    @pytest.fixture(autouse=True)
    def _opencv(self):
        pytest.importorskip("cv2", reason="the extra scspm is not installed")

    def test_they_are_units_at_patches_that_hold_an_edge(self):
        rows, places = descriptors(drawn(), 16, 8)
        assert rows.shape == (len(places), 128)
        assert np.linalg.norm(rows, axis=1) == pytest.approx(np.ones(len(rows)), abs=1e-4)
        assert set(places[:, 1].tolist()) == set(range(8, 57, 8))
        assert places[:, 0].min() == 24  # ink from 40 to 44, half a patch, and OpenCV's blur

    def test_a_blank_view_has_none(self):
        assert len(descriptors(drawn(width=0), 16, 8)[0]) == 0

    def test_contrast_plays_no_part_and_direction_does(self):
        dark, _ = descriptors(drawn(), 16, 8)
        light, _ = descriptors(drawn(dark=128), 16, 8)
        lying, _ = descriptors(np.ascontiguousarray(drawn().transpose(1, 0, 2)), 16, 8)
        assert light == pytest.approx(dark, abs=0.02)
        along = dark[0].reshape(16, 8).sum(axis=0)  # edges of an upright stroke: 0 and 180 degrees
        assert along[[0, 4]].sum() > 0.8 * along.sum()
        across = lying[0].reshape(16, 8).sum(axis=0)
        assert across[[2, 6]].sum() > 0.8 * across.sum()
