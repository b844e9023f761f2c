"""The point of the semantic space that a query stands for."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.opener import Opened
from opensearch.engine.query.as_stored import Embed
from opensearch.engine.query.parts import Part, file_part, stored_part
from opensearch.engine.query.query import Query
from opensearch.engine.query.sentences import text_points
from opensearch.engine.query.understood import WORDS, TakenAs, Understood, understood_text
from opensearch.errors import InvalidInput
from opensearch.model import Input, Model
from opensearch.semantic import unit
from opensearch.store import Store

AGAINST = 0.5
"""Weight of the mean of the negatives against the positives: they turn, never dominate."""


def _none() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass
class Point:
    """A query on the sphere.

    Attributes:
        vector: (d,) unit.
        source: its domain if it is one file or stored item, by which it is hashed.
        sources: domains of the parts that it is made of, `None` for words.
        own_ids: stored items that it is made of.
        notes: remarks for the user.
        opened: the inputs as their encoders saw them, `files` first, then `exclude`.
        understood: how the query was read.
        wanted: (w, d) unit, before it was turned: a word each of what is text alone, else one.
        left_out: (x, d) unit, one a word that its text leaves out.
        taken: what its files were taken for.
        each: (w, d) unit, turned, of a text of several words: each is searched for; else none.
    """

    vector: NDArray[np.float32]
    source: str | None
    sources: list[str | None] = field(default_factory=list)
    own_ids: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    opened: list[Opened] = field(default_factory=list)
    understood: Understood = field(default_factory=Understood)
    wanted: NDArray[np.float32] = field(default_factory=_none)
    left_out: NDArray[np.float32] = field(default_factory=_none)
    each: NDArray[np.float32] = field(default_factory=_none)
    taken: list[TakenAs] = field(default_factory=list)


def locate(query: Query, model: Model, store: Store, embed: Embed) -> Point:
    """The point a query stands for: the weighted mean of its parts, away from the excluded.

    Args:
        query: what is asked.
        model: what reads its words.
        store: what holds the items it is made of.
        embed: gives its files, as `Model.embed_one` does.

    Raises:
        InvalidInput: a key is unknown, or the parts cancel out.
        UnreadableFile: a file cannot be read.
    """
    point = Point(np.zeros(model.bundle.card.dim, np.float32), None)
    total = point.vector.astype(np.float64)
    for given, weight in query.files:
        total += weight * _embed(given, query, embed, point)
        point.sources.append(point.opened[-1].domain)
    for key in query.keys:
        total += _stored(key, store, point)
    against = [_embed(given, query, embed, point) for given in query.exclude]
    if query.text:
        total += _words(query.text, query.sentence, model, point, against)
        if point.understood.words:
            point.sources.append(None)
    if not (query.files or query.keys or query.parts or point.understood.words):
        left_out = " and ".join(point.understood.excluded)
        raise InvalidInput(
            f"{query.text!r} only says what to leave out ({left_out}); say what to look for, too,"
            f" as in 'animal -dog', or add a file"
        )
    towards = [(part, weight) for part, weight in query.parts if weight > 0]
    total += sum(weight * _ready(part, point) for part, weight in towards)
    point.sources += [part.domain for part, _ in towards]
    against += [-weight * _ready(part, point) for part, weight in query.parts if weight < 0]
    by_words = not (query.files or query.keys or towards)
    if by_words and 1 < len(point.wanted) <= WORDS:
        point.each = np.stack([_turned(word, against, 1) for word in point.wanted])
        point.vector = point.each[0]
    else:
        point.vector = _turned(total, against, _weight(query))
        point.wanted = point.wanted if by_words else unit(total)[None]
    point.understood.files = point.taken
    point.source = _lone_source(query, point)
    return point


def _lone_source(query: Query, point: Point) -> str | None:
    """The domain of the one file, item or ready part that is all of a query."""
    several = len(query.files) + len(query.keys) + len(query.parts) > 1
    return None if several or query.text or query.exclude else point.sources[0]


def _weight(query: Query) -> float:
    """Of all that a query moves towards."""
    weights = [weight for _, weight in [*query.files, *query.parts] if weight > 0]
    return sum(weights) + len(query.keys) + bool(query.text)


def _turned(
    total: NDArray[np.floating], against: list[NDArray[np.float32]], weight: float
) -> NDArray[np.float32]:
    """The direction of a sum, away from some points; `weight` is that of all it was made of."""
    _check_left(total, weight)
    if against:
        total = unit(total) - AGAINST * np.mean(against, axis=0)
        _check_left(total, 1)
    return unit(total)


def _check_left(total: NDArray[np.floating], weight: float) -> None:
    length = np.linalg.norm(total.astype(np.float64))  # squares of great weights pass float32
    if length < 1e-6 * weight:
        raise InvalidInput("the parts of the query cancel out; change a weight or drop one")


def _embed(given: Input, query: Query, embed: Embed, point: Point) -> NDArray[np.float32]:
    return _ready(file_part(embed, given, query.source, query.up), point)


def _stored(key: str, store: Store, point: Point) -> NDArray[np.float32]:
    part = stored_part(store, key)
    point.sources.append(part.domain)
    return _ready(part, point)


def _ready(part: Part, point: Point) -> NDArray[np.float32]:
    if part.opened is not None:
        point.opened.append(part.opened)
    if part.item is not None:
        point.own_ids.append(part.item.id)
    if part.taken is not None:
        point.taken.append(part.taken)
    point.notes.extend(part.notes)
    if part.vector.shape != point.vector.shape:
        raise InvalidInput(
            f"a part has a vector of {len(part.vector)} numbers and the model's space has"
            f" {len(point.vector)}; parts are made by the `Engine.part` of the index that is asked"
        )
    return part.vector


def _words(
    text: str,
    sentence: str | None,
    model: Model,
    point: Point,
    against: list[NDArray[np.float32]],
) -> NDArray[np.float32]:
    """The point of a text, zero when it only says what to leave out, which joins `against`."""
    found = text_points(model.space, text, sentence)
    understood = point.understood = understood_text(found.phrase, model.space.vocabulary.offers)
    point.wanted, point.left_out = model.asked(found.points), model.asked(found.against)
    both = [word for word in understood.words if word in understood.excluded]
    if both:
        raise InvalidInput(
            f"{text!r} both asks for {both[0]} and leaves it out; drop one of the two"
        )
    against.extend(point.left_out)
    point.notes.extend(understood.remarks())
    if not len(point.wanted):
        return np.zeros(model.space.dim, np.float32)
    return unit(point.wanted.mean(axis=0))
