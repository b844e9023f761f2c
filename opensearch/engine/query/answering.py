"""From a query to its answer, of one moment of an index."""

from __future__ import annotations

from functools import partial

from opensearch.engine.lifecycle.generations import Generations
from opensearch.engine.query.alike import copies_of
from opensearch.engine.query.answers import Answer, concluded
from opensearch.engine.query.as_stored import Embed, as_stored
from opensearch.engine.query.each_word import answer_each
from opensearch.engine.query.point import locate
from opensearch.engine.query.query import Query
from opensearch.engine.query.ranking import answer_from
from opensearch.model import Model


def answer(
    query: Query, generations: Generations, model: Model, embed: Embed | None = None
) -> Answer:
    """Answer a query from one snapshot of an index; the model embeds its files unless `embed` does.

    Raises:
        InvalidInput: a key or a target domain that the index does not hold, or parts that cancel
            out.
        UnreadableFile: an input cannot be read.
    """
    now = generations.current()
    with now.store.snapshot():  # stored items that are asked by are those that are ranked
        if query.like == "exact":
            hits, notes, opened = copies_of(query, now, model)
            return Answer(hits, notes, opened=opened, score_kind="likeness")
        known = as_stored(embed or model.embed_one, now.store, model.limits)
        point = locate(query, model, now.store, known)
        if now.store.unlocked:
            path = generations.folder.path
            point.notes.append(f"{path} is read-only: what another process adds may be missed")
        found = answer_each(point, query, now.store, partial(answer_from, now, model))
        if not any(now.store.meta().counts.values()):
            found.notes.append("the index holds no items yet")
    return concluded(found, query)
