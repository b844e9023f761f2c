"""Pages of PDF documents, and of the files of Illustrator, which are such documents, too."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

from PIL import Image

from opensearch.domains.pictures.extras import optional
from opensearch.domains.pictures.frames import first_shown, is_blank
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

SUFFIXES: Final = (".pdf", ".ai")
PACKAGE: Final = "pypdfium2"
_SIGN: Final = b"%PDF-"
_SIDE: Final = 1200
"""The longer side of a page as it is drawn, pixels."""
_ENDS: Final = (b"%%EOF", b"startxref")
_TAIL: Final = 4096
"""Last bytes of a file, one of whose signs says that it is whole; programs append a little."""


def is_pdf(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a PDF document; other bytes may come before its own."""
    return head.startswith(_SIGN) or (suffix in SUFFIXES and _SIGN in head)


def open_pdf(path: Path, limits: Limits) -> Image.Image:
    """The first page of a document that is not blank, RGB on white, within `limits.pixels`.

    Raises:
        UnreadableFile: `pypdfium2` is not installed, or the document wants a password, is damaged
            or has no page that shows anything.
    """
    pdfium = optional(PACKAGE, "pdf", "PDF")
    data = path.read_bytes()
    if not any(sign in data[-_TAIL:] for sign in _ENDS):
        raise UnreadableFile("is a PDF document that is cut short")
    try:
        with pdfium.PdfDocument(data) as document:
            document.init_forms()  # else what was filled in is not drawn
            side = min(_SIDE, math.isqrt(limits.pixels))
            shown = first_shown(_drawn(document[at], side) for at in range(len(document)))
    except pdfium.PdfiumError as error:
        if "password" in str(error).lower():
            raise UnreadableFile("is a PDF document that a password locks") from error
        raise UnreadableFile("is a PDF document that is damaged") from error
    if shown is None:
        raise UnreadableFile("is a PDF document without pages")
    if is_blank(shown):  # as many are of which only the frame was not damaged
        raise UnreadableFile("is a PDF document of blank pages")
    return shown


def _drawn(page: Any, side: int) -> Image.Image:
    """A page as a picture whose longer side has so many pixels."""
    bitmap = page.render(scale=side / max(1, *page.get_size()))
    picture: Image.Image = bitmap.to_pil()
    return picture.convert("RGB")
