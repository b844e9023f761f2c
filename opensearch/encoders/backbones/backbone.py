"""A backbone: a network without its classifier, and the pixels that it expects."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from opensearch.encoders.card import BackboneCard, Expected
from opensearch.encoders.migration import Front
from opensearch.errors import InvalidInput


class Backbone(nn.Module):
    """From views to features, with the normalisation it was pretrained with.

    Args:
        name: as models keep it, see `names.BackboneName.kept`.
        network: from normalised pixels (n, 3, h, w) to features (n, dim).
        dim: features of a view.
        expected: the pixels that the network expects.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(
        self, name: str, network: nn.Module, dim: int, expected: Expected | None = None
    ) -> None:
        super().__init__()
        self.name = name
        self.trunk = network  # as tensors are named in the files of models
        self.dim = dim
        self.expected = expected or Expected()
        mean, std = (torch.tensor(part) for part in (self.expected.mean, self.expected.std))
        self.register_buffer("pixel_mean", mean.view(1, 3, 1, 1) * 255)
        self.register_buffer("pixel_std", std.view(1, 3, 1, 1) * 255)

    def forward(self, views: Tensor) -> Tensor:
        """Features (n, dim) of views (n, h, w, 3) with values 0..255, uint8 or float.

        Raises:
            InvalidInput: the network takes views of one size, and these have another.
        """
        side = self.expected.size
        if self.expected.fixed and tuple(views.shape[1:3]) != (side, side):
            raise InvalidInput(
                f"backbone {self.name} takes views of {side} pixels, got {views.shape[1]};"
                f" give size={side}"
            )
        out = self.trunk(self.normalised(views))
        # While they learn, Inception and GoogLeNet give auxiliary outputs after the main one.
        features: Tensor = out[0] if isinstance(out, tuple) else out
        return features

    def normalised(self, views: Tensor) -> Tensor:
        """The pixels (n, 3, h, w) that the network takes, of views (n, h, w, 3), values 0..255."""
        pixels = views.permute(0, 3, 1, 2).float()
        return (pixels - self.pixel_mean) / self.pixel_std

    def parts(self) -> list[nn.Module]:
        """The network as parts that run one behind the other, from pixels to features.

        Raises:
            InvalidInput: it is no such chain, as far as is known here.
        """
        chain = getattr(self.trunk, "chain", None)
        if chain is not None:
            return list(chain())
        if isinstance(self.trunk, nn.Sequential):
            return list(self.trunk)
        raise InvalidInput(
            f"backbone {self.name} cannot be parted; those of EfficientNet-Lite can, such as"
            " backbone.name=efficientnet_lite2"
        )

    def card(self, tensors: str, graph: str | None = None) -> BackboneCard:
        """Its card in a model.

        Args:
            tensors: name of the file of its tensors.
            graph: name of the file of its ONNX graph, if it has one.
        """
        # What names without a source expect was never written down, and is in no identity.
        stated = self.expected if ":" in self.name else None
        return BackboneCard(name=self.name, tensors=tensors, graph=graph, expected=stated)


class FrontedBackbone(Backbone):
    """A backbone that sees pictures only after they were migrated or masked.

    Args:
        front: from pictures (n, 3, s, s), values -1..1, to the like.
        backbone: whose network it takes over.
    """

    def __init__(self, front: Front, backbone: Backbone) -> None:
        name = f"{front.name}/{backbone.name}"
        super().__init__(name, backbone.trunk, backbone.dim, backbone.expected)
        self.front = front

    def forward(self, views: Tensor) -> Tensor:
        """Features (n, dim) of views (n, h, w, 3) with values 0..255, uint8 or float."""
        pictures = self.front(views.permute(0, 3, 1, 2).float() / 127.5 - 1)
        return super().forward(((pictures.float() + 1) * 127.5).permute(0, 2, 3, 1))


def cut_classifier(network: nn.Module) -> nn.Linear:
    """Replace a network's last linear layer by the identity, and return it.

    Raises:
        InvalidInput: there is none.
    """
    layers = [(n, m) for n, m in network.named_modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise InvalidInput(f"backbone {type(network).__name__} has no linear classifier to cut off")
    name, last = layers[-1]
    parent = network.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Identity())
    return last
