"""Training sketches and line renders of training shapes, as batches that nothing pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.config import ReaderSettings
from opensearch.domains.upright import axis_of
from opensearch.progress import Note, Progress
from opensearch.reconstruction.latent import RENDER, SIDE, SKETCH, ink
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
        """Sketches and renders (count, 64, 64) each, drawn at random and varied a little."""
        sketches = self.sketches[rng.integers(len(self.sketches), size=count)]
        shapes, views = self.renders.shape[:2]
        renders = self.renders[rng.integers(shapes, size=count), rng.integers(views, size=count)]
        return varied(ink(sketches), rng), varied(ink(renders), rng)


def load_lines(
    folders: Sequence[Path],
    exclude: Sequence[str],
    cache: Path,
    progress: Progress,
    note: Note,
) -> Lines | None:
    """The sketches and shapes of collections, as `latent` reads them; `None` without sketches.

    Args:
        exclude: categories to leave out, see `training_part`.
        cache: folder of all caches.
    """
    domains = training_part(folders, None, exclude).domains
    if not domains.get(DRAWING) or not domains.get(SHAPE):
        note(f"no adaptation: `data` holds no labelled {DRAWING} to train on")
        return None
    drawn, drawings = _rows(domains[DRAWING], SKETCH, turning, cache, progress)
    shown, renders = _rows(domains[SHAPE], RENDER, axis_of, cache, progress)
    if not len(drawings) or not len(renders):
        note("no adaptation: no sketch, or no shape, could be read")
        return None
    note(f"{len(drawings)} sketches and {renders.shape[1]} views of {len(renders)} shapes")
    return Lines(drawings[:, 0], renders, drawn, shown)


def _rows(
    sources: Sequence[Source],
    reader: ReaderSettings,
    axis: Axis,
    cache: Path,
    progress: Progress,
) -> tuple[NDArray[np.str_], NDArray[np.uint8]]:
    """Categories (n,) and grey views (n, v, 64, 64) of what can be read."""
    rows = collection_views(sources, reader, cache, progress, reader.reader, axis)
    views = [rows.row(place)[..., 0] for place in range(len(rows))]
    names = np.array([source.category for source in rows.sources], np.str_)
    empty = np.zeros((0, 1, SIDE, SIDE), np.uint8)
    return names, np.stack(views) if views else empty


def varied(drawings: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Drawings (n, s, s) turned, stretched and moved a little, half of them mirrored."""
    from scipy.ndimage import affine_transform

    middle = (drawings.shape[1] - 1) / 2
    out = np.empty_like(drawings)
    for place, drawing in enumerate(drawings):
        angle = rng.uniform(-_TURN, _TURN)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = turn * (1 + rng.uniform(-_STRETCH, _STRETCH, 2))
        if rng.random() < 0.5:
            matrix[:, 1] *= -1
        shift = middle * (1 + 2 * rng.uniform(-_SHIFT, _SHIFT, 2))
        affine_transform(
            drawing, matrix, shift - matrix @ np.full(2, middle), order=1, output=out[place]
        )
    return out
