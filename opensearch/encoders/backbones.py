"""Backbones: pretrained trunks without their classifiers, by torchvision's names.

Two kinds torchvision does not have: `efficientnet_lite0` to `4`, which are quick on a CPU, and
`tiny`, four convolutions for tests and for machines without pretrained weights. Before any of
them may stand what changes the picture first (`encoders.migration`), with the blocks and width of
its networks, and how many they are: `migration-9x32/resnet18`, `masking-9x32x3/resnet18`.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.efficientnet_lite import SCALES, EfficientNetLite, from_published
from opensearch.encoders.migration import Focus, Generator, Masking, Migration
from opensearch.encoders.starter import starter_model
from opensearch.encoders.tensors import first_line, load_tensors
from opensearch.errors import BundleError, InvalidInput

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's pixels, which torchvision's models were trained with."""
LITE_MEAN = (127 / 255,) * 3
LITE_STD = (128 / 255,) * 3
"""What EfficientNet-Lite was trained with."""

STARTER = Path("starter")
"""Given as weights: those of the shipped model's trunk."""


class Backbone(nn.Module):
    """A trunk from views to features, with the normalisation it was pretrained with.

    Attributes:
        dim: number of features a view.
    """

    pixel_mean: Tensor
    pixel_std: Tensor

    def __init__(self, trunk: nn.Module, dim: int) -> None:
        super().__init__()
        self.trunk = trunk
        self.dim = dim
        lite = isinstance(trunk, EfficientNetLite)
        mean, std = (LITE_MEAN, LITE_STD) if lite else (MEAN, STD)
        self.register_buffer("pixel_mean", torch.tensor(mean).view(1, 3, 1, 1) * 255)
        self.register_buffer("pixel_std", torch.tensor(std).view(1, 3, 1, 1) * 255)

    def forward(self, views: Tensor) -> Tensor:
        """Features (n, dim) of views (n, h, w, 3) with values 0..255, uint8 or float."""
        pixels = views.permute(0, 3, 1, 2).float()
        out = self.trunk((pixels - self.pixel_mean) / self.pixel_std)
        # While they learn, Inception and GoogLeNet give auxiliary outputs after the main one.
        features: Tensor = out[0] if isinstance(out, tuple) else out
        return features


class FrontedBackbone(Backbone):
    """A backbone that sees pictures only after they were migrated or masked.

    Args:
        front: from pictures (n, 3, s, s), values -1..1, to the like.
        backbone: whose trunk it takes over.
    """

    def __init__(self, front: nn.Module, backbone: Backbone) -> None:
        super().__init__(backbone.trunk, backbone.dim)
        self.front = front

    def forward(self, views: Tensor) -> Tensor:
        """Features (n, dim) of views (n, h, w, 3) with values 0..255, uint8 or float."""
        pictures = self.front(views.permute(0, 3, 1, 2).float() / 127.5 - 1)
        return super().forward(((pictures.float() + 1) * 127.5).permute(0, 2, 3, 1))


def front_name(front: Migration | Masking) -> str:
    """The name of a front, which `build_backbone` takes before a slash and a backbone's."""
    if isinstance(front, Masking):
        one = front.focuses[0]
        return f"masking-{one.blocks}x{one.width}x{len(front.focuses)}"
    one = front.generator.focus
    return f"migration-{one.blocks}x{one.width}"


def list_backbones() -> list[str]:
    """Names that `build_backbone` takes, each also with a front before it."""
    import torchvision.models as zoo
    from torchvision.models import list_models

    return ["tiny", *SCALES, *list_models(module=zoo)]


def build_backbone(
    name: str, pretrained: str | None = None, weights: Path | None = None, seed: int = 0
) -> Backbone:
    """Build a backbone, with random, downloaded or local weights.

    Args:
        name: one of `list_backbones`, e.g. `mobilenet_v2`.
        pretrained: torchvision's tag, e.g. `IMAGENET1K_V2` or `DEFAULT`; needs a network once.
        weights: a state dict of the whole torchvision model, `.pth` or `.safetensors`, or
            `STARTER`: the trunk of the shipped model, which has no classifier.
        seed: of the random weights, where there are no others.

    Raises:
        InvalidInput: an unknown name or tag, both sources at once, no such file, weights that
            could not be downloaded, or a model without a linear classifier to cut off.
        BundleError: a file that is no state dict of this model.
    """
    front, slash, plain = name.rpartition("/")
    if slash:
        return FrontedBackbone(_front(front), build_backbone(plain, pretrained, weights, seed))
    return build_classifier(name, pretrained, weights, seed)[0]


def build_classifier(
    name: str, pretrained: str | None = None, weights: Path | None = None, seed: int = 0
) -> tuple[Backbone, nn.Linear]:
    """A backbone and the linear classifier that was cut off it; see `build_backbone`."""
    if pretrained and weights:
        raise InvalidInput(
            f"a backbone takes pretrained={pretrained} or weights={weights}, not both"
        )
    if name not in list_backbones():
        raise InvalidInput(f"unknown backbone {name!r}; known: {', '.join(list_backbones())}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _ours(name, pretrained) if name in _OURS else _torchvision(name, pretrained)
    if weights and weights != STARTER:
        _load(model, weights, name)
    classifier = _cut_classifier(model)
    backbone = Backbone(model, classifier.in_features)
    if weights == STARTER:
        _load_starter(backbone, name)
    return backbone, classifier


_FRONT = re.compile(r"migration-(\d{1,2})x(\d{1,3})|masking-(\d{1,2})x(\d{1,3})x(\d{1,3})")


def _front(name: str) -> Migration | Masking:
    found = _FRONT.fullmatch(name)
    if not found:
        raise InvalidInput(
            f"unknown front {name!r} of a backbone; known: migration-BLOCKSxWIDTH and"
            " masking-BLOCKSxWIDTHxCOUNT"
        )
    blocks, width, *masking = (int(group) for group in found.groups() if group)
    if masking:
        return Masking([Focus(blocks, width) for _ in range(masking[0])])
    return Migration(Generator(blocks, width))


def _torchvision(name: str, pretrained: str | None) -> nn.Module:
    from torchvision.models import get_model, get_model_weights

    if pretrained is not None:
        tags = [w.name for w in get_model_weights(name)]
        if pretrained not in (*tags, "DEFAULT"):
            raise InvalidInput(
                f"backbone {name} has no weights {pretrained!r}; it has DEFAULT, {', '.join(tags)}"
            )
    try:
        model: nn.Module = get_model(name, weights=pretrained)
    except (OSError, HTTPException, RuntimeError) as error:
        # RuntimeError: the bytes that came are not those of the name.
        raise InvalidInput(
            f"weights {pretrained} of {name} could not be downloaded ({first_line(error)});"
            " give a local file with backbone.weights=FILE"
        ) from error
    return model


_OURS = ("tiny", *SCALES)


def _ours(name: str, pretrained: str | None) -> nn.Module:
    if pretrained is not None:
        raise InvalidInput(
            f"backbone {name} has no weights {pretrained!r}; it has none to download, give a"
            " local file with backbone.weights=FILE"
        )
    return _tiny() if name == "tiny" else EfficientNetLite(name)


def _tiny() -> nn.Module:
    widths = [3, 16, 32, 64, 128]
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [
            nn.Conv2d(before, after, 3, stride=2, padding=1),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(128, 1))


def _load(model: nn.Module, file: Path, name: str) -> None:
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            state = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
        state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        if isinstance(model, EfficientNetLite):
            state = from_published(state, model)
        model.load_state_dict(state)
    except FileNotFoundError as error:
        raise InvalidInput(f"backbone weights {file} do not exist") from error
    except Exception as error:
        raise BundleError(f"{file} is not a state dict of {name}: {first_line(error)}") from error


def _load_starter(backbone: Backbone, name: str) -> None:
    """Give a backbone the tensors of the shipped model's trunk.

    Raises:
        InvalidInput: the shipped model has another kind of trunk.
    """
    folder = starter_model()
    trunks = {card.trunk.backbone: card.trunk for card in Bundle.open(folder).card.domains.values()}
    if name not in trunks:
        raise InvalidInput(
            f"backbone.weights=starter has a trunk {', '.join(trunks)}, not {name};"
            f" give backbone.name={next(iter(trunks))}"
        )
    state = load_tensors(folder / trunks[name].tensors)
    wide = {key: torch.from_numpy(value) for key, value in state.items()}
    backbone.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in wide.items()}
    )


def _cut_classifier(model: nn.Module) -> nn.Linear:
    """Replace the model's last linear layer by the identity, and return it."""
    layers = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear)]
    if not layers:
        raise InvalidInput(f"backbone {type(model).__name__} has no linear classifier to cut off")
    name, last = layers[-1]
    parent = model.get_submodule(name.rpartition(".")[0])
    setattr(parent, name.rpartition(".")[2], nn.Identity())
    return last
