"""The backbone of a run: how it starts, its files, and which one an added domain reuses."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, TypeVar

from torch import nn

from opensearch.config import ReaderSettings, TrainConfig
from opensearch.domains import default_reader
from opensearch.encoders.backbones import Backbone, build_classifier
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import BackboneCard, DomainCard, read_card
from opensearch.encoders.graph import export_graph
from opensearch.encoders.names import parse_name
from opensearch.encoders.starter import STARTER, starter_model
from opensearch.encoders.tensors import halved, load_tensors, save_tensors, write_atomic
from opensearch.errors import BundleError, InvalidInput, MissingExtra
from opensearch.progress import Note
from opensearch.training.context import InheritedProjector

C = TypeVar("C", bound=TrainConfig)


class Start(NamedTuple):
    """What training starts from: a backbone, and the classifier that was cut off it."""

    backbone: Backbone
    classifier: nn.Linear


def initial_backbone(config: TrainConfig, note: Note) -> Start:
    """Build what the config asks for, with a warning if its weights are random.

    Raises:
        InvalidInput: it takes views of one size, and the config has another.
    """
    settings = config.backbone
    tag = parse_name(settings.name).tag or settings.pretrained
    if settings.weights is None and tag is None:
        shipped = next(iter(read_card(starter_model()).domains.values())).backbone.name
        note(
            f"warning: backbone {settings.name} starts from random weights, which takes far more"
            " data and time; the shipped model's is there to start from:"
            f" `overrides=['backbone.name={shipped}', 'backbone.weights=starter']`, other"
            " pretrained ones come by backbone.pretrained=DEFAULT or backbone.weights=FILE"
        )
    built = build_classifier(settings.name, settings.pretrained, settings.weights, config.seed)
    start = Start(*built)
    expected = start.backbone.expected
    if expected.fixed and config.size != expected.size:
        raise InvalidInput(
            f"size: backbone {settings.name} takes views of {expected.size} pixels, got"
            f" {config.size}; give `overrides=['size={expected.size}']`"
        )
    return start


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
    shipped = starter_model() / graph  # a name tells the tensors and the size
    if shipped.exists() and not (out / graph).exists():
        write_atomic(out / graph, shipped.read_bytes())
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
        InvalidInput: the backbone would learn although the projector is inherited with it.
    """
    cards = list(base.card.domains.values())
    alike = [card for card in cards if card.reader.reader == reader.reader]
    card = (alike or cards)[0]
    if learns and card.norms:
        raise InvalidInput(
            f"the domains of model {base.folder} share one backbone and projector, which stay as"
            " they are; give `overrides=['backbone.mode=frozen']`"
        )
    return card


def settled_by(donor: DomainCard, config: C, name: str, learns: bool, note: Note) -> C:
    """A config with what the model settles for a domain added to it, told where it says otherwise.

    The backbone is the model's, and where it does not learn, so is the size of views. How many
    views a shape has, and how they are pooled, is the donor's where the config does not say.

    Args:
        donor: see `donor_of`.
        name: of the new domain.
        learns: whether the backbone is to learn.
    """
    backbone, kept = config.backbone, parse_name(config.backbone.name).kept
    if kept != donor.backbone.name:
        if backbone.weights != STARTER:
            note(f"{name} uses the model's {donor.backbone.name}, not {backbone.name}")
        given = {"name": donor.backbone.name, "weights": None, "pretrained": None}
        backbone = backbone.model_copy(update=given)
    size = config.size if learns else donor.reader.size
    if size != config.size:
        note(f"views of {name} have {size} pixels, as the model's")
    own = config.domain(name)
    if (own.reader or default_reader(name)) == donor.reader.reader:
        of_donor = {
            "views": donor.reader.views,
            "line_views": donor.reader.line_views,
            "pooling": donor.pooling,
        }
        unsaid = of_donor.keys() - own.model_fields_set
        own = own.model_copy(update={field: of_donor[field] for field in unsaid})
    domains = {**config.domains, name: own}
    return config.model_copy(update={"size": size, "backbone": backbone, "domains": domains})


def inherited_projector(base: Bundle, card: DomainCard) -> InheritedProjector | None:
    """The projector that a model's domains share, with the norms of one of them; or none."""
    if card.norms is None:
        return None
    shared = load_tensors(base.folder / card.projector)
    if "linear.weight" not in shared:  # they share what looks are kept by, and nothing else
        return None
    tensors = shared | load_tensors(base.folder / card.norms)
    return InheritedProjector(tensors, frozenset(shared))
