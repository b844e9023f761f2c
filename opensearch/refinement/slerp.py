"""A query moved towards its nearest neighbour in the target gallery."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.semantic.sphere import slerp, unit

_CELLS = 1 << 23
"""Cosines held at once while neighbours are sought: 32 MiB."""


def refine(
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    lam: float | NDArray[np.floating],
    exclude: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Move each query the fraction `lam` of the way to its nearest gallery row.

    Of equally near rows the first is the neighbour. A query whose only neighbour is
    excluded stays where it is.

    Args:
        queries: shape (n, d), unit rows.
        gallery: shape (m, d), unit rows of the target domain.
        lam: in [0, 1], one for all or shape (n,); 0 keeps the query, 1 is the neighbour.
        exclude: shape (n,), the gallery row that is the query itself and no neighbour of
            it, -1 for none. The paper's script lets a query of the gallery's own domain
            find itself, so that it does not move; with `exclude` it moves.

    Returns:
        Shape (n, d), float32, unit rows.

    Raises:
        InvalidInput: the gallery is empty, shapes do not fit, or `lam` leaves [0, 1].

    Source:
        Thong, Mettes, Snoek, "Open cross-domain visual search", CVIU 2020, section 3.3:
        q' = slerp(lambda, q, 1-NN of q in the gallery).
    """
    if queries.ndim != 2 or gallery.ndim != 2 or queries.shape[1] != gallery.shape[1]:
        raise InvalidInput(
            f"queries (n, d) and a gallery (m, d) are wanted, got {queries.shape}"
            f" and {gallery.shape}"
        )
    if len(gallery) == 0:
        raise InvalidInput("an empty gallery has no neighbour to refine towards")
    if exclude is not None and exclude.shape != (len(queries),):
        raise InvalidInput(f"exclude must have shape ({len(queries)},), got {exclude.shape}")
    nearest = _nearest(queries, gallery, exclude)
    towards = np.where(nearest[:, None] < 0, queries, gallery[nearest])
    return slerp(queries, towards, lam)


def refine_one(
    query: NDArray[np.float32], neighbour: NDArray[np.float32] | None, lam: float
) -> NDArray[np.float32]:
    """As `refine` for one query whose neighbour a search has found already.

    Args:
        query: shape (d,), unit.
        neighbour: shape (d,), of any length but zero; `None` leaves the query as it is.
        lam: in [0, 1].

    Returns:
        Shape (d,), float32, unit.
    """
    if neighbour is None:
        return unit(query)
    return np.asarray(slerp(query[None], neighbour[None], lam)[0], dtype=np.float32)


def _nearest(
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    exclude: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """The nearest gallery row of each query, -1 where the only one is excluded."""
    nearest = np.empty(len(queries), dtype=np.int64)
    step = max(1, _CELLS // len(gallery))
    for start in range(0, len(queries), step):
        part = slice(start, start + step)
        near = queries[part] @ gallery.T
        if exclude is not None:
            own = np.flatnonzero(exclude[part] >= 0)
            near[own, exclude[part][own]] = -np.inf
        best = near.argmax(axis=1)
        found = np.isfinite(near[np.arange(len(near)), best])
        nearest[part] = np.where(found, best, -1)
    return nearest
