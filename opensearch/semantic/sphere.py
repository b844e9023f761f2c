"""Vectors on the unit sphere: length one, cosine, and the great circle between two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput

NEAR = 1e-6
"""Sine of an angle below which float32 no longer tells a great circle from its chord."""


def unit(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """Scale each row to length one.

    Args:
        x: shape (d,) or (n, d), any length but zero.

    Returns:
        The same shape, float32, rows of Euclidean length one.

    Raises:
        InvalidInput: a row is zero or not finite, so it has no direction.
    """
    wide = np.asarray(x, dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        length = np.linalg.norm(wide, axis=-1, keepdims=True)
    bad = ~(np.isfinite(length) & (length > 0)).reshape(-1)
    if bad.any():
        row = int(bad.argmax())
        raise InvalidInput(f"vector {row} is zero or not finite, so it has no direction")
    return np.asarray(wide / length, dtype=np.float32)


def cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cosine of every row of `a` with every row of `b`.

    Args:
        a: shape (n, d), unit rows.
        b: shape (m, d), unit rows.

    Returns:
        Shape (n, m), float32, within [-1, 1].
    """
    return np.asarray(np.clip(a @ b.T, -1.0, 1.0), dtype=np.float32)


def slerp(
    a: NDArray[np.floating], b: NDArray[np.floating], t: float | NDArray[np.floating]
) -> NDArray[np.float32]:
    """Go the fraction `t` of the way from `a` to `b` along the great circle.

    Equal vectors stay where they are. Between opposite vectors every great circle is a
    shortest way; the one through the coordinate axis farthest from `a` is taken, so that
    the answer is the same each time.

    Args:
        a: shape (n, d), any length but zero; t = 0 gives it.
        b: shape (n, d), any length but zero; t = 1 gives it.
        t: fraction in [0, 1], one for all rows or shape (n,).

    Returns:
        Shape (n, d), float32, unit rows.

    Raises:
        InvalidInput: shapes differ, `t` leaves [0, 1], or a row has no direction.

    Source:
        Shoemake, "Animating rotation with quaternion curves", SIGGRAPH 1985.
    """
    fraction = np.asarray(t, dtype=np.float64)
    if a.ndim != 2 or a.shape != b.shape or fraction.shape not in ((), (len(a),)):
        raise InvalidInput(
            f"slerp wants two (n, d) arrays and t of shape () or (n,),"
            f" got {a.shape}, {b.shape} and {fraction.shape}"
        )
    if not ((fraction >= 0) & (fraction <= 1)).all():
        raise InvalidInput(f"t must be within 0 and 1, got {fraction.min()} to {fraction.max()}")
    start, end = unit(a).astype(np.float64), unit(b).astype(np.float64)
    along = np.einsum("nd,nd->n", start, end)[:, None]
    across = end - along * start
    sine = np.linalg.norm(across, axis=1, keepdims=True)
    angle = np.arctan2(sine, along) * fraction.reshape(-1, 1)
    opposite = (sine < NEAR) & (along < 0)
    across = across / np.maximum(sine, NEAR)
    if opposite.any():
        across = np.where(opposite, _orthogonal(start), across)
    return unit(np.cos(angle) * start + np.sin(angle) * across)


def _orthogonal(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """A unit vector at right angles to each row, through the axis the row uses least."""
    if x.shape[1] < 2:
        return np.zeros_like(x)
    axis = np.eye(x.shape[1])[np.abs(x).argmin(axis=1)]
    rest = axis - np.einsum("nd,nd->n", axis, x)[:, None] * x
    return np.asarray(rest / np.linalg.norm(rest, axis=1, keepdims=True), dtype=np.float64)
