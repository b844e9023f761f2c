"""Search: Hamming search over packed codes, derived from a store at any time."""

from opensearch.search.backends import BACKENDS
from opensearch.search.searcher import Searcher, Shells
from opensearch.search.sources import CodeSource

__all__ = ["BACKENDS", "CodeSource", "Searcher", "Shells"]
