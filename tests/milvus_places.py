"""Where tests find a Milvus: a file of Milvus Lite, and a server if OPENSEARCH_MILVUS names one.

    OPENSEARCH_MILVUS=milvus://127.0.0.1:19530 python -m pytest -m milvus

Without pymilvus, milvus-lite 2.x or a server the tests are skipped, each with its reason.
"""

import atexit
import os
import secrets
import warnings
from contextlib import contextmanager
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import pytest

from opensearch.records import Address

SERVER = os.environ.get("OPENSEARCH_MILVUS", "")


def _missing(kind):
    if find_spec("pymilvus") is None:
        return "pymilvus is not installed"
    if kind == "server":
        return "" if SERVER else "OPENSEARCH_MILVUS names no server"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # milvus-lite 2.5.1 imports pkg_resources
            import milvus_lite  # noqa: F401
        return "" if version("milvus-lite").startswith("2.") else "milvus-lite 3 has no codes"
    except (ImportError, PackageNotFoundError):
        return "milvus-lite is not installed"


def milvus_params():
    """Parameters of a fixture: `milvus-lite` and `milvus-server`, skipped where there is none."""
    return [
        pytest.param(
            f"milvus-{kind}",
            marks=[
                pytest.mark.milvus,
                pytest.mark.skipif(bool(reason := _missing(kind)), reason=reason or "-"),
            ],
        )
        for kind in ("lite", "server")
    ]


def new_address(kind, folder):
    """Where nothing lies yet."""
    if kind == "milvus-lite":
        folder.mkdir(parents=True, exist_ok=True)
        return Address("milvus", "", f"{folder}/index.db".lstrip("/"))
    return Address("milvus", SERVER.rpartition("//")[2], f"t{secrets.token_hex(8)}")


@contextmanager
def empty_store(kind, folder, bits, dim):
    """An empty store; on a server, which takes ten seconds to make one, it is emptied and kept."""
    from opensearch.milvus import MilvusStore, connect, schema
    from opensearch.milvus.books import Books, Shelf
    from opensearch.store import Meta

    if kind == "milvus-lite":
        with MilvusStore.create(connect(new_address(kind, folder)), bits, dim) as store:
            yield store
        return
    link = connect(_address_of_kept(bits, dim))
    for name in (link.name, f"{link.name}_parts"):
        link.delete(name, [row["id"] for row in link.query(name, "id >= 0", ["id"], strong=True)])
        link.settle(name)
    fresh = Meta(secrets.token_hex(8), bits, dim, origin="tests")
    Shelf(link).begin_books(Books(fresh, parts=dict.fromkeys(schema.PARTS, 0)))
    with MilvusStore.open(link) as store:
        yield store


@cache
def _address_of_kept(bits, dim):
    """A store on the server that all tests of this run share."""
    from opensearch.milvus import MilvusStore, connect

    address = new_address("milvus-server", None)
    MilvusStore.create(connect(address), bits, dim).close()
    atexit.register(drop, address)
    return address


def drop(address):
    """Remove all collections of an index."""
    from opensearch.milvus import connect, schema

    link = connect(address)
    schema.drop_all(link)
    link.close()
