"""Addresses of sources, and the file system of fsspec that answers for one."""

from __future__ import annotations

import re
from importlib.metadata import metadata
from pathlib import Path
from typing import Any, Final, TypeAlias

from opensearch.errors import InvalidInput, MissingExtra
from opensearch.extras import require
from opensearch.records import is_address

Root: TypeAlias = Path | str
"""A source: a file or folder of this machine, or an address."""

CHAIN: Final = "::"
"""Joins a further address to one, for fsspec; it may even lead to files of this machine."""
_HERE: Final = ("file", "local")
_ALIKE: Final = {"https": "http", "s3a": "s3", "az": "abfs", "abfss": "abfs"}
"""The extra of fsspec that a scheme needs, where it has another name."""
_PASSWORD: Final = re.compile(r"[^/]*:[^/]*@")


def root_of(source: str | Path) -> Root:
    """A source as callers name it; file:// is a path, an address loses the slash at its end.

    Raises:
        InvalidInput: the address holds a password.
    """
    if isinstance(source, Path) or not is_address(source):
        return Path(source)
    scheme, _, rest = source.partition("://")
    if scheme.lower() in _HERE:
        return Path(rest)
    if _PASSWORD.match(rest) or (scheme.lower().startswith("http") and "?" in rest):
        raise InvalidInput(
            f"an address of {scheme}:// was given with a password or key in it, which the index"
            " would keep with each item; fsspec takes those from the environment or from"
            " ~/.config/fsspec"
        )
    return f"{scheme.lower()}://{rest.rstrip('/')}"


def opened(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path that it has there.

    Raises:
        MissingExtra: fsspec is not installed, or what it needs for such addresses.
        InvalidInput: there are no such addresses.
    """
    if CHAIN in address:
        raise InvalidInput(f"a source is one address without {CHAIN!r}, got {address!r}")
    require(f"reading {address}", "fsspec")
    import fsspec

    try:
        system, path = fsspec.core.url_to_fs(address)
    except ImportError as error:
        raise MissingExtra(
            f"reading {address} needs another package: {error}{_brought_by(address)}"
        ) from error
    except Exception as error:  # of the file system's own, for want of a host or a name
        raise InvalidInput(
            f"{address} cannot be read: {reason_of(error)}. A folder can: mount what lies there"
        ) from error
    return system, path


def reason_of(error: Exception) -> str:
    """What a file system says of a failure, in one line."""
    return " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__


def _brought_by(address: str) -> str:
    """How to install what addresses like this need, where fsspec has an extra for them."""
    scheme = address.partition("://")[0]
    extra = _ALIKE.get(scheme, scheme)
    known = metadata("fsspec").get_all("Provides-Extra") or []
    return f"; pip install 'fsspec[{extra}]'" if extra in known else ""
