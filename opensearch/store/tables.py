"""The tables of a store, in the order in which they are made."""

from __future__ import annotations

from typing import Any

Transaction = Any  # lmdb.Transaction: the package ships no types
Table = Any  # lmdb._Database

TABLES: dict[str, dict[str, bool]] = {
    "meta": {},
    "items": {},
    "keys": {},
    "paths": {"dupsort": True, "dupfixed": True},
    "digests": {"dupsort": True, "dupfixed": True},
    "codes": {},
    "embeddings": {},
    "thumbnails": {},
    "tombstones": {"dupsort": True, "dupfixed": True},
    "postings": {"dupsort": True, "dupfixed": True},
    "imprints": {},
}

TRANSACTIONS = 10
"""Transactions that make the tables: one each, those of `ADDED_LATER` share one."""

ADDED_LATER = ("postings", "imprints")
"""Tables that older stores lack. They are made in one transaction, which the last ones join."""
