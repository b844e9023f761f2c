"""What an imprint is of, told by its first byte; a new layout of one kind takes a new byte."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["picture", "shape"]

PICTURE: Final = b"\x01"
SHAPE: Final = b"\x02"
STROKES: Final = b"\x03"
"""A picture's, and behind it what was drawn."""
CORNERS: Final = b"\x04"
"""A shape's, and behind it its corners in the unit sphere."""
FRAMED: Final = b"\x05"
"""A shape's, and behind it its corners where their file has them."""

_KINDS: Final[dict[bytes, Kind]] = {
    PICTURE: "picture",
    SHAPE: "shape",
    STROKES: "picture",
    CORNERS: "shape",
    FRAMED: "shape",
}


def kind_of(imprint: bytes) -> Kind | None:
    """What an imprint is of; `None` for an empty one, or one of a layout not known here."""
    return _KINDS.get(bytes(imprint[:1]))
