"""The networks of the adaptation: T1, T1' and the discriminator D_2D, in torch.

`latent.LineEncoder` runs the first without torch.

Source:
    Wang, Qian, Wang, Fang 2018 print no layers: these are ours.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import elu

from opensearch.reconstruction.latent import HALVINGS, SIDE
from opensearch.reconstruction.settings import AdaptationSettings

_LAST = SIDE >> HALVINGS


class LineAutoencoder(nn.Module):
    """T1 and T1': line drawings to codes and back.

    Args:
        channels: of the features of side 32, 16, 8 and 4.
        code: width of the bottleneck.
    """

    def __init__(self, channels: tuple[int, int, int, int], code: int) -> None:
        super().__init__()
        down, flat = (1, *channels), channels[-1] * _LAST**2
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in pairwise(down)
        )
        self.narrow = nn.Linear(flat, code)
        self.wide = nn.Linear(code, flat)
        up = down[::-1]
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(before, after, kernel_size=4, stride=2, padding=1)
            for before, after in pairwise(up)
        )

    def encode(self, drawings: Tensor) -> Tensor:
        """T1: codes (n, code) of drawings (n, 64, 64), 0 paper to 1 ink."""
        x = drawings[:, None]
        for layer in self.down:
            x = elu(layer(x))
        codes: Tensor = self.narrow(x.flatten(1))
        return codes

    def decode(self, codes: Tensor) -> Tensor:
        """T1': drawings (n, 64, 64), float32, values 0..1, of codes (n, code)."""
        x = elu(self.wide(codes)).reshape(len(codes), -1, _LAST, _LAST)
        *first, last = self.up
        for layer in first:
            x = elu(layer(x))
        return last(x)[:, 0].float().sigmoid()  # type: ignore[no-any-return]

    def forward(self, drawings: Tensor) -> Tensor:
        """T1' T1: the drawings as they come back."""
        return self.decode(self.encode(drawings))


class AdaptationModel(nn.Module):
    """Autoencoder and discriminator, with k_2D: all that a resumed run needs.

    Attributes:
        balance: k_2D, a scalar within 0..1.
    """

    balance: Tensor

    def __init__(self, settings: AdaptationSettings) -> None:
        super().__init__()
        self.autoencoder = LineAutoencoder(settings.channels, settings.code)
        self.critic = LineAutoencoder(settings.critic, settings.code)
        self.register_buffer("balance", torch.zeros(()))
