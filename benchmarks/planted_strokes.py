"""What `benchmarks.planted` does to drawings of strokes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

STROKES: Final = (
    "exact",
    "strokes in another order",
    "scaled and moved",
    "every other point",
    "every other point, not the last",
    "half of the points, at random",
    "every third point",
    "every other point, in another order",
    "every other point, mirrored",
    "twice the points",
    "points at even distances",
    "shaken by a hundredth",
    "mirrored",
    "turned by 90",
    "turned by 180",
    "turned by 270",
    "as SVG",
)


def redrawn(drawing: list[Any], kind: str, rng: np.random.Generator) -> Iterator[list[list[float]]]:
    """Strokes of a drawing, [[x, ...], [y, ...]] each, changed as a kind of `STROKES` says."""
    order = range(len(drawing))
    if "another order" in kind:
        order = rng.permutation(len(drawing)).tolist()
    longest = max(np.ptp(np.concatenate([stroke[axis] for stroke in drawing])) for axis in (0, 1))
    for at in order:
        points = np.array(drawing[at][:2], float).T
        if kind == "shaken by a hundredth":
            points = points + rng.normal(size=points.shape) * longest / 100
        elif len(points) > 1:
            points = _repointed(points, kind, rng)
        if "another order" in kind:
            points = points[::-1]
        x, y = points.T
        turned = {
            "scaled and moved": (3 * x + 500, 3 * y - 20),
            "turned by 90": (-y, x),
            "turned by 180": (-x, -y),
            "turned by 270": (y, -x),
        }.get(kind, (-x if "mirrored" in kind else x, y))
        yield [axis.tolist() for axis in turned]


def _repointed(
    points: NDArray[np.float64], kind: str, rng: np.random.Generator
) -> NDArray[np.float64]:
    """A stroke (n, 2) with some of its points, or more of them on its lines."""
    count = len(points)
    kept = list(range(count))
    if kind.startswith("every"):
        kept = kept[:: 3 if "third" in kind else 2]
        if "not the last" not in kind or count == 2:
            kept.append(count - 1)
    elif kind.startswith("half"):
        inner = rng.permutation(kept[1:-1])[: (count - 2) // 2]
        kept = [0, *inner.tolist(), count - 1]
    if len(kept) < count:
        return np.asarray(points[np.unique(kept)])
    along = np.r_[0, np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))]
    if kind.startswith("twice"):
        along, at = np.arange(count), np.arange(2 * count - 1) / 2
    elif kind.startswith("points"):
        at = np.linspace(0, along[-1], max(2, round(along[-1] / 20)))
    else:
        return points
    return np.column_stack([np.interp(at, along, axis) for axis in points.T])


def as_svg(drawing: list[Any]) -> str:
    """The text of an SVG file."""
    lines = "".join(
        f'<polyline points="{" ".join(f"{x},{y}" for x, y in zip(*stroke[:2], strict=True))}"/>'
        for stroke in drawing
    )
    look = 'fill="none" stroke="black" stroke-width="4" stroke-linecap="round"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -20 296 296" {look}>{lines}</svg>'
