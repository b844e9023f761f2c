"""Profiles for pictures that tell their colours by code points or by chromaticities.

That is how HDR pictures of cameras and phones (HEIF, AVIF) and of screens (PNG) do it.

Source:
    ITU-T H.273 (2021), tables 2 and 3; BT.2100 for what PQ and HLG stand for; ICC.1:2022 for the
    profile.
"""

from __future__ import annotations

import struct
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Chromaticities: TypeAlias = tuple[float, ...]
"""x and y of white, red, green and blue."""

_D65: Final = (0.3127, 0.3290)
USUAL: Final[Chromaticities] = (*_D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES: Final[dict[int, Chromaticities]] = {
    9: (*_D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (*_D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
}
_GAMMA_28, _LINEAR, _PQ, _HLG = 5, 8, 16, 18
_SCREEN: Final = 13
_TRANSFERS: Final = frozenset({_GAMMA_28, _LINEAR, _PQ, _HLG})
"""Those that differ from that of sRGB by more than is seen."""
_NEAR: Final = 0.01
_STEPS: Final = 4096
_MOST: Final = 8.0
"""Of X, Y or Z in one colour; there is no more of any than about 1."""
_WHITE, _PEAK = 203.0, 1000.0
"""Candelas a square metre of white paper, and of the brightest that is told apart."""
_D50: Final = np.array([0.9642, 1.0, 0.8249])
_CONES: Final = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
"""Bradford's."""


class CodePoints(NamedTuple):
    """Numbers of the primaries and of the transfer characteristics."""

    primaries: int
    transfer: int


def profile_of(codes: CodePoints | None) -> bytes:
    """An ICC profile for code points; empty where values are those of a usual screen."""
    if codes is None:
        return b""
    primaries = _PRIMARIES.get(codes.primaries, USUAL)
    transfer = codes.transfer if codes.transfer in _TRANSFERS else _SCREEN
    return profile(primaries, transfer)


@lru_cache(maxsize=32)
def profile(chromaticities: Chromaticities, transfer: int = _SCREEN) -> bytes:
    """An ICC profile; empty where it would be that of a usual screen, or cannot be.

    Light beyond paper's is brought into the range of a screen, as browsers do.
    """
    far = np.abs(np.subtract(chromaticities, USUAL)).max() > _NEAR
    if not far and transfer == _SCREEN:
        return b""
    if min(chromaticities[1::2]) <= 0:
        return b""
    try:
        columns = _columns(chromaticities)
    except np.linalg.LinAlgError:
        return b""
    if np.abs(columns).max() > _MOST:
        return b""
    light = np.round(65535 * _light(np.linspace(0, 1, _STEPS), transfer)).astype(">u2")
    curve = struct.pack(">4s4xI", b"curv", _STEPS) + light.tobytes()
    bodies = [b"XYZ " + bytes(4) + _fixed(column) for column in columns.T] + [curve]
    start, places = 128 + 4 + 6 * 12, []
    for body in bodies:
        places.append((start, len(body)))
        start += len(body)
    names = (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")
    table = [(name, *places[min(at, 3)]) for at, name in enumerate(names)]
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x", start, 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    header += _fixed(_D50)
    listed = b"".join(struct.pack(">4sII", *row) for row in table)
    return header.ljust(128, b"\0") + struct.pack(">I", len(table)) + listed + b"".join(bodies)


def _fixed(values: NDArray[np.float64]) -> bytes:
    return np.round(values * 65536).astype(">i4").tobytes()


def _columns(chromaticities: Chromaticities) -> NDArray[np.float64]:
    """X, Y and Z of red, green and blue, seen on paper that is white under D50."""
    xyz = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in np.reshape(chromaticities, (4, 2))])
    white, primaries = xyz[0], xyz[1:].T
    shares = np.linalg.solve(primaries, white)
    seen = np.diag((_CONES @ _D50) / (_CONES @ white))
    moved: NDArray[np.float64] = np.linalg.inv(_CONES) @ seen @ _CONES @ (primaries * shares)
    return moved


def _light(values: NDArray[np.float64], transfer: int) -> NDArray[np.float64]:
    """The light of values, both 0 to 1."""
    if transfer == _PQ:
        root = values ** (1 / 78.84375)
        light = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return _within(10000 / _WHITE * light ** (1 / 0.1593017578125))
    if transfer == _HLG:
        scene = np.exp((values - 0.55991073) / 0.17883277) + 0.28466892
        scene = np.where(values <= 0.5, values**2 / 3, scene / 12)
        return _within(_PEAK / _WHITE * scene**1.2)
    if transfer == _SCREEN:
        low, high = values / 12.92, ((values + 0.055) / 1.055) ** 2.4
        return np.where(values <= 0.04045, low, high)
    return np.asarray(values**2.8) if transfer == _GAMMA_28 else values


def _within(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Light, white paper being 1, within the range of a screen (Reinhard et al. 2002, eq. 4)."""
    most = _PEAK / _WHITE
    light = np.minimum(light, most)
    return np.asarray(light * (1 + light / most**2) / (1 + light))
