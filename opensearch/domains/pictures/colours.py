"""Colours of other profiles as sRGB, on pictures that are shrunk already."""

from __future__ import annotations

import io
import threading
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

_LOCK = threading.Lock()
_MOST_PROFILE = 2**22
_MOST_TAGS: Final = 100
_COLUMNS: Final = (b"rXYZ", b"gXYZ", b"bXYZ")
_PRIMARIES: Final = np.array(
    [[0.4361, 0.2225, 0.0139], [0.3851, 0.7169, 0.0971], [0.1431, 0.0606, 0.7141]]
)
"""Those of sRGB, adapted to D50."""
_NEAR: Final = 0.02
"""Tolerance for how programs round and adapt; P3 and Adobe RGB are .07 and more away."""
_WHITE: Final = _PRIMARIES.sum(axis=0)
_FAR: Final = 0.3
"""How far a profile's white may be from that of paper; profiles that adapt nothing are .27 away."""


def as_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """The picture as RGB in sRGB; unchanged if its profile is missing, damaged or sRGB.

    Args:
        image: of any mode; only RGB, L, CMYK and LAB have profiles here.
        profile: bytes of an ICC profile, or None. LAB needs none.
    """
    data = profile if isinstance(profile, bytes) and len(profile) <= _MOST_PROFILE else b""
    if image.mode not in ("RGB", "L", "CMYK", "LAB") or not (data or image.mode == "LAB"):
        return image
    if _is_srgb(data) or not _is_sound(data):
        return image
    with _LOCK:  # a transform keeps the last colour it was asked for
        try:
            transform = _transform(b"" if image.mode == "LAB" else data, image.mode)
            changed = ImageCms.applyTransform(image, transform)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return image
    return changed or image


def is_of_grey(profile: Any) -> bool:
    """Whether a profile is of shades of grey, as bytes of ICC say."""
    return isinstance(profile, bytes) and profile[16:20] == b"GRAY"


def _is_srgb(profile: bytes) -> bool:
    """Whether a profile is that of sRGB: it says so, and its primaries, where it has them, are.

    There are some that say `DCI-P3 D65 Gamut with sRGB Transfer`.
    """
    if b"sRGB" not in profile and b"s\0R\0G\0B" not in profile:
        return False
    own = _primaries(profile)
    return own is None or bool(np.abs(own - _PRIMARIES).max() <= _NEAR)


def _is_sound(profile: bytes) -> bool:
    """Whether the primaries of a profile, where it has them, are those of a white."""
    own = _primaries(profile)
    return own is None or bool(np.abs(own.sum(axis=0) - _WHITE).max() <= _FAR)


def _primaries(profile: bytes) -> NDArray[np.float64] | None:
    """X, Y and Z of red, green and blue (3, 3), None where the profile does not name them.

    Source:
        ICC.1:2022, 7.3 and 10.31: a table of tags behind the header, numbers of 16.16 bits.
    """
    found = {}
    for at in range(132, 132 + 12 * min(int.from_bytes(profile[128:132], "big"), _MOST_TAGS), 12):
        name, start = profile[at : at + 4], int.from_bytes(profile[at + 4 : at + 8], "big")
        values = profile[start + 8 : start + 20]
        if name in _COLUMNS and len(values) == 12:
            found[name] = np.frombuffer(values, ">i4") / 65536
    return np.stack([found[name] for name in _COLUMNS]) if len(found) == len(_COLUMNS) else None


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    known: Any = io.BytesIO(profile) if profile else ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(known), ImageCms.createProfile("sRGB"), mode, "RGB"
    )
