"""Settings that travel with a model or a run, checked once where they enter."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from opensearch.errors import InvalidInput

Pooling: TypeAlias = Literal["mean", "max"]
"""How the embeddings of an item's views become one."""


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Settings):
    """What one file may cost before it is refused with `OverLimit`."""

    bytes: int = Field(default=512 * 2**20, gt=0, description="size of the file")
    pixels: int = Field(default=40_000_000, gt=0, description="pixels decoded at once")
    faces: int = Field(default=2_000_000, gt=0, description="triangles of a mesh")
    seconds: float = Field(default=60.0, gt=0, description="time to read one item")


class ReaderSettings(Settings):
    """How a domain's files become views; part of the encoder's identity."""

    reader: Literal["image", "sketch", "mesh"]
    size: int = Field(default=224, ge=16, le=1024, description="side of a view, pixels")
    views: int = Field(default=6, ge=0, le=24, description="shaded views of a mesh")
    line_views: int = Field(default=0, ge=0, le=24, description="line views of a mesh")
    stroke: float = Field(
        default=0.014, ge=0, le=0.1, description="stroke width, share of a view's side; 0: as it is"
    )


DEFAULT_READERS: dict[str, Literal["image", "sketch", "mesh"]] = {
    "sketch": "sketch",
    "shape": "mesh",
}
"""Reader of a domain by its name; every other domain holds pictures."""


class BackboneSettings(Settings):
    """Which trunk, with whose weights, and whether it learns."""

    name: str = "mobilenet_v2"
    pretrained: str | None = Field(default=None, description="torchvision's tag, downloaded once")
    weights: Path | None = Field(default=None, description="a local state dict")
    mode: Literal["frozen", "finetune"] = "frozen"


class SpaceSettings(Settings):
    """Where prototypes come from."""

    provider: str = Field(description="vectors:FILE, attributes:CSV, onehot or sentence:MODEL")
    transform: Literal["none", "centre", "whiten"] = "none"


class ProjectorSettings(Settings):
    """The projector's shape; `hidden` 0 is the paper's single linear layer."""

    hidden: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class DomainSettings(Settings):
    """How one domain is read and trained; what is not given comes from `loop`."""

    reader: Literal["image", "sketch", "mesh"] | None = None
    views: int = Field(default=6, ge=0, le=24)
    line_views: int = Field(default=0, ge=0, le=24)
    pooling: Pooling = "mean"
    augment: bool = True
    epochs: int | None = Field(default=None, ge=1)
    lr: float | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, gt=0)


class LoopSettings(Settings):
    """The optimiser's schedule: SGD nesterov, cosine to `floor` a step."""

    epochs: int = Field(default=30, ge=1)
    batch: int = Field(default=128, ge=2)
    lr: float = Field(default=0.02, gt=0)
    backbone_factor: float = Field(default=0.1, ge=0, description="of lr, for the trunk")
    floor: float = Field(default=3e-6, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-5, ge=0)
    temperature: float = Field(default=0.05, gt=0)
    negatives: Literal["own", "all"] = Field(
        default="own", description="prototypes in the softmax: the domain's own, or all trained"
    )
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")


class HashSettings(Settings):
    """The codes of the model."""

    name: str = "itq"
    bits: int = Field(default=64, ge=16, le=512, multiple_of=8)


class RefinementSettings(Settings):
    """The rule for λ: `fixed`, or `auto` with a threshold fitted on held-out categories."""

    rule: Literal["fixed", "auto"] = "auto"
    fixed: float = Field(default=0.55, ge=0, le=1)
    held_out: float = Field(default=0.1, gt=0, lt=0.5, description="share of categories, auto")


class TrainConfig(Settings):
    """Everything a training run needs but the data."""

    method: Literal["prototype"] = "prototype"
    size: int = Field(default=224, ge=16, le=1024, description="side of a view, pixels")
    backbone: BackboneSettings = BackboneSettings()
    space: SpaceSettings
    projector: ProjectorSettings = ProjectorSettings()
    domains: dict[str, DomainSettings] = Field(default_factory=dict)
    loop: LoopSettings = LoopSettings()
    hash: HashSettings = HashSettings()
    refinement: RefinementSettings = RefinementSettings()
    seed: int = Field(default=0, ge=0, lt=2**31)

    def domain(self, name: str) -> DomainSettings:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, DomainSettings())

    def reader(self, name: str) -> ReaderSettings:
        """How a domain's files become views."""
        domain = self.domain(name)
        reader = domain.reader or DEFAULT_READERS.get(name, "image")
        views = {"views": domain.views, "line_views": domain.line_views}
        return ReaderSettings(reader=reader, size=self.size, **(views if reader == "mesh" else {}))


def config_folder() -> Path:
    """Where the shipped configs lie, installed or in a clone."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "configs"


def load_train_config(name: str, overrides: Iterable[str] = ()) -> TrainConfig:
    """Read a training config by shipped name or path, with `key.subkey=value` overrides.

    Raises:
        InvalidInput: no such config, a malformed override, an unknown key or a bad value.
    """
    known = {file.stem: file for file in sorted((config_folder() / "train").glob("*.yaml"))}
    file = known.get(name, Path(name))
    if not file.is_file():
        raise InvalidInput(f"no config {name!r}: not a file, nor one of {', '.join(known)}")
    try:
        fields = yaml.safe_load(file.read_text("utf-8")) or {}
        for override in overrides:
            _apply(fields, override)
        return TrainConfig(**fields)
    except (yaml.YAMLError, TypeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"config {file} is not a YAML mapping: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidInput(
            f"config {file.name}: {place}: {first['msg']} (got {first['input']!r})."
            f" Set it in the file or with --set {place}=VALUE"
        ) from error


def _apply(fields: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key:
        raise InvalidInput(f"--set takes key=value, e.g. loop.epochs=10; got {override!r}")
    *parents, last = key.split(".")
    for parent in parents:
        fields = fields.setdefault(parent, {})
        if not isinstance(fields, dict):
            raise InvalidInput(f"--set {override}: {parent} is a value, not a group of settings")
    fields[last] = yaml.safe_load(value)
