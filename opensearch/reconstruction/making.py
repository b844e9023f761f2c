"""How the grid of a model is made of those of shapes: the nearest, the mean, generated, or both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.card import CARD
from opensearch.errors import BundleError
from opensearch.reconstruction.card import ReconstructionCard, read_card
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.retrieval import By, Retrieved, Weights, falling_weights

Mode: TypeAlias = Literal["auto", "nearest", "mean", "generator", "blend"]

_LEVEL: Final = 0.45
"""Just below the weight of the nearest shape as printed: what it fills alone is filled."""
_BEST: Final[Mode] = "mean"
"""Of nearest and mean, what `python -m benchmarks.reconstruction` finds to be better."""
_LEARNT: Final[tuple[Mode, ...]] = ("generator", "blend")
"""Those that a generator takes part in."""
_SHIPPED: Final = Path(__file__).parent / "model"


def shipped_model() -> Path | None:
    """The folder of the reconstruction model that is shipped, `None` where there is none."""
    return _SHIPPED if (_SHIPPED / CARD).is_file() else None


@dataclass(frozen=True)
class Maker:
    """What makes the grid of a model.

    Attributes:
        mode: how; never `auto`.
        folder: of the reconstruction model, if there is one.
        card: of that.
    """

    mode: Mode
    folder: Path | None = None
    card: ReconstructionCard | None = None

    @classmethod
    def open(cls, mode: Mode, by: By, given: Path | None) -> Maker:
        """The maker for a mode.

        Args:
            by: what shapes are found by.
            given: folder of a reconstruction model; the shipped one when `None`.

        Raises:
            BundleError: no model there, or none where mode or `by` need one.
        """
        folder = given or shipped_model()
        card = read_card(folder) if folder else None
        if card is None and (mode in _LEARNT or by == "latent"):
            wanted = f"`mode={mode!r}`" if mode in _LEARNT else "`by='latent'`"
            raise BundleError(
                f"{wanted} needs a reconstruction model, and none is shipped; give one as `model`,"
                " made by `Task(data, out)`"
            )
        best: Mode = card.default if card else _BEST
        return cls(best if mode == "auto" else mode, folder, card)

    def shares(self, k: int, weights: Weights | None) -> NDArray[np.float64]:
        """How much each of the k shapes counts, shape (k,).

        Where nobody says how, and a generator takes part, as it learnt; else as printed. A
        generator that learnt with another number of shapes says only whether weights are
        normalised.
        """
        if weights is not None or self.mode not in _LEARNT or self.card is None:
            return falling_weights(k, weights or "printed")
        pooling = self.card.pooling
        # Fewer shapes than k may be found, and those alone must weigh something.
        if len(pooling.weights) == k and pooling.weights[0] > 0:
            return np.array(pooling.shares())
        return falling_weights(k, "normalised" if pooling.normalise else "printed")

    @property
    def level(self) -> float:
        """The probability at which the surface lies."""
        return self.card.level if self.mode == "generator" and self.card else _LEVEL

    def grid(self, shapes: list[Retrieved]) -> NDArray[np.float32]:
        """The probability that each voxel is filled, shape (32, 32, 32).

        Raises:
            BundleError: the generator is damaged.
        """
        if self.mode in _LEARNT and self.folder:
            generator = Generator.open(self.folder)
            codes = generator.encode(np.stack([each.shape.voxels.grid for each in shapes]))
            shares = np.array([each.weight for each in shapes])
            made = np.asarray(generator.decode(generator.pool(codes, shares)[None])[0])
            if self.mode == "blend":
                made = np.asarray((made + mean_grid(shapes)) / 2, np.float32)
            return made
        if self.mode == "nearest":
            return shapes[0].shape.voxels.grid.astype(np.float32)
        return mean_grid(shapes)


def mean_grid(shapes: list[Retrieved]) -> NDArray[np.float32]:
    """The sum of grids by their weights, at most 1: shape (32, 32, 32).

    Weights that sum to more than one make what few shapes have count as filled.
    """
    summed = sum(each.weight * each.shape.voxels.grid.astype(np.float32) for each in shapes)
    return np.minimum(np.asarray(summed, np.float32), 1)
