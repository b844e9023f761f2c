"""`model.json`: what a model bundle says of its domains, parts and identities."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AliasChoices,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
)

from opensearch.calibration import Calibration
from opensearch.config import Distance, Pooling, ReaderSettings, Settings, check_domain
from opensearch.encoders.names import parse_name
from opensearch.encoders.tensors import identity, load_tensors
from opensearch.errors import BundleError, InvalidInput, system_reason
from opensearch.files import is_file

FORMAT: Final = 1
CARD: Final = "model.json"
FILE_NAME: Final = re.compile(r"\w[\w.-]*")
"""What files of a model are called: no such name leads out of its folder."""


class Expected(Settings):
    """The pixels that a backbone expects.

    Attributes:
        mean, std: of red, green and blue, 0..1, that views are normalised by.
        size: side of the views it was trained with, pixels.
        fixed: whether it takes views of no other size.
    """

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)
    size: int = Field(default=224, ge=1)
    fixed: bool = False


class BackboneCard(Settings):
    """A backbone's name and files; several domains may name the same ones."""

    name: str = Field(
        validation_alias=AliasChoices("name", "backbone"), serialization_alias="backbone"
    )
    tensors: str
    graph: str | None = None
    expected: Expected | None = Field(
        default=None, description="null, and left out, for the names that stand without a source"
    )

    @field_validator("name")
    @classmethod
    def _kept(cls, name: str) -> str:
        """However the name was spelled for training, one backbone has one name here."""
        try:
            return parse_name(name).kept
        except InvalidInput:
            return name  # whoever builds it will say so

    @model_serializer(mode="wrap")
    def _without_nothing(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = dump(self)
        return {k: v for k, v in fields.items() if k != "expected" or v is not None}


class DomainCard(Settings):
    """How one domain is encoded."""

    reader: ReaderSettings
    backbone: BackboneCard = Field(
        validation_alias=AliasChoices("backbone", "trunk"), serialization_alias="trunk"
    )
    projector: str
    norms: str | None = Field(
        default=None, description="the domain's own tensors, where domains share the projector"
    )
    pooling: Pooling = "mean"
    migration: str | None = Field(
        default=None, description="what the hasher has for this domain alone: its generator"
    )


class Published(Settings):
    """How the paper of a method ranks, where an index of one unit vector an item ranks otherwise.

    Codes are compared as the encoder gives them, before they are brought to the unit sphere.

    Attributes:
        distance: between two codes.
        views: `pooled`, one code an item, by its domain's pooling; `min`, a code a view, and
            the distance of two items is that of their two nearest views.
    """

    distance: Distance
    views: Literal["pooled", "min"] = "pooled"


class PartCard(Settings):
    """A part kept as one tensor file and its settings (space, hash)."""

    tensors: str
    settings: dict[str, Any]


class ModelCard(Settings):
    """All of `model.json`. Identities cover tensors and settings, never the texts below them."""

    format: int = FORMAT
    domains: dict[str, DomainCard]
    space: PartCard
    hash: PartCard
    method: str
    bits: int
    dim: int
    seed: int
    categories: list[str]
    named: list[str] = Field(
        default_factory=list,
        description="classes that its backbone's classifier knows by name; left out if none",
    )
    refinement: dict[str, float | None]
    identities: dict[str, str] = Field(description="space, hash and encoder/<domain>")
    versions: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, Any] = Field(default_factory=dict)
    calibration: Calibration | None = Field(
        default=None, description="null, and left out: scores of hits are cosines"
    )
    published: Published | None = Field(
        default=None, description="null, and left out: the paper ranks as an index does, or none"
    )
    hint: str | None = Field(default=None, description="where words left out of the space are")
    notes: str = ""

    @field_validator("domains")
    @classmethod
    def _names(cls, domains: dict[str, DomainCard]) -> dict[str, DomainCard]:
        for name in domains:
            try:
                check_domain(name)
            except InvalidInput as error:
                raise ValueError(str(error)) from error
        return domains

    def dump(self) -> str:
        """The text of `model.json`."""
        optional = ("calibration", "named", "published")
        left_out = {name for name in optional if getattr(self, name) in (None, [])}
        return self.model_dump_json(indent=1, by_alias=True, exclude=left_out)

    def files(self) -> set[str]:
        """Names of all files of the bundle but `model.json`."""
        names = {self.space.tensors, self.hash.tensors}
        for domain in self.domains.values():
            names |= {domain.backbone.tensors, domain.projector}
            own = (domain.backbone.graph, domain.norms, domain.migration)
            names |= {name for name in own if name}
        return names


def encoder_identity(
    card: DomainCard,
    backbone: Mapping[str, NDArray[np.generic]],
    projector: Mapping[str, NDArray[np.generic]],
) -> str:
    """Identity of an encoder: its tensors, preprocessing and render parameters."""
    tensors = {f"trunk.{k}": v for k, v in backbone.items()}
    tensors |= {f"projector.{k}": v for k, v in projector.items()}
    settings: dict[str, Any] = {
        "reader": card.reader.model_dump(),
        "backbone": card.backbone.name,
        "pooling": card.pooling,
    }
    if card.backbone.expected is not None:
        settings["expected"] = card.backbone.expected.model_dump(mode="json")
    return identity(tensors, settings)


def domain_identity(folder: Path, card: DomainCard) -> str:
    """Identity of a domain of the bundle in a folder: its encoder, and its migration if it has one.

    Raises:
        BundleError: a file cannot be read.
    """
    backbone = load_tensors(folder / card.backbone.tensors)
    mark = encoder_identity(card, backbone, load_projector(folder, card))
    if card.migration is None:
        return mark
    return identity(load_tensors(folder / card.migration), {"encoder": mark})


def load_projector(folder: Path, card: DomainCard) -> dict[str, NDArray[np.generic]]:
    """The tensors behind a domain's backbone: what domains share, and its own.

    Raises:
        BundleError: a file cannot be read.
    """
    own = load_tensors(folder / card.norms) if card.norms else {}
    return {**load_tensors(folder / card.projector), **own}


def holds_model(folder: Path) -> bool:
    """Whether a model lies in a folder, or the training run of one that is not finished."""
    return is_file(folder / CARD) or is_file(folder / "training" / "run.json")


def read_card(folder: Path) -> ModelCard:
    """The card of the bundle in a folder.

    Raises:
        BundleError: there is none, a newer format, or damaged.
    """
    file = folder / CARD
    if not is_file(file) and holds_model(folder):
        raise BundleError(
            f"{folder} holds a training run that is not finished; run the same"
            " `Training(config, data, out)` again, which goes on from its checkpoints"
        )
    inner = folder / "model"
    if not is_file(file) and is_file(inner / CARD):
        raise BundleError(f"{folder} is not a model but an index, which keeps its model in {inner}")
    if not is_file(file):
        raise BundleError(
            f"{folder} is not a model: it has no {CARD}. Train one: `Training(config, data, out)`"
        )
    try:
        fields = json.loads(file.read_bytes())
        if "kind" in fields:  # of a model of another room
            raise BundleError(
                f"{folder} holds a model for {fields['kind']!r:.40}, which embeds no files;"
                " give one that `Training(config, data, out)` made"
            )
        version = fields.get("format")
        if version != FORMAT:
            raise BundleError(
                f"model {folder} has format {version}, this version reads format {FORMAT};"
                " upgrade opensearch-visual or train the model again"
            )
        return ModelCard(**fields)
    except OSError as error:
        raise BundleError(f"{file} cannot be read: {system_reason(error)}") from error
    except (ValueError, RecursionError, AttributeError, TypeError) as error:
        reason = str(error).replace("\n", " ")
        raise BundleError(f"model {folder} has a damaged {CARD}: {reason}") from error
