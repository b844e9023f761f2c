"""What is searched: labelled rows by domain, checked once and numbered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.evaluation.direction import Items, Rows, Ties


@dataclass(frozen=True)
class Labelled:
    """The items of a domain in one split, or words.

    Attributes:
        rows: shape (n, ...), embeddings or whatever the callables take, in order of id.
        labels: shape (n,), names or numbers of their categories.
    """

    rows: Rows
    labels: NDArray[np.str_] | NDArray[np.integer]


def numbered(sets: Sequence[tuple[str | None, Labelled]]) -> list[Items]:
    """The sets with categories numbered alike in all of them, in sorted order of names."""
    labels = np.concatenate([part.labels for _, part in sets])
    numbers = np.unique(labels, return_inverse=True)[1].astype(np.int64)
    ends = np.cumsum([len(part.labels) for _, part in sets])
    return [
        Items(domain, part.rows, own)
        for (domain, part), own in zip(sets, np.split(numbers, ends[:-1]), strict=True)
    ]


def check_sets(sets: Mapping[str, Labelled]) -> None:
    """Refuse no sets, and sets whose rows and labels differ in count."""
    if not sets:
        raise InvalidInput("an any-to-any evaluation wants one domain or more, got none")
    for domain, part in sets.items():
        check_labelled(f"domain {domain!r}", part)


def check_labelled(whose: str, part: Labelled) -> None:
    """Refuse rows and labels of different counts."""
    if part.labels.shape != part.rows.shape[:1]:
        raise InvalidInput(
            f"{whose} has rows {part.rows.shape} and labels {part.labels.shape};"
            " wanted a label a row"
        )


def check_options(ties: str, min_gallery: int, resamples: int) -> None:
    """Refuse options that make no sense."""
    if ties not in get_args(Ties):
        raise InvalidInput(f"ties must be one of {', '.join(get_args(Ties))}, got {ties!r}")
    if min_gallery < 1 or resamples < 1:
        raise InvalidInput(
            f"min_gallery and resamples must be 1 or more, got {min_gallery} and {resamples}"
        )
