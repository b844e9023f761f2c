"""Search: Hamming search over packed codes, derived from a store at any time."""

from opensearch.search.backends import BACKENDS
from opensearch.search.protocol import CodeSearch, CodeSource, Shells
from opensearch.search.searcher import Searcher

__all__ = ["BACKENDS", "CodeSearch", "CodeSource", "Searcher", "Shells"]
