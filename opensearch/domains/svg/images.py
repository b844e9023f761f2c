"""Pictures embedded in an SVG: decoded within limits and embedded again, small and plain."""

from __future__ import annotations

import base64
import io
import re
import urllib.parse
from collections.abc import Callable
from functools import cache

from PIL import Image, ImageOps

from opensearch.domains.pictures.finishing import in_srgb
from opensearch.domains.pictures.opening import embedded
from opensearch.domains.svg.clean import Embed
from opensearch.errors import OpenSearchError, UnreadableFile
from opensearch.limits import Limits

_DATA = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
_MOST_PIXELS = 50_000_000
_MOST_NESTED = 2

Draw = Callable[[bytes, int], Image.Image]


def embedding(longest: int, draw_inner: Draw, depth: int) -> Embed:
    """What turns a data URI into one of a PNG of at most `longest` pixels a side.

    Args:
        longest: pixels.
        draw_inner: draws an SVG embedded in one, given its bytes and `depth + 1`.
        depth: how many drawings this one is embedded in.
    """

    @cache
    def embed(uri: str) -> tuple[str, int, int] | None:
        head = _DATA.match(uri)
        if head is None:
            return None
        try:
            data = _payload(uri[head.end() :], "base64" in head[2].lower())
            found = _decoded(data, longest)
            if found is None and depth < _MOST_NESTED:
                inner = draw_inner(data, depth + 1)
                found = inner, *inner.size
            if found is None:
                return None
        # One damaged picture leaves the rest of the drawing as it is.
        except (OpenSearchError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None
        buffer = io.BytesIO()
        found[0].save(buffer, "PNG", compress_level=1)
        text = base64.b64encode(buffer.getvalue()).decode("ascii")
        return f"data:image/png;base64,{text}", *found[1:]

    return embed


def _payload(text: str, is_base64: bool) -> bytes:
    plain = urllib.parse.unquote_to_bytes(text)
    if not is_base64:
        return plain
    letters = b"".join(plain.split()).rstrip(b"=")
    return base64.b64decode(letters + b"=" * (-len(letters) % 4))


def _decoded(data: bytes, longest: int) -> tuple[Image.Image, int, int] | None:
    """A raster picture with the width and height it had, None where the bytes are none."""
    try:
        image, (width, height) = embedded(data, Limits(pixels=_MOST_PIXELS), -(-longest // 2))
    except UnreadableFile:
        return None
    upright = ImageOps.exif_transpose(image)
    if (upright.width > upright.height) != (image.width > image.height):
        width, height = height, width
    if upright.mode in ("1", "P", "PA", "I", "F"):
        upright = upright.convert("RGBA")
    upright.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    return in_srgb(upright), width, height
