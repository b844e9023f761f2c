"""Settings of cross-modality adaptation, beside those of all methods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from opensearch.config import NetworkSettings
from opensearch.methods.on_features import FeaturesConfig

Widths = list[Annotated[int, Field(ge=1, le=65_536)]]


class DcaSettings(NetworkSettings):
    """Metric networks, transformations and discriminators: Chen, Fang, ECCV 2018.

    `layers`, `dim` and `lr` are those of the metric networks, and `steps` those in which all
    networks learn. Loss and schedule are the paper's by default; widths, rates, eta and unit
    features are our choice, as the notes on the paper do not print them.
    """

    target: str = Field(default="shape", description="the domain that others are transformed to")
    unit: bool = Field(default=True, description="bring features and transformed ones to length 1")
    margin: float = Field(default=0.5, gt=0, description="eta of (16)")
    importance: Literal["none", "violation"] = Field(
        default="none", description="weights of anchors; the paper has none"
    )
    reduction: Literal["sum", "mean"] = Field(
        default="sum", description="over the anchors of (16), a sum in the paper"
    )
    generator: Literal["saturating", "non-saturating"] = Field(
        default="saturating", description="(19) as in the paper, or -log D"
    )
    squared: bool = Field(default=False, description="square the norms of (21)")
    semantic: float = Field(default=1.0, ge=0, description="weight of (16) on transformed features")
    adversary: float = Field(default=1.0, ge=0, description="weight of (19)")
    discrepancy: float = Field(default=1.0, ge=0, description="weight of (21)")
    transform_layers: Widths = Field(default=[512], max_length=16)
    critic_layers: Widths = Field(default=[256], max_length=16, description="of a discriminator")
    transform_lr: float = Field(default=1e-4, gt=0, description="of both")
    metric_steps: int = Field(default=500, ge=1, description="of each metric network alone")
    transform_steps: int = Field(default=500, ge=1, description="of transformations alone")
    steps: int = Field(default=500, ge=1)


class DcaConfig(FeaturesConfig):
    """Settings of a run of method dca."""

    method: Literal["dca"] = "dca"
    dca: DcaSettings = DcaSettings()
