"""The store: every item of an index with its code, embedding and thumbnail, over LMDB."""

from opensearch.store.fields import Fields, Found
from opensearch.store.implied_keys import key_of as implied_key
from opensearch.store.implied_keys import split_key
from opensearch.store.lmdb_store import LmdbStore
from opensearch.store.meta import FORMAT, Meta
from opensearch.store.opening import ever_used
from opensearch.store.overtaken import again
from opensearch.store.protocol import Store
from opensearch.store.rows import Block, Ids, Mark

__all__ = [
    "FORMAT",
    "Block",
    "Fields",
    "Found",
    "Ids",
    "LmdbStore",
    "Mark",
    "Meta",
    "Store",
    "again",
    "ever_used",
    "implied_key",
    "split_key",
]
