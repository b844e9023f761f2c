"""Names of backbones: `[front/][source:]name[@tag]`.

`torchvision:resnet18@IMAGENET1K_V2` is a network of one of `backbones.SOURCES`, with the weights
of a tag. A front (`migration-9x32`) changes pictures before the network sees them; it stands
before the first slash that no colon precedes, so that names may hold slashes: `hub:owner/net`.

Names from before there were sources stand alone: `resnet18`. They are what models that were
trained with one of `BARE` keep, however it was spelled for training.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from opensearch.errors import InvalidInput

BARE: Final = ("tiny", "lite", "torchvision")
"""Sources whose names also stand alone, in the order in which they are looked through."""

SCSPM: Final = "scspm"
"""Source of features without a network: `scspm:1x2x4` has cells of 1, 2 and 4 along a side."""

_NAME: Final = re.compile(
    r"(?:(?P<front>[^:/@]*)/)?(?:(?P<source>[^:/@]+):)?(?P<name>[^:@]+)(?:@(?P<tag>[^@]+))?"
)


class BackboneName(NamedTuple):
    """The parts of a name, `None` for those that it lacks."""

    front: str | None
    source: str | None
    name: str
    tag: str | None

    @property
    def kept(self) -> str:
        """The name as a model keeps it: without the tag, whose weights it has, and alone if old."""
        front = f"{self.front}/" if self.front else ""
        source = "" if self.source in (None, *BARE) else f"{self.source}:"
        return f"{front}{source}{self.name}"


def parse_name(text: str) -> BackboneName:
    """The parts of a backbone's name.

    Raises:
        InvalidInput: it is not of the grammar above.
    """
    found = _NAME.fullmatch(text)
    if not found:
        raise InvalidInput(
            f"{text!r} names no backbone; wanted SOURCE:NAME or SOURCE:NAME@TAG, such as"
            " torchvision:resnet18@IMAGENET1K_V1"
        )
    return BackboneName(**found.groupdict())
