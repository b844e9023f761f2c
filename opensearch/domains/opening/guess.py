"""Which domain a file belongs to, where nobody says."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.domains import READERS, known_suffixes
from opensearch.domains.files import reading, wrong_suffix
from opensearch.domains.image import load_picture
from opensearch.domains.opening.traits import SIDE, traits
from opensearch.domains.paper.page import find_page
from opensearch.domains.paper.sheet import is_photographed
from opensearch.errors import UnreadableFile

_CERTAIN = 100.0
_SEARCHED = 320
"""Longer side of the copy in which grain and a page are looked for, pixels."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed domain.

    `margin` is the logit of the guess, never negative; `sure` says whether it is above what
    99 in 100 held-out files of a right guess needed, or the suffix left no doubt.
    """

    domain: str
    margin: float
    sure: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A logistic regression over `traits`: positive means sketch.

    `mean`, `scale` and `weights` have shape (k,) for the traits and their squares.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: float
    threshold: float

    def logit(self, measured: NDArray[np.float64]) -> float:
        """Log odds of a sketch for the traits of one picture, shape (k,)."""
        terms = np.concatenate([measured, measured**2])
        return float(((terms - self.mean) / self.scale) @ self.weights + self.bias)


def guess_domain(path: Path, part: int | None = None, limits: Limits | None = None) -> Guess:
    """The domain whose reader a suffix leaves no doubt of; of raster files by their content.

    Args:
        path: any file of a known suffix.
        part: line of an .ndjson file; it changes nothing.
        limits: what the file may cost; the defaults when None.

    Returns:
        "shape" or "sketch" by suffix, "sketch" or "photo" for any other picture.

    Raises:
        UnreadableFile: a raster file that cannot be read, or an unknown suffix; the text says
            what to do with kinds that other programs or an extra can read.
        OverLimit: a raster file over the limits.
    """
    suffix = path.suffix.lower()
    for kind in READERS.values():
        if suffix in kind.telling():
            return Guess(kind.domain, _CERTAIN, True)
    known = known_suffixes()
    with reading(path, "picture" if suffix in known else "file"):
        if suffix not in known:
            raise UnreadableFile(wrong_suffix(path, known))
        picture = load_picture(path, limits or Limits(), SIDE)
        return guess_picture(np.asarray(picture))


def guess_picture(rgb: NDArray[np.uint8]) -> Guess:
    """Sketch or photo, for an RGB picture of shape (h, w, 3) with sides up to `SIDE`."""
    rule = shipped_rule()
    logit = rule.logit(traits(rgb))
    margin = abs(logit)
    return Guess("sketch" if logit > 0 else "photo", margin, margin >= rule.threshold)


def looks_like_photo(path: Path, limits: Limits) -> bool:
    """Whether a raster file that is said to be a drawing is a photograph for certain.

    Filled shapes of a drawing program look like photos by their traits, but have no grain.
    """
    try:
        guess = guess_domain(path, None, limits)
        sure = guess.domain == "photo" and guess.sure
        return sure and is_photographed(np.asarray(load_picture(path, limits, _SEARCHED)))
    except UnreadableFile:
        return False


def shows_page(path: Path, limits: Limits) -> bool:
    """Whether a page is found in a raster file that can be read."""
    return find_page(np.asarray(load_picture(path, limits, _SEARCHED))) is not None


@cache
def shipped_rule() -> Rule:
    """The rule of `sketch_or_picture.json`, fitted by `tools/fit_sketch_or_picture.py`."""
    text = files("opensearch.domains.opening").joinpath("sketch_or_picture.json").read_text("utf-8")
    fields = json.loads(text)
    return Rule(
        mean=np.array(fields["mean"]),
        scale=np.array(fields["scale"]),
        weights=np.array(fields["weights"]),
        bias=fields["bias"],
        threshold=fields["threshold"],
    )
