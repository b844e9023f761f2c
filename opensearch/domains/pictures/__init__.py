"""Raster pictures of many formats as Pillow images of eight bits.

Whatever its suffix, a picture is read by what its bytes say it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from PIL import Image

from opensearch.domains.pictures import bmp, bmp_runs, extras, pdf, pfm, psd
from opensearch.extras import installed
from opensearch.limits import Limits


class PictureFormat(NamedTuple):
    """A format that Pillow does not decode.

    Attributes:
        suffixes: of its files, in lower case.
        claims: whether a file is of it, by its first bytes and its suffix in lower case.
        load: the picture, decoded or not yet; raises `UnreadableFile` or `OverLimit`.
        package: what must be installed; without it files of the suffixes are left alone.
    """

    suffixes: tuple[str, ...]
    claims: Callable[[bytes, str], bool]
    load: Callable[[Path, Limits], Image.Image]
    package: str | None = None


FORMATS: Final[dict[str, PictureFormat]] = {
    "camera": PictureFormat(extras.RAW_SUFFIXES, extras.is_raw, extras.open_raw),
    "HEIF": PictureFormat((".heic", ".heif", ".hif"), extras.is_heif, extras.open_heif),
    "BMP of odd masks": PictureFormat((), bmp.is_odd_bmp, bmp.open_odd_bmp),
    "BMP of runs": PictureFormat((), bmp_runs.is_bmp_of_runs, bmp_runs.open_bmp_of_runs),
    "Photoshop": PictureFormat(psd.SUFFIXES, psd.is_psd, psd.open_psd),
    "PFM": PictureFormat((".pfm",), pfm.is_pfm, pfm.open_pfm),
    "JPEG XL": PictureFormat((".jxl",), extras.is_jxl, extras.open_jxl),
    "PDF": PictureFormat(pdf.SUFFIXES, pdf.is_pdf, pdf.open_pdf, pdf.PACKAGE),
}
"""Formats with a decoder of their own. A new one is a module, and a line here."""

BY_PILLOW: Final[dict[str, tuple[str, ...]]] = {
    "PNG": (".png", ".apng"),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "DIB": (".dib",),
    "TIFF": (".tif", ".tiff"),
    "GIF": (".gif",),
    "JPEG2000": (".jp2", ".j2k", ".jpf", ".jpx", ".j2c"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "QOI": (".qoi",),
    "ICO": (".ico",),
    "TGA": (".tga",),
}
"""Pillow's decoders that are tried, in this order, on what no other format claims, and suffixes.

No others ever are, whatever the suffix says: some, such as that of EPS, run programs. JPEG opens
the MPO files of phones, too.
"""


def suffixes() -> frozenset[str]:
    """Suffixes of all pictures that can be read here."""
    there = [form for form in FORMATS.values() if form.package is None or installed(form.package)]
    named = [*BY_PILLOW.values(), *(form.suffixes for form in there)]
    return frozenset(suffix for group in named for suffix in group)
