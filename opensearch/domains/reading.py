"""What a reader hands over: the views of one item, and pictures made of them."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.imprints.pictures import SIDE, picture_imprint
from opensearch.limits import Limits
from opensearch.records import Up

View: TypeAlias = NDArray[np.uint8]
"""One picture, shape (size, size, 3), sRGB."""
SHEET: Final = "views.png"
"""All views of an item in one picture."""
_VIEW: Final = re.compile(r"view-\d{2,}\.png")


@dataclass(frozen=True, slots=True)
class Reading:
    """The views of one item, exactly as an encoder sees them.

    `views` has shape (v, size, size, 3), uint8 sRGB. `aspect` is width / height of the
    original picture, 1.0 for sketches and shapes; a view is squashed to a square. `up` is the
    axis that views of a shape stand on, `unknown` where all three take turns; None of others.
    `portrait` is the picture for people to see of what has several views, None where the first
    view is that; no encoder sees it.
    `imprint` makes what an index keeps to know copies of the item by, see `opensearch.imprints`.
    `shot` is what the file itself says of a photo, see `pictures.shot`.
    `lost` says in words what of the item the views lack, as the file is damaged there.
    """

    views: NDArray[np.uint8]
    aspect: float = 1.0
    up: Up | None = None
    portrait: View | None = None
    imprint: Callable[[], bytes] | None = None
    shot: dict[str, str] = field(default_factory=dict)
    lost: str = ""


class Reader(Protocol):
    """Turns a file into a `Reading`; safe in threads."""

    def __call__(self, path: Path, part: int | None = None, up: Up | None = None, /) -> Reading:
        """Read a file.

        Args:
            path: the file.
            part: a line of it, where it is .ndjson.
            up: which axis of a shape is up; told by its format when None.
        """


@dataclass(frozen=True, slots=True)
class ReaderKind:
    """An entry of `domains.READERS`: all that other code has to know of a reader.

    Attributes:
        open: makes the reader of settings and limits. It raises only `UnreadableFile` or
            `OverLimit` on a file, and may be called from several threads.
        version: raised whenever the views that the reader gives change, or what it tells of a file;
            kept with every item it read, but part of no identity.
        domain: the domain that it reads where a config names no reader.
        suffixes: of the files it reads, in lower case.
        telling: those suffixes that leave no doubt that a file belongs to `domain`.
        several: whether an item has several views, as `views` and `line_views` ask for.
        looks: the shipped reader whose views these resemble; training varies them accordingly.
    """

    open: Callable[[ReaderSettings, Limits], Reader]
    version: int
    domain: str
    suffixes: Callable[[], frozenset[str]]
    telling: Callable[[], frozenset[str]] = frozenset
    several: bool = False
    looks: Literal["image", "sketch", "mesh"] = "image"


def png(view: View) -> bytes:
    """A view, shape (h, w, 3), as the bytes of a PNG file."""
    return _encoded(Image.fromarray(view), format="PNG", optimize=False)


def thumbnail(reading: Reading, side: int = 192) -> bytes:
    """The portrait, or the first view, in its original aspect, as the bytes of a JPEG file.

    The longer side has `side` pixels.
    """
    width = side if reading.aspect >= 1 else round(side * reading.aspect)
    height = side if reading.aspect <= 1 else round(side / reading.aspect)
    image = Image.fromarray(reading.views[0] if reading.portrait is None else reading.portrait)
    small = image.resize((max(width, 1), max(height, 1)), Image.Resampling.BOX)
    return _encoded(small, format="JPEG", quality=85)


def imprint_of(picture: Image.Image, aspect: float) -> bytes:
    """The imprint of a picture of any size, RGB; `aspect` is its own, width / height."""
    # Averages of less than a pixel would be squares.
    averages = min(picture.size) >= SIDE
    small = picture.resize(
        (SIDE, SIDE), Image.Resampling.BOX if averages else Image.Resampling.BICUBIC
    )
    return picture_imprint(np.asarray(small), aspect)


def imprint_of_file(picture: bytes) -> bytes:
    """The imprint of a thumbnail that was kept; empty where it cannot be read."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            return imprint_of(image.convert("RGB"), image.width / image.height)
    except (OSError, ValueError, SyntaxError):
        return b""


def contact_sheet(views: NDArray[np.uint8], columns: int = 6, gap: int = 4) -> View:
    """Views, shape (v, size, size, 3), row by row in one picture on grey."""
    count, size = views.shape[:2]
    columns = min(columns, count)
    rows = -(-count // columns)
    step = size + gap
    sheet = np.full((rows * step + gap, columns * step + gap, 3), 128, np.uint8)
    for at, view in enumerate(views):
        top, left = gap + at // columns * step, gap + at % columns * step
        sheet[top : top + size, left : left + size] = view
    return sheet


def save_views(
    reading: Reading, out: Path, columns: int = 6, source: Path | None = None
) -> list[Path]:
    """Write one PNG a view (`view-01.png`, ...) and all of them in `views.png`.

    Args:
        reading: what a reader returned.
        out: folder, made when missing; what an earlier call wrote there is replaced, and views
            that there are no longer go.
        columns: of `views.png`.
        source: the file that was read, which stays.

    Returns:
        The paths written, the views in order and `views.png` last.

    Raises:
        InvalidInput: the folder cannot be written, or `source` would not stay.
        OpenSearchError: the disk is full.
    """
    if source is not None:
        check_stays(source, out)
    pages = {f"view-{at:02d}.png": view for at, view in enumerate(reading.views, start=1)}
    pages[SHEET] = contact_sheet(reading.views, columns)
    try:
        out.mkdir(parents=True, exist_ok=True)
        # Pictures named so without the sheet of all are of somebody else.
        earlier = _pictures(out) if (out / SHEET).exists() else []
        for name, view in pages.items():
            (out / name).write_bytes(png(view))
        for path in earlier:
            if path.name not in pages:
                path.unlink()
    except OSError as error:
        raise unwritable(error)(
            f"cannot write pictures to {str(out)!r}: {system_reason(error)}"
        ) from error
    return [out / name for name in pages]


def check_stays(source: Path, out: Path) -> None:
    """Refuse to write views to a folder where one would take the place of the file they are of.

    Raises:
        InvalidInput: the file is there under the name of a view, or of all views.
    """
    try:
        taken = [path.name for path in _pictures(out, SHEET) if path.samefile(source)]
    except OSError:
        return  # whoever writes there says what is wrong
    if taken:
        raise InvalidInput(
            f"pictures in {str(out)!r} would replace {taken[0]}, which is the file that was"
            " read; name another folder"
        )


def _pictures(folder: Path, *others: str) -> list[Path]:
    """Files of a folder that are named as views, or so."""
    return sorted(
        path
        for path in (folder.iterdir() if folder.is_dir() else ())
        if (_VIEW.fullmatch(path.name) or path.name in others) and path.is_file()
    )


def _encoded(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
