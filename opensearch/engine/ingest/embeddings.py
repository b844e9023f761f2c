"""Adding ready embeddings: what they must be, whose they are, and their codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.engine.lifecycle.generations import Generations
from opensearch.errors import IndexMismatch, InvalidInput, OpenSearchError, PartlyStored
from opensearch.model import Model
from opensearch.records import Item
from opensearch.store import Store

BATCH: Final = 2**14
"""Items of one transaction."""

_ROUNDED: Final = 0.01
"""How far the length of a row may be from 1: float16 and sums in float32 are within."""


def check_made_by(made_by: str, identities: Mapping[str, str], domain: str) -> None:
    """Refuse embeddings of another encoder.

    Args:
        made_by: the identity that came with them.
        identities: of the model, by part.
        domain: of the embeddings.

    Raises:
        IndexMismatch: no encoder of the model, nor its space, has this identity.
    """
    own = {part: mark for part, mark in identities.items() if part != "hash"}
    if made_by in own.values():
        return
    part = f"encoder/{domain}" if f"encoder/{domain}" in own else "space"
    raise IndexMismatch(
        f"these embeddings were made by {made_by!r}, and this index's {part} is {own[part]!r}:"
        " cosines between the two may mean nothing, as the encoder is another one by its identity."
        " Embed the files with this index's model, or make an index with theirs:"
        " `Engine.create(PATH, model=MODEL)`"
    )


def unit_rows(embeddings: NDArray[np.floating[Any]], dim: int) -> NDArray[np.float32]:
    """Embeddings (n, dim) in float32, of length 1 to its last bit.

    Raises:
        InvalidInput: rows of another width, or a row whose length is not 1.
    """
    if embeddings.shape[1] != dim:
        raise InvalidInput(
            f"embeddings must have shape (n, {dim}), as this index's model gives them, got"
            f" {embeddings.shape}"
        )
    rows = embeddings.astype(np.float64)
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(rows, axis=1)
    wrong = np.flatnonzero(np.abs(lengths - 1) > _ROUNDED)
    if len(wrong):
        raise InvalidInput(
            f"embeddings must be unit rows, row {wrong[0]} has length {lengths[wrong[0]]:.4g}"
            f" ({len(wrong)} of {len(rows)} are no unit rows); divide each by its length if only"
            " its direction counts"
        )
    made: NDArray[np.float32] = (rows / lengths[:, None]).astype(np.float32)
    return made


def add_embeddings(
    generations: Generations, model: Model, items: Sequence[Item], rows: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Store items with their embeddings (n, d), unit, and the codes of those; give their ids.

    Raises:
        BundleError: the model is damaged; nothing was stored.
        PartlyStored: a batch after the first was refused.
    """

    def put(store: Store) -> NDArray[np.int64]:
        model.check(generations.folder.graphs)
        return _put(store, model, items, rows)

    return generations.write_and_settle(put)


def _put(
    store: Store, model: Model, items: Sequence[Item], rows: NDArray[np.float32]
) -> NDArray[np.int64]:
    ids: list[int] = []
    for part in _parts(len(items)):
        try:
            codes = model.hasher.encode(rows[part], items[part.start].domain)
            ids += store.put(items[part], codes, rows[part])
        except OpenSearchError as error:
            if not ids:
                raise
            raise PartlyStored(
                f"the first {len(ids)} of {len(items)} embeddings are stored, the rest are not:"
                f" {error} Repeat with the rest alone; the ids of those stored are `ids` of this"
                " error.",
                np.array(ids, np.int64),
            ) from error
    return np.array(ids, np.int64)


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, min(start + BATCH, count)) for start in range(0, count, BATCH))
