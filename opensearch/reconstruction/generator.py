"""The trained voxel generator at work, without torch: T2, the pooling layer and T2'."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction.card import ReconstructionCard, read_card
from opensearch.reconstruction.layers import Array, Layers, Tensors, elu, in_batches, load_part
from opensearch.reconstruction.voxels import SIDE

LAST: Final = 2
"""Side of the narrowest features; each halving before it doubles the side of the first ones."""
_BATCH: Final = 16


class Generator:
    """Runs a trained voxel generator.

    Attributes:
        card: of the model.

    Args:
        tensors: the state dict of `training.networks.VoxelAutoencoder` as arrays.

    Raises:
        BundleError: a tensor is missing, or shapes do not fit together.
    """

    def __init__(self, tensors: Tensors, card: ReconstructionCard) -> None:
        self.card = card
        self._halvings = sum(name.startswith("down.") for name in tensors) // 2
        names = [f"{way}.{at}" for way in ("down", "up") for at in range(self._halvings)]
        names += ["cut", "narrow", "wide", "join"]
        self._layers = Layers(tensors, names, "a voxel generator")
        with self._layers.tried():
            blank = self.decode(self.encode(np.zeros((1, SIDE, SIDE, SIDE), np.float32)))
        if blank.shape != (1, SIDE, SIDE, SIDE):
            raise BundleError(f"the voxel generator makes grids of shape {blank.shape[1:]}")

    @classmethod
    def open(cls, folder: Path) -> Generator:
        """The generator of the reconstruction model in a folder.

        Raises:
            BundleError: no such model there, or a damaged one.
        """
        card = read_card(folder)
        return cls(load_part(folder, card.voxels), card)

    @property
    def code(self) -> int:
        """Width of a code."""
        return len(self._layers["narrow"][1])

    def encode(self, grids: NDArray[np.generic]) -> Array:
        """T2: codes (n, code) of grids (n, 32, 32, 32), bool or values 0..1."""
        if grids.ndim != 4 or grids.shape[1:] != (SIDE, SIDE, SIDE):
            raise InvalidInput(
                f"`grids` must have shape (n, {SIDE}, {SIDE}, {SIDE}), got {grids.shape}"
            )
        return in_batches(self._encode, grids.astype(np.float32), _BATCH, self.code)

    def pool(self, codes: Array, weights: NDArray[np.floating]) -> Array:
        """The pooling layer: w = sum of w_i z_i, shape (code,), of codes (k, code)."""
        if codes.ndim != 2 or weights.shape != codes.shape[:1]:
            raise InvalidInput(
                f"wanted `weights` (k,) for `codes` (k, d), got {weights.shape} and {codes.shape}"
            )
        return np.asarray(weights @ codes, np.float32)

    def decode(self, codes: Array) -> Array:
        """T2': probabilities (n, 32, 32, 32) that voxels are filled, of codes (n, code)."""
        if codes.ndim != 2 or codes.shape[1] != self.code:
            raise InvalidInput(f"`codes` must have shape (n, {self.code}), got {codes.shape}")
        return in_batches(self._decode, codes.astype(np.float32), _BATCH, SIDE, SIDE, SIDE)

    @property
    def _sides(self) -> tuple[int, int]:
        """Of the first features, and of the cubes of voxels that each of them stands for."""
        first = LAST << self._halvings
        return first, SIDE // first

    def _encode(self, grids: Array) -> Array:
        n, (first, cube) = len(grids), self._sides
        cubes = grids.reshape(n, *[first, cube] * 3).transpose(0, 1, 3, 5, 2, 4, 6)
        x = elu(self._layers.linear("cut", cubes.reshape(n, first**3, cube**3)))
        x = x.transpose(0, 2, 1).reshape(n, -1, first, first, first)
        for at in range(self._halvings):
            x = elu(_halved(x, *self._layers[f"down.{at}"]))
        return self._layers.linear("narrow", x.reshape(n, -1))

    def _decode(self, codes: Array) -> Array:
        n, (first, cube) = len(codes), self._sides
        x = elu(self._layers.linear("wide", codes)).reshape(n, -1, LAST, LAST, LAST)
        for at in range(self._halvings):
            x = elu(_doubled(x, *self._layers[f"up.{at}"]))
        cubes = self._layers.linear("join", x.reshape(n, -1, first**3).transpose(0, 2, 1))
        cubes = cubes.reshape(n, *[first] * 3, *[cube] * 3).transpose(0, 1, 4, 2, 5, 3, 6)
        return np.asarray(cubes.reshape(n, SIDE, SIDE, SIDE).clip(0, 1), np.float32)


def _halved(x: Array, weight: Array, bias: Array) -> Array:
    """Torch's Conv3d of kernel 4, stride 2 and padding 1.

    Args:
        x: shape (n, a, s, s, s).
        weight: shape (b, a, 4, 4, 4).

    Returns:
        Shape (n, b, s/2, s/2, s/2).
    """
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1), (1, 1)))
    windows = sliding_window_view(padded, (4, 4, 4), axis=(2, 3, 4))[:, :, ::2, ::2, ::2]
    out = np.tensordot(windows, weight, axes=([1, 5, 6, 7], [1, 2, 3, 4])) + bias
    return np.asarray(np.moveaxis(out, 4, 1))


def _doubled(x: Array, weight: Array, bias: Array) -> Array:
    """Torch's ConvTranspose3d of kernel 4, stride 2 and padding 1.

    Args:
        x: shape (n, a, s, s, s).
        weight: shape (a, b, 4, 4, 4).

    Returns:
        Shape (n, b, 2s, 2s, 2s).
    """
    n, _, side = x.shape[:3]
    parts = np.tensordot(x, weight, axes=(1, 0))  # (n, s, s, s, b, 4, 4, 4)
    out = np.zeros((n, weight.shape[1], *[2 * side + 2] * 3), np.float32)
    for i, j, k in np.ndindex(4, 4, 4):
        places = tuple(slice(at, at + 2 * side, 2) for at in (i, j, k))
        out[:, :, *places] += np.moveaxis(parts[..., i, j, k], 4, 1)
    return out[:, :, 1:-1, 1:-1, 1:-1] + bias[:, None, None, None]
