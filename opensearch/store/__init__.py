"""The store: every item of an index with its code, embedding and thumbnail, over LMDB."""

from opensearch.store.blocks import Block
from opensearch.store.marks import Mark
from opensearch.store.meta import FORMAT, Meta
from opensearch.store.overtaken import again
from opensearch.store.postings import Fields
from opensearch.store.store import Store, ever_used
from opensearch.store.unnamed import key_of as implied_key

__all__ = [
    "FORMAT",
    "Block",
    "Fields",
    "Mark",
    "Meta",
    "Store",
    "again",
    "ever_used",
    "implied_key",
]
