"""Pictures to judge a reconstruction by: the sketch, the shapes found, the model made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.mesh import portrait
from opensearch.domains.reading import Reading, View, save_views
from opensearch.domains.shapes.framing import unit_triangles
from opensearch.domains.shapes.render import Shape
from opensearch.reconstruction.reconstruct import Reconstruction

_COLUMNS: Final = 8


def pictures(made: Reconstruction) -> NDArray[np.uint8]:
    """The sketch, each shape found and the model, seen from above the front: (k + 2, s, s, 3)."""
    side = len(made.sketch)
    seen = [made.sketch]
    for found in made.retrieved:
        triangles = found.shape.triangles
        corners = np.arange(3 * len(triangles)).reshape(-1, 3)
        seen.append(_seen(triangles.reshape(-1, 3), corners, side))
    seen.append(_seen(np.asarray(made.mesh.vertices, np.float64), made.mesh.faces, side))
    return np.stack(seen)


def save_pictures(made: Reconstruction, folder: Path, sketch: Path | None = None) -> list[Path]:
    """Write them as `view-01.png`, ..., and all on one sheet, `views.png`; the paths.

    They take the place of what an earlier call wrote there, see `save_views`.

    Args:
        made: what a reconstruction gave.
        folder: made when missing.
        sketch: the file of the drawing, which stays.

    Raises:
        InvalidInput: the folder cannot be written, or `sketch` would not stay.
    """
    seen = pictures(made)
    return save_views(Reading(seen), folder, columns=min(len(seen), _COLUMNS), source=sketch)


def _seen(vertices: NDArray[np.float64], faces: NDArray[np.integer], side: int) -> View:
    """A shape that stands on y; white where nothing of it can be seen."""
    shape = Shape(*unit_triangles(vertices, faces.astype(np.int64)))
    seen = portrait(shape, "y", side)
    return np.full((side, side, 3), 255, np.uint8) if seen is None else seen
