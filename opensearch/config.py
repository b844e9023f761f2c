"""Settings that travel with a model or a run, checked once where they enter."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import yaml
from pydantic import Field, ValidationError, field_validator

from opensearch.errors import InvalidInput
from opensearch.settings import GdmhSettings, JointSettings, PixelSettings, Settings

Pooling: TypeAlias = Literal["mean", "max", "upright"]
"""How the embeddings of an item's views become one."""


class Limits(Settings):
    """What one file may cost before it is refused with `OverLimit`."""

    bytes: int = Field(default=512 * 2**20, gt=0, description="size of the file")
    pixels: int = Field(default=40_000_000, gt=0, description="pixels decoded at once")
    faces: int = Field(default=2_000_000, gt=0, description="triangles of a mesh")
    seconds: float = Field(default=60.0, gt=0, description="time to read one item")
    memory: int = Field(default=4 * 2**30, gt=0, description="bytes of memory to read one item")


class ReaderSettings(Settings):
    """How a domain's files become views; part of the encoder's identity."""

    reader: str = Field(description="a key of `domains.READERS`")
    size: int = Field(default=224, ge=16, le=1024, description="side of a view, pixels")
    views: int = Field(default=6, ge=0, le=24, description="shaded views of a mesh")
    line_views: int = Field(default=0, ge=0, le=24, description="line views of a mesh")
    stroke: float = Field(
        default=0.014, ge=0, le=0.1, description="stroke width, share of a view's side; 0: as it is"
    )


UP_AXES: Final = (1, 2, 0)
"""The axis (0 x, 1 y, 2 z) that stands upright in the views of a shape, which take turns."""

_DOMAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")


def check_domain(name: str) -> str:
    """The name, if it may name a domain: it ends up in file names and on command lines.

    Raises:
        InvalidInput: anything but 1 to 64 letters a-z, digits, _ and -, or a leading -.
    """
    if not _DOMAIN.fullmatch(name):
        raise InvalidInput(
            f"{name!r} cannot name a domain: up to 64 letters a-z, digits, _ and - can;"
            " rename its folder, or the domain in the manifest"
        )
    return name


class BackboneSettings(Settings):
    """Which backbone, with whose weights, and whether it learns."""

    name: str = Field(
        default="mobilenet_v2", description="NAME, SOURCE:NAME or either with @TAG; see encoders"
    )
    pretrained: str | None = Field(
        default=None, description="the tag of weights to download once, where the name has none"
    )
    weights: Path | None = Field(
        default=None, description="a local state dict, or `starter`: the shipped model's"
    )
    mode: Literal["frozen", "finetune"] = "frozen"
    half: bool = Field(default=False, description="keep trained weights in float16")


class SpaceSettings(Settings):
    """Where prototypes come from."""

    provider: str = Field(
        default="lexicon",
        description="a key of `semantic.PROVIDERS`, and what it wants behind a colon: vectors:FILE",
    )
    transform: Literal["none", "centre", "whiten"] = "none"


class ProjectorSettings(Settings):
    """The projector's shape; `hidden` 0 is the paper's single linear layer."""

    hidden: int = Field(default=0, ge=0)
    dropout: float = Field(default=0.0, ge=0, lt=1)


class DomainSettings(Settings):
    """How one domain is read and trained; what is not given comes from `loop`."""

    reader: str | None = Field(default=None, description="null: the one of the domain's name")
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

    name: str = "gdmh"
    bits: int = Field(default=64, ge=16, le=512, multiple_of=8)
    items: int | None = Field(
        default=None, ge=16, description="most items of a domain to fit codes on; null: all"
    )
    gdmh: GdmhSettings = GdmhSettings()


class RefinementSettings(Settings):
    """The rule for λ: `fixed`, or `auto` with a threshold fitted on held-out categories.

    A `threshold` given was fitted in another run, e.g. on a validation cut, and is taken.
    """

    rule: Literal["fixed", "auto"] = "auto"
    fixed: float = Field(default=0.55, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=-1, le=1)
    held_out: float = Field(default=0.1, gt=0, lt=0.5, description="share of categories, auto")


class TrainConfig(Settings):
    """Everything a training run needs but the data."""

    method: Literal["prototype", "joint", "gdmh-pixel"] = "prototype"
    exclude: list[str] = Field(default_factory=list, description="categories to leave out")
    omit: list[str] = Field(default_factory=list, description="patterns of file names to leave out")
    rename: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description="other names for the domains of a collection, by the name of its folder",
    )
    size: int = Field(default=224, ge=16, le=1024, description="side of a view, pixels")
    backbone: BackboneSettings = BackboneSettings()
    space: SpaceSettings = SpaceSettings()
    projector: ProjectorSettings = ProjectorSettings()
    domains: dict[str, DomainSettings] = Field(default_factory=dict)
    loop: LoopSettings = LoopSettings()
    joint: JointSettings = JointSettings()
    pixel: PixelSettings = PixelSettings()
    hash: HashSettings = HashSettings()
    refinement: RefinementSettings = RefinementSettings()
    seed: int = Field(default=0, ge=0, lt=2**31)

    @field_validator("domains")
    @classmethod
    def _names(cls, domains: dict[str, DomainSettings]) -> dict[str, DomainSettings]:
        for name in domains:
            check_domain(name)
        return domains

    @property
    def learns(self) -> bool:
        """Whether the trunk learns, so that training needs views and not features alone."""
        return self.method != "prototype" or self.backbone.mode == "finetune"

    def domain(self, name: str) -> DomainSettings:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, DomainSettings())


def config_folder() -> Path:
    """Where the shipped configs lie, installed or in a clone."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "configs"


def load_train_config(name: str, overrides: Iterable[str] = ()) -> TrainConfig:
    """Read a training config by shipped name or path, with `key.subkey=value` overrides.

    Args:
        name: of a shipped config, or the path of a YAML file.
        overrides: values are YAML: `loop.lr=1e-2`, `domains.shape={views: 4}`.

    Raises:
        InvalidInput: no such config, a malformed override, an unknown key or a bad value.
    """
    known = {file.stem: file for file in sorted((config_folder() / "train").glob("*.yaml"))}
    file = known.get(name, Path(name))
    if not file.is_file():
        raise InvalidInput(f"no config {name!r}: not a file, nor one of {', '.join(known)}")
    fields = _read(file)
    for override in overrides:
        _apply(fields, override)
    try:
        return TrainConfig.model_validate(fields)
    except ValidationError as error:
        raise InvalidInput(f"config {file.name}: {_complaint(error)}") from error


def _read(file: Path) -> dict[str, Any]:
    try:
        fields = yaml.safe_load(file.read_text("utf-8")) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(f"config {file} cannot be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise InvalidInput(f"config {file} is to be a mapping of settings, got {fields!r:.60}")
    return fields


def _apply(fields: dict[str, Any], override: str) -> None:
    """Put one `key.subkey=value` in its place."""
    key, equals, text = override.partition("=")
    *parents, last = key.split(".")
    if not equals or not all([*parents, last]):
        raise InvalidInput(f"--set takes key=value, e.g. loop.epochs=10; got {override!r}")
    try:
        value = yaml.safe_load(text)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InvalidInput(f"--set {override}: the value is not YAML; quote it") from error
    for parent in parents:
        if fields.get(parent) is None:
            fields[parent] = {}
        fields = fields[parent]
        if not isinstance(fields, dict):
            raise InvalidInput(f"--set {override}: {parent} is a value, not a group of settings")
    fields[last] = value


def _complaint(error: ValidationError) -> str:
    """The first thing wrong with a config, and the way out."""
    first = error.errors()[0]
    *parents, last = [str(part) for part in first["loc"]] or [""]
    place = ".".join([*parents, last])
    if first["type"] == "extra_forbidden":
        return f"unknown setting {place}; known there: {', '.join(_known(parents))}"
    if first["type"] == "model_type":
        return (
            f"{place} is a group of settings, got {first['input']!r};"
            f" set one of {', '.join(_known([*parents, last]))}"
        )
    return (
        f"{place}: {first['msg']} (got {first['input']!r:.60})."
        f" Set it in the file or with --set {place}=VALUE"
    )


def _known(parents: list[str]) -> list[str]:
    """Names of the settings in a group of `TrainConfig`."""
    group: Any = TrainConfig
    for name in parents:
        if isinstance(group, type) and issubclass(group, Settings):
            group = group.model_fields[name].annotation
        else:
            group = get_args(group)[1]  # of dict[str, group]
    return sorted(group.model_fields)
