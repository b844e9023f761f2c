"""Sheets of slices: what the voxel generator makes of a few training shapes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from opensearch.domains.reading import contact_sheet, png
from opensearch.reconstruction.settings import PoolingSettings
from opensearch.reconstruction.training.data import Shapes
from opensearch.reconstruction.training.networks import VoxelAutoencoder

_SHOWN: Final = 5
_CUTS: Final = range(2, 32, 4)
_ENLARGED: Final = 3


@torch.no_grad()
def write_sheet(
    file: Path, generator: VoxelAutoencoder, shapes: Shapes, pooling: PoolingSettings
) -> None:
    """Write a PNG of slices from back to front, three rows for each of a few training shapes.

    The rows are the shape, the shape as it comes back, and what its pooled neighbours give.

    Args:
        file: its folder is made when missing.
    """
    count = min(_SHOWN, len(shapes.packed))
    chosen = np.linspace(0, len(shapes.packed) - 1, count).round().astype(np.int64)
    place = generator.narrow.weight.device
    groups = torch.from_numpy(shapes.grids(shapes.neighbours[chosen]).astype(np.float32)).to(place)
    codes = generator.encode(groups.flatten(0, 1)).reshape(*groups.shape[:2], -1)
    shares = torch.tensor(pooling.shares(), dtype=torch.float32, device=place)
    made = generator.decode((shares[None, :, None] * codes).sum(dim=1))
    rows = torch.stack([groups[:, 0], generator.decode(codes[:, 0]), made], dim=1)
    slices = (
        rows.clamp(0, 1).flatten(0, 1).cpu().numpy()[:, :, :, list(_CUTS)].transpose(0, 3, 2, 1)
    )
    file.parent.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(slices.reshape(-1, *slices.shape[2:]))
    file.write_bytes(png(contact_sheet(pictures, len(_CUTS))))


def _pictures(slices: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Slices (n, y, x), values 0..1, as pictures (n, h, w, 3): y up, black where filled."""
    grey = np.round(255 * (1 - slices[:, ::-1])).astype(np.uint8)
    large = grey.repeat(_ENLARGED, axis=1).repeat(_ENLARGED, axis=2)
    return np.repeat(large[..., None], 3, axis=3)
