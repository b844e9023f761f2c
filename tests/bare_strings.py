"""Calls that give one string, or one thing, where several are meant.

The type checker must refuse each: a line that it takes is an unused `type: ignore`, which fails
the check. `tests/contracts/test_bare_strings.py` makes each call, which is refused in words.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from opensearch import Engine, Query
from opensearch.config import HashSettings
from opensearch.experiments.evaluate import Evaluation
from opensearch.experiments.held_out import Calibrating
from opensearch.experiments.refit import refit
from opensearch.methods.configs import load_train_config
from opensearch.methods.trainer import Training

CODES: Final = np.zeros((1, 2), np.uint8)
ROWS: Final = np.eye(1, 4, dtype=np.float32)
PICTURE: Final = np.zeros((8, 8, 3), np.uint8)

CALLS: Final[dict[str, Callable[[Engine], object]]] = {
    "search targets": lambda e: e.search(text="disc", targets="photo"),  # type: ignore[arg-type]
    "search keys": lambda e: e.search(keys="photo/a"),  # type: ignore[arg-type]
    "search exclude": lambda e: e.search(text="disc", exclude="a.png"),  # type: ignore[arg-type]
    "search exclude path": lambda e: e.search(text="x", exclude=Path("a")),  # type: ignore[arg-type]
    "search exclude array": lambda e: e.search(text="x", exclude=PICTURE),  # type: ignore[arg-type]
    "search batch targets": lambda e: e.search_batch(CODES, "photo"),  # type: ignore[arg-type]
    "query targets": lambda e: Query(text="disc", targets="photo"),  # type: ignore[arg-type]
    "query keys": lambda e: Query(keys="photo/a"),  # type: ignore[arg-type]
    "query files": lambda e: Query(files="a.png"),  # type: ignore[arg-type]
    "query exclude": lambda e: Query(text="disc", exclude="a.png"),  # type: ignore[arg-type]
    "ask_many": lambda e: e.ask_many(Query(text="disc")),  # type: ignore[arg-type]
    "find keys": lambda e: e.find(keys="photo/a"),  # type: ignore[arg-type]
    "find targets": lambda e: e.find(targets="photo"),  # type: ignore[arg-type]
    "forget": lambda e: e.forget("photo/a"),  # type: ignore[arg-type]
    "iter_items": lambda e: e.iter_items("12"),  # type: ignore[arg-type]
    "add exclude": lambda e: e.add("a", exclude="*.tmp"),  # type: ignore[arg-type]
    "remove": lambda e: e.remove("photo/a"),  # type: ignore[arg-type]
    "add": lambda e: e.add(["a", "b"]),  # type: ignore[arg-type]
    "add_items inputs": lambda e: e.add_items("a.png", ["a"]),  # type: ignore[arg-type]
    "add_items bytes": lambda e: e.add_items(b"...", ["a"]),  # type: ignore[arg-type]
    "add_items array": lambda e: e.add_items(PICTURE, ["a"]),  # type: ignore[arg-type]
    "add_items keys": lambda e: e.add_items([PICTURE], "a"),  # type: ignore[arg-type]
    "add_items categories": lambda e: e.add_items([PICTURE], ["a"], categories="c"),  # type: ignore[arg-type]
    "add_codes keys": lambda e: e.add_codes(CODES, "photo", "a"),  # type: ignore[arg-type]
    "add_codes categories": lambda e: e.add_codes(CODES, "photo", categories="c"),  # type: ignore[arg-type]
    "add_embeddings keys": lambda e: e.add_embeddings(ROWS, "photo", "a"),  # type: ignore[arg-type]
    "add_embeddings categories": lambda e: e.add_embeddings(ROWS, "photo", ["a"], categories="c"),  # type: ignore[arg-type]
    "embed": lambda e: e.embed("a.png", domain="photo"),  # type: ignore[arg-type]
    "items": lambda e: e.items("12"),  # type: ignore[arg-type]
    "evaluation splits": lambda e: Evaluation(Path("m"), Path("d"), "unseen"),  # type: ignore[arg-type]
    "evaluation hashers": lambda e: Evaluation(Path("m"), Path("d"), hashers="itq"),  # type: ignore[arg-type]
    "evaluation scores": lambda e: Evaluation(Path("m"), Path("d"), scores="hamming"),  # type: ignore[arg-type]
    "calibrating models": lambda e: Calibrating("m", [Path("d")]),  # type: ignore[arg-type]
    "calibrating data": lambda e: Calibrating([Path("m")], Path("d")),  # type: ignore[arg-type]
    "overrides": lambda e: load_train_config("prototype", "size=32"),  # type: ignore[arg-type]
    "training data": lambda e: Training(load_train_config("joint"), "data", Path("m")),  # type: ignore[arg-type]
    "training folder": lambda e: Training(load_train_config("joint"), Path("d"), Path("m")),  # type: ignore[arg-type]
    "refit data": lambda e: refit(e.model.bundle, Path("m"), "d", HashSettings()),  # type: ignore[arg-type]
}
