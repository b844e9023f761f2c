"""Logistic regressions over a few numbers measured on a picture, kept in files of this folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Rule:
    """A logistic regression over traits and their squares: positive means a drawing.

    `mean`, `scale` and `weights` have shape (k,) for the traits and their squares. `threshold` is
    a margin of the logit, see the module that asks.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    threshold: float

    def logit(self, measured: NDArray[np.float64]) -> float:
        """Log odds of a drawing for the traits of one picture, shape (k / 2,)."""
        terms = np.concatenate([measured, measured**2])
        return float(((terms - self.mean) / self.scale) @ self.weights + self.bias)


@cache
def shipped_rule(name: str) -> Rule:
    """The rule of a file in this folder, without `.json`; `tools` has what fits it."""
    text = files("opensearch.domains.opening").joinpath(f"{name}.json").read_text("utf-8")
    fields = json.loads(text)
    return Rule(
        mean=np.array(fields["mean"]),
        scale=np.array(fields["scale"]),
        weights=np.array(fields["weights"]),
        bias=fields["bias"],
        threshold=fields["threshold"],
    )
