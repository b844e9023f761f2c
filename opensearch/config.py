"""Settings that travel with a model or a run, checked once where they enter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from opensearch.errors import InvalidInput


class Settings(BaseModel):
    """Base of all settings: frozen; an unknown key is an error, and so is infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


Pooling: TypeAlias = Literal[
    "mean", "max", "upright", "softmax", "mean-features", "max-features", "barycentre"
]
"""How an item's views become one: their embeddings, or already their features."""
Distance: TypeAlias = Literal["cosine", "euclidean", "l1"]
"""How far apart two codes are."""


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
"""Which axis (0 x, 1 y, 2 z) is upright in a view of a shape; successive views cycle through it."""

_DOMAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
DOMAINS: Final = "up to 64 letters a-z, digits, _ and -"


def is_domain(name: str) -> bool:
    """Whether a name may name a domain; it must not make keys that begin with it ambiguous."""
    return _DOMAIN.fullmatch(name) is not None


def check_domain(name: str) -> str:
    """The name, if it may name a domain: it ends up in file names and on command lines.

    Raises:
        InvalidInput: anything but 1 to 64 letters a-z, digits, _ and -, or a leading -.
    """
    if not is_domain(name):
        way_out = "rename its folder, or the domain in the manifest"
        raise InvalidInput(f"{name!r} cannot name a domain: names have {DOMAINS}; {way_out}")
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
        default=None,
        description="a local state dict, of a whole network or a model's `trunk-*.safetensors`, or"
        " `starter`: the shipped model's",
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


class AppearanceSettings(Settings):
    """How much of the backbone's features an embedding keeps besides meaning.

    See `encoders.appearance`. Domains must share their backbone.
    """

    width: int = Field(
        default=0, ge=0, description="directions of the space that it gets; 0: none, meaning alone"
    )
    share: float = Field(default=1.2, ge=0, description="its length beside meaning's 1")
    pull: float = Field(
        default=1.0, ge=0, description="of points of trained categories on meaning; 0: none"
    )
    temperature: float = Field(default=0.1, gt=0, description="of the softmax over those points")


class AlignmentSettings(Settings):
    """A last map per domain, which moves its categories to where they lie over all domains.

    See `encoders.alignment`.
    """

    freedom: float = Field(
        default=0.0, ge=0, description="of the map to leave the identity; 0: none is learnt"
    )


class ClassNamesSettings(Settings):
    """Using the classifier that the backbone was trained with; see `encoders.class_names`.

    It must be a classifier of ImageNet's 1000 classes, and domains must share the backbone.
    """

    share: float = Field(default=0.0, ge=0, description="of class names on meaning; 0: none")
    temperature: float = Field(default=1.0, gt=0, description="of the softmax over classes")
    near: float = Field(
        default=0.45,
        gt=0,
        le=1,
        description="cosine to a category left out from which a class is left out, too",
    )
    without: list[str] = Field(
        default_factory=list, description="classes to leave out beside those, by name"
    )


class LearningSettings(Settings):
    """How networks learn from batches of `classes` categories with `items` items each."""

    optimiser: Literal["adam", "sgd"] = "adam"
    lr: float = Field(default=1e-3, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1, description="of sgd")
    weight_decay: float = Field(default=5e-4, ge=0)
    floor: float = Field(default=0.0, ge=0, description="where the cosine of the rate ends")
    steps: int = Field(default=1000, ge=1)
    classes: int = Field(default=16, ge=2, description="categories in a batch")
    items: int = Field(default=4, ge=2, description="of each of them, in each domain")
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")


class NetworkSettings(LearningSettings):
    """A network on features, and how it learns; methods that train such networks build on it.

    A batch holds the same categories in every domain that has them.
    """

    layers: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        default=[512],
        max_length=16,
        description="units of the hidden layers, none for a linear map",
    )
    dim: int = Field(default=128, ge=2, le=8192, description="numbers of an embedding")
    activation: Literal["relu", "sigmoid"] = "relu"
    norm: bool = Field(default=True, description="batch norm after every linear layer")
    dropout: float = Field(default=0.0, ge=0, lt=1)
    standardise: bool = Field(
        default=True, description="bring each number of features to mean 0 and deviation 1"
    )


class BarycentreSettings(Settings):
    """Pooling of views by the Wasserstein barycentre of their features."""

    groups: int = Field(default=128, ge=2, le=512, description="of bins, which mass moves between")
    gamma: float = Field(
        default=0.05, ge=0.005, le=10, description="smoothing, in units of the median cost"
    )
    rounds: int = Field(default=30, ge=1, le=1000, description="of projections")


class DomainSettings(Settings):
    """How one domain is read."""

    reader: str | None = Field(default=None, description="null: the one of the domain's name")
    views: int = Field(default=6, ge=0, le=24)
    line_views: int = Field(default=0, ge=0, le=24)
    pooling: Pooling = "mean"
    barycentre: BarycentreSettings = BarycentreSettings()


class GdmhSettings(Settings):
    """GDMH codes: a generator for each domain that migrates, one hash head, discriminators.

    Weights of losses are relative; a loss of weight 0 is left out.
    """

    pivot: str = Field(
        default="photo", description="domain that others migrate to; the largest, if absent"
    )
    anchors: int = Field(default=1024, ge=0, description="words to lean on; 0: none")
    anchor_temperature: float = Field(default=0.1, gt=0)
    anchor_weight: float = Field(default=0.4, ge=0, description="of the words beside the item")
    fade: float = Field(
        default=0.9, ge=0, le=1, description="most of its prototype that an item's copy loses"
    )
    hidden: int = Field(default=512, ge=0, description="units of a generator; 0: none migrates")
    steps: int = Field(default=400, ge=1)
    batch: int = Field(default=96, ge=2, description="items of each domain")
    words: int = Field(default=96, ge=0, description="other words in a batch")
    lr: float = Field(default=1e-3, gt=0)
    similarity: float = Field(default=10.0, ge=0, description="codes follow embeddings")
    semantic: float = Field(default=0.4, ge=0, description="codes follow those of prototypes")
    semantic_temperature: float = Field(default=0.3, gt=0)
    contrast: float = Field(default=0.2, ge=0, description="codes of a category across domains")
    contrast_temperature: float = Field(default=0.3, gt=0)
    adversary: float = Field(
        default=0.1, ge=0, description="migrated items convince discriminators"
    )
    conditional: bool = Field(default=True, description="discriminators see the item's prototype")
    cycle: float = Field(default=1.0, ge=0, description="migrated items come back")
    stay: float = Field(default=0.3, ge=0, description="migrated items stay near")
    quantisation: float = Field(default=0.0, ge=0, description="soft codes are near their signs")
    balance: float = Field(default=0.0, ge=0, description="bits are 1 as often as 0")
    independence: float = Field(default=0.0, ge=0, description="bits are not correlated")


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

    A given `threshold` was fitted in another run, e.g. on a validation split, and is used as is.
    """

    rule: Literal["fixed", "auto"] = "auto"
    fixed: float = Field(default=0.55, ge=0, le=1)
    threshold: float | None = Field(default=None, ge=-1, le=1)
    held_out: float = Field(default=0.1, gt=0, lt=0.5, description="share of categories, auto")


class TrainConfig(Settings):
    """What a training run of any method needs but the data.

    A method's own settings are fields of a subclass, in the method's folder.
    """

    method: str
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
    appearance: AppearanceSettings = AppearanceSettings()
    alignment: AlignmentSettings = AlignmentSettings()
    class_names: ClassNamesSettings = ClassNamesSettings()
    domains: Mapping[str, DomainSettings] = Field(default_factory=dict)
    hash: HashSettings = HashSettings()
    refinement: RefinementSettings = RefinementSettings()
    seed: int = Field(default=0, ge=0, lt=2**31)

    @field_validator("domains")
    @classmethod
    def _names(cls, domains: Mapping[str, DomainSettings]) -> Mapping[str, DomainSettings]:
        for name in domains:
            check_domain(name)
        return domains

    def domain(self, name: str) -> DomainSettings:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, DomainSettings())


def config_folder() -> Path:
    """Where the shipped configs lie, installed or in a clone."""
    installed = Path(__file__).parent / "configs"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "configs"
