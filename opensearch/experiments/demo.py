"""The whole way on a toy collection: make it, train, index, search, and count what is right."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from opensearch.config import TrainConfig, load_train_config
from opensearch.domains import read_collection
from opensearch.engine import Engine, Query
from opensearch.engine.page import write_page
from opensearch.errors import InvalidInput
from opensearch.experiments.toys import TRAIN, UNSEEN, make_toys
from opensearch.records import Hit, Source
from opensearch.training import Training, train

K: Final = 5
DIRECTIONS: Final = (("sketch", "photo"), ("photo", "shape"), ("shape", "sketch"))

Progress = Callable[[str, int, int], None]


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
        query: key of the file, or the words, of the search that is shown: of all with a
            category never trained on, the one of middling success.
        category: that category.
        hits: its K best.
        unseen: precision over every query of a category never trained on.
        seen: over new files of the categories trained on; `None` for words.
    """

    title: str
    query: str
    category: str
    hits: list[Hit]
    unseen: Precision
    seen: Precision | None = None


@dataclass(frozen=True)
class Outcome:
    """What the demo did: files made, trained on and indexed, seconds a step, searches."""

    files: int
    trained: int
    indexed: int
    seconds: dict[str, float]
    searches: list[Search]


def run_demo(
    folder: Path, seed: int = 0, progress: Progress = lambda what, done, total: None
) -> Outcome:
    """Make `collection`, `model`, `gallery`, `index` and `pages` in a folder.

    The gallery holds what was not trained on: new files of the trained categories, and all
    files of those in `UNSEEN`.

    Args:
        folder: new or empty.
        seed: of the collection and of training.
        progress: called with the step's name, steps done, steps in all.

    Raises:
        InvalidInput: the folder holds something, or cannot be made.
    """
    _check_empty(folder)
    seconds: dict[str, float] = {}
    with _clock(seconds, "making files"):
        collection = folder / "collection"
        make_toys(collection, seed, lambda d, n: progress("making files", d, n), TRAIN)
        sources = read_collection(collection)
    with _clock(seconds, "training"), _one_thread():
        config = _config(collection, seed)
        train(Training(config, [collection], folder / "model", cache=folder / "cache"), progress)
        shutil.rmtree(folder / "cache")
    with Engine.create(folder / "index", folder / "model") as engine:
        with _clock(seconds, "indexing"):
            gallery = _gallery(sources, folder / "gallery")
            engine.add(
                folder / "gallery", progress=lambda d, n: progress("indexing", d, n), strict=True
            )
        with _clock(seconds, "searching"):
            searches = [*_by_file(engine, gallery, progress), _by_words(engine, gallery)]
        _write_pages(engine, folder, searches)
    trained = len(sources) - len(gallery)
    return Outcome(len(sources), trained, len(gallery), seconds, searches)


def _check_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        full = any(folder.iterdir())
    except OSError as error:
        raise InvalidInput(
            f"folder {folder} cannot be used: {error.strerror or error}; choose another"
        ) from error
    if full:
        raise InvalidInput(f"the demo wants a new or empty folder; {folder} holds files already")


def _config(collection: Path, seed: int) -> TrainConfig:
    config = load_train_config("demo")
    space = config.space.model_copy(
        update={"provider": f"attributes:{collection / 'attributes.csv'}"}
    )
    return config.model_copy(update={"space": space, "seed": seed})


def _gallery(sources: Sequence[Source], folder: Path) -> list[Source]:
    """Copy what was not trained on, and return it as it lies in the new folder."""
    copies = [replace(s, path=folder / s.key) for s in sources if s.split != "train"]
    originals = [s.path for s in sources if s.split != "train"]
    for original, copy in zip(originals, copies, strict=True):
        copy.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(original, copy.path)
    return copies


def _by_file(engine: Engine, gallery: Sequence[Source], progress: Progress) -> Iterator[Search]:
    """A search for each direction, from every file of its source."""
    total = sum(s.domain == source for source, _ in DIRECTIONS for s in gallery)
    done = 0
    for source, target in DIRECTIONS:
        found: list[tuple[Source, list[Hit]]] = []
        for query in (s for s in gallery if s.domain == source):
            hits = engine.search(query.path, source=source, targets=[target], k=K)
            found.append((query, hits))
            done += 1
            progress("searching", done, total)
        yield _summed(f"{source} to {target}", found, [s for s in gallery if s.domain == target])


def _summed(
    title: str, found: Sequence[tuple[Source, list[Hit]]], searched: Sequence[Source]
) -> Search:
    """One direction; shown is the query of middling success, neither luck nor accident."""
    new = [(query, hits) for query, hits in found if query.split == "unseen"]
    old = [(query, hits) for query, hits in found if query.split != "unseen"]
    ordered = sorted(new, key=lambda pair: _right(pair[0].category, pair[1]))
    query, hits = ordered[len(ordered) // 2]
    unseen, seen = (
        _precision([(query.category, hits) for query, hits in part], searched)
        for part in (new, old)
    )
    return Search(title, query.key, query.category or "", hits, unseen, seen)


def _by_words(engine: Engine, gallery: Sequence[Source]) -> Search:
    found = [(category, engine.search(text=category, k=K)) for category in UNSEEN]
    category, hits = sorted(found, key=lambda pair: _right(*pair))[len(found) // 2]
    return Search("word to anything", category, category, hits, _precision(found, gallery))


def _precision(
    found: Sequence[tuple[str | None, list[Hit]]], searched: Sequence[Source]
) -> Precision:
    """Means over queries of a category each: right hits of K, and relevant of all searched."""
    right = [_right(category, hits) / K for category, hits in found]
    held = [sum(s.category == category for s in searched) for category, _ in found]
    return Precision(float(np.mean(right)), float(np.mean(held)) / len(searched), len(found))


def _right(category: str | None, hits: Sequence[Hit]) -> int:
    return sum(hit.category == category for hit in hits)


def _write_pages(engine: Engine, folder: Path, searches: Sequence[Search]) -> None:
    """The searches that are shown, each as a page with pictures."""
    (folder / "pages").mkdir()
    for search in searches:
        source, _, target = search.title.split()
        query = Query(text=search.query, k=K)
        if source != "word":
            files = [(folder / "gallery" / search.query, 1.0)]
            query = Query(files=files, source=source, targets=[target], k=K)
        name = search.title.replace(" ", "-")
        write_page(folder / "pages" / f"{name}.html", engine, query, engine.ask(query))


@contextmanager
def _clock(seconds: dict[str, float], step: str) -> Iterator[None]:
    start = time.monotonic()
    yield
    seconds[step] = time.monotonic() - start


@contextmanager
def _one_thread() -> Iterator[None]:
    """Training on one thread: layers this small gain nothing from two.

    On a busy host the two wait for each other, which was measured 15 times slower.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
