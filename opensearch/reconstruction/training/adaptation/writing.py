"""The trained encoder as a part of a model, and what its distances are worth."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import fit_curve
from opensearch.encoders.tensors import halved, identity, save_tensors
from opensearch.reconstruction.card import Part
from opensearch.reconstruction.latent import LineEncoder, ink
from opensearch.reconstruction.latent_index import nearest_shapes
from opensearch.reconstruction.training.adaptation.data import Lines
from opensearch.reconstruction.training.adaptation.networks import LineAutoencoder

_ASKED: Final = 600
"""Sketches that ask, evenly chosen."""
_HITS: Final = 5


def write_encoder(
    out: Path, autoencoder: LineAutoencoder, lines: Lines, softness: float = 0.0
) -> Part:
    """Write T1 in float16; T1' and the discriminator are not kept.

    Args:
        softness: that it was trained with.
    """
    state = autoencoder.state_dict().items()
    arrays: dict[str, NDArray[np.generic]] = {
        name: tensor.numpy() for name, tensor in state if name.startswith(("down.", "narrow."))
    }
    tensors = halved(arrays)
    settings: dict[str, Any] = {"softness": softness}
    name = save_tensors(out, "adaptation", tensors)
    blind = Part(tensors=name, settings=settings, identity="")
    settings["likely"] = likelihood(LineEncoder(tensors, blind), lines)
    return Part(tensors=name, settings=settings, identity=identity(tensors, settings))


def likelihood(encoder: LineEncoder, lines: Lines) -> dict[str, float] | None:
    """The curve from minus the distance of a shape to the probability that it is of what was drawn.

    Fitted on the nearest five shapes of training sketches, whose categories have shapes; `None`
    where there is nothing to learn from.
    """
    places = np.flatnonzero(np.isin(lines.drawn, lines.shown))
    if not len(places):
        return None
    asked = places[np.linspace(0, len(places) - 1, min(_ASKED, len(places))).astype(np.int64)]
    codes = np.stack([encoder(ink(views)) for views in lines.renders])
    scores, right = [], []
    for place, code in zip(asked, encoder(ink(lines.sketches[asked])), strict=True):
        order, distances = nearest_shapes(codes, code)
        scores.append(-distances[order[:_HITS]])
        right.append(lines.shown[order[:_HITS]] == lines.drawn[place])
    curve = fit_curve(np.concatenate(scores), np.concatenate(right))
    return None if curve is None else curve.model_dump()
