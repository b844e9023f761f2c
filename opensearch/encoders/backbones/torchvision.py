"""The classifiers of torchvision, with the weights that it offers for download."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from opensearch.encoders.backbones.source import Source
from opensearch.encoders.card import Expected

_ONE_SIZE = ("vit_", "maxvit_")
"""Families whose networks take views of the size they were made for, and of no other."""


class Torchvision(Source):
    """Every classifier of `torchvision.models`."""

    def names(self) -> Sequence[str]:
        """See `Source.names`."""
        import torchvision.models as zoo
        from torchvision.models import list_models

        names: list[str] = list_models(module=zoo)
        return names

    def tags(self, name: str) -> Sequence[str]:
        """See `Source.tags`: `DEFAULT` is torchvision's choice among the others."""
        from torchvision.models import get_model_weights

        return ("DEFAULT", *(weights.name for weights in get_model_weights(name)))

    def build(self, name: str, tag: str | None) -> nn.Module:
        """See `Source.build`."""
        from torchvision.models import get_model

        network: nn.Module = get_model(name, weights=tag)
        return network

    def expected(self, name: str, tag: str | None) -> Expected:
        """What the weights of the tag were trained with; without one, the size of `DEFAULT`."""
        from torchvision.models import get_model_weights

        used = get_model_weights(name)[tag or "DEFAULT"].transforms()
        size, fixed = int(used.crop_size[0]), name.startswith(_ONE_SIZE)
        if tag is None:
            return Expected(size=size, fixed=fixed)
        return Expected(mean=tuple(used.mean), std=tuple(used.std), size=size, fixed=fixed)


def imagenet_classes() -> list[str]:
    """The names of ImageNet's thousand classes, in the order of a classifier's outputs."""
    from torchvision.models import EfficientNet_B0_Weights

    names: list[str] = EfficientNet_B0_Weights.IMAGENET1K_V1.meta["categories"]
    return names
