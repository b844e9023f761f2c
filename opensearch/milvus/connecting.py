"""The way to a Milvus server, or to a file of Milvus Lite, and what it must be able to do."""

from __future__ import annotations

import logging
from typing import Any

from opensearch.extras import require
from opensearch.milvus.addresses import host_of, is_lite
from opensearch.milvus.asking import credentials, trusted
from opensearch.milvus.connection import Connection, as_ours, guard, shared
from opensearch.milvus.versions import checked, lite_version
from opensearch.records import Address


def connect(address: Address) -> Connection:
    """Connect to what an address names, or share the connection that is open.

    Raises:
        MissingExtra: pymilvus is not installed.
        StoreError: nothing answers, the user is refused, or the version cannot hold an index.
    """
    with guard:
        if str(address) not in shared:
            shared[str(address)] = _connect(address)
        else:
            shared[str(address)].share()
        return shared[str(address)]


def _connect(address: Address) -> Connection:
    """A new connection.

    Raises:
        MissingExtra: pymilvus is not installed.
        StoreError: nothing answers, the user is refused, or the version cannot hold an index.
    """
    require(f"an index at {address.scheme}://", "pymilvus")
    from pymilvus import MilvusClient

    for name in ("pymilvus", "pymilvus.milvus_client"):  # what fails is raised, and told once
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if is_lite(address):
        server = f"Milvus Lite {lite_version()}"
        options: dict[str, Any] = {"uri": f"/{address.path}"}
    else:
        secure = address.scheme == "milvuss"
        server, scheme = "", "https" if secure else "http"
        options = {"uri": f"{scheme}://{host_of(address)}", **credentials()}
        options |= trusted() if secure else {}
    with as_ours(address):
        client = MilvusClient(timeout=10, **options)
        server = server or checked(str(client.get_server_version()))
    return Connection(address, client, server)
