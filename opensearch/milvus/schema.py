"""The collections of an index, and how they are made.

NAME            items: code, domain by number, hashes that find it, fields for filters, record
NAME_parts      of the same ids: embedding (float16 as bits), thumbnail and imprint
NAME_books      texts by name: the books, the manifest, the model's files in pieces
NAME_<kind>     codes once more, under an approximate index that was asked for by name

A server of 2.3 takes one vector field a collection and no collection without one; the books have
one of eight bits that says nothing.
"""

from __future__ import annotations

from typing import Any, Final

from opensearch.milvus.connection import Connection

TEXT: Final = 65_535
"""Bytes of the longest text a row can hold."""

NO_BITS: Final = b"\0"

PARTS: Final = {"rows": "", "thumbnails": 'thumbnail != ""', "imprints": 'imprint != ""'}
"""Kinds of parts that the books count, with the expression that those of a kind pass."""

KINDS: Final = {"hnsw": "HNSW", "ivf": "BIN_IVF_FLAT"}
"""Approximate structures by the names that they have elsewhere."""


def items(name: str) -> str:
    """The collection of the items."""
    return name


def parts(name: str) -> str:
    """The collection of embeddings, thumbnails and imprints."""
    return f"{name}_parts"


def books(name: str) -> str:
    """The collection of what is known of the index as a whole."""
    return f"{name}_books"


def structure(name: str, kind: str) -> str:
    """The collection of an approximate structure."""
    return f"{name}_{kind}"


def bits_of_embedding(dim: int) -> int:
    """Width of the vector that an embedding is kept as: two bytes a number."""
    return max(8, 16 * dim)


def create_books(link: Connection) -> None:
    """Make the collection of the books."""
    from pymilvus import DataType

    fields: list[tuple[str, Any, dict[str, Any]]] = [
        ("name", DataType.VARCHAR, {"is_primary": True, "max_length": 300}),
        ("value", DataType.VARCHAR, {"max_length": TEXT}),
        ("bits", DataType.BINARY_VECTOR, {"dim": 8}),
    ]
    link.create(books(link.name), fields, "bits")


def create_items(link: Connection, bits: int, dim: int) -> None:
    """Make the collections of the items and of their parts."""
    from pymilvus import DataType

    fields: list[tuple[str, Any, dict[str, Any]]] = [
        ("id", DataType.INT64, {"is_primary": True}),
        ("code", DataType.BINARY_VECTOR, {"dim": bits}),
        ("domain", DataType.INT64, {}),
        ("key_hash", DataType.INT64, {}),
        ("path_hash", DataType.INT64, {}),
        ("digest_hash", DataType.INT64, {}),
        ("plain", DataType.BOOL, {}),
        ("fields", DataType.JSON, {}),
        ("record", DataType.VARCHAR, {"max_length": TEXT}),
    ]
    link.create(items(link.name), fields, "code")
    more: list[tuple[str, Any, dict[str, Any]]] = [
        ("id", DataType.INT64, {"is_primary": True}),
        ("embedding", DataType.BINARY_VECTOR, {"dim": bits_of_embedding(dim)}),
        ("embedded", DataType.BOOL, {}),
        ("thumbnail", DataType.VARCHAR, {"max_length": TEXT}),
        ("imprint", DataType.VARCHAR, {"max_length": TEXT}),
    ]
    link.create(parts(link.name), more, "embedding")


def create_structure(link: Connection, kind: str, bits: int, **params: Any) -> str:
    """Make the empty collection of an approximate structure, in place of one before; its name."""
    from pymilvus import DataType

    name = structure(link.name, kind)
    link.drop(name)
    fields: list[tuple[str, Any, dict[str, Any]]] = [
        ("id", DataType.INT64, {"is_primary": True}),
        ("code", DataType.BINARY_VECTOR, {"dim": bits}),
        ("domain", DataType.INT64, {}),
    ]
    link.create(name, fields, "code", KINDS[kind], **params)
    return name


def drop_all(link: Connection) -> None:
    """Remove all collections of an index, the books last: without them it is none."""
    for kind in KINDS:
        link.drop(structure(link.name, kind))
    for name in (parts(link.name), items(link.name), books(link.name)):
        link.drop(name)
