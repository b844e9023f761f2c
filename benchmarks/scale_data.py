"""Codes and queries of the benchmark of scale, the same for every peer.

Clustered codes lie around 480 random centres, each bit flipped with chance 8 %, as codes of a
collection with categories do. Their queries lie in a cluster, at 20 % of the bits from a centre
(a drawing asking for photos), or anywhere. Random codes have queries at 8 % from a stored code,
and anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint8]

CLUSTERS = 480
WITHIN, AWAY = 0.08, 0.2
QUERIES = 256
"""Queries of each kind: peers take as many as they are asked for."""

_CHUNK = 2**18
KINDS = ("clustered", "random")


@dataclass(frozen=True)
class Case:
    """Which codes: how many of how many bits, `clustered` or `random`, by which seed."""

    rows: int
    bits: int
    data: str
    seed: int = 0

    @property
    def name(self) -> str:
        """A name for files of this case."""
        return f"{self.data}-{self.rows}-{self.bits}-{self.seed}"


def codes_of(case: Case) -> Codes:
    """The gallery, shape (rows, bits // 8)."""
    chance = np.random.default_rng([case.seed, 0])
    centres = _centres(case)
    found = np.empty((case.rows, case.bits // 8), np.uint8)
    for start in range(0, case.rows, _CHUNK):
        part = found[start : start + _CHUNK]
        if case.data == "random":
            part[:] = chance.integers(0, 256, part.shape, np.uint8)
        else:
            part[:] = flipped(centres[chance.integers(0, CLUSTERS, len(part))], WITHIN, chance)
    return found


def queries_of(case: Case, codes: Codes) -> dict[str, Codes]:
    """`QUERIES` queries of each kind, shape (QUERIES, bits // 8)."""
    chance = np.random.default_rng([case.seed, 1])
    centres = _centres(case)[chance.integers(0, CLUSTERS, QUERIES)]
    anywhere = chance.integers(0, 256, (QUERIES, case.bits // 8), np.uint8)
    stored = codes[chance.integers(0, len(codes), QUERIES)]
    if case.data == "random":
        return {"near": flipped(stored, WITHIN, chance), "anywhere": anywhere}
    inside, away = flipped(centres, WITHIN, chance), flipped(centres, AWAY, chance)
    return {"inside": inside, "away": away, "anywhere": anywhere}


def flipped(codes: Codes, share: float, chance: np.random.Generator) -> Codes:
    """Codes with each bit flipped with this chance."""
    noise = chance.random((len(codes), 8 * codes.shape[1]), np.float32) < share
    return codes ^ np.packbits(noise, axis=1)


def prepared(case: Case, folder: Path) -> Path:
    """The file of a case in `folder`, made when it is not there: `codes`, queries by kind."""
    path = folder / f"{case.name}.npz"
    if not path.is_file():
        codes = codes_of(case)
        arrays: dict[str, Any] = {"codes": codes, **queries_of(case, codes)}
        partial = folder / f"{case.name}.partial.npz"
        np.savez(partial, **arrays)
        partial.replace(path)
    return path


def _centres(case: Case) -> Codes:
    chance = np.random.default_rng([case.seed, 2])
    return chance.integers(0, 256, (CLUSTERS, case.bits // 8), np.uint8)
