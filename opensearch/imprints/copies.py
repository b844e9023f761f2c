"""The kinds of imprints, and how those of each are compared."""

from __future__ import annotations

from typing import Final

from opensearch.imprints.kinds import Kind
from opensearch.imprints.pairs import Matcher
from opensearch.imprints.picture_copies import picture_copies, picture_pairs
from opensearch.imprints.shapes import shape_copies, shape_pairs

KINDS: Final[dict[Kind, Matcher]] = {
    "picture": Matcher(picture_pairs, picture_copies),
    "shape": Matcher(shape_pairs, shape_copies),
}
