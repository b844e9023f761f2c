"""Settings of barycentric representations, beside those of all methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from opensearch.config import NetworkSettings, Pooling
from opensearch.methods.on_features import FeaturesConfig, FeaturesDomain


class LwbrDomain(FeaturesDomain):
    """How one domain is read; the views of a shape become their barycentre."""

    pooling: Pooling = "barycentre"


class LwbrSettings(NetworkSettings):
    """Metric networks and loss (14): Xie, Dai, Zhu, Fang, CVPR 2017.

    The notes on the paper print none of its constants, so all are our choice.
    """

    layers: list[Annotated[int, Field(ge=1, le=65_536)]] = Field(
        default=[500], max_length=16, description="units of the hidden layers"
    )
    dim: int = Field(default=100, ge=2, le=8192, description="numbers of an embedding")
    activation: Literal["relu", "sigmoid"] = "sigmoid"
    norm: bool = Field(default=False, description="batch norm after every linear layer")
    margin: float = Field(default=5.0, gt=0, description="alpha, of squared distances")
    scatter: float = Field(default=0.5, ge=0, description="beta, of each domain's own scatter")
    domain_scatter: Mapping[str, Annotated[float, Field(ge=0)]] = Field(
        default_factory=dict, description="beta of a domain where it is not `scatter`"
    )
    reduction: Literal["mean", "sum"] = Field(
        default="mean",
        description="mean: of pairs of one category and of different ones, each on their own, as"
        " printed; sum: over pairs",
    )

    def scatter_of(self, domain: str) -> float:
        """Beta of a domain: beta_1 is the shapes', beta_2 the sketches'."""
        return self.domain_scatter.get(domain, self.scatter)


class LwbrConfig(FeaturesConfig):
    """Settings of a run of method lwbr."""

    method: Literal["lwbr"] = "lwbr"
    domains: Mapping[str, LwbrDomain] = Field(default_factory=dict)
    lwbr: LwbrSettings = LwbrSettings()

    def domain(self, name: str) -> LwbrDomain:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, LwbrDomain())
