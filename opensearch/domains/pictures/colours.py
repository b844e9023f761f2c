"""Colours of other profiles as sRGB, on pictures that are shrunk already."""

from __future__ import annotations

import io
import threading
from functools import lru_cache
from typing import Any

from PIL import Image, ImageCms

_LOCK = threading.Lock()
_MOST_PROFILE = 2**22


def as_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """The picture in sRGB, RGB or as it was where its profile is none, damaged or sRGB itself.

    Args:
        image: of any mode; only RGB, L, CMYK and LAB have profiles here.
        profile: bytes of an ICC profile, or None. LAB needs none.
    """
    data = profile if isinstance(profile, bytes) and len(profile) <= _MOST_PROFILE else b""
    if image.mode not in ("RGB", "L", "CMYK", "LAB") or not (data or image.mode == "LAB"):
        return image
    if b"sRGB" in data or b"s\0R\0G\0B" in data:
        return image
    with _LOCK:  # a transform keeps the last colour it was asked for
        try:
            transform = _transform(b"" if image.mode == "LAB" else data, image.mode)
            changed = ImageCms.applyTransform(image, transform)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            return image
    return changed or image


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    known: Any = io.BytesIO(profile) if profile else ImageCms.createProfile("LAB")
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(known), ImageCms.createProfile("sRGB"), mode, "RGB"
    )
