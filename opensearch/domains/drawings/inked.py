"""Drawings in ink of any colours on even ground, as drawing programs save them.

The traits that tell drawings from photos were learnt on thin black lines: bold lines, icons and
silhouettes cover as much as the things in photos do, and coloured ink is as colourful.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.drawings.tones import (
    ALIKE,
    FEWEST,
    Colour,
    Values,
    apart,
    colours,
    evenness,
    ground,
)
from opensearch.domains.paper.sheet import brightest

_STRONG, _LEAST_INK = 0.6, 0.03
"""Ink is at least so strong, as a share of the strongest twentieth; the least share of one ink."""
_CONTRAST, _BOLD_CONTRAST = 96, 176
"""How far ink lies from its ground at least; in bold lines, as the grey of renders lies nearer."""
_OFF, _MIXED = 24, 0.95
"""How far values lie at most from mixtures of ground and ink, as edges are, and how many do."""
_WIDTH, _AREAS = 9, 0.25
"""Lines of several inks are narrower, in pixels; the share of what is drawn that is wider else."""
_EDGE: Final = 3
"""Lines of fewer pixels are nothing but edges."""
_LIKE_INK, _IN_INK, _EVEN = 12, 0.7, 0.3
"""How far values lie from their ink, the share within edges that does, and the least evenness."""
_SMOOTH: Final = 2
"""How far a value lies from the middle of its neighbours, twice, where there is no grain."""
_FILLED, _IN_FILL = 0.5, 0.6
"""The share of what is drawn that is wide in a filled shape, and the least of that in its own ink:
of 283 icons all have .82 of it, of a lit thing on black .4."""


def in_black(rgb: Values) -> NDArray[np.uint8] | None:
    """A drawing with all of its inks black, on white.

    Args:
        rgb: shape (h, w, 3), its longer side 128 pixels or less.

    Returns:
        Shape (h, w, 3); `None` for what is not drawn in ink on even ground: most photos, and areas
        in several colours. A grey photo of a thing on white is as good as drawn in ink.
    """
    below = ground(rgb)
    if below is None:
        return None
    strength = apart(rgb, below)
    drawn = strength > ALIKE
    values, strengths = rgb[drawn], strength[drawn]
    if len(values) < FEWEST:
        return None
    inks = _inks(values[strengths >= _STRONG * np.percentile(strengths, 95)], below)
    if not inks or (len(inks) > 1 and _has_areas(drawn)):
        return None
    mixed = [_mixed(values, below, ink) for ink in inks]
    off = np.array([each for each, _ in mixed])
    if (off.min(axis=0) <= _OFF).mean() < _MIXED:
        return None
    share = np.take_along_axis(np.array([each for _, each in mixed]), off.argmin(axis=0)[None], 0)
    grey = np.full(drawn.shape, 255.0)
    grey[drawn] -= 255 * share[0].clip(0, 1)
    return np.repeat(grey.round().astype(np.uint8)[..., None], 3, axis=2)


def _has_areas(drawn: NDArray[np.bool_]) -> bool:
    from scipy.ndimage import minimum_filter

    inside = minimum_filter(drawn, _WIDTH).sum()
    return bool(inside >= max(FEWEST, _AREAS * drawn.sum()))


def is_bold(rgb: Values, black: NDArray[np.uint8]) -> bool:
    """Whether a drawing has more than hair lines, and is of one strong tone within them.

    Args:
        rgb: shape (h, w, 3), as for `in_black`.
        black: what `in_black` made of it, where equal ink has one tone whatever its colour. A grey
            photo passes there as well, but has many tones; what is lighter or darker than the ink,
            along with it, is ink there, so that filled shapes are measured in `rgb`.
    """
    from scipy.ndimage import minimum_filter

    drawn = black[..., 0] < 255 - ALIKE
    within = minimum_filter(drawn, _EDGE)
    tones = black[..., 0][within].astype(np.int32)
    if len(tones) < FEWEST:
        return False
    strength = np.median(apart(rgb[within], np.median(rgb[~drawn], axis=0)))
    return bool(
        strength >= _BOLD_CONTRAST
        and (np.abs(tones - np.median(tones)) <= _LIKE_INK).mean() >= _IN_INK
        and evenness(black.astype(np.int32), drawn) >= _EVEN
        and _is_flat(rgb, drawn)
    )


def _is_flat(rgb: Values, drawn: NDArray[np.bool_]) -> bool:
    """Whether what is drawn is no filled shape, or one of one tone or without any grain."""
    from scipy.ndimage import minimum_filter

    wide = minimum_filter(drawn, _WIDTH)
    if wide.sum() < max(FEWEST, _FILLED * drawn.sum()):
        return True
    bends = brightest(np.abs(np.diff(rgb, 2, axis=1)))
    if np.median(bends[wide[:, 1:-1]]) <= _SMOOTH:  # as gradients of drawing programs are
        return True
    fill = rgb[wide]
    return bool((apart(fill, np.median(fill, axis=0)) <= _LIKE_INK).mean() >= _IN_FILL)


def _inks(strong: Values, below: Colour) -> list[Colour]:
    """The inks of strong values (n, 3), without those that are another one mixed with ground."""
    found: list[Colour] = []
    each = colours(strong, _LEAST_INK * len(strong))
    for ink in sorted(each, key=lambda ink: -np.abs(ink - below).max()):
        if np.abs(ink - below).max() >= _CONTRAST and all(
            _mixed(ink[None], below, other)[0].item() > _OFF for other in found
        ):
            found.append(ink)
    return found


def _mixed(
    values: NDArray[np.number], below: Colour, ink: Colour
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far values (n, 3) lie from the line through ground and ink, and how far along it."""
    along = ink - below
    share = (values - below) @ along / (along @ along)
    off = np.abs(values - below - share[:, None] * along).max(axis=1)
    return np.asarray(off), np.asarray(share)
