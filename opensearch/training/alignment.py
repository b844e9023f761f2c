"""The maps that bring domains together, learnt on the embeddings of training items."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opensearch.config import TrainConfig
from opensearch.encoders.alignment import MAP, fit_maps, stored
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, embed_domain, even_sample


def with_alignment(
    context: Context[TrainConfig],
    domains: Sequence[DomainData],
    fitted: Mapping[str, FittedDomain],
) -> dict[str, FittedDomain]:
    """The encoders with the tensor of `encoders.alignment`, if the settings want it.

    Of a domain that shares no category with another nothing can be learnt: it stays as it is, and
    the user is told.
    """
    found = dict(fitted)
    freedom = context.config.alignment.freedom
    if not freedom:
        return found
    rows, names, labels = [], [], []
    place = {name: row for row, name in enumerate(context.categories)}
    for data in domains:
        some = even_sample(len(data.rows), context.config.hash.items)
        rows.append(embed_domain(context, data, found[data.name], some))
        names += [data.name] * len(some)
        labels += [place.get(data.categories[i], -1) for i in some]
    maps = fit_maps(np.concatenate(rows), np.array(names), np.array(labels), freedom)
    if alone := sorted(set(found) - set(maps)):
        context.note(
            f"alignment is left out of {', '.join(alone)}: no category of it is in another domain"
        )
    return {
        name: replace(one, projector={**one.projector, MAP: stored(maps[name])})
        if name in maps
        else one
        for name, one in found.items()
    }


def with_inherited_alignment(
    fitted: FittedDomain, others: Sequence[Mapping[str, NDArray[np.generic]]]
) -> FittedDomain:
    """The encoder of a domain that is added to a model, with the mean of the others' maps.

    Where its categories lie in other domains is not known then; what all maps have in common is
    most of what each gives.

    Args:
        others: the tensors of the model's encoders.
    """
    maps = [tensors[MAP].astype(np.float64) for tensors in others if MAP in tensors]
    if not maps:
        return fitted
    mean = stored(np.mean(maps, axis=0))
    return replace(fitted, projector={**fitted.projector, MAP: mean})
