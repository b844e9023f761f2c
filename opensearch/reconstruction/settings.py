"""Settings of a reconstruction model and of the run that trains it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError, model_validator

from opensearch.config import Settings
from opensearch.errors import InvalidInput
from opensearch.methods.configs import overridden
from opensearch.records import Names


class PoolingSettings(Settings):
    """How the codes of the shapes that a sketch retrieves become one: w = sum of w_i z_i."""

    weights: tuple[float, ...] = Field(
        default=(0.5, 0.4, 0.3, 0.2, 0.1),
        min_length=1,
        max_length=100,
        description="of the shapes, the nearest first; there are as many shapes as weights",
    )
    normalise: bool = Field(
        default=True, description="to a sum of one; as the paper prints them they sum to 1.5"
    )

    @model_validator(mode="after")
    def _some(self) -> PoolingSettings:
        if min(self.weights) < 0 or sum(self.weights) <= 0:
            raise ValueError("weights must be 0 or more, one of them above 0")
        return self

    def shares(self) -> tuple[float, ...]:
        """The weights of the shapes, normalised if they are to be."""
        whole = sum(self.weights)
        return tuple(weight / whole for weight in self.weights) if self.normalise else self.weights


class VoxelSettings(Settings):
    """The voxel generator: an autoencoder of grids, and the discriminator it learns against."""

    code: int = Field(default=200, ge=1, le=4096, description="width of the bottleneck")
    channels: tuple[int, ...] = Field(
        default=(64, 64, 96),
        min_length=2,
        max_length=5,
        description="of the features, the last ones of side 2, those before of twice the side",
    )
    critic: tuple[int, ...] = Field(
        default=(32, 32, 64),
        min_length=2,
        max_length=5,
        description="the same of the discriminator",
    )
    filled: float | None = Field(
        default=0.25,
        gt=0,
        lt=1,
        description="share of the filled voxels in (27), (28); null: all voxels alike, as printed",
    )
    warm: float = Field(
        default=0.3, ge=0, le=1, description="share of the steps before v_OUT and the adversary"
    )
    through: bool = Field(
        default=False, description="whether L_REC(v_OUT) moves v_OUT itself, too, not only T2, T2'"
    )
    phi: float = Field(default=0.03, ge=0, lt=1, description="share of the adversary in (25)")
    towards: float = Field(
        default=0.0,
        ge=0,
        description="weight of |v_OUT - nearest shape|, which the paper lacks; 0: as printed",
    )
    gamma: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="what equilibrium keeps: loss of made over loss of real",
    )
    balance_rate: float = Field(default=0.001, ge=0, description="by which k_3D follows")
    groups: int = Field(default=6, ge=1, description="neighbourhoods a step, of as many as weights")
    steps: int = Field(default=1200, ge=1)
    lr: float = Field(default=1e-3, gt=0, description="of the generator; falls to a twentieth")
    critic_lr: float = Field(default=3e-4, gt=0, description="of the discriminator; falls likewise")
    mirrored: bool = Field(default=True, description="half of the groups mirrored at x = 0")
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")
    samples: int = Field(default=500, ge=1, description="steps between sheets of slices")

    @model_validator(mode="after")
    def _wide(self) -> VoxelSettings:
        if min(*self.channels, *self.critic) < 1:
            raise ValueError("channels and critic must be 1 or more at each side")
        return self


class AdaptationSettings(Settings):
    """The adaptation: an autoencoder of sketches and renders, and its discriminator."""

    code: int = Field(default=128, ge=1, le=4096, description="width of the bottleneck")
    channels: tuple[int, int, int, int] = Field(
        default=(16, 32, 48, 64), description="of the features of side 32, 16, 8 and 4"
    )
    critic: tuple[int, int, int, int] = Field(
        default=(8, 16, 24, 32), description="the same of the discriminator"
    )
    softness: float = Field(
        default=2.0, ge=0, le=8, description="pixels that lines are blurred by; 0: left sharp"
    )
    steady: bool = Field(
        default=True,
        description="whether varied drawings must come back as they were before; false: as varied",
    )
    inked: float | None = Field(
        default=0.5,
        ge=0,
        le=1,
        description="share of ink in (23) and (24), however little there is; null: L1 as printed",
    )
    phi: float = Field(default=0.3, ge=0, lt=1, description="phi_2D, the share of the adversary")
    gamma: float = Field(
        default=0.5, ge=0, le=1, description="what equilibrium keeps, sketches over renders"
    )
    balance_rate: float = Field(default=0.001, ge=0, description="by which k_2D follows")
    batch: int = Field(default=32, ge=1, description="sketches, and renders, a step")
    steps: int = Field(default=500, ge=0, description="0: no adaptation")
    lr: float = Field(default=1e-3, gt=0, description="of the autoencoder; falls to a twentieth")
    critic_lr: float = Field(default=5e-4, gt=0, description="of the discriminator; likewise")
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")

    @model_validator(mode="after")
    def _wide(self) -> AdaptationSettings:
        if min(*self.channels, *self.critic) < 1:
            raise ValueError("channels and critic must be 1 or more at each side")
        return self


class ReconstructionConfig(Settings):
    """All settings of a run of `train-3d`."""

    seed: int = Field(default=0, ge=0)
    exclude: tuple[str, ...] = Field(
        default=(), description="categories left out beside those that a collection calls unseen"
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="that networks train on; auto: cuda where there is one"
    )
    default: Literal["nearest", "mean", "generator", "blend"] = Field(
        default="blend", description="what a model is made by where nobody says"
    )
    level: float = Field(
        default=0.5, gt=0, lt=1, description="from which a voxel of the generator is filled"
    )
    pooling: PoolingSettings = PoolingSettings()
    voxels: VoxelSettings = VoxelSettings()
    adaptation: AdaptationSettings = AdaptationSettings()


def load_config(overrides: Names = ()) -> ReconstructionConfig:
    """The settings of a run, some of them changed.

    Args:
        overrides: `key.subkey=value`, values as in YAML: `voxels.steps=500`.

    Raises:
        InvalidInput: a malformed override, an unknown setting, or a value that it cannot have.
    """
    try:
        return ReconstructionConfig.model_validate(overridden({}, overrides))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            known = ", ".join(_names(ReconstructionConfig))
            raise InvalidInput(f"unknown setting {place}; known: {known}") from error
        raise InvalidInput(
            f"{place}: {first['msg']} (got {first['input']!r:.60})."
            f" Set it with `overrides=['{place}=VALUE']`"
        ) from error


def _names(group: type[Settings], parent: str = "") -> list[str]:
    """Dotted names of all settings of a group."""
    found = []
    for name, field in group.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            found += _names(field.annotation, f"{parent}{name}.")
        else:
            found.append(f"{parent}{name}")
    return found
