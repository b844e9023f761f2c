"""What messages say of a value that is nearly an input: how it becomes one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from opensearch.domains.opening.contents import is_picture

_CHANNELS: Final = (1, 2, 3, 4)
_LONGEST_PATH: Final = 4096


def array_hint(array: Any) -> str:
    """How an array that is nearly a picture becomes one, as an expression of `array`."""
    if array.dtype.kind not in "buif":
        texts = array.dtype.kind in "UO" and array.ndim == 1
        return "; several inputs are given as a list: `list(array)`" if texts else ""
    if array.ndim == 4 and len(array) != 1:
        return "; several pictures are given as a list: `list(array)`"
    picture, said = (array[0], "array[0]") if array.ndim == 4 else (array, "array")
    if picture.ndim not in (2, 3):
        return ""
    if picture.ndim == 3 and picture.shape[2] not in _CHANNELS:
        if picture.shape[0] not in _CHANNELS:
            return ""
        picture, said = picture.transpose(1, 2, 0), f"{said}.transpose(1, 2, 0)"
    channels = picture.shape[2] if picture.ndim == 3 else 3
    if channels == 1:
        picture, said = picture[..., 0], f"{said}[..., 0]"
    said = _in_bytes(picture, said)
    if said and channels in (2, 4):
        said = f"PIL.Image.fromarray({said})"
    return f"; it becomes one by `{said}`" if said else _odd_values(picture)


def _in_bytes(picture: Any, said: str) -> str:
    """An expression of the same values as uint8; nothing where their range is not known."""
    kind = picture.dtype.kind
    if picture.dtype == np.uint8 or not picture.size:
        return said
    if kind == "b":
        return f"{said} * numpy.uint8(255)"
    least, most = float(picture.min()), float(picture.max())
    if not 0 <= least <= most <= 255:
        known = kind == "u" and picture.dtype.itemsize == 2
        return f"({said} / 257).round().astype('uint8')" if known else ""
    if kind != "f":
        return f"{said}.astype('uint8')"
    scaled = f"({said} * 255)" if most <= 1 else said
    return f"{scaled}.round().astype('uint8')"


def _odd_values(picture: Any) -> str:
    if not np.isfinite(picture).all():
        return "; it holds NaN or infinity: `numpy.nan_to_num` puts numbers in their place"
    return f"; its values, {picture.min()} to {picture.max()}, have to be brought to 0 to 255"


def input_hint(value: Any) -> str:
    """What to give in place of a value that is no input."""
    if callable(getattr(value, "__array__", None)):
        return "; an array of it may be one: `numpy.asarray(value)`"
    if isinstance(value, Mapping):
        return "; inputs and their weights are given as pairs: `list(value.items())`"
    return "; several are given as a list: `list(value)`" if isinstance(value, Iterable) else ""


def pixels_hint(value: Any) -> str:
    """What to give in place of lists of numbers."""
    while isinstance(value, list) and value:
        value = value[0]
    return "; pixels are given as an array: `numpy.array(pixels, 'uint8')`" * _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)


def is_path(data: bytes) -> bool:
    """Whether bytes are the path of something there, not the contents of a file."""
    return 0 < len(data) < _LONGEST_PATH and b"\0" not in data and os.path.lexists(data)


def source_hint(value: Any) -> str:
    """What to do with a value that is no path, where sources are."""
    no_file = isinstance(value, bytes | bytearray | memoryview | np.ndarray)
    if isinstance(value, bytes) and is_path(value):
        return "; `os.fsdecode` makes a text of it"
    if no_file or hasattr(value, "read") or is_picture(value):
        return "; add what is not a file with `add_items`"
    if isinstance(value, Iterable) and not isinstance(value, Mapping):
        return "; give several one by one: `add(*sources)`"
    return ""
