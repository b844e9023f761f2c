"""A collection through a model and its hashers: what the benchmarks of codes share."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from opensearch.cli.evaluate import Numbers
from opensearch.cli.progress import Bars
from opensearch.encoders.bundle import Bundle
from opensearch.experiments.embedded import EmbeddedCollection, embed_collection
from opensearch.experiments.fitted_codes import TRAIN, fit_codes
from opensearch.hashing import Hasher
from opensearch.model import Model
from opensearch.search import Searcher
from opensearch.training.cache import cache_folder

Embeddings = NDArray[np.float32]
Codes = NDArray[np.uint8]
WARM: Final = 3
"""Calls before the clock runs."""


def code_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options --data, --bits, --hasher, --seed and --out, alike in all benchmarks of codes."""
    folder = click.Path(exists=True, file_okay=False, path_type=Path)
    options = [
        click.option("--data", required=True, type=folder, help="Labelled collection."),
        click.option(
            "--bits", type=Numbers(), default=(), help="Lengths of codes fitted on train."
        ),
        click.option("--hasher", "hashers", multiple=True, default=("itq",), show_default=True),
        click.option("--seed", default=0, show_default=True),
        click.option("--out", type=click.Path(path_type=Path), help="Also write JSON there."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@dataclass(frozen=True)
class Coded:
    """A collection's embeddings, and the hashers that make codes of them, by name."""

    model: Model
    embedded: EmbeddedCollection
    hashers: dict[str, Hasher]


def load(
    model: Path,
    data: Path,
    bits: Sequence[int] = (),
    hashers: Sequence[str] = (),
    seed: int = 0,
    splits: Sequence[str] | None = None,
) -> Coded:
    """Embed a collection and fit hashers on its train split; all of its splits by default."""
    opened = Model(Bundle.open(model))
    wanted = None if splits is None else {*splits, *([TRAIN] if bits else [])}
    with Bars() as bars:
        embedded = embed_collection(
            opened.bundle,
            data,
            cache_folder(),
            bars.show,
            keep=lambda split: wanted is None or split in wanted,
        )
    return Coded(opened, embedded, fit_codes(opened, embedded, bits, hashers, seed))


@dataclass(frozen=True)
class _Block:
    ids: NDArray[np.int64]
    codes: Codes


@dataclass(frozen=True)
class _Books:
    identity: str
    last_transaction: int
    next_id: int
    domains: list[str]


@dataclass(frozen=True)
class Arrays:
    """Codes in memory as a source for `search`; ids count on from one domain to the next."""

    codes: Mapping[str, Codes]

    def snapshot(self) -> AbstractContextManager[object]:
        """Nothing ever changes."""
        return nullcontext()

    def meta(self) -> _Books:
        """What is there, for good."""
        return _Books("arrays", 1, sum(map(len, self.codes.values())), list(self.codes))

    def blocks(self, domain: str, after: int = -1) -> Iterator[_Block]:
        """All rows of a domain above an id, in one block."""
        before = list(self.codes)[: list(self.codes).index(domain)]
        start = sum(len(self.codes[name]) for name in before)
        ids = np.arange(start, start + len(self.codes[domain]))
        first = int(np.searchsorted(ids, after, "right"))
        if first < len(ids):
            yield _Block(ids[first:], self.codes[domain][first:])

    def tombstones(self, domain: str) -> NDArray[np.int64]:
        """None."""
        return np.zeros(0, np.int64)

    def searcher(self) -> Searcher:
        """The engine's own search over these codes."""
        width = next(iter(self.codes.values())).shape[1]
        return Searcher(self, None, 8 * width)


@contextmanager
def one_thread() -> Iterator[None]:
    """Searches by faiss inside run on one thread, as those of the engine for one query do."""
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def median_ms(call: Callable[[Any], object], arguments: Sequence[Any]) -> float:
    """The median time of a call in milliseconds, over its arguments, the first ones twice."""
    for argument in arguments[:WARM]:
        call(argument)
    seconds = []
    for argument in arguments:
        start = time.perf_counter()
        call(argument)
        seconds.append(time.perf_counter() - start)
    return float(1e3 * np.median(seconds))
