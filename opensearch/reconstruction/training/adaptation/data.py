"""Training sketches and line renders of training shapes, as batches that nothing pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from opensearch.config import ReaderSettings
from opensearch.domains.collections.catalog import pass_over
from opensearch.domains.shapes.upright import axis_of
from opensearch.progress import Failed, Note, Progress
from opensearch.reconstruction.latent import RENDER, SKETCH, ink
from opensearch.reconstruction.training.data import SHAPE
from opensearch.records import Source
from opensearch.training.collection import training_part
from opensearch.training.features import Axis, collection_views, turning

DRAWING: Final = "sketch"
_TURN: Final = 0.15
"""Radians that drawings are turned by, to either side, at most."""
_STRETCH: Final = 0.15
_SHIFT: Final = 0.04


@dataclass(frozen=True, eq=False)
class Lines:
    """Training drawings and renders; nothing pairs them. White where nothing is drawn.

    Attributes:
        sketches: shape (n, 64, 64), uint8.
        renders: of shapes, shape (m, views, 64, 64), uint8.
        drawn, shown: the category of each sketch, and of each shape. No step looks at them: they
            only tell what a distance is worth, see `likelihood`.
    """

    sketches: NDArray[np.uint8]
    renders: NDArray[np.uint8]
    drawn: NDArray[np.str_]
    shown: NDArray[np.str_]

    def batch(
        self, count: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Sketches and renders (count, 64, 64) each, drawn at random, half of them mirrored."""
        sketches = self.sketches[rng.integers(len(self.sketches), size=count)]
        shapes, views = self.renders.shape[:2]
        renders = self.renders[rng.integers(shapes, size=count), rng.integers(views, size=count)]
        for drawn in (sketches, renders):
            turned = rng.random(count) < 0.5
            drawn[turned] = drawn[turned][:, :, ::-1]
        return ink(sketches), ink(renders)


def load_lines(
    folders: Sequence[Path],
    exclude: Sequence[str],
    cache: Path,
    progress: Progress,
    note: Note,
    failed: Failed,
) -> Lines | None:
    """The sketches and shapes of collections, as `latent` reads them; `None` without sketches.

    Args:
        exclude: categories to leave out, see `training_part`.
        cache: folder of all caches.
        failed: called with each file that cannot be read.

    Raises:
        InvalidInput: most sketches, or most shapes, cannot be read.
    """
    domains = training_part(folders, None, exclude, failed=failed).domains
    if not domains.get(DRAWING) or not domains.get(SHAPE):
        note(f"no adaptation: `data` holds no labelled {DRAWING} to train on")
        return None
    drawn, drawings = _rows(domains[DRAWING], SKETCH, turning, cache, progress, failed)
    shown, renders = _rows(domains[SHAPE], RENDER, axis_of, cache, progress, failed)
    note(f"{len(drawings)} sketches and {renders.shape[1]} views of {len(renders)} shapes")
    return Lines(drawings[:, 0], renders, drawn, shown)


def _rows(
    sources: Sequence[Source],
    reader: ReaderSettings,
    axis: Axis,
    cache: Path,
    progress: Progress,
    failed: Failed,
) -> tuple[NDArray[np.str_], NDArray[np.uint8]]:
    """Categories (n,) and grey views (n, v, 64, 64) of what can be read."""
    rows = collection_views(sources, reader, cache, progress, reader.reader, axis)
    pass_over(rows.failures, len(rows), f"the reader {reader.reader!r}", failed)
    views = [rows.row(place)[..., 0] for place in range(len(rows))]
    names = np.array([source.category for source in rows.sources], np.str_)
    return names, np.stack(views)


def varied(drawings: Tensor, rng: np.random.Generator) -> Tensor:
    """Drawings (n, s, s) turned, stretched and moved a little; nothing is beyond the edges."""
    n = len(drawings)
    angles = rng.uniform(-_TURN, _TURN, n)
    turns = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    stretches = 1 + rng.uniform(-_STRETCH, _STRETCH, (n, 1, 2))
    shifts = 2 * rng.uniform(-_SHIFT, _SHIFT, (n, 2, 1))
    places = np.concatenate([turns.transpose(2, 0, 1) * stretches, shifts], axis=2)
    theta = torch.from_numpy(places.astype(np.float32)).to(drawings.device)
    grid = affine_grid(theta, [n, 1, *drawings.shape[1:]], align_corners=True)
    return grid_sample(drawings[:, None], grid, align_corners=True)[:, 0]
