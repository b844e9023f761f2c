"""Settings of Siamese training, beside those of all methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opensearch.config import (
    BackboneSettings,
    DomainSettings,
    LearningSettings,
    SpaceSettings,
    TrainConfig,
)


class SiameseSettings(LearningSettings):
    """Two Siamese pairs: Wang, Kang, Li, CVPR 2015."""

    code: int = Field(default=64, ge=2, le=4096, description="numbers of a code")
    positive: float = Field(default=0.2, gt=0, description="C_p, of pairs of one category")
    negative: float = Field(default=10.0, gt=0, description="C_n, of other pairs")
    scale: Literal["paper", "code"] = Field(
        default="code", description="C_p multiplies as in the paper's code, or divides as in print"
    )
    pairs: Literal["means", "code"] = Field(
        default="means",
        description="means over the pairs of each kind, or sums over some as in the paper's code",
    )
    warp: bool = Field(default=True, description="stretch and turn two drawings of three a little")
    weight_decay: float = Field(default=0.0, ge=0)
    steps: int = Field(default=1000, ge=1)
    classes: int = Field(default=10, ge=2, description="categories in a batch")
    items: int = Field(default=5, ge=2, description="of each of them, in each domain")
    device: Literal["auto", "cpu", "cuda"] = "auto"


class SiameseDomain(DomainSettings):
    """How one domain is read: of shapes, two line views and no shaded ones."""

    views: int = Field(default=0, ge=0, le=24)
    line_views: int = Field(default=2, ge=0, le=24)


class SiameseConfig(TrainConfig):
    """Settings of a run of method siamese."""

    method: Literal["siamese"] = "siamese"
    size: int = Field(default=100, ge=16, le=1024, description="side of a view, pixels")
    backbone: BackboneSettings = BackboneSettings(name="drawings:wang2015")
    space: SpaceSettings = SpaceSettings(provider="onehot")
    domains: Mapping[str, SiameseDomain] = Field(default_factory=dict)
    siamese: SiameseSettings = SiameseSettings()

    def domain(self, name: str) -> SiameseDomain:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, SiameseDomain())
