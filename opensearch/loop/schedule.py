"""Learning rates and seeds as functions of the step alone, as a resumed run needs them."""

from __future__ import annotations

import math
import zlib

import numpy as np


def cosine(share: float, top: float, floor: float) -> float:
    """Half a cosine from `top` at share 0 of the way to `floor` at share 1."""
    top = max(top, floor)
    return floor + (top - floor) * (1 + math.cos(math.pi * share)) / 2


def warmed(share: float, top: float, floor: float, warm: float, first: float) -> float:
    """A straight rise to `top` over the share `warm` of the way, then half a cosine to `floor`.

    Args:
        first: the share by which the rise is ahead, so that the first step learns something.
    """
    if share < warm:
        return top * (share + first) / (warm + first)
    return cosine((share - warm) / (1 - warm), top, floor)


def step_seed(seed: int, name: str, step: int) -> int:
    """A seed that depends on nothing but the run's seed, the job's name and the step."""
    key = np.random.SeedSequence([seed, zlib.crc32(name.encode()), step])
    return int(key.generate_state(1)[0])


def due(step: int, epoch: int, interval: int) -> bool:
    """Whether an interval of so many steps ended within the epoch that ends at `step`."""
    return step // interval > (step - epoch) // interval
