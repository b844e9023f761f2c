"""What passes between a store and whoever reads or writes it, in rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.int64]
"""Ids of items, (n,)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Hash codes of some items of one domain: ids (n,) ascending, codes (n, bits // 8)."""

    ids: Ids
    codes: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Mark:
    """A job's name, and how much of it is done; `None` when all is, and the mark goes."""

    name: str
    done: int | None
