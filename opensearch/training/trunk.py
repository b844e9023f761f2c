"""The trunk of a run: its tensors and graph on disk, written before anything reads them."""

from __future__ import annotations

from pathlib import Path

from opensearch.config import ReaderSettings, TrainConfig
from opensearch.encoders.backbones import Backbone, build_backbone
from opensearch.encoders.bundle import Bundle, TrunkCard
from opensearch.encoders.graph import export_graph
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import MissingExtra
from opensearch.training.context import Note


def initial_backbone(config: TrainConfig, note: Note) -> Backbone:
    """The backbone a run starts from."""
    settings = config.backbone
    if settings.weights is None and settings.pretrained is None:
        note(
            f"backbone {settings.name} starts from random weights; give"
            " backbone.pretrained=DEFAULT or backbone.weights=FILE for a pretrained one"
        )
    return build_backbone(settings.name, settings.pretrained, settings.weights, config.seed)


def write_trunk(out: Path, name: str, backbone: Backbone, size: int, note: Note) -> TrunkCard:
    """Write a backbone's tensors and, where the extra `train` is installed, its graph."""
    tensors = {key: value.numpy() for key, value in backbone.state_dict().items()}
    file = save_tensors(out, "trunk", tensors)
    graph = file.removesuffix(".safetensors") + ".onnx"
    if not (out / graph).exists():
        try:
            export_graph(backbone, out / file, out / graph, size)
        except MissingExtra as error:
            note(f"{error}; without one the model runs in torch, about 3 times slower on CPU")
            return TrunkCard(backbone=name, tensors=file)
    return TrunkCard(backbone=name, tensors=file, graph=graph)


def trunk_for_extension(base: Bundle, reader: ReaderSettings) -> TrunkCard:
    """The trunk that a late domain stands on: of a domain read alike, else of the first."""
    alike = [card for card in base.card.domains.values() if card.reader.reader == reader.reader]
    return (alike or list(base.card.domains.values()))[0].trunk
