"""Calls to a Milvus server, or to a file of Milvus Lite, whose errors are those of `opensearch`."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from opensearch.errors import InvalidInput, StoreError
from opensearch.milvus.addresses import is_lite
from opensearch.milvus.asking import TOKEN
from opensearch.milvus.versions import WORKING
from opensearch.records import Address

T = TypeVar("T")

_LITE_GIVES, _SERVER_GIVES = 2**13, 2**18
_SECONDS: Final = 120
"""How long one call may take, with the repetitions of the client, which wants a whole number."""

_ONCE: Final = {"timeout": 120.0, "retry_times": 0}
"""Options of calls that must not be retried: a row that is added twice is there twice."""

_WAKING: Final = re.compile("not loaded|not fully loaded|channel not available|no available")
"""Errors of a server that was just started; the call has done nothing then."""

_AT_ONCE: Final = 16 * 2**20
"""Bytes of rows sent in one message, about; servers refuse more than 64 MiB."""

guard: Final = threading.Lock()
shared: Final[dict[str, Connection]] = {}
"""One connection an address: only so does everybody here see at once what anybody wrote."""


class Connection:
    """Calls to Milvus whose errors are those of `opensearch`.

    Attributes:
        address: of the index.
        name: of its collections, or what their names begin with.
        server: what answers, and its version, in words.
        most: rows that one query gives; Milvus Lite leaves out the rest without a word.
        is_server: whether others than this process may have ended it, so that it starts anew.
        unsettled: whether a write has failed, and nobody has cleared away yet what it left.
    """

    def __init__(self, address: Address, client: Any, server: str) -> None:
        self.address = address
        self.name = "opensearch" if is_lite(address) else address.path
        self.server = server
        self.most = _LITE_GIVES if is_lite(address) else _SERVER_GIVES
        self.is_server = not is_lite(address)
        self.unsettled = False
        self._client: Any = client
        self._columns: dict[str, Any] = {}
        self._users = 1

    def has(self, collection: str) -> bool:
        """Whether there is a collection of this name."""
        return bool(self._call(lambda c: c.has_collection(collection, timeout=_SECONDS)))

    def create(self, collection: str, fields: Sequence[tuple[str, Any, dict[str, Any]]],
               vector: str, kind: str = "BIN_FLAT", **params: Any) -> None:  # fmt: skip
        """Make a collection of fields (name, type, options) and an index on its vectors.

        Raises:
            StoreError: the server refuses it, such as one without binary vectors.
        """

        def make(client: Any) -> None:
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            for name, type_, options in fields:
                schema.add_field(name, type_, **options)
            index = client.prepare_index_params()
            index.add_index(
                field_name=vector, index_type=kind, metric_type="HAMMING", params=params
            )
            client.create_collection(
                collection,
                schema=schema,
                index_params=index,
                consistency_level="Session",
                timeout=_SECONDS,
            )

        self._call(make)

    def awake(self, collection: str) -> bool:
        """Whether a collection can be asked: it is loaded now where somebody has released it.

        One whose making was cut short has no index, and can be dropped and nothing else.
        """
        if not self.has(collection):
            return False
        if is_lite(self.address):
            return True
        while (state := self._loaded(collection)) == "loading":  # a server that was just started
            time.sleep(1)
        if state != "notload":
            return True
        if not self._call(lambda c: c.list_indexes(collection)):
            return False
        self._call(lambda c: c.load_collection(collection, timeout=5 * _SECONDS))
        return True

    def drop(self, collection: str) -> None:
        """Remove a collection, if it is there."""
        self._columns.pop(collection, None)
        if self.has(collection):
            self._call(lambda c: c.drop_collection(collection, timeout=_SECONDS))

    def insert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows; their primary keys are new.

        They go column by column: row by row the client takes five times as long as the server.
        """
        for part in _portions(rows):
            self._call(partial(self._insert, collection=collection, rows=part))

    def upsert(self, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        """Write rows in place of those of the same primary keys."""
        for part in _portions(rows):
            self._do("upsert", collection, part)

    def delete(self, collection: str, keys: Sequence[int] | Sequence[str]) -> None:
        """Remove rows by primary key."""
        for start in range(0, len(keys), 8192):
            part = list(keys[start : start + 8192])
            self._do("delete", collection, part)

    def query(
        self, collection: str, expression: str, fields: Sequence[str], *,
        limit: int | None = None, strong: bool = False,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Fields of the rows that pass an expression, in no order.

        Args:
            strong: wait until all is seen that anybody has written before.
        """
        options: dict[str, Any] = {"timeout": _SECONDS}
        if limit is not None:
            options["limit"] = limit
        if strong:
            options["consistency_level"] = "Strong"
        return list(
            self._call(
                lambda c: c.query(collection, expression, output_fields=list(fields), **options)
            )
        )

    def settle(self, collection: str) -> None:
        """Wait until what was written to a collection is seen by whoever asks from now on.

        Of what was inserted the next query of this process waits by itself, not of what was
        deleted.
        """
        self.query(collection, "id == -1", ["id"], strong=True)

    def count(self, collection: str, expression: str = "", *, strong: bool = False) -> int:
        """How many rows pass an expression."""
        return int(self.query(collection, expression, ["count(*)"], strong=strong)[0]["count(*)"])

    def kept(self, collection: str) -> int:
        """About how many rows the server keeps, by its own books: loaded or not, deleted or not."""
        said = self._call(lambda c: c.get_collection_stats(collection, timeout=_SECONDS))
        return int(said["row_count"])

    def search(
        self, collection: str, codes: list[bytes], expression: str, limit: int,
        params: dict[str, Any],
    ) -> list[tuple[list[int], list[int]]]:  # fmt: skip
        """Ids and Hamming distances of the nearest rows of each code, nearest first."""
        found = self._call(
            lambda c: c.search(
                collection,
                data=codes,
                filter=expression,
                limit=limit,
                search_params={"metric_type": "HAMMING", "params": params},
                anns_field="code",
                timeout=_SECONDS,
            )
        )
        return [_pairs(hits) for hits in found]

    def flush(self, collection: str) -> None:
        """Let the server seal what was written, so that an index is built over it."""
        self._call(lambda c: c.flush(collection, timeout=5 * _SECONDS))

    def wait_for_index(self, collection: str) -> None:
        """Wait until all rows that were flushed are under the index.

        Raises:
            StoreError: that takes longer than an hour.
        """
        for _ in range(3600):
            about = self._call(lambda c: c.describe_index(collection, "code", timeout=_SECONDS))
            if not int((about or {}).get("pending_index_rows", 0)):
                return
            time.sleep(1)
        raise StoreError(f"{self.server} has not built the index of {collection} in an hour")

    def share(self) -> None:
        """Count one more user."""
        self._users += 1

    def close(self) -> None:
        """End the connection, unless others of this process use it."""
        with guard:
            self._users -= 1
            if self._users or self._client is None:
                return
            shared.pop(str(self.address), None)
            client, self._client = self._client, None
        with as_ours(self.address):
            client.close()

    def _loaded(self, collection: str) -> str:
        """What a server says of a collection: loaded, loading or notload."""
        state = self._call(lambda c: c.get_load_state(collection, timeout=_SECONDS))["state"]
        return str(getattr(state, "name", state)).lower()

    def _insert(self, client: Any, collection: str, rows: Sequence[dict[str, Any]]) -> None:
        from pymilvus import Collection

        if collection not in self._columns:
            self._columns[collection] = Collection(collection, using=client._using)
        columns = self._columns[collection]
        names = [each.name for each in columns.schema.fields]
        columns.insert([[row[name] for row in rows] for name in names], **_ONCE)

    def _do(self, what: str, collection: str, given: list[Any]) -> None:
        self._call(lambda client: getattr(client, what)(collection, given, timeout=_SECONDS))

    def _call(self, work: Callable[[Any], T]) -> T:
        """What a call gives; it waits for a server that was just started and is not all there."""
        until = time.monotonic() + _SECONDS
        while True:
            if self._client is None:
                raise StoreError("this store is closed; open it again.")
            with as_ours(self.address):
                try:
                    return work(self._client)
                except Exception as error:
                    if not _WAKING.search(str(error)) or time.monotonic() > until:
                        raise
            time.sleep(1)


@contextmanager
def as_ours(address: Address) -> Iterator[None]:
    """Turn whatever pymilvus and grpc raise into a `StoreError`."""
    try:
        yield
    except (StoreError, InvalidInput):
        raise
    except Exception as error:  # pymilvus lets those of grpc and of Lite through
        text = " ".join(str(getattr(error, "message", "") or error).split())[:300]
        raise StoreError(
            f"Milvus at {address} failed: {text or type(error).__name__}. Check that it runs, that"
            f" it is {WORKING}, and, if it asks for a user, that {TOKEN} is right"
        ) from error


def _pairs(hits: Any) -> tuple[list[int], list[int]]:
    """Ids and distances of hits, which newer clients give as such and older ones hit by hit."""
    if hasattr(hits, "ids") and hasattr(hits, "distances"):
        return list(hits.ids), [round(distance) for distance in hits.distances]
    return [hit["id"] for hit in hits], [round(hit["distance"]) for hit in hits]


def _portions(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Rows in messages of about `_AT_ONCE` bytes."""
    part: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        part.append(row)
        size += 64 + sum(len(value) for value in row.values() if isinstance(value, str | bytes))
        if size > _AT_ONCE or len(part) >= 16384:
            yield part
            part, size = [], 0
    if part:
        yield part
