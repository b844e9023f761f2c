"""How a shape stands: brought upright, and turned to one facing where its form tells it.

Shapes face one way so that grids of a kind can be compared and averaged. Which axis is up is said
by a user, a manifest or a format, and else told by what the shape encoder has learnt of
upright views, where that leaves no doubt. The facing is told by form alone: which of
the two upright planes is the mirror, and on which side of the other one the upper half lies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.reconstruction.voxels import Grid, iou, voxelise
from opensearch.records import Up

_AXES: Final[tuple[Up, ...]] = ("x", "y", "z")
_TO_Y: Final = {
    # The front is where `domains.shapes.cameras` has it: at +z with x or y up, at -y with z up.
    "x": np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1]]),
    "y": np.eye(3, dtype=np.int64),
    "z": np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]),
}
# Below this likelihood the axes of the file are kept: they are right more often. The mean overlap
# of triad's training shapes with the most alike other one of their category is .398 as files have
# them, .398 with axes told from here on, .389 with all of them told.
_SURE: Final = 0.95
_QUARTER: Final = np.array([[0, 0, 1], [0, 1, 0], [-1, 0, 0]])
_HALF: Final = np.diag([-1, 1, -1])
# A mirror is told where its image overlaps so much better than the other's, a back where the upper
# half lies so far behind the middle, in voxels.
_MIRROR_GAP: Final = 0.05
_BACK_GAP: Final = 0.5


@dataclass(frozen=True, eq=False)
class Posed:
    """A shape as it stands in a grid.

    Attributes:
        triangles: shape (f, 3, 3), y up.
        mirror, front: whether form told where its mirror plane is, and which end is the front;
            where not, the wider side of the bounds lies along x, and the front stays as it was.
    """

    triangles: NDArray[np.float64]
    mirror: bool
    front: bool


def told_axis(likelihoods: NDArray[np.floating] | None) -> Up:
    """The upright axis by what an encoder says, `unknown` where it is not sure.

    Args:
        likelihoods: of x, y and z, shape (3,); see `Encoder.axis_likelihoods`.
    """
    if likelihoods is None or likelihoods.max() < _SURE:
        return "unknown"
    return _AXES[int(likelihoods.argmax())]


def upright(triangles: NDArray[np.floating], up: Up) -> NDArray[np.float64]:
    """Triangles (f, 3, 3) turned so that the axis `up` is y; y stands where nobody knows."""
    turn = _TO_Y["y" if up == "unknown" else up]
    return np.asarray(triangles.astype(np.float64) @ turn.T)


def faced(triangles: NDArray[np.floating]) -> Posed:
    """Triangles turned about y by quarters: the mirror plane at x = 0, the back towards -z.

    What is high is taken for the back: of a chair, a car or an aeroplane it is.

    Args:
        triangles: shape (f, 3, 3), y up.

    Raises:
        InvalidInput: see `voxelise`.
    """
    turned = triangles.astype(np.float64)
    grid = voxelise(turned).grid
    gap = iou(grid, grid[::-1]) - iou(grid, grid[:, :, ::-1])
    mirror = abs(gap) >= _MIRROR_GAP
    wide, _, deep = np.ptp(turned.reshape(-1, 3), axis=0)
    if gap < 0 if mirror else deep > wide * (1 + 1e-6):
        turned = turned @ _QUARTER.T
        grid = voxelise(turned).grid
    behind = _upper_half(grid)
    if behind >= _BACK_GAP:
        turned = turned @ _HALF.T
    return Posed(turned, bool(mirror), abs(behind) >= _BACK_GAP)


def _upper_half(grid: Grid) -> float:
    """How far the upper half of the voxels lies towards +z of the middle of all, in voxels."""
    _, y, z = np.nonzero(grid)
    upper = y >= np.median(y)
    return float(z[upper].mean() - (z.min() + z.max()) / 2)
