"""Tensor files and identities."""

import errno
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from opensearch.encoders.tensors import (
    identity,
    load_tensors,
    replacing,
    save_tensors,
    write_atomic,
)
from opensearch.errors import BundleError

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(4, np.int64)}


def test_round_trip_keeps_types_shapes_and_bits(tmp_path):
    name = save_tensors(tmp_path, "part", TENSORS)
    assert name.startswith("part-")
    loaded = load_tensors(tmp_path / name)
    for key, array in TENSORS.items():
        assert loaded[key].dtype == array.dtype
        assert loaded[key].shape == array.shape
        assert loaded[key].tobytes() == array.tobytes()


def test_same_content_same_name_other_layout_in_memory(tmp_path):
    fortran = {**TENSORS, "a": np.asfortranarray(TENSORS["a"])}
    assert save_tensors(tmp_path, "part", fortran) == save_tensors(tmp_path, "part", TENSORS)
    assert len(list(tmp_path.iterdir())) == 1


@given(
    array=arrays(np.float32, array_shapes(max_dims=3, max_side=3)),
    bit=st.integers(0, 10**6),
)
def test_any_flipped_bit_changes_the_identity(array, bit):
    other = array.copy()
    flat = other.view(np.uint8).reshape(-1)
    flat[bit // 8 % len(flat)] ^= 1 << bit % 8
    assert identity({"a": array}, None) != identity({"a": other}, None)


def test_identity_counts_names_types_shapes_and_settings_but_no_order():
    one = identity(TENSORS, {"x": 1, "y": 2})
    assert one == identity(dict(reversed(TENSORS.items())), {"y": 2, "x": 1})
    others = [
        identity(TENSORS, {"x": 1, "y": 3}),
        identity({**TENSORS, "a": TENSORS["a"].reshape(3, 2)}, {"x": 1, "y": 2}),
        identity({**TENSORS, "a": TENSORS["a"].view(np.int32)}, {"x": 1, "y": 2}),
        identity({"c": TENSORS["a"], "b": TENSORS["b"]}, {"x": 1, "y": 2}),
    ]
    assert len({one, *others}) == 5


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 20, b"{}"])
def test_a_damaged_or_missing_file_is_one_line(tmp_path, content):
    file = tmp_path / "x.safetensors"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(BundleError, match=r"x\.safetensors cannot be read: ") as caught:
        load_tensors(file)
    assert "\n" not in str(caught.value)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    file = tmp_path / "x"
    write_atomic(file, b"old")
    with pytest.raises(TypeError):
        write_atomic(file, "text")  # type: ignore[arg-type]
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["e" * 255, "椅" * 85, "e" * 101, "short"])
def test_a_file_is_written_under_the_longest_names_there_are(tmp_path, name):
    file = tmp_path / name
    write_atomic(file, b"first")
    write_atomic(file, b"again")
    assert file.read_bytes() == b"again"
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_finds_no_room_names_its_file(tmp_path):
    file = tmp_path / "x"
    with pytest.raises(OSError, match=r"No space left on device: '.*/x'"), replacing(file):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
