"""Contents that lie in no file, written as a file that our readers take."""

from __future__ import annotations

import io
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.meshes import FORMATS
from opensearch.domains.pictures.deep import to_bytes
from opensearch.errors import UnreadableFile

_LOOKED_AT: Final = 2**16
_KEPT_MODES: Final = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")
_DEEP_MODES: Final = ("I", "F")
_STRAIGHT: Final = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}


def suffix_of(data: bytes) -> str:
    """The suffix under which our readers take these bytes; pictures are told apart by theirs."""
    head = data[:_LOOKED_AT].removeprefix(b"\xef\xbb\xbf")
    for suffix, form in FORMATS.items():
        if head.startswith(form.signs):
            return suffix
    if head.startswith(b"\x1f\x8b"):
        return ".svgz"
    if head.startswith(b"PK\x03\x04"):
        return ".usdz" if b".usd" in head[:512] else ".3mf"
    if len(data) > 84 and len(data) == 84 + 50 * int.from_bytes(data[80:84], "little"):
        return ".stl"
    return _suffix_of_text(head.lstrip(), data)


def _suffix_of_text(head: bytes, data: bytes) -> str:
    if head.startswith(b"<"):
        return ".svg"
    if head.startswith(b"{"):
        drawing = b'"drawing"' in head.partition(b"\n")[0]
        return ".gltf" if b'"asset"' in data and not drawing else ".ndjson"
    if b"\0" not in head and (head.startswith(b"v ") or b"\nv " in head):
        return ".obj"
    return ".png"


def picture_bytes(picture: NDArray[np.uint8] | Image.Image) -> bytes:
    """A picture (h, w, 3) or (h, w), or of Pillow, as PNG bytes without a loss, uncompressed.

    Raises:
        UnreadableFile: it has no pixels, or Pillow cannot decode or convert it.
    """
    if 0 in (picture.shape if isinstance(picture, np.ndarray) else picture.size):
        raise UnreadableFile("picture has no pixels")
    try:
        if isinstance(picture, np.ndarray):
            return _png(Image.fromarray(picture))
        exif = picture.getexif()
        return _png(_as_png_has(picture), **({"exif": exif} if exif else {}))
    except (OSError, ValueError, SyntaxError, ArithmeticError) as error:
        raise UnreadableFile(f"picture cannot be read: {error}") from error


def _as_png_has(picture: Image.Image) -> Image.Image:
    """A picture in a mode that PNG has."""
    if picture.mode in _KEPT_MODES:
        return picture
    if picture.mode in _DEEP_MODES:  # which Pillow cuts off at 255
        return Image.fromarray(to_bytes(np.asarray(picture)))
    return picture.convert(_STRAIGHT.get(picture.mode, "RGB"))


def _png(image: Image.Image, **extra: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=0, **extra)
    return buffer.getvalue()


def is_picture(value: object) -> bool:
    """Whether a value is a picture of Pillow."""
    return isinstance(value, Image.Image)


def mesh_bytes(vertices: NDArray[np.floating], faces: NDArray[np.integer]) -> bytes:
    """Vertices (n, 3) and triangles (m, 3), as the bytes of a binary PLY."""
    rows = np.empty(len(faces), [("corners", "u1"), ("at", "<i4", 3)])
    rows["corners"], rows["at"] = 3, faces
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(vertices)}\n"
        "property double x\nproperty double y\nproperty double z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    return header.encode() + vertices.astype("<f8", copy=False).tobytes() + rows.tobytes()
