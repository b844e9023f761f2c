"""Generative domain-migration hashing on pixels: domains are redrawn as one, then hashed.

Generators, discriminators and the hash network learn together. All that a run goes on from is in
one module's tensors (`networks.PixelModel`) and three optimisers. The generators are in
`encoders.migration`, as a trained model runs them.

Source:
    Zhang et al., "Generative Domain-Migration Hashing for Sketch-to-Image Retrieval", ECCV 2018.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opensearch.errors import InvalidInput
from opensearch.methods.checks import refuse_given_space, refuse_missing_gpu
from opensearch.methods.gdmh_pixel.settings import PixelConfig
from opensearch.methods.method import Method

if TYPE_CHECKING:
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class GdmhPixel(Method[PixelConfig]):
    """Every other domain migrates to the pivot; embeddings are the logits of the bits."""

    name = "gdmh-pixel"
    config = PixelConfig
    makes_bits = True

    def check(self, config: PixelConfig) -> None:
        """Refuse another space, a side that the networks cannot halve twice, or a missing GPU."""
        from opensearch.encoders.migration import CELL
        from opensearch.methods.gdmh_pixel.networks import SMALLEST

        refuse_given_space(self.name, config)
        if config.size % CELL or config.size < SMALLEST:
            raise InvalidInput(
                f"method {self.name} takes views of a side that is a multiple of {CELL} and at"
                f" least {SMALLEST} pixels, got size {config.size}"
            )
        refuse_missing_gpu("pixel.device", config.pixel.device)

    def check_data(self, config: PixelConfig, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse data whose domains cannot be paired with the pivot.

        There must be the pivot and another domain, and each must share two categories with the
        pivot, or triplets would have no negatives.
        """
        pivot = config.pixel.pivot
        if pivot not in categories or len(categories) < 2:
            raise InvalidInput(
                f"method {self.name} migrates other domains to the pivot {pivot!r}; there are"
                f" files of {', '.join(categories)}. Choose the pivot by pixel.pivot, and give it"
                " one other domain or more"
            )
        for name, own in categories.items():
            shared = set(own) & set(categories[pivot])
            if len(shared) < 2:
                raise InvalidInput(
                    f"domain {name!r} shares {len(shared)} categories with the pivot {pivot!r};"
                    " pairs and their negatives want two or more"
                )

    def fit(
        self, context: Context[PixelConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Train generators, discriminators and hash network on all domains."""
        from opensearch.methods.gdmh_pixel.fitting import fit_pixel

        # Files that could not be read may have left too few categories.
        self.check_data(context.config, {data.name: data.categories for data in domains})
        return fit_pixel(context, domains, start.backbone)
