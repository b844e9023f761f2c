"""The demo: index the shipped collection, search it, and count the right hits."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput, system_reason
from opensearch.experiments.demo_collection import unpack_demo
from opensearch.experiments.trained import trained_on
from opensearch.pages import write_page
from opensearch.progress import Progress, quiet
from opensearch.records import Hit, Source

K: Final = 5
DIRECTIONS: Final = (("sketch", "photo"), ("photo", "shape"), ("shape", "sketch"))


@dataclass(frozen=True)
class Precision:
    """P@K over `queries` of one kind, and what a random order would reach."""

    value: float
    chance: float
    queries: int


@dataclass(frozen=True)
class Search:
    """One kind of search.

    Attributes:
        title: what is searched from what.
        query: the one that is asked and shown: a key, or a word; of all with a category
            never trained on, the one of middling success.
        category: that category.
        hits: its K best.
        page: the same with pictures.
        unseen: precision over every query of a category never trained on.
        seen: over those of the categories trained on. Either is `None` without a query.
    """

    title: str
    query: str
    category: str
    hits: list[Hit]
    page: Path
    unseen: Precision | None
    seen: Precision | None


@dataclass(frozen=True)
class Outcome:
    """What the demo did: categories, files indexed, seconds a step, searches.

    Attributes:
        unseen: categories of the collection that the model was never trained on.
        seen: those that it was.
    """

    unseen: list[str]
    seen: list[str]
    indexed: int
    seconds: dict[str, float]
    searches: list[Search]


@dataclass(frozen=True)
class _Asked:
    """A query of a known category and its hits."""

    query: Query
    category: str
    hits: list[Hit]

    @property
    def right(self) -> int:
        return sum(hit.category == self.category for hit in self.hits)


def run_demo(
    folder: Path,
    model: Path,
    progress: Progress = quiet,
) -> Outcome:
    """Make `collection`, `index` and `pages` in a folder.

    Args:
        folder: new or empty.
        model: a bundle with the domains sketch, photo and shape.
        progress: called with the step's name, steps done, steps in all.

    Raises:
        InvalidInput: the folder holds something or cannot be made, or the model lacks a domain.
        UnknownWord: the model has no vector for a category of the collection.
        BundleError: `model` is no model.
    """
    _check_domains(model)
    _check_empty(folder)
    seconds: dict[str, float] = {}
    with _clock(seconds, "unpacking"):
        unpack_demo(folder / "collection")
        sources = read_collection(folder / "collection")
    names = sorted({source.category or "" for source in sources})
    with Engine.create(folder / "index", model) as engine:
        trained = frozenset(trained_on(engine.model, names))
        with _clock(seconds, "indexing"):
            engine.add(
                folder / "collection",
                progress=lambda done, total: progress("indexing", done, total),
                strict=True,
            )
        with _clock(seconds, "searching"):
            pages = folder / "pages"
            pages.mkdir()
            searches = list(_searches(engine, sources, trained, pages, progress))
    unseen = [name for name in names if name not in trained]
    return Outcome(unseen, sorted(trained), len(sources), seconds, searches)


def _check_domains(model: Path) -> None:
    bundle = Bundle.open(model)
    wanted = {domain for direction in DIRECTIONS for domain in direction}
    if missing := sorted(wanted - set(bundle.domains)):
        raise InvalidInput(
            f"the demo searches {', '.join(sorted(wanted))}; model {model} has no"
            f" {', '.join(missing)}. Name another with `model`, or leave it out for the shipped one"
        )


def _check_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        full = any(folder.iterdir())
    except OSError as error:
        raise InvalidInput(
            f"folder {folder} cannot be used: {system_reason(error)}; name another by `folder`"
        ) from error
    if full:
        raise InvalidInput(
            f"the demo wants a new or empty folder; {folder} holds files already; name another"
            " by `folder`"
        )


def _searches(
    engine: Engine,
    sources: Sequence[Source],
    trained: frozenset[str],
    pages: Path,
    progress: Progress,
) -> Iterator[Search]:
    """A search for each direction from every file of its source, and one from every word."""
    kinds = dict(_queries(sources))
    total, done = sum(len(queries) for queries in kinds.values()), 0
    for title, queries in kinds.items():
        found = []
        for category, query in queries:
            found.append(_Asked(query, category, engine.ask(query).hits))
            done += 1
            progress("searching", done, total)
        yield _summed(engine, title, found, sources, trained, pages)


def _queries(sources: Sequence[Source]) -> Iterator[tuple[str, list[tuple[str, Query]]]]:
    """Titles with queries, each beside its category; files are asked by their stored items."""
    for source, target in DIRECTIONS:
        yield (
            f"{source} to {target}",
            [
                (s.category or "", Query(keys=[s.key], targets=[target], k=K))
                for s in sources
                if s.domain == source
            ],
        )
    words = sorted({s.category or "" for s in sources})
    yield "word to anything", [(word, Query(text=word, k=K)) for word in words]


def _summed(
    engine: Engine,
    title: str,
    found: Sequence[_Asked],
    sources: Sequence[Source],
    trained: frozenset[str],
    pages: Path,
) -> Search:
    """One kind of search, shown by the query of median success."""
    new = [asked for asked in found if asked.category not in trained]
    old = [asked for asked in found if asked.category in trained]
    ordered = sorted(new or old, key=lambda asked: asked.right)
    shown = ordered[len(ordered) // 2]
    query = _by_file(shown.query, sources)
    answer = engine.ask(query)
    page = pages / f"{title.replace(' ', '-')}.html"
    write_page(page, engine, query, answer)
    targets = shown.query.targets
    searched = [s for s in sources if not targets or s.domain in targets]
    name = shown.query.text or shown.query.keys[0]
    unseen, seen = _precision(new, searched), _precision(old, searched)
    return Search(title, name, shown.category, answer.hits, page, unseen, seen)


def _by_file(query: Query, sources: Sequence[Source]) -> Query:
    """The query as a user would ask it: by the file itself in place of its stored item."""
    files = [s for s in sources if s.key in query.keys]
    if not files:
        return query
    return replace(query, keys=(), files=[(files[0].path, 1.0)], source=files[0].domain)


def _precision(found: Sequence[_Asked], searched: Sequence[Source]) -> Precision | None:
    """Means over queries: right hits of K, and relevant items of all searched."""
    if not found:
        return None
    right = [asked.right / K for asked in found]
    held = [sum(s.category == asked.category for s in searched) for asked in found]
    return Precision(float(np.mean(right)), float(np.mean(held)) / len(searched), len(found))


@contextmanager
def _clock(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[step] = time.monotonic() - start
