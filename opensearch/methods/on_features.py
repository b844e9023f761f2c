"""What is alike in methods that train a network a domain on features of a frozen backbone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from pydantic import Field

from opensearch.config import DomainSettings, Pooling, SpaceSettings
from opensearch.errors import InvalidInput
from opensearch.methods.checks import refuse_few_shared, refuse_given_space, refuse_single_domain
from opensearch.methods.method import Method
from opensearch.methods.starting import FromStarter

if TYPE_CHECKING:
    from opensearch.training.domain import DomainData


class FeaturesDomain(DomainSettings):
    """How one domain is read; the features of a shape's views are averaged, as papers do it."""

    pooling: Pooling = "mean-features"


class FeaturesConfig(FromStarter):
    """Settings of a method that learns its space itself, on the shipped backbone by default."""

    space: SpaceSettings = SpaceSettings(provider="onehot")
    domains: Mapping[str, FeaturesDomain] = Field(default_factory=dict)

    def domain(self, name: str) -> FeaturesDomain:
        """Settings of a domain, the defaults where the config has none."""
        return self.domains.get(name, FeaturesDomain())


C = TypeVar("C", bound=FeaturesConfig)


class OnFeatures(Method[C]):
    """A method whose networks stand on features of a frozen backbone; all domains learn together.

    The points of its space are learnt too, so a word finds the categories of its training alone.
    """

    def learns(self, config: C) -> bool:
        """Never: a backbone that was fine-tuned before is given by `backbone.weights`."""
        return False

    def check(self, config: C) -> None:
        """Refuse another space, a backbone that is to learn, and pooling by a trained direction."""
        refuse_given_space(self.name, config)
        if config.backbone.mode != "frozen":
            raise InvalidInput(
                f"method {self.name} trains networks on the features of a frozen backbone, got"
                f" backbone.mode {config.backbone.mode}; fine-tune one by another method, and give"
                " its tensors by backbone.weights"
            )
        for name, own in config.domains.items():
            if own.pooling == "upright":
                raise InvalidInput(
                    f"domains.{name}.pooling: method {self.name} learns no direction that upright"
                    " views are told by; give mean-features or barycentre, or train joint"
                )

    def check_data(self, config: C, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse a single domain, and domains that share fewer than two categories with others."""
        refuse_single_domain(self.name, categories)
        refuse_few_shared(self.name, categories)

    def check_read(self, config: C, domains: Sequence[DomainData]) -> None:
        """`check_data` again: files that could not be read may have left too few categories."""
        self.check_data(config, {data.name: sorted(set(data.categories)) for data in domains})
