"""What a reader hands over: the views of one item, and pictures made of them."""

from __future__ import annotations

import io
import itertools
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
    except Exception:  # decoders raise nearly anything on damaged bytes
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
        out: folder, made when missing; files of the same names are replaced, and further views
            of an earlier call go: those numbered on from here, where its `views.png` lies.
        columns: of `views.png`.
        source: the file that was read, which stays.

    Returns:
        The paths written, the views in order and `views.png` last.

    Raises:
        InvalidInput: the folder cannot be written, or `source` would not stay.
        OpenSearchError: the disk is full.
    """
    if source is not None:
        check_stays(source, out, len(reading.views))
    pages = {_name(at): view for at, view in enumerate(reading.views, start=1)}
    pages[SHEET] = contact_sheet(reading.views, columns)
    try:
        out.mkdir(parents=True, exist_ok=True)
        further = _further(out, len(reading.views))
        for name, view in pages.items():
            (out / name).write_bytes(png(view))
        for path in further:
            path.unlink()
    except OSError as error:
        raise unwritable(error)(
            f"cannot write pictures to {str(out)!r}: {system_reason(error)}"
        ) from error
    return [out / name for name in pages]


def check_stays(source: Path, out: Path, count: int) -> None:
    """Refuse to write so many views to a folder where the file that they are of would go.

    Raises:
        InvalidInput: the file is there under a name that is written, or is a view that goes.
    """
    names = [_name(at) for at in range(1, count + 1)]
    try:
        paths = [*(out / name for name in [*names, SHEET]), *_further(out, count)]
        taken = [path.name for path in paths if path.exists() and path.samefile(source)]
    except OSError:
        return  # whoever writes there says what is wrong
    if taken:
        raise InvalidInput(
            f"pictures in {str(out)!r} would replace {taken[0]}, which is the file that was"
            " read; name another folder"
        )


def _name(number: int) -> str:
    return f"view-{number:02d}.png"


def _further(folder: Path, count: int) -> list[Path]:
    """Views of an earlier call behind the first `count`; none without the sheet of all of them."""
    found: list[Path] = []
    if (folder / SHEET).is_file():
        for number in itertools.count(count + 1):
            path = folder / _name(number)
            if path.is_symlink() or not path.is_file():
                break
            found.append(path)
    return found


def _encoded(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)  # type: ignore[arg-type]
    return buffer.getvalue()
