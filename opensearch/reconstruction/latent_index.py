"""Codes of the shapes of an index in the latent space, made once and kept in its folder.

`latent/<identity of the encoder>.npz` holds ids, digests of the files and codes. It is derived and
safe to delete. Where it cannot be written, or the index lies in no folder, codes are made anew
each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.upright import declared
from opensearch.encoders.pipeline import read_ahead
from opensearch.encoders.tensors import write_atomic
from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.files import read_regular, reading_arrays
from opensearch.progress import Progress, quiet
from opensearch.reconstruction.latent import RENDER, VIEWS, LineEncoder, ink
from opensearch.records import Item

_FOLDER: Final = "latent"
_DIGEST: Final = 16
_PART: Final = 1024
MOST: Final = 50_000
"""Shapes that are searched by their latent codes, which are held in memory: 1.5 kB each view."""


@dataclass(frozen=True, eq=False)
class ShapeCodes:
    """Shapes and the codes of their views.

    Attributes:
        ids: of the items, shape (n,), ascending.
        digests: of their files, shape (n, 16).
        codes: shape (n, views, code), float16.
    """

    ids: NDArray[np.int64]
    digests: NDArray[np.uint8]
    codes: NDArray[np.float16]

    def nearest(self, code: NDArray[np.floating]) -> Iterator[tuple[int, float]]:
        """Ids and distances of all shapes, the nearest to a drawing's code (code,) first."""
        order, distances = nearest_shapes(self.codes, code)
        for place in order:
            yield int(self.ids[place]), float(distances[place])


def nearest_shapes(
    codes: NDArray[np.floating], code: NDArray[np.floating]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The order of shapes by their nearest view, and the distances (n,) of all.

    Args:
        codes: of n shapes, shape (n, views, code).
        code: of a drawing, shape (code,).

    Source:
        Wang et al. 2018: Euclidean, exact; the nearest renders give their shapes.
    """
    distances = np.empty(len(codes), np.float32)
    for start in range(0, len(codes), _PART):  # float32 of all of them would fill the memory
        apart = codes[start : start + _PART].astype(np.float32) - code
        distances[start : start + _PART] = np.sqrt(np.square(apart).sum(axis=2)).min(axis=1)
    return np.argsort(distances, kind="stable"), distances


def shape_codes(
    engine: Engine,
    domains: Sequence[str],
    encoder: LineEncoder,
    file_of: Callable[[Item], Path],
    progress: Progress = quiet,
) -> ShapeCodes:
    """The codes of all shapes of an index whose files can be read.

    Shapes that were added or replaced since are coded, those that are gone are dropped. A run that
    is interrupted keeps what it has done.

    Args:
        domains: of the shapes.
        file_of: see `reconstruct`.

    Raises:
        InvalidInput: the index holds too many shapes.
    """
    ids = engine.find(targets=list(domains)).ids
    if len(ids) > MOST:
        raise InvalidInput(
            f"the latent space takes up to {MOST:,} shapes, and index {engine.path} holds"
            f" {len(ids):,}; find them by their meaning instead: `by='semantic'`"
        )
    items = {item.id: item for item in engine.iter_items(ids) if len(item.digest) == _DIGEST}
    folder = engine.path / _FOLDER if isinstance(engine.path, Path) else None
    file = folder and folder / f"{encoder.identity[:16]}.npz"
    known = _read(file, encoder.code) if file else _stacked({}, {}, encoder.code)
    rows = {
        int(id_): codes
        for id_, digest, codes in zip(known.ids, known.digests, known.codes, strict=True)
        if int(id_) in items and items[int(id_)].digest == digest.tobytes()
    }
    before = len(rows)
    try:
        new = [item for id_, item in items.items() if id_ not in rows]
        for done, (item, codes) in enumerate(_coded(engine, new, encoder, file_of), start=1):
            if codes is not None:
                rows[item.id] = codes
            progress("drawing shapes", done, len(new))
    finally:
        made = _stacked(rows, items, encoder.code)
        if file and (len(rows) > before or before < len(known.ids)):
            with suppress(OSError):
                _write(file, made)
    return made


def _coded(
    engine: Engine, items: Sequence[Item], encoder: LineEncoder, file_of: Callable[[Item], Path]
) -> Iterator[tuple[Item, NDArray[np.float16] | None]]:
    """The items with their codes, `None` for those that cannot be read."""
    settings = dict.fromkeys({item.domain for item in items}, RENDER)
    with Readers(settings, engine.model.limits) as readers:

        def views(item: Item) -> NDArray[np.uint8]:
            path, up = file_of(item), declared(item.metadata)
            return readers.open(path, None, item.domain, up=up).reading.views

        for read in read_ahead(items, views, readers.count):
            codes = (
                None if read.views is None else encoder(ink(read.views[..., 0])).astype(np.float16)
            )
            yield read.source, codes


def _stacked(rows: dict[int, NDArray[np.float16]], items: dict[int, Item], code: int) -> ShapeCodes:
    ids = sorted(rows)
    digests = b"".join(items[id_].digest for id_ in ids)
    codes = [rows[id_] for id_ in ids]
    return ShapeCodes(
        np.array(ids, np.int64),
        np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST),
        np.stack(codes) if codes else np.zeros((0, VIEWS, code), np.float16),
    )


def _read(file: Path, code: int) -> ShapeCodes:
    """What the file holds; nothing where it is missing, damaged or of another form."""
    with suppress(OSError, ValueError), reading_arrays():
        with np.load(BytesIO(read_regular(file)), allow_pickle=False) as held:
            found = ShapeCodes(held["ids"], held["digests"], held["codes"])
        kinds = [array.dtype.str for array in (found.ids, found.digests, found.codes)]
        rows = len(found.ids)
        forms = (found.ids.shape, found.digests.shape, found.codes.shape)
        wanted = ((rows,), (rows, _DIGEST), (rows, VIEWS, code))
        if kinds == ["<i8", "|u1", "<f2"] and forms == wanted:
            return found
    return _stacked({}, {}, code)


def _write(file: Path, made: ShapeCodes) -> None:
    buffer = BytesIO()
    np.savez(buffer, ids=made.ids, digests=made.digests, codes=made.codes)
    file.parent.mkdir(exist_ok=True)
    write_atomic(file, buffer.getvalue())
