"""When and by which camera a photo was taken, as its EXIF block says.

Nothing else of the block is looked at, let alone kept: not where it was taken, nor by whom.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from PIL import Image

_EXIF: Final = 0x8769
_TIMES: Final = (0x9003, 0x9004)
"""Original, and digitised; the third time that EXIF knows is that of the last edit."""
_MAKE, _MODEL = 0x010F, 0x0110
ORIENTATION: Final = 0x0112
_DATE: Final = re.compile(
    r"\s*([0-9]{4})[-:/.]([0-9]{1,2})[-:/.]([0-9]{1,2})"
    r"(?:[T ]\s*([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2}))?(?![0-9:]).*)?\s*"
)
"""EXIF has colons and all six parts; programs that edit photos write others, too."""
_LONGEST: Final = 60
"""Characters of a maker's or a model's name."""
_EARLIEST: Final = 1826
"""The year of the oldest photograph there is."""


def shot(image: Image.Image) -> dict[str, str]:
    """`taken`, local time as ISO 8601, and `camera`, as far as they are told.

    A block that is damaged tells nothing, and is no fault of the picture.
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


def inherit(made: Image.Image, exif: Image.Exif) -> None:
    """Give a picture what the block of the one that it was made of says: its turn, and its shot."""
    own = made.getexif()
    with suppress(Exception):
        own.update({tag: exif[tag] for tag in (ORIENTATION, _MAKE, _MODEL) if tag in exif})
        times = exif.get_ifd(_EXIF)
        own.get_ifd(_EXIF).update({tag: times[tag] for tag in _TIMES if tag in times})


def exif_of(block: bytes) -> Image.Exif:
    """A block without its orientation, for a picture that stands upright, whatever precedes it."""
    exif = Image.Exif()
    starts = [at for mark in (b"II*\0", b"MM\0*") if (at := block[:64].find(mark)) >= 0]
    with suppress(Exception):
        exif.load(block[min(starts) :] if starts else b"")
        exif.pop(ORIENTATION, None)
    return exif


def _time(value: Any) -> str | None:
    """`2024:01:31 18:30:05` as ISO 8601, to the day if that is all; `None` for what is no time."""
    found = _DATE.fullmatch(_text(value))
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        time = datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    if time.year < _EARLIEST:
        return None
    return time.date().isoformat() if found[4] is None else time.isoformat()


def _camera(make: str, model: str) -> str:
    """Maker and model; many models begin with their maker's name, or the first word of it."""
    known = make.split(" ")[0].lower()
    return model if model.lower().startswith(known) else f"{make} {model}".strip()


def _text(value: Any) -> str:
    """A value as text of one line, without what pads it; UTF-8 where it is that, else Latin-1."""
    if isinstance(value, str):  # Pillow takes every byte for a letter of Latin-1
        with suppress(UnicodeError):
            value = value.encode("latin-1").decode("utf-8")
    elif isinstance(value, bytes):
        value = value.decode("utf-8", "ignore")
    text = value.split("\0")[0] if isinstance(value, str) else ""
    shown = "".join(mark for mark in text if mark.isprintable() or mark.isspace())
    return " ".join(shown.split())[:_LONGEST].strip()
