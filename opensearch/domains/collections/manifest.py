"""Manifests: a table beside the files that says what each of them is.

`split.csv` has a header with `path` and any of `domain`, `category`, `split`;
`manifest.jsonl` has an object of the same fields a line. Every other field is metadata;
of a mesh, `up` says which axis is up: x, y, z or unknown.
Tables may have semicolons or tabs, and either file any usual encoding, see `table`.
"""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final
from unicodedata import normalize

from opensearch.domains.collections import table
from opensearch.domains.collections.layout import encodable, inside, part_key, split_part
from opensearch.domains.files import printable
from opensearch.domains.shapes.upright import is_mesh, named_axis, with_axis
from opensearch.errors import UnreadableFile
from opensearch.records import Failure, Source

MANIFESTS: Final = ("manifest.jsonl", "split.csv")
"""Names looked for in the root of a collection, the first found wins."""

_DECLARED: Final = ("domain", "category", "split")
# Integers that an index can keep: those of msgpack.
_LEAST, _MOST = -(2**63), 2**64 - 1
_LONGEST_PATH: Final = 4096
"""Letters of a path: systems open none that is longer, and each part may be a link."""


def find_manifest(root: Path) -> Path | None:
    """The manifest of a collection, or None."""
    return next((root / name for name in MANIFESTS if os.path.isfile(root / name)), None)


def read_manifest(manifest: Path) -> Iterator[Source | Failure]:
    """The rows of a manifest in order; files are not opened and may be missing.

    A row with `#N` after the name of an .ndjson file is the drawing in its line N.

    Yields:
        A `Source` a row, or a `Failure` for a row that cannot be used: without a path,
        with a path out of the collection or not relative, or named twice.
    """
    root = manifest.parent
    resolved = root.resolve()
    keys: set[str] = set()
    rows = _csv_rows(manifest) if manifest.suffix == ".csv" else _json_rows(manifest)
    try:
        for place, row in rows:
            found = _source(row, root, resolved)
            if isinstance(found, str):
                yield Failure(f"{printable(manifest)}:{place}", found)
            elif found.key in keys:
                yield Failure(f"{printable(manifest)}:{place}", f"names {found.key!r} again")
            else:
                keys.add(found.key)
                yield found
    except (OSError, UnreadableFile) as error:
        yield Failure(printable(manifest), f"cannot be read as a manifest: {error}")


def _csv_rows(manifest: Path) -> Iterator[tuple[int, Any]]:
    yield from table.rows(table.decoded(manifest.read_bytes()), "path", (*_DECLARED, "up"))


def _json_rows(manifest: Path) -> Iterator[tuple[int, Any]]:
    text = table.decoded(manifest.read_bytes())
    if text.lstrip()[:1] == "[":
        raise UnreadableFile("it is one list; write one object a line, without brackets around")
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except (ValueError, RecursionError) as error:
                yield number, UnreadableFile(f"is not JSON: {error}")


def _source(row: Any, root: Path, resolved: Path) -> Source | str:
    """The row as a source, or why it is refused."""
    if isinstance(row, UnreadableFile):
        return str(row)
    if not isinstance(row, dict) or not isinstance(row.get("path"), str) or not row["path"]:
        return "has no field 'path'"
    if len(row["path"]) > _LONGEST_PATH:
        return f"names a path of {len(row['path']):,} letters, and none has over {_LONGEST_PATH:,}"
    name, part = split_part(_local(row["path"], root))
    why = _refusal(name, root, resolved)
    if why:
        return why
    fields = {field: row.get(field) for field in _DECLARED}
    wrong = next((f for f, v in fields.items() if v is not None and not isinstance(v, str)), None)
    if wrong:
        return f"has a {wrong} that is not text"
    key = PurePosixPath(name).as_posix()
    key = key if part is None else part_key(key, part)
    wrong = next(filter(None, (fault(f, v) for f, v in row.items() if is_scalar(v))), "")
    if wrong:
        return wrong
    extra = {f: v for f, v in row.items() if f not in ("path", *_DECLARED) and is_scalar(v)}
    source = Source(root / name, key, part, metadata=extra, listed=True, **fields)
    return _upright(source, row.get("up"))


def _upright(source: Source, up: Any) -> Source | str:
    """The source with its axis as we name it, or why it is refused; unchanged if it is no mesh."""
    if up is None or not is_mesh(source.path):
        return source
    axis = named_axis(up)
    if axis is None:
        return f"has up {up!r}, but the axis of a mesh must be x, y, z or unknown"
    return with_axis(source, axis)


def _local(path: str, root: Path) -> str:
    """The path as it is on this system.

    Windows writes backslashes; and é is one code point or two, depending on the system that the
    files or the table come from.
    """
    if path.isascii() and "\\" not in path:
        return path
    forms = [path, *(normalize(form, path) for form in ("NFC", "NFD"))]
    if "/" not in path:
        forms += [form.replace("\\", "/") for form in forms]
    file = next((form for form in forms if os.path.exists(root / split_part(form)[0])), None)
    return file or (path if "/" in path else path.replace("\\", "/"))


def _refusal(name: str, root: Path, resolved: Path) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or not path.parts:
        return f"names {name!r}: paths are relative to the manifest and stay beside it"
    if not encodable(name):
        return "names a path that is not UTF-8"
    if not inside(root / name, resolved):
        return f"names {name!r}, a link that leads out of the collection"
    return ""


def is_scalar(value: Any) -> bool:
    """Whether a value is a JSON scalar; lists and objects are passed over."""
    return value is None or isinstance(value, str | int | float | bool)


def fault(name: str, value: Any) -> str:
    """Why an index cannot keep a scalar under this name; empty when it can."""
    if not encodable(name):
        return "has a field whose name is not UTF-8"
    if isinstance(value, str) and not encodable(value):
        return f"has a {name} that is not UTF-8"
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return f"has a {name} of more than 64 bits; write it as text, in quotes"
    if isinstance(value, float) and not math.isfinite(value):
        return f"has a {name} of {value}, a number that JSON does not have; leave it out"
    return ""
