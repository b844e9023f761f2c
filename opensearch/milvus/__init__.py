"""Milvus as the place of an index: its items, books and model in collections of a server.

`connecting.py` opens a server and says what it lacks, `connection.py` calls it; `addresses.py`,
`asking.py` and `versions.py` say what is asked, by whom, and of what. `schema.py` and `rows.py`
tell how items stand there, `books.py` and `files.py` what is known of them as a whole,
`claiming.py` who writes, `mending.py` what is done after a server was killed. `store.py`, whose
half is `reading.py`, and `search.py` keep the protocols of `store` and `search`. Everything that
knows pymilvus is in this room.
"""

from opensearch.milvus.addresses import refuse_wrong
from opensearch.milvus.connecting import connect
from opensearch.milvus.connection import Connection
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
