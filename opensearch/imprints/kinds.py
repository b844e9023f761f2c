"""What an imprint is of, told by its first byte; a new layout of one kind takes a new byte."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["picture", "shape"]

PICTURE: Final = b"\x01"
SHAPE: Final = b"\x02"
STROKES: Final = b"\x03"
"""A picture's, and behind it what was drawn."""


def kind_of(imprint: bytes) -> Kind | None:
    """What an imprint is of; `None` for an empty one, or one of a layout not known here."""
    kinds: dict[bytes, Kind] = {PICTURE: "picture", SHAPE: "shape", STROKES: "picture"}
    return kinds.get(bytes(imprint[:1]))
