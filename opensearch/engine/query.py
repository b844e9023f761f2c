"""What a user asks for, and the point of the semantic space that it stands for."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.files import printable
from opensearch.domains.layout import split_part
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput, StoreError
from opensearch.model import Model
from opensearch.records import Up
from opensearch.semantic import unit
from opensearch.store import Store

Score: TypeAlias = Literal["hamming", "rescored", "asymmetric"]
SCORES: tuple[Score, ...] = get_args(Score)
FileLike: TypeAlias = str | Path | tuple[str | Path, float]
AGAINST = 0.5
"""Weight of the mean of the negatives against the positives: they turn, never dominate."""


@dataclass(frozen=True)
class Query:
    """A search: what to look for, where, and how.

    Attributes:
        files: paths and weights; an .ndjson path may end in `#n`, its drawing in line n.
        text: words that join the files, with weight 1.
        keys: stored items that join them, with weight 1; they are no hits of themselves.
        exclude: files to move away from.
        source: domain of the files; told from each file when `None`.
        up: which axis is up in meshes among the files; told by their format when `None`.
        targets: domains searched; all that the index holds when empty.
        k: hits wanted.
        refine: move the query towards its neighbour in each target domain, then search again.
        score: `rescored` orders candidates by the cosine of embeddings, `asymmetric` by the
            query's real-valued logits against their codes, `hamming` by distance.
        depth: candidates scored, R; of `hamming` none are.
        max_distance: largest Hamming distance of a hit, inclusive.
        where: filter expression, see `engine.where`.
        structure: name of a backend, such as `hnsw`, to find candidates by its structure; exact
            when `None`. What `where` lets pass is searched exactly.
    """

    files: Sequence[tuple[Path, float]] = ()
    text: str | None = None
    keys: Sequence[str] = ()
    exclude: Sequence[Path] = ()
    source: str | None = None
    up: Up | None = None
    targets: Sequence[str] = ()
    k: int = 10
    refine: bool = True
    score: Score = "rescored"
    depth: int = 1000
    max_distance: int | None = None
    where: str | None = None
    structure: str | None = None

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            object.__setattr__(self, name, check(name, getattr(self, name)))
        if not (self.files or self.text or self.keys):
            raise InvalidInput("a query needs a file, --text WORDS or --id KEY; got none of them")
        if self.score not in SCORES:
            raise InvalidInput(f"unknown score {self.score!r}; known: {', '.join(SCORES)}")
        for path, weight in self.files:
            if weight <= 0:
                raise InvalidInput(
                    f"the weight of {path} must be above 0, got {weight}; use exclude (--not) to"
                    " move away from a file"
                )


def _weighted_paths(name: str, value: Any) -> list[tuple[Path, float]]:
    """Paths and their weights."""
    pairs = must.a(list | tuple, "a list of (path, weight)")(name, value)  # type: ignore[arg-type]
    for pair in pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            must.refuse(f"each of {name}", "a pair (path, weight)", pair)
    return [(must.path("a file", path), must.number("a weight", weight)) for path, weight in pairs]


_CHECKS: dict[str, must.Check] = {
    "files": _weighted_paths,
    "text": must.optional(must.text),
    "keys": must.texts,
    "exclude": must.paths,
    "source": must.optional(must.text),
    "up": must.optional(must.axis),
    "targets": must.texts,
    "k": must.whole(1),
    "refine": must.flag,
    "score": must.text,
    "depth": must.whole(1),
    "max_distance": must.optional(must.whole(0)),
    "where": must.optional(must.text),
    "structure": must.optional(must.text),
}


def weighted(query: FileLike | Sequence[FileLike]) -> list[tuple[Path, float]]:
    """One file, one (file, weight), or a list of either, as paths and weights.

    Raises:
        InvalidInput: anything else.
    """
    if isinstance(query, str | os.PathLike):
        return [(must.path("query", query), 1.0)]
    if isinstance(query, tuple) and len(query) == 2 and not isinstance(query[1], _FILES):
        return [(must.path("query", query[0]), must.number("a weight", query[1]))]
    if not isinstance(query, list | tuple):
        must.refuse("query", "a file, (file, weight), or a list of them", query)
    if any(isinstance(part, list) for part in query):
        must.refuse("query", "a flat list of files or (file, weight)", query)
    return [pair for part in query for pair in weighted(part)]


_FILES = (str, os.PathLike, tuple, list)


@dataclass
class Point:
    """A query on the sphere: `vector` (d,) unit, its domain if it has just one, remarks."""

    vector: NDArray[np.float32]
    source: str | None
    own_ids: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def locate(query: Query, model: Model, store: Store) -> Point:
    """The point a query stands for: the weighted mean of its parts, away from the excluded.

    Raises:
        InvalidInput: a key is unknown, or the parts cancel out.
        UnreadableFile: a file cannot be read.
    """
    point = Point(np.zeros(model.bundle.card.dim, np.float32), None)
    domains = []
    total = point.vector.astype(np.float64)
    for path, weight in query.files:
        domain, vector = _embed_file(path, query, model, point)
        domains.append(domain)
        total += weight * vector
    for key in query.keys:
        total += _stored(key, store, point)
    if query.text:
        total += _words(query.text, model, point)
    if query.exclude:
        against = [_embed_file(path, query, model, point)[1] for path in query.exclude]
        total = unit(total) - AGAINST * np.mean(against, axis=0)
    if np.linalg.norm(total) < 1e-6:
        raise InvalidInput("the parts of the query cancel out; change a weight or drop one")
    point.vector = unit(total)
    lone = len(domains) == 1 and not (query.keys or query.text or query.exclude)
    point.source = domains[0] if lone else None
    return point


def check_query_file(file: Path) -> None:
    """Refuse what is no file, or cannot be looked at.

    Raises:
        InvalidInput: with the reason.
    """
    name = printable(file)
    try:
        if not stat.S_ISREG(os.stat(file).st_mode):
            raise InvalidInput(f"query {name} is not a file")
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidInput(f"query {name} is not a file: there is none of this name") from None
    except OSError as error:
        raise InvalidInput(f"query {name} cannot be opened: {error.strerror}") from error


def _embed_file(
    path: Path, query: Query, model: Model, point: Point
) -> tuple[str, NDArray[np.float32]]:
    name, part = split_part(str(path))
    file = Path(name)
    check_query_file(file)
    opened, vector = model.embed_file(file, part, query.source, query.up)
    if not opened.sure:
        point.notes.append(f"guessed that {file.name} is a {opened.domain}; --from DOMAIN says it")
    return opened.domain, vector


def _stored(key: str, store: Store, point: Point) -> NDArray[np.float32]:
    item = store.by_key(key)
    if item is None:
        raise InvalidInput(f"the index has no item {key!r}; keys are shown by `query --json`")
    rows, present = store.embeddings([item.id])
    if not present[0]:
        raise StoreError(f"item {key!r} was added as a ready code, without an embedding to ask by")
    point.own_ids.append(item.id)
    vector: NDArray[np.float32] = unit(rows)[0]
    return vector


def _words(text: str, model: Model, point: Point) -> NDArray[np.float32]:
    found = model.space.text(text)
    if found.unknown:
        point.notes.append(
            f"no vector for {', '.join(found.unknown)}; searched for {', '.join(found.known)}"
        )
    return found.vector
