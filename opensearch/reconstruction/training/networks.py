"""The networks of the voxel generator: T2, T2' and the discriminator D_3D, in torch.

`generator.Generator` runs the first two without torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from opensearch.reconstruction.generator import LAST
from opensearch.reconstruction.settings import VoxelSettings
from opensearch.reconstruction.voxels import SIDE


class VoxelAutoencoder(nn.Module):
    """An encoder T2 to a bottleneck and a decoder T2': cubes of voxels, then halvings to side 2.

    Args:
        channels: of the features, each of half the side of the one before, the last of side 2:
            three for cubes of 4 voxels, four for cubes of 2.
        code: width of the bottleneck.

    Source:
        Wang et al. 2018 give the bottleneck of 200 and nothing else of the layers. These are
        those of 3D-GAN (Wu et al. 2016), narrower, but that the first halvings, at the side of
        the voxels, are one linear layer, which takes a third of the time on a CPU; with ELU and no
        norms as in BEGAN (Berthelot et al. 2017), whose discriminator is an autoencoder, too.
    """

    def __init__(self, channels: Sequence[int], code: int) -> None:
        super().__init__()
        self._first = LAST << (len(channels) - 1)
        self._cube = SIDE // self._first
        self.cut = nn.Linear(self._cube**3, channels[0])
        self.down = nn.ModuleList(_halving(*sides) for sides in pairwise(channels))
        self.narrow = nn.Linear(channels[-1] * LAST**3, code)
        self.wide = nn.Linear(code, channels[-1] * LAST**3)
        self.up = nn.ModuleList(_doubling(*sides) for sides in pairwise(channels[::-1]))
        self.join = nn.Linear(channels[0], self._cube**3)

    def encode(self, grids: Tensor) -> Tensor:
        """T2: codes (n, code) of grids (n, 32, 32, 32), values 0..1."""
        n, first, cube = len(grids), self._first, self._cube
        cubes = grids.reshape(n, *[first, cube] * 3).permute(0, 1, 3, 5, 2, 4, 6)
        x = nn.functional.elu(self.cut(cubes.reshape(n, first**3, cube**3)))
        x = x.transpose(1, 2).reshape(n, -1, first, first, first)
        for layer in self.down:
            x = nn.functional.elu(layer(x))
        codes: Tensor = self.narrow(x.flatten(1))
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """T2': grids (n, 32, 32, 32), float32, of codes (n, code).

        Values are near 0..1 and not bounded, as in BEGAN: behind a sigmoid the absolute
        differences of (27) lose their gradient where a voxel is certain, and training ended
        with one grid for all shapes.
        """
        n, first, cube = len(codes), self._first, self._cube
        x = nn.functional.elu(self.wide(codes)).reshape(n, -1, LAST, LAST, LAST)
        for layer in self.up:
            x = nn.functional.elu(layer(x))
        cubes = self.join(x.flatten(2).transpose(1, 2)).reshape(n, *[first] * 3, *[cube] * 3)
        grids: Tensor = cubes.permute(0, 1, 4, 2, 5, 3, 6).reshape(n, SIDE, SIDE, SIDE)
        return grids.float()

    def forward(self, grids: Tensor) -> Tensor:
        """T2' T2: the grids as they come back."""
        return self.decode(self.encode(grids))


class VoxelModel(nn.Module):
    """Generator and discriminator, with k_3D: all that a resumed run needs.

    Attributes:
        balance: k_3D, a scalar within 0..1.
    """

    balance: Tensor

    def __init__(self, settings: VoxelSettings) -> None:
        super().__init__()
        self.generator = VoxelAutoencoder(settings.channels, settings.code)
        self.critic = VoxelAutoencoder(settings.critic, settings.code)
        self.register_buffer("balance", torch.zeros(()))


def _halving(before: int, after: int) -> nn.Conv3d:
    return nn.Conv3d(before, after, kernel_size=4, stride=2, padding=1)


def _doubling(before: int, after: int) -> nn.ConvTranspose3d:
    return nn.ConvTranspose3d(before, after, kernel_size=4, stride=2, padding=1)
