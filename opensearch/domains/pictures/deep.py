"""Values of more than eight bits as bytes, stretched by what they hold."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile

NO_VALUE: Final = (-9999.0, -32767.0, -32768.0, -99999.0)
"""What height maps put where nothing was measured, beside NaN and values beyond 1e30."""

_SAMPLE: Final = 2**20
_ROWS: Final = 256
# All but one value in a thousand, at either end: a hot pixel does not make a picture dark.
_BULK: Final = (0.1, 99.9)
# Values that fill less of their scale than this are spread over all of it.
_NARROW: Final = 0.25


def to_bytes(deep: NDArray[Any], no_value: float | None = None) -> NDArray[np.uint8]:
    """Values of a picture as uint8 of the same shape.

    Values from 0 on are of the scale of the fewest bits, eight or more, that hold them (1 for
    fractions); values that fill less than a quarter of it, and any with a sign, are spread
    from the lowest to the highest. One in a thousand at either end may lie outside. What was
    not measured (NaN, infinite, `no_value`, `NO_VALUE` far below the rest) becomes 0; a
    picture of one value stays one.

    Args:
        deep: shape (h, w) or (h, w, c), any integers or floats.
        no_value: what the file says stands for nothing measured.

    Raises:
        UnreadableFile: no value is finite.
    """
    low, high, lowest = _scale(_measured(_sample(deep), no_value), deep.dtype.kind == "f")
    out = np.zeros(deep.shape, np.uint8)
    with np.errstate(all="ignore"):  # values that were not measured may be anything
        for top in range(0, len(deep), _ROWS):
            rows = deep[top : top + _ROWS].astype(np.float64)
            known = np.isfinite(rows) & (rows >= lowest) & (rows != no_value)
            spread = ((rows - low) * (255 / (high - low))).clip(0, 255)
            out[top : top + _ROWS] = np.where(known, spread, 0).round()
    return out


def opacity(deep: NDArray[Any]) -> NDArray[np.uint8]:
    """An alpha channel, shape (h, w), as uint8: its scale is of the fewest bits that hold it."""
    spread: NDArray[np.uint8] = (deep * (255 / _opaque(deep))).clip(0, 255).round().astype(np.uint8)
    return spread


def undone(values: NDArray[Any], deep: NDArray[Any]) -> NDArray[Any]:
    """Colours (h, w, c) that were multiplied with their opacity (h, w) as they were before."""
    full = _opaque(deep)
    with np.errstate(all="ignore"):
        before = values * np.where(deep > 0, full / deep, 0)[..., None]
    made: NDArray[Any] = before.clip(0, full).astype(values.dtype)
    return made


def _opaque(deep: NDArray[Any]) -> float:
    """The value of an alpha channel that nothing is seen through."""
    return _full(float(deep.max(initial=0)), deep.dtype.kind == "f")


def _sample(deep: NDArray[Any]) -> NDArray[np.float64]:
    """About a million values, evenly picked."""
    flat = deep.reshape(-1)
    sample: NDArray[np.float64] = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    return sample


def _measured(values: NDArray[np.float64], no_value: float | None) -> NDArray[np.float64]:
    known: NDArray[np.float64]
    with np.errstate(invalid="ignore"):
        known = values[np.isfinite(values) & (np.abs(values) < 1e30) & (values != no_value)]
    if known.size == 0:
        raise UnreadableFile("holds no value that is a finite number")
    for mark in NO_VALUE:
        rest = known[known > mark]
        if known.min() == mark and rest.size and rest.min() - mark > np.ptp(rest):
            known = rest
    return known


def _scale(values: NDArray[np.float64], real: bool) -> tuple[float, float, float]:
    """What becomes 0, what becomes 255, and the lowest value that was measured."""
    least, most = float(values.min()), float(values.max())
    low, high = (float(at) for at in np.percentile(values, _BULK))
    if low == high:
        low, high = least, most
    if low == high:
        return (0.0, _full(most, real), least) if least >= 0 else (least - 1, least + 1, least)
    if least < 0:
        return low, high, least
    full = _full(most if most <= 2 * high else high, real)
    return (0.0, full, least) if high - low >= _NARROW * full else (low, high, least)


def _full(top: float, real: bool) -> float:
    return 1.0 if real and top <= 1 else _whole_bits(top)


def _whole_bits(top: float) -> float:
    return float(2 ** max(8, int(np.ceil(np.log2(top + 1)))) - 1)
