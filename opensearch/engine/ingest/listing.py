"""The files under the sources of a run, walked once and counted before work begins."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final, Self

from opensearch.domains.collections.walk import Found, Ignored
from opensearch.records import Failure, Remote, Source, is_address

_IN_MEMORY: Final = 2**22
_KINDS: Final[dict[str, type[Source] | type[Ignored] | type[Failure]]] = {
    kind.__name__: kind for kind in (Source, Ignored, Failure)
}


class Listing:
    """Files found, in order, kept on disk because a million of them would fill the memory.

    A context; leaving it removes the temporary file.
    """

    def __init__(self, found: Iterable[Found]) -> None:
        self._file = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by `__exit__`
            _IN_MEMORY, "w+", encoding="ascii"
        )
        self._count = 0
        try:
            for item in found:
                fields = [type(item).__name__, str(item.path), *astuple(item)[1:]]
                self._file.write(json.dumps(fields) + "\n")
                self._count += 1
        except BaseException:
            self._file.close()
            raise

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Found]:
        self._file.seek(0)
        for line in self._file:
            yield _found(*json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _found(kind: str, path: str, *rest: Any) -> Found:
    place = path if kind == "Failure" or is_address(path) else Path(path)
    if kind == "Source" and (remote := rest[-1]) is not None:
        rest = (*rest[:-1], Remote(*remote))
    return _KINDS[kind](place, *rest)  # type: ignore[arg-type]
