"""Pictures that other libraries decode: HEIC of phones, JPEG XL, raw files of cameras."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image

from opensearch.domains.pictures.coded_colours import profile_of
from opensearch.domains.pictures.cut_short import without_padding
from opensearch.domains.pictures.frames import is_blank
from opensearch.domains.pictures.heif import code_points, unread
from opensearch.domains.pictures.jxl_header import BARE, CONTAINER, header_of
from opensearch.domains.pictures.shot import ORIENTATION, exif_of, inherit
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

RAW_SUFFIXES: Final = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".raf", ".rw2"),
    *(".orf", ".pef", ".srw", ".3fr", ".iiq", ".erf", ".mrw", ".x3f", ".kdc", ".dcr", ".mef"),
)
_HEIF_BRANDS: Final = frozenset(
    {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
)
_MULTIPLIED: Final = {"LA": "La", "RGBA": "RGBa"}
"""Modes with opacity, and those in which colours are multiplied with it."""
_LIGHT: Final = np.arange(256) / 255
_CURVE: Final[list[int]] = np.rint(
    255 * np.where(_LIGHT > 0.0031308, 1.055 * _LIGHT ** (1 / 2.4) - 0.055, 12.92 * _LIGHT)
).tolist()
"""Values of linear light, 0 to 255, as those of sRGB."""
# How LibRaw says that a camera was held.
_RAW_TURNS: Final = {3: 3, 5: 8, 6: 6}
_TINY: Final = 320
"""Longer side of a preview below which the sensor's picture shows more."""


def is_raw(head: bytes, suffix: str) -> bool:
    """Whether a file is of a camera's raw format, which its suffix alone tells."""
    return suffix in RAW_SUFFIXES and not head.startswith(b"\xff\xd8\xff")


def is_heif(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of a HEIF picture in HEVC; AVIF is Pillow's."""
    known = head[8:12] in _HEIF_BRANDS or head[8:16] == b"mif3heic"
    return head[4:8] == b"ftyp" and known and b"avif" not in head[8:64]


def is_jxl(head: bytes, suffix: str) -> bool:
    """Whether the first bytes are of JPEG XL, bare or in its container."""
    return head.startswith((BARE, CONTAINER))


def open_heif(path: Path, limits: Limits) -> Image.Image:
    """A HEIC or HEIF picture, upright, not yet decoded: its primary image.

    Raises:
        UnreadableFile: in a coding that is not read.
    """
    from pi_heif import HeifImageFile, options

    options.DECODE_THREADS = 1  # files are read side by side
    data = without_padding(path.read_bytes())
    other = unread(data)
    if other is not None:
        raise UnreadableFile(f"is {other}")
    image: Image.Image = HeifImageFile(io.BytesIO(data))
    profile = profile_of(code_points(data))
    if profile:
        image.info["icc_profile"] = profile
    return image


def open_jxl(path: Path, limits: Limits) -> Image.Image:
    """A JPEG XL picture, upright, its first frame.

    Raises:
        UnreadableFile: `pylibjxl` is not installed.
        OverLimit: over `limits.pixels`.
    """
    pylibjxl = optional("pylibjxl", "jxl", "JPEG XL")
    data = path.read_bytes()
    size = pylibjxl.probe(data)
    pixels = size["width"] * size["height"]
    if pixels > limits.pixels:
        raise OverLimit(f"has {pixels:,} pixels, over the limit of {limits.pixels:,}")
    values, told = pylibjxl.decode(data, metadata=True)
    image = Image.fromarray(values[..., 0] if values.shape[2:] == (1,) else values)
    header = header_of(data)
    if header.multiplied and image.mode in _MULTIPLIED:
        multiplied = Image.frombytes(_MULTIPLIED[image.mode], image.size, image.tobytes())
        image = multiplied.convert(image.mode)
    if header.linear:
        clear = image.mode in _MULTIPLIED
        image = image.point(_CURVE * (len(image.mode) - clear) + list(range(256)) * clear)
    elif told.get("icc"):
        image.info["icc_profile"] = told["icc"]
    inherit(image, exif_of(bytes(told.get("exif") or b"")))
    return image


def open_raw(path: Path, limits: Limits) -> Image.Image:
    """The preview that a camera put into its raw file, else the sensor's picture at half size.

    A tiny preview counts for less than the sensor's picture.

    Raises:
        UnreadableFile: `rawpy` is not installed, or the file holds neither.
        OverLimit: over `limits.pixels` and without a preview.
    """
    rawpy = optional("rawpy", "raw", "raw files of cameras")
    try:
        with rawpy.imread(str(path)) as raw:
            preview = _preview(rawpy, raw)
            if preview is not None and max(preview.size) >= _TINY:
                return preview
            try:
                return _sensed(raw, limits)
            except (rawpy.LibRawError, UnreadableFile):
                if preview is None:
                    raise
                return preview
    except rawpy.LibRawError as error:
        raise UnreadableFile(
            "is damaged or cut short, or from a camera that LibRaw does not know"
        ) from error


def _preview(rawpy: Any, raw: Any) -> Image.Image | None:
    """The preview of an opened raw file, with its turn; None where it has none that is known."""
    try:
        preview = raw.extract_thumb()
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError):
        return None
    if preview.format == rawpy.ThumbFormat.JPEG:
        image: Image.Image = Image.open(io.BytesIO(preview.data), formats=("JPEG",))
    else:
        image = Image.fromarray(preview.data)
    if image.getexif().get(ORIENTATION, 1) == 1:
        image.getexif()[ORIENTATION] = _RAW_TURNS.get(raw.sizes.flip, 1)
    return image


def _sensed(raw: Any, limits: Limits) -> Image.Image:
    """What the sensor saw, upright."""
    if raw.sizes.raw_width * raw.sizes.raw_height > 4 * limits.pixels:
        raise OverLimit(f"has more pixels than the limit of {limits.pixels:,}")
    image = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))
    if is_blank(image):  # what LibRaw makes of pixels that are not there
        raise UnreadableFile("is damaged or cut short: nothing of its picture is left")
    return image


def optional(package: str, extra: str, what: str) -> Any:
    """A package that an extra of ours brings.

    Args:
        package: as it is imported.
        extra: that brings it.
        what: it reads, in words.

    Raises:
        UnreadableFile: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise UnreadableFile(
            f"needs {package}, which reads {what}: pip install 'opensearch-visual[{extra}]'"
        ) from error
