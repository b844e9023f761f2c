"""Sums of the weights of several models that share their start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from torch import Tensor

State: TypeAlias = Mapping[str, Tensor]


def on_the_way(start: State, tuned: Sequence[State], share: float) -> dict[str, Tensor]:
    """A share of the way from a start to the mean of models that were fine-tuned from it.

    Args:
        start: a state dict.
        tuned: one or more of the same names and shapes.
        share: 0..1; at 1 and 0 the weights are those of an end, bit for bit where it is one model.

    Returns:
        The weighted sum of floating-point tensors; counts are those of the first that is tuned.
    """
    states = [(state, share / len(tuned)) for state in tuned] + [(start, 1 - share)]
    counted = [(state, weight) for state, weight in states if weight]
    return {
        key: _sum([(state[key], weight) for state, weight in counted])
        if value.is_floating_point()
        else value
        for key, value in tuned[0].items()
    }


def _sum(terms: Sequence[tuple[Tensor, float]]) -> Tensor:
    (first, weight), *others = terms
    total = first * weight
    for tensor, share in others:
        total = total + tensor * share
    return total
