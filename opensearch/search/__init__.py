"""Search: exact Hamming search over packed codes, derived from the store at any time."""

from opensearch.search.audit import audit
from opensearch.search.searcher import Searcher, Shells
from opensearch.search.sources import CodeSource
from opensearch.search.structures import Structures

__all__ = ["CodeSource", "Searcher", "Shells", "Structures", "audit"]
