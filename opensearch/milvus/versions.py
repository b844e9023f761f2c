"""Versions of Milvus that an index can lie in."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from opensearch.errors import StoreError

OLDEST: Final = (2, 3)
WORKING: Final = "a Milvus server of version 2.3 or later, or milvus-lite==2.5.1"


def lite_version() -> str:
    """The version of Milvus Lite that is installed.

    Raises:
        StoreError: there is none, or it cannot hold codes.
    """
    try:
        found = version("milvus-lite")
    except PackageNotFoundError as error:
        raise StoreError(
            "a file of Milvus Lite needs the package milvus-lite: pip install milvus-lite==2.5.1"
        ) from error
    if int(found.partition(".")[0]) >= 3:
        raise StoreError(
            f"Milvus Lite {found} has no binary vectors, which codes are kept as; an index needs"
            f" {WORKING}"
        )
    return found


def checked(said: str) -> str:
    """A server's version, in words, if an index can lie there.

    Raises:
        StoreError: it is too old.
    """
    numbers = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if numbers and numbers < OLDEST:
        raise StoreError(f"the server is Milvus {said}; an index needs {WORKING}")
    return f"Milvus {said}"
