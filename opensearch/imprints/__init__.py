"""Imprints: the little that an index keeps of a picture or a shape to know its copies by.

`pictures` and `shapes` make imprints and compare them; `copies` finds the pairs among very many.
"""

from opensearch.imprints.copies import KINDS
from opensearch.imprints.kinds import Kind, kind_of
from opensearch.imprints.pairs import Pairs, all_apart

__all__ = ["KINDS", "Kind", "Pairs", "all_apart", "kind_of"]
