"""Training shapes as grids, cached on disk, and their neighbourhoods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.catalog import pass_over
from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.upright import axis_of
from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.progress import Failed, Note, Progress
from opensearch.reconstruction.posing import faced, told_axis, upright
from opensearch.reconstruction.voxels import SIDE, Grid, voxelise
from opensearch.records import Source, Up
from opensearch.training.cache import CachedRows, RowCache, Rows
from opensearch.training.collection import training_part
from opensearch.training.features import collection_features

SHAPE: Final = "shape"
_VERSION: Final = 1
"""Raised whenever grids change that `posed_grid` gives, so that none is taken from a cache."""
FLAGS: Final = ("solid", "mirror", "front")


@dataclass(frozen=True, eq=False)
class Shapes:
    """Training shapes, each with its nearest.

    Attributes:
        sources: n files.
        packed: grids, shape (n, 4096), eight voxels to a byte.
        neighbours: shape (n, k): the shape itself, then those whose grids differ least from it.
    """

    sources: Sequence[Source]
    packed: NDArray[np.uint8]
    neighbours: NDArray[np.int64]

    def grids(self, places: NDArray[np.integer]) -> Grid:
        """Grids (..., 32, 32, 32) at places (...)."""
        bits = np.unpackbits(self.packed[places], axis=-1).astype(bool)
        return bits.reshape(*places.shape, SIDE, SIDE, SIDE)

    def groups(
        self, count: int, rng: np.random.Generator, mirrored: bool = False
    ) -> NDArray[np.float32]:
        """Neighbourhoods of shapes drawn at random: grids (count, k, 32, 32, 32), 0 or 1.

        The nearest of a group stands first; what retrieval gives is like that.

        Args:
            mirrored: mirror each group at x = 0 by a throw of a coin.
        """
        drawn = self.neighbours[rng.integers(len(self.neighbours), size=count)]
        found = self.grids(drawn).astype(np.float32)
        if mirrored:
            turned = rng.random(count) < 0.5
            found[turned] = found[turned][:, :, ::-1]
        return found


def load_shapes(
    folders: Sequence[Path],
    exclude: Sequence[str],
    size: int,
    model: Bundle,
    cache: Path,
    progress: Progress,
    note: Note,
    failed: Failed,
) -> Shapes:
    """The training shapes of collections, upright and facing one way where that can be told.

    Args:
        exclude: categories to leave out, see `training_part`.
        size: of a neighbourhood.
        model: its shape encoder tells the upright axis where no manifest and no format does.
        cache: folder of all caches.
        failed: called with each file that cannot be read.

    Raises:
        InvalidInput: most shapes cannot be read, or fewer shapes can be read than a neighbourhood
            holds.
    """
    part = training_part(folders, SHAPE, exclude, failed=failed)
    if part.unseen:
        note(f"left out, unseen in the data or excluded: {len(part.unseen)} categories")
    sources = part.domains[SHAPE]
    axes = told_axes(sources, model, cache, progress)
    rows = posed_rows(sources, axes, cache, progress)
    pass_over(rows.failures, len(rows), f"domain {SHAPE!r}", failed)
    if len(rows) < size:
        raise InvalidInput(
            f"a neighbourhood takes {size} shapes, and {len(rows)} could be read; give more `data`"
        )
    taken = rows.take(range(len(rows)))
    told = dict(zip(FLAGS, taken[:, -len(FLAGS) :].sum(axis=0).tolist(), strict=True))
    note(
        f"{len(taken)} shapes: {told['solid']} solid, the others as surfaces; the mirror plane of"
        f" {told['mirror']} could be told, and the front of {told['front']}"
    )
    packed = np.ascontiguousarray(taken[:, : -len(FLAGS)])
    return Shapes(rows.sources, packed, nearest(packed, size))


def told_axes(
    sources: Sequence[Source], model: Bundle, cache: Path, progress: Progress
) -> list[Up]:
    """The upright axis of each source: as declared, as stated by its format, or as told by views.

    `unknown` where none of them says it for certain.
    """
    axes: list[Up] = [axis_of(source) for source in sources]
    unsaid = [source for source, up in zip(sources, axes, strict=True) if up == "unknown"]
    if not unsaid or SHAPE not in model.domains:
        return axes
    card, what = model.domain(SHAPE), "which axis is up"
    backbone, tensors = model.backbone(SHAPE), card.backbone.tensors
    rows = collection_features(unsaid, card.reader, backbone, tensors, cache, progress, what)
    encoder = model.encoder(SHAPE)
    told: dict[Path, Up] = {}
    for place, source in enumerate(rows.sources):
        told[source.path] = told_axis(encoder.axis_likelihoods(rows.row(place)))
    known = zip(sources, axes, strict=True)
    return [told.get(source.path, up) if up == "unknown" else up for source, up in known]


def posed_rows(
    sources: Sequence[Source], axes: Sequence[Up], cache: Path, progress: Progress
) -> CachedRows:
    """Grids of posed shapes, eight voxels to a byte, each followed by the bytes of `FLAGS`."""
    up_of = {source.path: up for source, up in zip(sources, axes, strict=True)}

    def compute(part: Sequence[Source]) -> Rows:
        with Readers({}) as readers:
            for source in part:
                try:
                    solid = readers.solid(source.path, up_of[source.path])
                    yield posed_row(solid.vertices[solid.faces], solid.up)
                except UnreadableFile as error:
                    yield error

    return RowCache(cache, f"voxels|{SIDE}|{_VERSION}").rows(
        sources, compute, progress, "voxels", lambda source: f"|{up_of[source.path]}"
    )


def posed_row(triangles: NDArray[np.floating], up: Up) -> NDArray[np.uint8]:
    """One row of `posed_rows`, shape (4099,)."""
    posed = faced(upright(triangles, up))
    voxels = voxelise(posed.triangles)
    flags = np.array([voxels.solid, posed.mirror, posed.front], np.uint8)
    return np.concatenate([np.packbits(voxels.grid.reshape(-1)), flags])


def nearest(packed: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Rows with the fewest other voxels for each row, itself first: shape (n, count).

    Args:
        packed: shape (n, bytes), eight voxels to a byte.
    """
    grids = np.unpackbits(packed, axis=1).astype(np.float32)
    filled = grids.sum(axis=1)
    apart = filled[:, None] + filled[None] - 2 * (grids @ grids.T)
    np.fill_diagonal(apart, -1)
    return np.argsort(apart, axis=1, kind="stable")[:, :count].astype(np.int64)
