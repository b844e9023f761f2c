"""A query: what to look for, where, and how."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

from opensearch.engine import arguments as must
from opensearch.engine.input_checks import inputs, is_input, one_input
from opensearch.engine.query.parts import Part
from opensearch.engine.ways_in import input_hint, pixels_hint
from opensearch.errors import InvalidInput
from opensearch.model import Input, InputLike
from opensearch.model.inputs import name_of
from opensearch.records import Names, Up

Score: TypeAlias = Literal["hamming", "rescored", "asymmetric"]
SCORES: tuple[Score, ...] = get_args(Score)
Like: TypeAlias = Literal["meaning", "exact"]
LIKES: tuple[Like, ...] = get_args(Like)
Weighted: TypeAlias = "InputLike | tuple[InputLike, float]"
"""An input, alone or with its weight."""


LIGHTEST, HEAVIEST = 1e-30, 1e30
"""Weights lie between these, so that vectors in float32 times them neither overflow nor vanish."""


@dataclass(frozen=True)
class Query:
    """A search: what to look for, where, and how.

    Attributes:
        files: inputs and their weights, 1e-30 to 1e30: paths, bytes, file objects,
            pictures, arrays, meshes, see `opensearch.model`. An .ndjson path may end in `#n`, its
            drawing in line n.
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
            query's real-valued logits against their codes, `hamming` by distance. Where nothing
            that is searched has an embedding, `rescored` is `asymmetric`.
        depth: candidates scored, R; of `hamming` none are.
        max_distance: largest Hamming distance of a hit, inclusive.
        min_score: least score of a hit; what has no score is no hit.
        where: filter expression, see `engine.filters.where`.
        structure: name of a backend, such as `hnsw`, to find candidates by its structure; `exact`
            or `None`: by none. What `where` lets pass is searched exactly.
        parts: what `Engine.part` made of files, words and stored items, with weights of 1e-30 to
            1e30, or of -1e30 to -1e-30; they join the others, and those below 0 move away.
        like: `exact` finds copies of one file or stored item, see `Engine.duplicates`, and nothing
            else; their score is how like they are. Plain copies come before altered ones, the
            most alike first among each.
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

    def __repr__(self) -> str:
        """What is asked for, without what is left at its default; no contents of files."""
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        said = [
            f"{name}={_brief(given[name])}"
            for name, default in _DEFAULTS.items()
            if given[name] not in (default, [])
        ]
        return f"Query({', '.join(said)})"

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
            raise InvalidInput(f"unknown `score` {self.score!r}; known: {', '.join(SCORES)}")
        for given, weight in self.files:
            if not LIGHTEST <= weight <= HEAVIEST:
                called = str(given) if isinstance(given, Path) else name_of(given)
                wanted, hint = f"{LIGHTEST:g} to {HEAVIEST:g}", ""
                if weight <= 0:
                    wanted, hint = "above 0", "; `exclude` moves away from a file"
                raise InvalidInput(f"the weight of {called} must be {wanted}, got {weight}{hint}")


def _brief(value: Any) -> str:
    """A value of a field in few words; of lists the first three."""
    match value:
        case list() | tuple():
            more = ["..."] if len(value) > _SHOWN else []
            said = ", ".join([*map(_brief, value[:_SHOWN]), *more])
            return f"[{said}]" if isinstance(value, list) else f"({said})"
        case Path():
            return repr(str(value))
        case str() | int() | float():
            return repr(value)
    return must.shown(value)


_SHOWN: Final = 3
_DEFAULTS: Final = {each.name: each.default for each in fields(Query)}


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
        if not LIGHTEST <= abs(pair[1]) <= HEAVIEST:
            wanted = f"{LIGHTEST:g} to {HEAVIEST:g}, or -{HEAVIEST:g} to -{LIGHTEST:g}"
            must.refuse("a weight", wanted, pair[1])
    return [(part, float(weight)) for part, weight in pairs]


def _structure(name: str, value: Any) -> str | None:
    """The name of a structure; nothing for `exact`, which is to search without one."""
    return without_exact(must.optional(must.text)(name, value))


def without_exact(structure: str | None) -> str | None:
    """A structure as searches take it; `exact`, the name of all searches by none, is none."""
    return None if structure == "exact" else structure


_CHECKS: dict[str, must.Check] = {
    "files": _weighted_inputs,
    "text": must.optional(must.text),
    "sentence": must.optional(must.place),
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
    "structure": _structure,
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
        wanted = "an input, (input, weight), or a list of them"
        must.refuse("query", wanted, query, input_hint(query))
    if isinstance(query, tuple) and len(query) == 2 and not _may_hold_input(query[1]):
        return [(one_input("query", query[0]), must.number("a weight", query[1]))]
    if any(isinstance(part, list) for part in query):
        wanted = "a flat list of inputs or (input, weight)"
        must.refuse("query", wanted, query, pixels_hint(query))
    return [pair for part in query for pair in weighted(part)]


def queries_(name: str, value: Any) -> list[Query]:
    """A check: several queries."""
    if isinstance(value, Query):
        must.refuse(name, "a list of Query", value, "; for a single one, use `ask`")
    found = must.listed(name, "a list of Query", value)
    return [must.a(Query, "a Query")(f"each of {name}", each) for each in found]


def _may_hold_input(value: Any) -> bool:
    return isinstance(value, list | tuple) or is_input(value)
