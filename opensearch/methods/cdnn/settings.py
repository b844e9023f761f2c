"""Settings of cross-domain neural networks, beside those of all methods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from opensearch.config import NetworkSettings, Settings
from opensearch.methods.on_features import FeaturesConfig


class ScspmSettings(Settings):
    """Features `scspm`, see `encoders.scspm`; the paper's numbers, but for step and nearest."""

    words: int = Field(default=1024, ge=2, le=65_536, description="of the dictionary")
    patch: int = Field(default=16, ge=8, le=256, description="side of a patch, pixels")
    step: int = Field(default=8, ge=1, le=256, description="pixels from one patch to the next")
    nearest: int = Field(default=5, ge=1, le=64, description="words that a patch is a sum of")
    descriptors: int = Field(
        default=100_000, ge=2, le=10_000_000, description="that the dictionary is learnt from"
    )


class CdnnSettings(NetworkSettings):
    """Networks whose items of one category meet in one target: Zhu, Xie, Fang, AAAI 2016.

    The notes on the paper print no widths, rates or targets: these are our choice.
    """

    levels: list[Annotated[int, Field(ge=1, le=8)]] = Field(
        default=[1],
        min_length=1,
        max_length=4,
        description="cells along a side of a drawing, a network for each; 1, 2, 4 is the pyramid",
    )
    features: Literal["backbone", "scspm"] = Field(
        default="backbone",
        description="of a frozen backbone, or sparse codes of SIFT descriptors as in the paper,"
        " which want the extra scspm",
    )
    scspm: ScspmSettings = ScspmSettings()
    layers: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        default=[256], min_length=1, max_length=16, description="units of the hidden layers"
    )
    activation: Literal["relu", "sigmoid"] = "sigmoid"
    dim: int = Field(default=256, ge=2, le=8192, description="numbers of a target")
    targets: Literal["random", "onehot"] = Field(
        default="random", description="fixed unit vectors that categories share; the paper's equal"
    )
    last: Literal["shared", "own"] = Field(
        default="shared",
        description="layer to the target: one of all domains, so that hidden values are alike, or"
        " one each",
    )
    representation: Literal["hidden", "target"] = Field(
        default="target", description="the target layers, or the last hidden ones as in the paper"
    )
    decay: float = Field(default=1e-5, ge=0, description="lambda, of squared weights in the loss")
    weight_decay: float = Field(default=0.0, ge=0, description="of the optimiser, beside lambda")

    @property
    def pyramid(self) -> list[int]:
        """Cells along a side that features `scspm` are pooled over."""
        return [1, 2, 4] if self.levels == [1] else self.levels

    @field_validator("levels")
    @classmethod
    def _different(cls, levels: list[int]) -> list[int]:
        if len(set(levels)) != len(levels):
            raise ValueError("the levels of a pyramid are different numbers")
        return levels


class CdnnConfig(FeaturesConfig):
    """Settings of a run of method cdnn."""

    method: Literal["cdnn"] = "cdnn"
    cdnn: CdnnSettings = CdnnSettings()
