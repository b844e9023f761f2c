"""The shapes of an index as reconstruction takes them: read again, stood up, turned one way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.catalog import digest
from opensearch.domains.collections.layout import split_part
from opensearch.domains.files import time_of_change
from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.upright import declared
from opensearch.encoders.pipeline import encode_views
from opensearch.errors import UnreadableFile
from opensearch.model import Model
from opensearch.reconstruction.aligning import turned
from opensearch.reconstruction.posing import faced, told_axis, upright
from opensearch.reconstruction.voxels import Voxels, voxelise
from opensearch.records import Item, Source, Up, is_address

Triangles: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Shape:
    """A shape of an index, ready to be made into others.

    Attributes:
        triangles: shape (f, 3, 3), in the unit sphere, y up, see `posing.faced`.
        voxels: the grid of it.
        up: the axis that was up in its file, `unknown` where y was taken.
    """

    triangles: Triangles
    voxels: Voxels
    up: Up

    @property
    def box(self) -> NDArray[np.float64]:
        """Sides (3,) of its bounds."""
        return np.asarray(np.ptp(self.triangles.reshape(-1, 3), axis=0))

    def turned(self, turn: NDArray[np.integer]) -> Shape:
        """The same shape after one of `aligning.TURNS`."""
        grid = turned(self.voxels.grid, turn)
        return replace(
            self, triangles=self.triangles @ turn.T, voxels=replace(self.voxels, grid=grid)
        )


def file_of(item: Item) -> Path:
    """The file that an item was made of, while its content is what was indexed.

    Raises:
        UnreadableFile: there is none, it lies at an address, it is gone, or its content has
            changed since.
    """
    if not item.path:
        raise UnreadableFile(f"item {item.key!r} has no file: it was added without one")
    if is_address(item.path):
        raise UnreadableFile(
            f"the file of item {item.key!r} lies at {item.path}: shapes are taken from files of"
            " this machine alone"
        )
    file = Path(split_part(item.path)[0])
    try:
        found = file.stat()
        same = found.st_size == item.size
        if same and time_of_change(found) != item.mtime_ns:  # it may be a copy put in its place
            same = digest(Source(file, item.key)) == item.digest
    except OSError as error:
        raise UnreadableFile(
            f"the file of item {item.key!r} is not there any more: {item.path}"
        ) from error
    if not same:
        raise UnreadableFile(f"the file of item {item.key!r} has changed since it was indexed")
    return file


def read_shape(model: Model, readers: Readers, item: Item, file: Path) -> Shape:
    """The shape in a file, which stands as its item's metadata or its format say.

    Where they say nothing the encoder tells which axis is up, if it has learnt to and is sure.

    Raises:
        UnreadableFile: the file is damaged or over the limits.
    """
    solid = readers.solid(file, declared(item.metadata))
    up = solid.up
    if up == "unknown":
        source = Source(file, item.key, None, item.domain, metadata=item.metadata)
        reading = model.opened(readers, source).reading
        encoder = model.bundle.encoder(item.domain)
        up = told_axis(encoder.axis_likelihoods(encode_views(reading.views, encoder.backbone)))
    triangles = upright(solid.vertices[solid.faces], up)
    turned = faced(triangles).triangles
    return Shape(turned, voxelise(turned), up)
