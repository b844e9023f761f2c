"""The latent space of drawings and renders, without torch: T1 of the adaptation, at work."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from opensearch.calibration import Curve
from opensearch.config import ReaderSettings
from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction.card import Part, read_card
from opensearch.reconstruction.layers import Array, Layers, Tensors, elu, in_batches, load_part

SIDE: Final = 64
"""Of a drawing, pixels."""
HALVINGS: Final = 4
VIEWS: Final = 12
"""Line views that are drawn of a shape."""
_STROKE: Final = 0.03
_BATCH: Final = 64

SKETCH: Final = ReaderSettings(reader="sketch", size=SIDE, stroke=_STROKE)
RENDER: Final = ReaderSettings(reader="mesh", size=SIDE, views=0, line_views=VIEWS, stroke=_STROKE)


def ink(grey: NDArray[np.uint8]) -> Array:
    """Pictures of any shape, 0 black to 255 white, as drawings, 0 paper to 1 ink."""
    return np.asarray(1 - grey.astype(np.float32) / 255, np.float32)


def softened(drawings: Array, softness: float) -> Array:
    """Drawings (..., s, s) blurred by a Gaussian of so many pixels, so that lines nearby overlap.

    What it spreads stays at most 1. Nothing is beyond the edges.
    """
    if softness == 0:
        return drawings
    steps = np.arange(drawings.shape[-1])
    spread = np.exp(-0.5 * ((steps[:, None] - steps) / softness) ** 2).astype(np.float32)
    spread[spread < 1e-12] = 0  # of numbers near 1e-38 products take twenty times longer
    spread /= softness * np.sqrt(2 * np.pi)
    # Of a line one pixel wide and two pixels of blur a fifth is left; threefold it is dark enough.
    return np.minimum((1 + softness) * (spread @ drawings @ spread.T), 1)


class LineEncoder:
    """Runs a trained T1.

    Attributes:
        identity: sha256 in hexadecimal digits, "" of an encoder that is no part of a model.

    Args:
        tensors: those of the encoder in the state dict of `LineAutoencoder`, as arrays.
        part: of the model; its settings may hold `likely`, see `training.adaptation.writing`,
            and `softness`.

    Raises:
        BundleError: a tensor is missing, or shapes do not fit together.
    """

    def __init__(self, tensors: Tensors, part: Part | None = None) -> None:
        names = [*(f"down.{at}" for at in range(HALVINGS)), "narrow"]
        self._layers = Layers(tensors, names, "an encoder of drawings")
        likely = part.settings.get("likely") if part else None
        self._softness = float(part.settings.get("softness", 0)) if part else 0.0
        self._likely = Curve(**likely) if likely else None
        self.identity = part.identity if part else ""
        with self._layers.tried():
            self(np.zeros((1, SIDE, SIDE), np.float32))

    @classmethod
    def open(cls, folder: Path) -> LineEncoder:
        """The encoder of the reconstruction model in a folder.

        Raises:
            BundleError: no such model there, a damaged one, or one without an adaptation.
        """
        part = read_card(folder).adaptation
        if part is None:
            raise BundleError(
                f"the reconstruction model {folder} has no latent space of drawings; find"
                " shapes by their meaning instead: `by='semantic'`"
            )
        return cls(load_part(folder, part), part)

    @property
    def code(self) -> int:
        """Width of a code."""
        return len(self._layers["narrow"][1])

    def likelihood(self, distance: float) -> float | None:
        """The probability that a shape so far off is of what was drawn, `None` if not known."""
        if self._likely is None:
            return None
        return round(float(self._likely(np.array([-distance]))[0]), 6)

    def __call__(self, drawings: Array) -> Array:
        """Codes (n, code) of drawings (n, 64, 64), 0 paper to 1 ink."""
        if drawings.ndim != 3 or drawings.shape[1:] != (SIDE, SIDE):
            raise InvalidInput(
                f"`drawings` must have shape (n, {SIDE}, {SIDE}), got {drawings.shape}"
            )
        return in_batches(self._encode, drawings, _BATCH, self.code)

    def _encode(self, drawings: Array) -> Array:
        x = softened(drawings.astype(np.float32), self._softness)[:, None]
        for at in range(HALVINGS):
            x = elu(_halved(x, *self._layers[f"down.{at}"]))
        return self._layers.linear("narrow", x.reshape(len(x), -1))


def _halved(x: Array, weight: Array, bias: Array) -> Array:
    """Torch's Conv2d of kernel 4, stride 2 and padding 1: (n, a, s, s) to (n, b, s/2, s/2)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows: Any = sliding_window_view(padded, (4, 4), axis=(2, 3))[:, :, ::2, ::2]
    out = np.tensordot(windows, weight, axes=([1, 4, 5], [1, 2, 3])) + bias
    return np.asarray(np.moveaxis(out, 3, 1))
