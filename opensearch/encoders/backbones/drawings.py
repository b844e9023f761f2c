"""A small network for line drawings of 100 pixels.

Source:
    Wang, Kang, Li, "Sketch-based 3D shape retrieval using convolutional neural networks", CVPR
    2015, section 4, and their code: convolutions of 13, 7 and 3 pixels on grey, pooling by 4, 2
    and 2, and uniform initial weights. Its last layer, to the code, is the projector here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch import Tensor, nn

from opensearch.encoders.backbones.source import Source
from opensearch.encoders.card import Expected

SIZE = 100
_FEATURES = 256 * 3 * 3  # views of 100 become 22, 8, then 3 pixels wide


class Grey(nn.Module):
    """The mean of the three colours."""

    def forward(self, pixels: Tensor) -> Tensor:
        """Pixels (n, 3, h, w) to (n, 1, h, w)."""
        return pixels.mean(dim=1, keepdim=True)


class Drawings(Source):
    """The one network `wang2015`, from views of 100 pixels to 2,304 features."""

    def names(self) -> Sequence[str]:
        """See `Source.names`."""
        return ("wang2015",)

    def build(self, name: str, tag: str | None) -> nn.Module:
        """See `Source.build`."""
        layers: list[nn.Module] = [Grey()]
        for before, after, kernel, pool in ((1, 32, 13, 4), (32, 64, 7, 2), (64, 256, 3, 2)):
            convolution = nn.Conv2d(before, after, kernel)
            start_evenly(convolution, kernel**2 * (before + after))
            layers += [convolution, nn.ReLU(), nn.MaxPool2d(pool)]
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(_FEATURES, 1))

    def expected(self, name: str, tag: str | None) -> Expected:
        """White is 0 and black -1; views of 100 pixels alone."""
        return Expected(mean=(1.0, 1.0, 1.0), std=(1.0, 1.0, 1.0), size=SIZE, fixed=True)


def start_evenly(layer: nn.Conv2d | nn.Linear, fans: int) -> None:
    """Initial weights as of the paper's code: even within half of Glorot's bound, biases 0.

    Args:
        fans: inputs and outputs of a unit.
    """
    bound = 0.5 * math.sqrt(6 / fans)
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
