"""Peers of the benchmark of scale that are optional: usearch, LanceDB, Milvus Lite."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.scale_data import Codes
from benchmarks.scale_peers import (
    Faiss,
    FaissHnsw,
    FaissMultiHash,
    Found,
    Opensearch,
    OpensearchHnsw,
    OpensearchIvf,
    OpensearchKeyed,
    Peer,
    package,
)


class Usearch(Peer):
    """usearch, graph over bits with the Hamming metric."""

    efforts = (16, 32, 64, 128, 256, 512)

    def build(self, codes: Codes) -> None:
        """Add with all cores and save."""
        self._index = self._empty()
        self._index.add(np.arange(len(codes)), codes)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._index.save(str(self.folder / "index"))

    def _empty(self) -> Any:
        module = package("usearch.index", "usearch")
        metric, kind = module.MetricKind.Hamming, module.ScalarKind.B1
        return module.Index(ndim=self.bits, metric=metric, dtype=kind)

    def open(self) -> None:
        """Load whole, so that one may be added."""
        self._index = self._empty()
        self._index.load(str(self.folder / "index"))

    def search(self, codes: Codes, k: int) -> Found:
        """One thread for one query."""
        matches = self._index.search(codes, k, threads=1 if len(codes) == 1 else 0)
        shape = (len(codes), k)
        distances = np.asarray(matches.distances).reshape(shape).astype(np.int32)
        return distances, np.asarray(matches.keys).reshape(shape).astype(np.int64)

    def add(self, code: Codes) -> None:
        """In memory."""
        self._index.add(len(self._index), code[0])

    def set_effort(self, effort: int) -> None:
        """Candidates kept while searching."""
        self._index.expansion_search = effort


class Lance(Peer):
    """LanceDB, flat scan with the hamming distance over uint8 vectors."""

    def build(self, codes: Codes) -> None:
        """One table."""
        connection = package("lancedb", "lancedb").connect(str(self.folder))
        self._table = connection.create_table("codes", self._rows(codes, 0))

    def _rows(self, codes: Codes, first: int) -> Any:
        arrow = package("pyarrow", "lancedb")
        flat = arrow.array(codes.reshape(-1), arrow.uint8())
        vectors = arrow.FixedSizeListArray.from_arrays(flat, codes.shape[1])
        ids = arrow.array(np.arange(first, first + len(codes)), arrow.int64())
        return arrow.table({"id": ids, "vector": vectors})

    def open(self) -> None:
        """The table of the folder."""
        connection = package("lancedb", "lancedb").connect(str(self.folder))
        self._table = connection.open_table("codes")

    def search(self, codes: Codes, k: int) -> Found:
        """One query after the other: a batch has no call of its own for flat scans."""
        distances = np.full((len(codes), k), 2**31 - 1, np.int32)
        ids = np.full((len(codes), k), -1, np.int64)
        for row, code in enumerate(codes):
            asked = self._table.search(code, vector_column_name="vector").distance_type("hamming")
            found = asked.limit(k).to_arrow()
            distances[row, : len(found)] = found["_distance"].to_numpy().astype(np.int32)
            ids[row, : len(found)] = found["id"].to_numpy()
        return distances, ids

    def add(self, code: Codes) -> None:
        """A new version of the table."""
        self._table.add(self._rows(code, self._table.count_rows()))


class Milvus(Peer):
    """Milvus Lite 2.5.1, `BIN_FLAT` over binary vectors."""

    install = '"pymilvus==2.5.*" milvus-lite==2.5.1 "setuptools<81"'

    def _client(self) -> Any:
        package("milvus_lite", self.install)
        self.folder.mkdir(parents=True, exist_ok=True)
        return package("pymilvus", self.install).MilvusClient(str(self.folder / "milvus.db"))

    def build(self, codes: Codes) -> None:
        """Rows in dicts, as its client wants them."""
        types = package("pymilvus", self.install).DataType
        self._milvus = self._client()
        schema = self._milvus.create_schema(auto_id=False)
        schema.add_field("id", types.INT64, is_primary=True)
        schema.add_field("code", types.BINARY_VECTOR, dim=self.bits)
        params = self._milvus.prepare_index_params()
        params.add_index("code", index_type="BIN_FLAT", metric_type="HAMMING")
        self._milvus.create_collection("codes", schema=schema, index_params=params)
        for start in range(0, len(codes), 10_000):
            self._insert(codes[start : start + 10_000], start)

    def _insert(self, codes: Codes, first: int) -> None:
        rows = [{"id": first + at, "code": code.tobytes()} for at, code in enumerate(codes)]
        self._milvus.insert("codes", rows)

    def open(self) -> None:
        """Load the collection."""
        self._milvus = self._client()
        self._milvus.load_collection("codes")
        self._rows = int(self._milvus.get_collection_stats("codes")["row_count"])

    def search(self, codes: Codes, k: int) -> Found:
        """All queries in one call."""
        data = [code.tobytes() for code in codes]
        answer = self._milvus.search("codes", data=data, limit=k, anns_field="code")
        distances = np.array([[hit["distance"] for hit in hits] for hits in answer], np.int32)
        return distances, np.array([[hit["id"] for hit in hits] for hits in answer], np.int64)

    def add(self, code: Codes) -> None:
        """One row."""
        self._insert(code, self._rows)
        self._rows += 1


PEERS: dict[str, type[Peer]] = {
    "opensearch": Opensearch,
    "opensearch-keyed": OpensearchKeyed,
    "opensearch-hnsw": OpensearchHnsw,
    "opensearch-ivf": OpensearchIvf,
    "faiss-flat": Faiss,
    "faiss-multihash": FaissMultiHash,
    "faiss-hnsw": FaissHnsw,
    "usearch": Usearch,
    "lancedb": Lance,
    "milvus-lite": Milvus,
}
