"""Two Siamese pairs: a network a domain, whose codes are near where categories are the same.

Source:
    Wang, Kang, Li, "Sketch-based 3D shape retrieval using convolutional neural networks", CVPR
    2015.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opensearch.errors import InvalidInput
from opensearch.methods.checks import (
    refuse_few_shared,
    refuse_given_space,
    refuse_missing_gpu,
    refuse_single_domain,
)
from opensearch.methods.method import Method
from opensearch.methods.siamese.settings import SiameseConfig

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Siamese(Method[SiameseConfig]):
    """A network for each domain; pairs of items within each and across each two of them."""

    name = "siamese"
    config = SiameseConfig

    def check(self, config: SiameseConfig) -> None:
        """Refuse another space, a missing GPU, and pooling of features."""
        refuse_given_space(self.name, config)
        refuse_missing_gpu("siamese.device", config.siamese.device)
        for name, own in config.domains.items():
            if own.pooling not in ("mean", "max"):
                raise InvalidInput(
                    f"domains.{name}.pooling: method {self.name} makes a code of every view; give"
                    f" mean or max, got {own.pooling}"
                )

    def check_data(self, config: SiameseConfig, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse a single domain, and domains that share fewer than two categories with others."""
        refuse_single_domain(self.name, categories)
        refuse_few_shared(self.name, categories)

    def fit(
        self, context: Context[SiameseConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Train the networks of all domains together."""
        from opensearch.methods.siamese.fitting import fit_siamese

        # Files that could not be read may have left too few categories.
        read = {data.name: sorted(set(data.categories)) for data in domains}
        self.check_data(context.config, read)
        return fit_siamese(context, domains, start.backbone)
