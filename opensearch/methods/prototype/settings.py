"""Settings of prototype learning, beside those of all methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from opensearch.config import DomainSettings, Settings
from opensearch.methods.starting import FromStarter


class LoopSettings(Settings):
    """The optimiser's schedule: SGD nesterov, cosine to `floor` a step."""

    epochs: int = Field(default=30, ge=1)
    batch: int = Field(default=128, ge=2)
    lr: float = Field(default=0.02, gt=0)
    backbone_factor: float = Field(default=0.1, ge=0, description="of lr, for the backbone")
    floor: float = Field(default=3e-6, ge=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-5, ge=0)
    temperature: float = Field(default=0.05, gt=0)
    negatives: Literal["own", "all"] = Field(
        default="own", description="prototypes in the softmax: the domain's own, or all trained"
    )
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: cuda where there is one"
    )


class PrototypeDomain(DomainSettings):
    """How one domain is read and trained; what is not given comes from `loop`."""

    augment: bool = True
    epochs: int | None = Field(default=None, ge=1)
    lr: float | None = Field(default=None, gt=0)
    temperature: float | None = Field(default=None, gt=0)


class PrototypeConfig(FromStarter):
    """Settings of a run of method prototype."""

    method: Literal["prototype"] = "prototype"
    domains: Mapping[str, PrototypeDomain] = Field(default_factory=dict)
    loop: LoopSettings = LoopSettings()

    def domain(self, name: str) -> PrototypeDomain:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, PrototypeDomain())

    def schedule(self, name: str) -> LoopSettings:
        """`loop` with what a domain's own settings say otherwise."""
        own = self.domain(name)
        given = {"epochs": own.epochs, "lr": own.lr, "temperature": own.temperature}
        return self.loop.model_copy(update={k: v for k, v in given.items() if v is not None})
