"""What `--where` costs by posting lists, against a walk over all records.

    python -m benchmarks.filters [--items 200000] [--seed 0]

A store of items with a category (100 names), a year (100 numbers), a share (a number an item, none
twice), a flag, a day (`taken`, 1,000 of them), a path and a time of change. Expressions let 1 %,
10 % and 90 % of the items pass; both ways must give the same items, and the search within them the
same hits. Then a page of `list`, and the removal of 1 % by a filter and by a folder. Times are of
the processor, the best of three; the walk and removals run once.
"""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import click
import numpy as np

from opensearch.engine.filters.finding import find, items
from opensearch.engine.filters.selecting import select
from opensearch.engine.filters.where import parse_where
from opensearch.engine.ingest.removing import remove
from opensearch.records import Item
from opensearch.search import Searcher
from opensearch.store import LmdbStore, Store

T = TypeVar("T")
BITS, BATCH = 64, 10_000
EXPRESSIONS = [
    ("1 %", "year = 7"),
    ("1 %", "share < 0.01"),
    ("1 %", "category = c07"),
    ("10 %", "year < 10"),
    ("10 %", "share >= 0.9"),
    ("10 %", "flag = true and year in (1, 3, 5, 7, 9, 11, 13, 15, 17, 19)"),
    ("90 %", "not year < 10"),
    ("90 %", "share < 0.9"),
    ("90 %", "category >= c10"),
    ("1 %", "category ^= C07"),
    ("10 %", "category ~ 'c1'"),
    ("10 %", "taken = 2024"),
    ("90 %", "not taken = 2024"),
    ("1 %", "key ^= k07"),
    ("1 %", "path ^= /photos/07/"),
    ("1 %", "path ~ /07/ and year < 10"),
    ("90 %", "mtime >= 2010"),
]


@click.command()
@click.option("--items", "count", default=200_000, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(count: int, seed: int) -> None:
    """Exit 0 if every expression selects what the walk selects."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LmdbStore.create(Path(folder, "0"), bits=BITS, dim=0) as store,
    ):
        seconds, _ = timed(lambda: fill(store, count, seed), 1)
        print(f"{count} items stored in {seconds:.1f} s of the processor")
        same = [measure(store, share, text) for share, text in EXPRESSIONS]
        everyday(store)
    print("all as the walk" if all(same) else "DIFFERENT FROM THE WALK")
    sys.exit(0 if all(same) else 1)


def fill(store: Store, count: int, seed: int) -> None:
    """Put the items, with fields in random order."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 256, (count, BITS // 8), np.uint8)
    order = rng.permutation(count)
    for start in range(0, count, BATCH):
        places = order[start : start + BATCH].tolist()
        store.put([item(place, count) for place in places], codes[start : start + BATCH])


def item(place: int, count: int) -> Item:
    """The item of a place among `count`."""
    hundredth = place * 100 // count
    day = date(2015 + hundredth // 10, 1, 1) + timedelta(place % 100)
    metadata = {"year": hundredth, "share": place / count, "flag": hundredth % 2 == 1}
    return Item(
        -1,
        f"k{hundredth:02d}/{place}",
        "photo",
        path=f"/photos/{hundredth:02d}/{place}.jpg",
        category=f"c{hundredth:02d}",
        mtime_ns=int(datetime(2000 + hundredth, 6, 1).timestamp()) * 10**9,
        metadata={**metadata, "taken": f"{day}T12:00:00"},
    )


def everyday(store: LmdbStore) -> None:
    """Print the times of what `list` and `remove` do."""

    def page() -> int:
        return len(list(items(store, find(store).ids[-20:])))

    print(f"the last 20 of all items listed: {1e3 * timed(page, 3)[0]:.1f} ms")
    for name, asked in [("year = 7", ("year = 7", None)), ("a folder", (None, "/photos/08"))]:
        seconds, gone = timed(functools.partial(remove, store, [], *asked), 1)
        print(f"{gone} items removed by {name}: {seconds:.1f} s")


def measure(store: LmdbStore, share: str, text: str) -> bool:
    """Print the times of one expression; whether both ways agree."""
    expression = parse_where(text)
    walk, walked = timed(lambda: sorted(i.id for i in store.walk() if expression(i)), 1)
    lists, mask = timed(lambda: select(store, expression, ["photo"]), 3)
    searcher = Searcher(store, None, BITS)
    searcher.refresh()
    query = np.zeros((1, BITS // 8), np.uint8)
    every, _ = timed(lambda: searcher.search(query, ["photo"], 10), 3)
    within, found = timed(lambda: searcher.search(query, ["photo"], 10, within=mask), 3)
    expected = searcher.search(query, ["photo"], 10, within=walked)
    print(
        f"{share:>5} {text[:44]:<45} walk {1e3 * walk:8.1f} ms, lists {1e3 * lists:7.2f} ms;"
        f" search {1e3 * every:6.2f} ms, within {1e3 * within:6.2f} ms",
        flush=True,
    )
    hits = all(np.array_equal(found[at], expected[at]) for at in (0, 1))
    return hits and np.flatnonzero(mask).tolist() == walked


def timed(work: Callable[[], T], times: int) -> tuple[float, T]:
    """Seconds of the processor of the fastest run, and its result."""
    best = float("inf")
    for _ in range(times):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


if __name__ == "__main__":
    main()
