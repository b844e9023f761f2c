"""Backbones by name: networks of several sources, pretrained or not, without their classifiers.

See `encoders.names` for the grammar of names.
"""

from __future__ import annotations

import re
from http.client import HTTPException
from pathlib import Path
from typing import Final

import torch
from torch import nn

from opensearch.encoders.backbones.backbone import Backbone, FrontedBackbone, cut_classifier
from opensearch.encoders.backbones.drawings import Drawings
from opensearch.encoders.backbones.lite import Lite
from opensearch.encoders.backbones.pyramid import PyramidBackbone, levels_of
from opensearch.encoders.backbones.source import Source
from opensearch.encoders.backbones.tiny import Tiny
from opensearch.encoders.backbones.torchvision import Torchvision
from opensearch.encoders.card import read_card
from opensearch.encoders.migration import Focus, Front, Generator, Masking, Migration
from opensearch.encoders.names import BARE, BackboneName, parse_name
from opensearch.encoders.starter import STARTER, starter_model, without_classifier
from opensearch.encoders.tensors import first_line, load_tensors
from opensearch.errors import BundleError, InvalidInput

__all__ = [
    "SOURCES",
    "Backbone",
    "FrontedBackbone",
    "PyramidBackbone",
    "Source",
    "build_backbone",
    "build_classifier",
    "list_backbones",
]

SOURCES: Final[dict[str, Source]] = {
    "tiny": Tiny(),
    "drawings": Drawings(),
    "lite": Lite(),
    "torchvision": Torchvision(),
}
"""Where backbones come from. A new source is a module with a `Source`, and a line here."""


def list_backbones() -> list[str]:
    """Names that `build_backbone` takes, each also with a front before it and a tag behind."""
    return [
        name if source in BARE else f"{source}:{name}"
        for source, made in SOURCES.items()
        for name in made.names()
    ]


def build_backbone(
    name: str, pretrained: str | None = None, weights: Path | None = None, seed: int = 0
) -> Backbone:
    """Build a backbone, with random, downloaded or local weights.

    Args:
        name: one of `list_backbones`, e.g. `mobilenet_v2`, or spelled in full as
            `torchvision:mobilenet_v2@IMAGENET1K_V2`.
        pretrained: the tag, where the name has none, e.g. `IMAGENET1K_V2` or `DEFAULT`; needs a
            network once.
        weights: a state dict of the whole network with its classifier, `.pth` or `.safetensors`;
            the tensors of a model's backbone (`trunk-*.safetensors`), or `STARTER`, those of the
            shipped model's, which both have no classifier.
        seed: of the random weights, where there are no others.

    Raises:
        InvalidInput: an unknown name or tag, a tag and weights at once, no such file, weights
            that could not be downloaded, or a network without a linear classifier to cut off.
        BundleError: a file that is no state dict of this network.
    """
    front = parse_name(name).front
    if front is None:
        return build_classifier(name, pretrained, weights, seed)[0]
    plain = name.removeprefix(f"{front}/")
    behind = build_backbone(plain, pretrained, weights, seed)
    if levels := levels_of(front):
        return PyramidBackbone(levels, behind)
    return FrontedBackbone(_front(front), behind)


def build_classifier(
    name: str, pretrained: str | None = None, weights: Path | None = None, seed: int = 0
) -> tuple[Backbone, nn.Linear]:
    """A backbone without a front, and the classifier cut off it; see `build_backbone`."""
    asked = parse_name(name)
    if asked.front is not None:
        raise InvalidInput(f"backbone {name} has a front, which training makes; give {asked.name}")
    tag = asked.tag or pretrained
    if pretrained not in (None, tag):
        raise InvalidInput(f"backbone {name} names a tag, and pretrained={pretrained} another")
    if tag and weights:
        raise InvalidInput(f"a backbone takes pretrained={tag} or weights={weights}, not both")
    source = _source(asked)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = _built(source, asked, tag)
    alone = without_classifier(weights)
    if weights and not alone:
        _load(network, weights, asked.kept, source)
    classifier = cut_classifier(network)
    expected = source.expected(asked.name, tag)
    backbone = Backbone(asked.kept, network, classifier.in_features, expected)
    if weights == STARTER:
        _load_starter(backbone)
    elif weights and alone:
        _load(backbone, weights, asked.kept)
    return backbone, classifier


def _source(asked: BackboneName) -> Source:
    """The source of a name, which knows it."""
    if asked.source is not None and asked.source not in SOURCES:
        raise InvalidInput(
            f"unknown source {asked.source!r} of a backbone; known: {', '.join(SOURCES)}"
        )
    for name in BARE if asked.source is None else (asked.source,):
        if asked.name in SOURCES[name].names():
            return SOURCES[name]
    if asked.source is None:
        raise InvalidInput(f"unknown backbone {asked.name!r}; known: {', '.join(list_backbones())}")
    raise InvalidInput(
        f"unknown backbone {asked.source}:{asked.name}; {asked.source} has"
        f" {', '.join(SOURCES[asked.source].names())}"
    )


def _built(source: Source, asked: BackboneName, tag: str | None) -> nn.Module:
    tags = source.tags(asked.name)
    if tag is not None and tag not in tags:
        held = ", ".join(tags) if tags else "none to download, give a local file with"
        file = "" if tags else " backbone.weights=FILE"
        raise InvalidInput(f"backbone {asked.kept} has no weights {tag!r}; it has {held}{file}")
    try:
        return source.build(asked.name, tag)
    except (OSError, HTTPException, RuntimeError) as error:
        if tag is None:
            raise
        # RuntimeError: the bytes that came are not those of the name.
        raise InvalidInput(
            f"weights {tag} of {asked.kept} could not be downloaded ({first_line(error)});"
            " give a local file with backbone.weights=FILE"
        ) from error


_FRONT = re.compile(r"migration-(\d{1,2})x(\d{1,3})|masking-(\d{1,2})x(\d{1,3})x(\d{1,3})")


def _front(name: str) -> Front:
    found = _FRONT.fullmatch(name)
    if not found:
        raise InvalidInput(
            f"unknown front {name!r} of a backbone; known: migration-BLOCKSxWIDTH,"
            " masking-BLOCKSxWIDTHxCOUNT and pyramid-LEVELxLEVEL, such as pyramid-1x2x4"
        )
    blocks, width, *masking = (int(group) for group in found.groups() if group)
    if masking:
        return Masking([Focus(blocks, width) for _ in range(masking[0])])
    return Migration(Generator(blocks, width))


def _load(module: nn.Module, file: Path, name: str, source: Source | None = None) -> None:
    """Give a module the tensors in a file, which may have the names of its source."""
    from safetensors.torch import load_file

    try:
        if file.suffix == ".safetensors":
            state = load_file(file)
        else:
            state = torch.load(file, map_location="cpu", weights_only=True)
        state = {k: v.float() if v.is_floating_point() else v for k, v in state.items()}
        module.load_state_dict(source.renamed(state, module) if source else state)
    except FileNotFoundError as error:
        raise InvalidInput(
            f"backbone weights {file} do not exist; give the path of the file with"
            " backbone.weights=FILE"
        ) from error
    except Exception as error:
        raise BundleError(f"{file} is not a state dict of {name}: {first_line(error)}") from error


def _load_starter(backbone: Backbone) -> None:
    """Give a backbone the tensors of the shipped model's.

    Raises:
        InvalidInput: the shipped model has another.
    """
    folder = starter_model()
    shipped = [card.backbone for card in read_card(folder).domains.values()]
    cards = {card.name: card for card in shipped}
    if backbone.name not in cards:
        raise InvalidInput(
            f"backbone.weights=starter has a backbone {', '.join(cards)}, not {backbone.name};"
            f" give backbone.name={next(iter(cards))}"
        )
    state = load_tensors(folder / cards[backbone.name].tensors)
    wide = {key: torch.from_numpy(value) for key, value in state.items()}
    backbone.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in wide.items()}
    )
