"""Milvus as the place of an index: its items, books and model in collections of a server.

`connecting.py` opens a server and says what it lacks, `schema.py` and `rows.py` how items stand
there, `books.py` what is known of them as a whole and who writes, `mending.py` what is
done after a server was killed, `store.py` and `search.py` keep
the protocols of `store` and `search`. Everything that knows pymilvus is in this room.
"""

from opensearch.milvus.connecting import Connection, connect, refuse_wrong
from opensearch.milvus.mending import was_never_filled
from opensearch.milvus.search import MilvusSearch
from opensearch.milvus.store import MilvusStore

__all__ = [
    "Connection",
    "MilvusSearch",
    "MilvusStore",
    "connect",
    "refuse_wrong",
    "was_never_filled",
]
