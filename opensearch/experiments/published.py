"""Items as the paper of a model's method ranks them, beside the order of an index."""

from __future__ import annotations

from functools import partial

from opensearch.encoders.card import ModelCard, Published
from opensearch.encoders.encoder import Encoder
from opensearch.evaluation import Rank, nearest_views
from opensearch.experiments.embedded import Embed

PUBLISHED = "published"
"""The representation of rows ranked so."""


def published_embed(ranking: Published) -> Embed:
    """What makes codes (n, v, d) of items' features: one a view, or one in all."""
    if ranking.views == "min":
        return Encoder.view_codes
    return lambda encoder, features: encoder.codes(features)[:, None]


def published_rank(ranking: Published) -> Rank:
    """Distances of such codes."""
    return partial(nearest_views, distance=ranking.distance)


def described(card: ModelCard) -> str:
    """What the rows of `PUBLISHED` are, in a line, or why there are none."""
    ranking = card.published
    if ranking is None:
        return (
            f"no rows {PUBLISHED}: method {card.method} ranks as an index does, by cosines of one"
            " embedding an item"
        )
    which = "their nearest views" if ranking.views == "min" else "items, their views pooled"
    return (
        f"{PUBLISHED}: ranked as in the paper of method {card.method}, by {ranking.distance}"
        f" distance between codes of {which}; an index ranks as in the rows above"
    )
