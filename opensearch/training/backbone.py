"""The backbone of a run: how it starts, its files, and which one an added domain reuses."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from torch import nn

from opensearch.config import ReaderSettings, TrainConfig
from opensearch.encoders.backbones import Backbone, build_classifier
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import BackboneCard, DomainCard
from opensearch.encoders.graph import export_graph
from opensearch.encoders.names import parse_name
from opensearch.encoders.tensors import halved, load_tensors, save_tensors
from opensearch.errors import BundleError, InvalidInput, MissingExtra
from opensearch.progress import Note
from opensearch.training.context import InheritedProjector


class Start(NamedTuple):
    """What training starts from: a backbone, and the classifier that was cut off it."""

    backbone: Backbone
    classifier: nn.Linear


def initial_backbone(config: TrainConfig, note: Note) -> Start:
    """Build what the config asks for, with a note if its weights are random."""
    settings = config.backbone
    tag = parse_name(settings.name).tag or settings.pretrained
    if settings.weights is None and tag is None:
        note(
            f"backbone {settings.name} starts from random weights; give"
            " backbone.pretrained=DEFAULT or backbone.weights=FILE for a pretrained one"
        )
    built = build_classifier(settings.name, settings.pretrained, settings.weights, config.seed)
    return Start(*built)


def write_backbone(
    out: Path, backbone: Backbone, size: int, note: Note, half: bool = False
) -> BackboneCard:
    """Write a backbone's tensors and, where the extra `train` is installed, its graph.

    Args:
        out: the model's folder.
        size: side of the views that the graph takes, pixels.
        half: keep the weights in float16.
    """
    file = write_tensors(out, backbone, half)
    graph = f"{file.removesuffix('.safetensors')}-{size}.onnx"
    if not (out / graph).exists():
        try:
            export_graph(backbone, out / file, out / graph, size)
        except (MissingExtra, BundleError) as error:
            note(f"{error}; without one the model runs in torch, about 3 times slower on CPU")
            return backbone.card(file)
    return backbone.card(file, graph)


def write_tensors(out: Path, backbone: Backbone, half: bool = False) -> str:
    """Write a backbone's tensors, and return their file's name."""
    tensors = {key: value.numpy() for key, value in backbone.state_dict().items()}
    return save_tensors(out, "trunk", halved(tensors) if half else tensors)


def donor_of(base: Bundle, reader: ReaderSettings, learns: bool) -> DomainCard:
    """The domain whose backbone a domain added later reuses: one with the same reader if any.

    Args:
        base: the model that the domain is added to.
        reader: of the new domain.
        learns: whether the backbone is to learn.

    Raises:
        InvalidInput: the domain's views would have another size than a frozen backbone takes, or
            the backbone would learn although the projector is inherited with it.
    """
    cards = list(base.card.domains.values())
    alike = [card for card in cards if card.reader.reader == reader.reader]
    card = (alike or cards)[0]
    if learns and card.norms:
        raise InvalidInput(
            f"the domains of model {base.folder} share one backbone and projector, which stay as"
            " they are; give `overrides=['backbone.mode=frozen']`"
        )
    if not learns and card.reader.size != reader.size:
        raise InvalidInput(
            f"model {base.folder} reads views of {card.reader.size} pixels, the config says"
            f" {reader.size}; give `overrides=['size={card.reader.size}']`"
        )
    return card


def inherited_projector(base: Bundle, card: DomainCard) -> InheritedProjector | None:
    """The projector that a model's domains share, with the norms of one of them; or none."""
    if card.norms is None:
        return None
    shared = load_tensors(base.folder / card.projector)
    tensors = shared | load_tensors(base.folder / card.norms)
    return InheritedProjector(tensors, frozenset(shared))
