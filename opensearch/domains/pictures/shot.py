"""When and by which camera a photo was taken, as its EXIF block says.

Nothing else of the block is looked at, let alone kept: not where it was taken, nor by whom.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from PIL import Image

_EXIF: Final = 0x8769
_TIMES: Final = (0x9003, 0x9004)
"""Original, and digitised; the third time that EXIF knows is that of the last edit."""
_MAKE, _MODEL = 0x010F, 0x0110
_LONGEST: Final = 60
"""Characters of a maker's or a model's name."""
_EARLIEST: Final = 1826
"""The year of the oldest photograph there is."""


def shot(image: Image.Image) -> dict[str, str]:
    """`taken`, local time as ISO 8601, and `camera`, as far as they are told.

    A block that is damaged tells nothing, and is no fault of the picture. Of a TIFF, whose decoder
    closes the file, only the camera is known.
    """
    found: dict[str, str] = {}
    with suppress(Exception):
        exif = image.getexif()
        camera = _camera(_text(exif.get(_MAKE)), _text(exif.get(_MODEL)))
        if camera:
            found["camera"] = camera
        times = exif.get_ifd(_EXIF)
        taken = next(filter(None, (_time(times.get(name)) for name in _TIMES)), None)
        if taken:
            found["taken"] = taken
    return found


def _time(value: Any) -> str | None:
    """`2024:01:31 18:30:05` as ISO 8601; `None` for what is no time."""
    try:
        time = datetime.strptime(_text(value)[:19].replace("-", ":"), "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return time.isoformat() if time.year >= _EARLIEST else None


def _camera(make: str, model: str) -> str:
    """Maker and model; many models begin with their maker's name."""
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def _text(value: Any) -> str:
    """A value as text of one line, without what pads it."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "ignore")
    text = value.split("\0")[0] if isinstance(value, str) else ""
    shown = "".join(mark for mark in text if mark.isprintable())
    return " ".join(shown.split())[:_LONGEST].strip()
