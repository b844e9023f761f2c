"""Addresses of indexes in Milvus: what they may name, and what does not stand in them."""

from __future__ import annotations

import re
from typing import Final

from opensearch.errors import InvalidInput
from opensearch.milvus.asking import FILE, TOKEN
from opensearch.records import Address

PORT: Final = 19530

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+(:\d{1,5})?|\[[0-9A-Fa-f:]+\](:\d{1,5})?")


def refuse_wrong(address: Address) -> None:
    """See that an address can be one of Milvus.

    Raises:
        InvalidInput: it holds a password, or host or name cannot be.
    """
    if "@" in address.authority:
        raise InvalidInput(
            f"an address holds no user and no password; write {address.scheme}://HOST:PORT/NAME and"
            f" set {TOKEN} to user:password, or {FILE} to a file that holds it"
        )
    if is_lite(address):
        if address.scheme != "milvus" or not address.path.endswith(".db"):
            raise InvalidInput(
                f"a file of Milvus Lite is named milvus:///folder/name.db, got {address}"
            )
    elif not _HOST.fullmatch(address.authority) or not _NAME.fullmatch(address.path):
        raise InvalidInput(
            f"an index in Milvus is named {address.scheme}://HOST:PORT/NAME, with a name of"
            f" letters, digits and _; got {address}"
        )


def is_lite(address: Address) -> bool:
    """Whether an address names a file of Milvus Lite in place of a server."""
    return not address.authority


def host_of(address: Address) -> str:
    """Host and port, in which an address may leave out the usual one."""
    has_port = ":" in address.authority.rpartition("]")[2]
    return address.authority if has_port else f"{address.authority}:{PORT}"
