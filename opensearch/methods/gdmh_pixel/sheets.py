"""Contact sheets of samples: what the networks make of a few items in evaluation mode."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from opensearch.domains.reading import contact_sheet, png
from opensearch.encoders.migration import Masking, enlarged
from opensearch.methods.gdmh_pixel.data import PixelData, PixelDomain, as_pictures, as_views
from opensearch.methods.gdmh_pixel.networks import PixelModel

COLUMNS = 8
"""Items a sheet."""


@torch.no_grad()
def write_sheets(folder: Path, epoch: int, data: PixelData, model: PixelModel) -> None:
    """Write `<epoch>-<domain>.png` for each domain, an item a column.

    Rows of the pivot: real, mask, masked, and migrated to each other domain; of another domain:
    real, mask, migrated to the pivot, and back again.

    Args:
        folder: made when missing.
        model: in evaluation mode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = next(model.hash.parameters()).device
    sheets = {data.names[0]: _of_pivot(model, _some(data.domains[0]).to(place))}
    for domain, pair in zip(data.domains[1:], model.pairs, strict=True):
        real = _some(domain).to(place)
        migrated, mask = pair.to_pivot(real)
        rows = [real, _visible(mask), migrated, pair.from_pivot(migrated)[0]]
        sheets[domain.data.name] = rows
    for name, rows in sheets.items():
        sheet = contact_sheet(np.concatenate([as_views(row) for row in rows]), len(rows[0]))
        (folder / f"{epoch:04d}-{name}.png").write_bytes(png(sheet))


def _of_pivot(model: PixelModel, real: Tensor) -> list[Tensor]:
    masking = Masking([pair.from_pivot.focus for pair in model.pairs]).eval()
    migrated = [pair.from_pivot(real)[0] for pair in model.pairs]
    return [real, _visible(masking.mask(real)), masking(real), *migrated]


def _some(domain: PixelDomain) -> Tensor:
    """The first view of a few items, evenly spread."""
    rows = domain.data.rows
    count = min(COLUMNS, len(rows))
    chosen = np.linspace(0, len(rows) - 1, count).round().astype(np.int64)
    views: NDArray[np.uint8] = rows.take(chosen)[:, 0]
    return as_pictures(views)


def _visible(mask: Tensor) -> Tensor:
    """A mask over cells as grey pictures, white where it keeps."""
    return (enlarged(mask) * 2 - 1).expand(-1, 3, -1, -1)
