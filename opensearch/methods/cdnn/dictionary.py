"""Features `scspm` for the networks: the words are learnt from all domains' views, then kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.card import BackboneCard
from opensearch.encoders.names import SCSPM
from opensearch.encoders.scspm import WIDTH, Scspm, descriptors
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import InvalidInput
from opensearch.methods.cdnn.settings import CdnnConfig, ScspmSettings
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.features import rows_of_views
from opensearch.training.view_pooling import pooled_before
from opensearch.training.words import learn_words

_PER_VIEW = 50
"""Most descriptors of one view that words are learnt from."""


def on_scspm(context: Context[CdnnConfig], domains: Sequence[DomainData]) -> list[DomainData]:
    """The domains with features by a dictionary learnt from their views, which the model keeps.

    Args:
        domains: with views as rows.

    Raises:
        InvalidInput: the views hold fewer descriptors than the dictionary has words.
    """
    settings, levels = context.config.cdnn.scspm, context.config.cdnn.pyramid
    tensors: dict[str, NDArray[np.generic]] = {
        "words": _words(context, domains),
        "levels": np.array(levels, np.int32),
        "patch": np.array(settings.patch, np.int32),
        "step": np.array(settings.step, np.int32),
        "nearest": np.array(settings.nearest, np.int32),
    }
    file = save_tensors(context.out, "words", tensors)
    card = BackboneCard(name=f"{SCSPM}:{'x'.join(map(str, levels))}", tensors=file)
    features = Scspm(tensors).features
    made = []
    for data in domains:
        recipe = f"{SCSPM}|{file}|{data.views}|{data.reader.model_dump_json()}"
        rows = rows_of_views(
            data.rows, features, recipe, context.cache, context.progress, data.name
        )
        made.append(pooled_before(context, replace(data, start=card, rows=rows)))
    return made


def _words(context: Context[CdnnConfig], domains: Sequence[DomainData]) -> NDArray[np.float32]:
    """The dictionary (k, 128), of as many descriptors from each domain."""
    settings, rng = context.config.cdnn.scspm, np.random.default_rng([context.config.seed, 7])
    share = settings.descriptors // len(domains)
    rows = np.concatenate([_some(data, share, settings, rng) for data in domains])
    if len(rows) < settings.words:
        raise InvalidInput(
            f"cdnn.scspm.words is {settings.words}, and the views hold {len(rows)} patches to learn"
            " them from; give fewer words, or more files"
        )
    return learn_words(rows, settings.words, context.config.seed)


def _some(
    data: DomainData, count: int, settings: ScspmSettings, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Descriptors (n, 128), about `count`, of views of a domain in an order by chance."""
    parts, total = [np.zeros((0, WIDTH), np.float32)], 0
    for place in rng.permutation(len(data.rows) * data.views):
        if total >= count:
            break
        item, view = divmod(int(place), data.views)
        rows, _ = descriptors(data.rows.row(item)[view], settings.patch, settings.step)
        parts.append(rows[rng.permutation(len(rows))[:_PER_VIEW]])
        total += len(parts[-1])
    return np.concatenate(parts)
