"""The other side of a generator: a patch discriminator, and what it is shown."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

SMALLEST = 24
"""Side of a picture from which a discriminator has a patch to judge, pixels."""


class Discriminator(nn.Module):
    """Scores overlapping patches of pictures as real (1) or made (0).

    Args:
        width: channels of the first layer, doubled by each of the next three.

    Source:
        PatchGAN of Isola et al., "Image-to-image translation with conditional adversarial
        networks", CVPR 2017, with the paper's widths. The paper's code gives it as many
        channels out as a code has bits; here it is one, as usual.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            *_normed(nn.Conv2d(width, 2 * width, 4, 2, 1)),
            *_normed(nn.Conv2d(2 * width, 4 * width, 4, 2, 1)),
            *_normed(nn.Conv2d(4 * width, 8 * width, 4, 1, 1)),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Scores (n, 1, p, p) of pictures (n, 3, s, s); p = 30 for s = 256, 6 for 64."""
        scores: Tensor = self.layers(pictures)
        return scores


class ImagePool(nn.Module):
    """Pictures made earlier, so that a discriminator does not forget what it has seen.

    Its buffers hold all it knows, so a checkpoint of the module is a checkpoint of the pool.

    Args:
        size: pictures kept.
        side: of a picture, pixels.

    Source:
        Shrivastava et al., "Learning from simulated and unsupervised images through adversarial
        training", CVPR 2017, section 2.3; size 50 in the paper's code.
    """

    pictures: Tensor
    count: Tensor

    def __init__(self, size: int, side: int) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.zeros(size, 3, side, side))
        self.register_buffer("count", torch.tensor(0))

    def swap(self, made: Tensor, rng: np.random.Generator) -> Tensor:
        """Put pictures in, and take as many out.

        While there is room, a picture is kept and also given. Then, with even chance, it is
        given and forgotten, or kept in the place of a random one, which is given instead.

        Args:
            made: shape (n, 3, side, side); no gradient goes back through it.
            rng: source of all chance.
        """
        out = made.detach().float().clone()
        for place, picture in enumerate(made.detach().float()):
            count = int(self.count)
            if count < len(self.pictures):
                self.pictures[count] = picture
                self.count += 1
            elif rng.random() < 0.5:
                chosen = int(rng.integers(count))
                out[place] = self.pictures[chosen]
                self.pictures[chosen] = picture
        return out


def _normed(layer: nn.Conv2d) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(layer.out_channels), nn.LeakyReLU(0.2)]
