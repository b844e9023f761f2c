"""A query, and the point of the semantic space that it stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening import Opened
from opensearch.engine import arguments as must
from opensearch.engine.input_checks import inputs, is_input, one_input
from opensearch.engine.query.parts import Embed, Part, file_part, stored_part
from opensearch.engine.query.sentences import text_points
from opensearch.engine.query.understood import TakenAs, Understood, understood_text
from opensearch.errors import InvalidInput
from opensearch.model import Input, InputLike, Model
from opensearch.model.inputs import name_of
from opensearch.records import Names, Up
from opensearch.semantic import unit
from opensearch.store import Store

Score: TypeAlias = Literal["hamming", "rescored", "asymmetric"]
SCORES: tuple[Score, ...] = get_args(Score)
Like: TypeAlias = Literal["meaning", "exact"]
LIKES: tuple[Like, ...] = get_args(Like)
Weighted: TypeAlias = "InputLike | tuple[InputLike, float]"
"""An input, alone or with its weight."""
AGAINST = 0.5
"""Weight of the mean of the negatives against the positives: they turn, never dominate."""


WORDS = 8
"""Words that are searched for each by itself at most; more are searched for by their mean."""


@dataclass(frozen=True)
class Query:
    """A search: what to look for, where, and how.

    Attributes:
        files: inputs and their weights: paths, bytes, file objects, pictures, arrays, meshes, see
            `opensearch.model`. An .ndjson path may end in `#n`, its drawing in line n.
        text: words that join the files, with weight 1.
        sentence: a sentence model, by its folder or name, that is asked for words of the text
            that are not listed, in its languages; see `semantic.any_text`.
        keys: stored items that join them, with weight 1; they are no hits of themselves.
        exclude: inputs to move away from.
        source: domain of the files; told from each file when `None`.
        up: which axis is up in meshes among the files; told by their format when `None`.
        targets: domains searched; all that the index holds when empty.
        k: hits wanted.
        refine: move the query towards its neighbour in each target domain, then search again:
            that orders the hits of a domain anew and changes no score. `None`: where the model's
            calibration found that it helps, and in all where there is none.
        score: `rescored` orders candidates by the cosine of embeddings, `asymmetric` by the
            query's real-valued logits against their codes, `hamming` by distance.
        depth: candidates scored, R; of `hamming` none are.
        max_distance: largest Hamming distance of a hit, inclusive.
        min_score: least score of a hit; what has no score is no hit.
        where: filter expression, see `engine.where`.
        structure: name of a backend, such as `hnsw`, to find candidates by its structure; exact
            when `None`. What `where` lets pass is searched exactly.
        parts: what `Engine.part` made of files, words and stored items, with weights; they join
            the others, and one of a weight below 0 moves away.
        like: `exact` finds copies of one file or stored item, see `Engine.duplicates`, and nothing
            else; their score is how like they are.
        compared: of copies, the most items that are compared: those whose codes are nearest. All
            when `None`: a hundred thousand take up to ten seconds.
    """

    files: Sequence[tuple[Input, float]] = ()
    text: str | None = None
    sentence: str | None = None
    keys: Names = ()
    exclude: Sequence[Input] = ()
    source: str | None = None
    up: Up | None = None
    targets: Names = ()
    k: int = 10
    refine: bool | None = None
    score: Score = "rescored"
    depth: int = 1000
    max_distance: int | None = None
    min_score: float | None = None
    where: str | None = None
    structure: str | None = None
    parts: Sequence[tuple[Part, float]] = ()
    like: Like = "meaning"
    compared: int | None = None

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        towards = any(weight > 0 for _, weight in self.parts)
        if not (self.files or self.text or self.keys or towards):
            raise InvalidInput(
                "a query needs a file, words (`text`) or the key of a stored item (`keys`);"
                " got none of them"
            )
        if self.like not in LIKES:
            raise InvalidInput(f"unknown `like` {self.like!r}; known: {', '.join(LIKES)}")
        if self.score not in SCORES:
            raise InvalidInput(f"unknown score {self.score!r}; known: {', '.join(SCORES)}")
        for given, weight in self.files:
            if weight <= 0:
                called = str(given) if isinstance(given, Path) else name_of(given)
                raise InvalidInput(
                    f"the weight of {called} must be above 0, got {weight}; `exclude` moves away"
                    " from a file"
                )


def _weighted_inputs(name: str, value: Any) -> list[tuple[Input, float]]:
    """Inputs and their weights."""
    pairs = must.a(list | tuple, "a list of (input, weight)")(name, value)  # type: ignore[arg-type]
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            must.refuse(f"each of {name}", "a pair (input, weight)", pair)
    return [(one_input("a file", each), must.number("a weight", weight)) for each, weight in pairs]


def _weighted_parts(name: str, value: Any) -> list[tuple[Part, float]]:
    """Ready parts and their weights, none of them 0."""
    pairs = must.a(list | tuple, "a list of (part, weight)")(name, value)  # type: ignore[arg-type]
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], Part):
            must.refuse(f"each of {name}", "a pair (part, weight)", pair)
        if must.number("a weight", pair[1]) == 0:
            must.refuse("a weight", "a number other than 0", pair[1])
    return [(part, float(weight)) for part, weight in pairs]


_CHECKS: dict[str, must.Check] = {
    "files": _weighted_inputs,
    "text": must.optional(must.text),
    "sentence": must.optional(must.text),
    "keys": must.texts,
    "exclude": inputs,
    "source": must.optional(must.text),
    "up": must.optional(must.axis),
    "targets": must.texts,
    "k": must.whole(1),
    "refine": must.optional(must.flag),
    "score": must.text,
    "depth": must.whole(1),
    "max_distance": must.optional(must.whole(0)),
    "min_score": must.optional(must.number),
    "where": must.optional(must.text),
    "structure": must.optional(must.text),
    "parts": _weighted_parts,
    "like": must.text,
    "compared": must.optional(must.whole(1)),
}


def weighted(query: Weighted | Sequence[Weighted]) -> list[tuple[Input, float]]:
    """One input, one (input, weight), or a list of either, as inputs and weights.

    Raises:
        InvalidInput: anything else.
    """
    if is_input(query):
        return [(one_input("query", query), 1.0)]
    if not isinstance(query, list | tuple):
        must.refuse("query", "an input, (input, weight), or a list of them", query)
    if isinstance(query, tuple) and len(query) == 2 and not _may_hold_input(query[1]):
        return [(one_input("query", query[0]), must.number("a weight", query[1]))]
    if any(isinstance(part, list) for part in query):
        must.refuse("query", "a flat list of inputs or (input, weight)", query)
    return [pair for part in query for pair in weighted(part)]


def _may_hold_input(value: Any) -> bool:
    return isinstance(value, list | tuple) or is_input(value)


def _none() -> NDArray[np.float32]:
    return np.zeros((0, 0), np.float32)


@dataclass
class Point:
    """A query on the sphere.

    Attributes:
        vector: (d,) unit.
        source: its domain if it is one file.
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
        point.each = np.stack([_turned(word, against) for word in point.wanted])
        point.vector = point.each[0]
    else:
        point.vector = _turned(total, against)
        point.wanted = point.wanted if by_words else unit(total)[None]
    point.understood.files = point.taken
    point.source = _lone_source(query, point)
    return point


def _lone_source(query: Query, point: Point) -> str | None:
    """The domain of the one file or ready file that is all of a query."""
    several = len(query.files) + len(query.parts) > 1
    others = query.keys or query.text or query.exclude
    return None if several or others or not point.opened else point.opened[0].domain


def _turned(total: NDArray[np.floating], against: list[NDArray[np.float32]]) -> NDArray[np.float32]:
    """The direction of a sum, away from some points."""
    if against and np.linalg.norm(total) > 0:
        total = unit(total) - AGAINST * np.mean(against, axis=0)
    if np.linalg.norm(total) < 1e-6:
        raise InvalidInput("the parts of the query cancel out; change a weight or drop one")
    return unit(total)


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
        raise InvalidInput(f"{text!r} asks for {both[0]} and leaves it out; drop one of the two")
    against.extend(point.left_out)
    point.notes.extend(understood.remarks())
    if not len(point.wanted):
        return np.zeros(model.space.dim, np.float32)
    return unit(point.wanted.mean(axis=0))
