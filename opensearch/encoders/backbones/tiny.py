"""Four convolutions, for tests and for machines without pretrained weights."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from opensearch.encoders.backbones.source import Source

_WIDTHS = (3, 16, 32, 64, 128)


class Tiny(Source):
    """The one network `tiny`, with 128 features."""

    def names(self) -> Sequence[str]:
        """See `Source.names`."""
        return ("tiny",)

    def build(self, name: str, tag: str | None) -> nn.Module:
        """See `Source.build`."""
        layers: list[nn.Module] = []
        for before, after in pairwise(_WIDTHS):
            layers += [
                nn.Conv2d(before, after, 3, stride=2, padding=1),
                nn.BatchNorm2d(after),
                nn.ReLU(),
            ]
        classifier = nn.Linear(_WIDTHS[-1], 1)
        return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), classifier)
