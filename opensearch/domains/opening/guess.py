"""Which domain a file belongs to, where nobody says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains import READERS, known_suffixes
from opensearch.domains.drawings.inked import in_black, is_bold
from opensearch.domains.drawings.painted import is_clip_art, is_painted
from opensearch.domains.files import check_file, reading, wrong_suffix
from opensearch.domains.image import load_picture
from opensearch.domains.opening.drawn_page import SEARCHED, drawn_page
from opensearch.domains.opening.rule import shipped_rule
from opensearch.domains.opening.traits import SIDE, traits
from opensearch.domains.paper.page import find_page
from opensearch.domains.paper.pasted import find_pasted
from opensearch.domains.paper.sheet import is_photographed
from opensearch.domains.svg import SVG_SUFFIXES, draw_svg
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

GUESSED: Final = ("sketch", "photo")
"""Domains that most pictures are taken for by content. Cartoons are left out: of these most were
said to be, as any other domain was."""
RULE: Final = "sketch_or_picture"
_CERTAIN: Final = 100.0
_SURE: Final = 3.0
"""Margin from which a drawing on a page counts as certain."""
_INKED: Final = 1.0
"""What the log odds of a sketch gain where a picture is drawn in ink on even ground."""
_FROM_CAMERA: Final = 200_000
"""Size of a file in bytes that may be a photograph as a camera takes it."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A guessed domain.

    `margin` is the logit of the guess, never negative, and 0 where something else than traits
    decided; `sure` says whether it is above what
    99 in 100 held-out files of a right guess needed, or the suffix left no doubt that it is a
    drawing or a shape.
    """

    domain: str
    margin: float
    sure: bool


_SKETCH, _CARTOON = Guess("sketch", 0, False), Guess("cartoon", 0, False)


def domain_by_suffix(path: Path) -> str | None:
    """The domain of a file whose suffix leaves no doubt."""
    suffix = path.suffix.lower()
    return next((kind.domain for kind in READERS.values() if suffix in kind.telling()), None)


def guess_domain(
    path: Path,
    limits: Limits | None = None,
    hurried: bool = False,
    cartoons: bool = True,
) -> Guess:
    """The domain of a file: by its suffix where that leaves no doubt, of pictures by content.

    Args:
        path: any file of a known suffix.
        limits: what the file may cost; the defaults when None.
        hurried: look for a drawing on a page in large files alone, since it takes ten times as
            long as the rest.
        cartoons: whether a picture may be one; else clip art is a photo, or as SVG a sketch.

    Returns:
        "shape" or "sketch" by suffix, "sketch" or "cartoon" for an SVG, "sketch", "cartoon" or
        "photo" for any other picture.

    Raises:
        UnreadableFile: a raster file that cannot be read, or an unknown suffix; the text says
            what to do with kinds that other programs or an extra can read.
        OverLimit: a raster file over the limits.
    """
    suffix, known = path.suffix.lower(), known_suffixes()
    told = domain_by_suffix(path)
    if told is not None:
        may_be = cartoons and suffix in SVG_SUFFIXES
        painted = may_be and _is_painted(path, limits or Limits())
        return Guess("cartoon" if painted else told, _CERTAIN, True)
    with reading(path, "picture" if suffix in known else "file"):
        if suffix not in known:
            raise UnreadableFile(wrong_suffix(path, known))
        limits = limits or Limits()
        guess = guess_picture(np.asarray(load_picture(path, limits, SIDE)), cartoons)
        if guess.domain != "photo" or (hurried and path.stat().st_size < _FROM_CAMERA):
            return guess
        odds = drawn_page(np.asarray(load_picture(path, limits, SEARCHED)))
        return guess if odds is None or odds < 0 else Guess("sketch", odds, odds >= _SURE)


def _is_painted(path: Path, limits: Limits) -> bool:
    """Whether an SVG is painted in colours; False for one that cannot be drawn."""
    try:
        with reading(path, "sketch"):
            check_file(path, limits, SVG_SUFFIXES)
            return is_painted(draw_svg(path.read_bytes(), SIDE, close=True))
    except UnreadableFile:
        return False  # whoever reads it says why


def guess_picture(rgb: NDArray[np.uint8], cartoons: bool = False) -> Guess:
    """Sketch, photo or, if it may be one, cartoon.

    What the traits call a photo may yet be drawn in ink, painted, or a drawing on a sheet in a
    screenshot. That is never sure: a dark thing cut out on white may look no different from its
    silhouette.

    Args:
        rgb: shape (h, w, 3), its longer side `SIDE`, or the whole of a smaller picture.
        cartoons: see `guess_domain`.
    """
    guess = _by_traits(rgb)
    if guess.domain == "sketch":
        return guess
    values = rgb.astype(np.int32)
    if cartoons and is_clip_art(values):
        return _CARTOON
    pasted = find_pasted(rgb)
    if pasted is not None and _by_traits(pasted.cut_out(rgb)).domain == "sketch":
        return _SKETCH
    black = in_black(values)
    inked = black is not None and (
        is_bold(values, black) or _by_traits(black, _INKED).domain == "sketch"
    )
    return _SKETCH if inked else guess


def _by_traits(rgb: NDArray[np.uint8], more: float = 0.0) -> Guess:
    """Sketch or photo; `more` is added to the log odds of a sketch."""
    rule = shipped_rule(RULE)
    logit = rule.logit(traits(rgb)) + more
    margin = abs(logit)
    return Guess("sketch" if logit > 0 else "photo", margin, margin >= rule.threshold)


def looks_like_photo(path: Path, limits: Limits) -> bool:
    """Whether a raster file that is said to be a drawing is a photograph for certain.

    Filled shapes of a drawing program look like photos by their traits, but have no grain.
    """
    try:
        guess = _by_traits(np.asarray(load_picture(path, limits, SIDE)))
        sure = guess.domain == "photo" and guess.sure
        return sure and is_photographed(np.asarray(load_picture(path, limits, SEARCHED)))
    except UnreadableFile:
        return False


def shows_page(path: Path, limits: Limits) -> bool:
    """Whether a page is found in a raster file that can be read."""
    return find_page(np.asarray(load_picture(path, limits, SEARCHED))) is not None
