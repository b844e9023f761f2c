"""Checks that more than one reader makes before it pays for a file."""

from __future__ import annotations

from opensearch.errors import OverLimit
from opensearch.limits import Limits


def check_bytes(size: int, limits: Limits) -> None:
    """Refuse `size` bytes when over the limit.

    Raises:
        OverLimit: `size` is over `limits.bytes`.
    """
    if size > limits.bytes:
        raise OverLimit(f"holds {size:,} bytes, over the limit of {limits.bytes:,}")
