"""Models ranked by Euclidean distance whose outputs are counted from the middle of all domains."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from torch import Tensor

from opensearch.config import TrainConfig
from opensearch.encoders.card import Published
from opensearch.training.assemble import FittedModel
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain
from opensearch.training.heads import common_centre
from opensearch.training.learnt_space import space_of_means

EUCLIDEAN = Published(distance="euclidean")


def centred_model(
    context: Context[TrainConfig],
    domains: Sequence[DomainData],
    points: Sequence[Tensor],
    encoder: Callable[[int, Tensor], FittedDomain],
) -> FittedModel:
    """The model of trained networks; a category's prototype is its items' mean.

    Args:
        points: of each domain, what its network gives for its items, (n, d).
        encoder: of the domain in that place, its outputs counted from a centre (d,).
    """
    centre = common_centre(points)
    fitted = {data.name: encoder(place, centre) for place, data in enumerate(domains)}
    return FittedModel(fitted, space=space_of_means(context, domains, fitted), published=EUCLIDEAN)
