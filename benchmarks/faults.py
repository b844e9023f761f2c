"""Kill writers at random instants, and read with many while one writes: nothing may be lost.

    python -m benchmarks.faults [--kills 200] [--readers 24] [--seconds 120] [--seed 0]

First, a process that adds, replaces, relabels, removes and compacts is killed with SIGKILL again
and again. After each kill `verify` must find nothing, and the index must hold exactly what the
acknowledged steps left, or that and the one step that was under way, whole. Then many processes
search while one writes and compacts, see `benchmarks.crowd`. Exit 0 if nothing was lost, torn,
stale or refused.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TypeAlias

import click
import numpy as np
from numpy.typing import NDArray

import opensearch
from benchmarks import crowd
from benchmarks.stored import codes_by_id
from opensearch.engine import Engine
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.records import Item
from opensearch.store import LmdbStore

State: TypeAlias = dict[str, tuple[bytes, bytes, int]]
"""Code, embedding and the step that last changed it, for every key."""

VERBS = ("add", "replace", "relabel", "remove", "compact")
CHANCES = (0.3, 0.25, 0.13, 0.17, 0.15)
FEW, MANY = 50, 400
"""Items below which only adding goes on, and above which only removing."""


@dataclass(frozen=True)
class Step:
    """One thing done to an index, made from its number and what is stored before it."""

    number: int
    verb: str
    keys: list[str]
    codes: NDArray[np.uint8]
    embeddings: NDArray[np.float16]

    @classmethod
    def of(cls, seed: int, number: int, keys: list[str], widths: tuple[int, int]) -> Step:
        """The step of this number when these keys, sorted, are stored."""
        rng = np.random.default_rng([seed, number])
        verb = str(rng.choice(VERBS, p=CHANCES))
        if len(keys) < FEW:
            verb = "add"
        elif len(keys) > MANY and verb == "add":
            verb = "remove"
        count = int(rng.integers(1, 60))
        if verb == "add":
            chosen = [f"k{number}/{at}" for at in range(count)]
        else:
            chosen = [keys[at] for at in rng.permutation(len(keys))[:count].tolist()]
        codes = rng.integers(0, 256, (len(chosen), widths[0]), np.uint8)
        return cls(
            number,
            verb,
            chosen,
            codes,
            rng.normal(size=(len(chosen), widths[1])).astype(np.float16),
        )

    def after(self, state: State) -> State:
        """What is stored when this step is done."""
        if self.verb == "compact":
            return state
        left = {key: value for key, value in state.items() if key not in self.keys}
        if self.verb == "remove":
            return left
        for at, key in enumerate(self.keys):
            code, embedding = self.codes[at].tobytes(), self.embeddings[at].tobytes()
            if self.verb == "relabel":
                code, embedding = state[key][:2]
            left[key] = code, embedding, self.number
        return left

    def do(self, engine: Engine) -> None:
        """Do it to an index."""
        if self.verb == "compact":
            engine.compact()
        elif self.verb == "remove":
            engine.remove(self.keys)
        elif self.verb == "relabel":
            store = engine._store
            stored = [store.by_key(key) for key in self.keys]
            labels = {"value": self.number}
            store.update([replace(item, metadata=labels) for item in stored if item is not None])
        else:
            items = [Item(-1, key, "photo", metadata={"value": self.number}) for key in self.keys]
            engine._store.put(items, self.codes, self.embeddings)


@dataclass
class Outcome:
    """What the kills did: steps acknowledged by verb, steps found done though not acknowledged."""

    kills: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    ahead: int = 0
    wrong: list[str] = field(default_factory=list)


def held(path: Path) -> State:
    """What an index holds."""
    with LmdbStore.open(IndexFolder.open(path).store, readonly=True) as store:
        codes = codes_by_id(store)
        items = list(store.walk())
        rows, _ = store.embeddings([item.id for item in items])
        return {
            item.key: (codes[item.id], row.tobytes(), item.metadata["value"])
            for item, row in zip(items, rows, strict=True)
        }


def work(path: Path, seed: int, number: int, acknowledged: Connection) -> None:
    """In a child: do step after step, and say so after each, until killed."""
    with Engine.open(path) as engine:
        meta = engine._store.meta()
        acknowledged.send(-1)
        while True:
            keys = sorted(item.key for item in engine._store.walk())
            Step.of(seed, number, keys, (meta.bits // 8, meta.dim)).do(engine)
            acknowledged.send(number)
            number += 1


def kill_once(path: Path, seed: int, number: int, chance: random.Random) -> list[int]:
    """Numbers of the steps that a child acknowledged before it was killed.

    It is killed within about two steps after it has done a few, so at any instant of a step.
    """
    here, there = crowd.CONTEXT.Pipe(duplex=False)
    child = crowd.CONTEXT.Process(target=work, args=(path, seed, number, there))
    child.start()
    there.close()
    said: list[int] = []
    try:
        here.recv()
        start = time.perf_counter()
        said = [here.recv() for _ in range(chance.randrange(6))]
        step = (time.perf_counter() - start) / len(said) if said else 0.02
        time.sleep(chance.uniform(0, 2 * step))
    finally:
        child.kill()
        child.join()
    try:
        while True:
            said.append(here.recv())
    except EOFError:
        here.close()
        return said


def kill(path: Path, kills: int, seed: int, say: Callable[[str], None] = print) -> Outcome:
    """Kill children at work on an index, and compare after each."""
    chance, outcome = random.Random(seed), Outcome()
    with Engine.open(path) as engine:
        meta = engine._store.meta()
    widths = meta.bits // 8, meta.dim
    state: State = held(path)
    number = 0
    for _ in range(kills):
        for done in kill_once(path, seed, number, chance):
            step = Step.of(seed, done, sorted(state), widths)
            state, number = step.after(state), done + 1
            outcome.steps[step.verb] += 1
        outcome.kills += 1
        found = held(path)
        under_way = Step.of(seed, number, sorted(state), widths)
        if found != state and found == under_way.after(state):
            state, number = found, number + 1
            outcome.ahead += 1
        outcome.wrong += _wrong(path, state, found)
        if outcome.wrong or outcome.kills % 20 == 0:
            say(f"{outcome.kills} kills, {number} steps, {len(found)} items: {outcome.wrong}")
        if outcome.wrong:
            break
    return outcome


def _wrong(path: Path, state: State, found: State) -> list[str]:
    differ = [key for key in {*state, *found} if state.get(key) != found.get(key)]
    with Engine.open(path) as engine:
        problems = engine.verify()
        ids = engine.search_batch(np.zeros((1, engine._store.meta().bits // 8), np.uint8), k=1000)[
            1
        ]
    if np.count_nonzero(ids >= 0) != len(found):
        problems.append(f"search finds {np.count_nonzero(ids >= 0)} of {len(found)} items")
    return problems + [f"{len(differ)} items differ from what was acknowledged"] * bool(differ)


@click.command()
@click.option("--kills", default=200, show_default=True)
@click.option("--readers", default=24, show_default=True)
@click.option("--seconds", default=120.0, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(kills: int, readers: int, seconds: float, seed: int) -> None:
    """Run both parts on temporary indexes."""
    with tempfile.TemporaryDirectory() as folder:
        killed, shared = Path(folder, "killed"), Path(folder, "shared")
        for path in (killed, shared):
            Engine.create(path, opensearch.starter_model()).close()
        outcome = kill(killed, kills, seed, lambda text: print(text, flush=True))
        steps = ", ".join(f"{n} {verb}" for verb, n in sorted(outcome.steps.items()))
        print(
            f"{outcome.kills} kills; acknowledged: {steps}; {outcome.ahead} found done before they"
            f" were acknowledged; wrong: {outcome.wrong or 'nothing'}",
            flush=True,
        )
        seen = crowd.run(shared, readers, seconds)
        print(seen.text())
    sys.exit(1 if outcome.wrong or not seen.sound else 0)


if __name__ == "__main__":
    main()
