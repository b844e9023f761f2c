"""Settings of correlated metric learning, beside those of all methods."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from opensearch.config import NetworkSettings
from opensearch.methods.on_features import FeaturesConfig

Width = Annotated[int, Field(ge=1, le=65_536)]


class DcmlSettings(NetworkSettings):
    """Networks of sigmoids and losses (7) to (13): Dai, Xie, Zhu, Fang, AAAI 2017.

    The margin, and that features are standardised, are those of its authors' code; the other
    constants are not in the notes on the paper and are our choice.
    """

    layers: list[Width] = Field(
        default=[500], max_length=16, description="units of the hidden layers"
    )
    domain_layers: Mapping[str, Annotated[list[Width], Field(max_length=16)]] = Field(
        default_factory=dict, description="units of a domain's where they are not `layers`"
    )
    dim: int = Field(default=100, ge=2, le=8192, description="numbers of an embedding")
    activation: Literal["relu", "sigmoid"] = "sigmoid"
    norm: bool = Field(default=False, description="batch norm after every linear layer")
    weight_decay: float = Field(default=1e-5, ge=0, description="lambda of squared weights, (7)")
    margin: float = Field(default=1.0, gt=0, description="h, of squared distances")
    alpha: float = Field(
        default=0.5, ge=0, le=1, description="of losses within domains; those across have the rest"
    )
    reduction: Literal["sum", "mean", "pairs"] = Field(
        default="mean",
        description="sum: over pairs, as printed; mean: of pairs of one category and of different"
        " ones, each on their own; pairs: of all pairs, as its authors' later code",
    )
    bounded: bool | None = Field(
        default=None,
        description="whether the term of (11) that grows without end is cut at the margin; null:"
        " where the network does not end in sigmoids",
    )
    holistic: int = Field(
        default=0, ge=0, le=16, description="hidden layers, from the last, that have the losses too"
    )
    holistic_weight: float = Field(default=0.1, gt=0, description="of the losses at each of them")

    @property
    def cuts(self) -> bool:
        """Whether the term of (11) that grows without end is cut."""
        return self.activation != "sigmoid" if self.bounded is None else self.bounded


class DchmlSettings(DcmlSettings):
    """The same with losses at the last hidden layer, too: Dai, Xie, Fang, IEEE TIP 2018."""

    holistic: int = Field(
        default=1, ge=0, le=16, description="hidden layers, from the last, that have the losses too"
    )


class CorrelatedConfig(FeaturesConfig):
    """Settings of a run of either method."""

    @abstractmethod
    def settings(self) -> DcmlSettings:
        """The method's own, whatever their group is called."""


class DcmlConfig(CorrelatedConfig):
    """Settings of a run of method dcml."""

    method: Literal["dcml"] = "dcml"
    dcml: DcmlSettings = DcmlSettings()

    def settings(self) -> DcmlSettings:
        """Its group."""
        return self.dcml


class DchmlConfig(CorrelatedConfig):
    """Settings of a run of method dchml."""

    method: Literal["dchml"] = "dchml"
    dchml: DchmlSettings = DchmlSettings()

    def settings(self) -> DcmlSettings:
        """Its group."""
        return self.dchml
