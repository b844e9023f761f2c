"""Settings of domain migration on pixels, beside those of all methods."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opensearch.config import Settings, TrainConfig


class PixelSettings(Settings):
    """Domain migration on pixels and codes of what was migrated: Zhang et al., ECCV 2018.

    Hash losses are means over bits, so no weight or margin has to follow `hash.bits`.
    """

    pivot: str = Field(default="photo", description="the domain that all others migrate to")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: cuda where there is one"
    )
    epochs: int = Field(default=30, ge=1, description="an epoch: the largest domain once")
    batch: int = Field(default=8, ge=2, description="pairs of each domain with the pivot")
    lr: float = Field(default=2e-4, gt=0, description="of generators and discriminators")
    hash_lr: float = Field(default=2e-4, gt=0, description="of the hash network")
    hash_drop: float = Field(
        default=20 / 30, ge=0, le=1, description="share of the run after which hash_lr is a tenth"
    )
    decay: float = Field(
        default=25 / 30, ge=0, lt=1, description="share after which all rates fall to zero"
    )
    blocks: int = Field(default=9, ge=1, le=99, description="residual blocks of a generator")
    width: int = Field(
        default=32,
        ge=1,
        le=256,
        description="channels a generator starts with; discriminators twice it",
    )
    enlarge: float = Field(
        default=286 / 256, ge=1, le=2, description="views are read so much larger, then cropped"
    )
    threshold: float = Field(
        default=0.5,
        gt=0,
        description="attention from which a cell is kept, in units of its uniform level 1/(HW)",
    )
    steepness: float = Field(default=10.0, gt=0, description="of the mask while it learns")
    cycle: float = Field(default=10.0, ge=0, description="weight of coming back the same")
    guide: float = Field(
        default=1.0, ge=0, description="weight of the hash losses in the generators' gradient"
    )
    triplet: float = Field(default=1.0, ge=0, description="weight of the triplet loss")
    margin: float = Field(
        default=20 / 64, ge=0, description="of the triplet, a bit; 20 for 64 bits in the paper"
    )
    fidelity: float = Field(
        default=1e-5, ge=0, description="weight of the network's outputs in the discrete step"
    )
    pool: int = Field(default=50, ge=1, description="migrated pictures kept for a discriminator")
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")
    grids: int = Field(default=5, ge=1, description="epochs between sheets of samples")


class PixelConfig(TrainConfig):
    """Settings of a run of method gdmh-pixel."""

    method: Literal["gdmh-pixel"] = "gdmh-pixel"
    pixel: PixelSettings = PixelSettings()
