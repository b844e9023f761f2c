"""`model.json` of a reconstruction model: what its parts are, and what was measured to be best."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from opensearch.config import Settings
from opensearch.encoders.card import CARD, FILE_NAME
from opensearch.encoders.tensors import write_atomic
from opensearch.errors import BundleError
from opensearch.reconstruction.settings import PoolingSettings

FORMAT: Final = 1
KIND: Final = "reconstruction"


class Part(Settings):
    """One part of a model: its tensor file, the settings it is run with, and its identity."""

    tensors: str
    settings: dict[str, Any]
    identity: str = Field(description="sha256 over tensors and settings")


class ReconstructionCard(Settings):
    """All of `model.json`.

    Attributes:
        default: what a model is made by where nobody says.
        level: the probability from which a voxel of the generator counts as filled.
        adaptation: the latent space of drawings and renders, where it was trained.
        provenance: seed, settings, data and versions of the run.
    """

    kind: Literal["reconstruction"] = "reconstruction"
    format: int = FORMAT
    default: Literal["nearest", "mean", "generator", "blend"] = "generator"
    level: float = Field(default=0.5, gt=0, lt=1)
    pooling: PoolingSettings = PoolingSettings()
    voxels: Part
    adaptation: Part | None = None
    provenance: dict[str, Any] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)

    def files(self) -> list[str]:
        """Names of the tensor files."""
        return [part.tensors for part in (self.voxels, self.adaptation) if part]


def read_card(folder: Path) -> ReconstructionCard:
    """The card of the reconstruction model in a folder, whose files are all there.

    Raises:
        BundleError: no such model there, one of a newer format, a damaged one, or one that lacks
            a file.
    """
    file = folder / CARD
    if not file.is_file():
        raise BundleError(
            f"{folder} is not a reconstruction model: it has no {CARD}."
            " Train one: `Task(data, out)`"
        )
    try:
        fields = json.loads(file.read_bytes())
        if fields.get("kind") != KIND:
            raise BundleError(
                f"{folder} is no reconstruction model: its {CARD} is of another kind of model"
            )
        if fields.get("format") != FORMAT:
            raise BundleError(
                f"reconstruction model {folder} has format {fields.get('format')}, this version"
                f" reads format {FORMAT}; upgrade opensearch-visual or train the model again"
            )
        card = ReconstructionCard(**fields)
    except (OSError, ValueError, RecursionError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise BundleError(
            f"reconstruction model {folder} has a damaged {CARD}: {reason}"
        ) from error
    for name in card.files():
        if not FILE_NAME.fullmatch(name):
            raise BundleError(f"model {folder} names a file outside itself: {name!r}")
        if not (folder / name).is_file():
            raise BundleError(f"model {folder} lacks its file {name}; copy the whole folder")
    return card


def write_card(folder: Path, card: ReconstructionCard) -> None:
    """Write `model.json`, which makes the files beside it a model."""
    write_atomic(folder / CARD, card.model_dump_json(indent=1).encode())
