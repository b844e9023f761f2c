"""How dark each point of a sheet is against its paper, whatever the light it was taken in."""

from __future__ import annotations

from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_Value = TypeVar("_Value", bound=np.generic)
Plane: TypeAlias = NDArray[np.float32]

_COARSE: Final = 64
"""Side of the small picture on which paper is told from ink, pixels."""

_CLOSING: Final = 9
_RING: Final = 0.03
# Border pixels of a drawing program differ by compression only; a photographed sheet never does.
_EVEN, _EVEN_SHARE = 6, 0.9
# Flat fills that meet at the border are flatter still than noise and shading leave a photograph.
_FLAT: Final = 2
# White counts as lighter than paper by at least this: on nearly white paper grain is no light ink.
_LIGHTER: Final = 128
# A white sheet with ink that reaches its border: shades of either, and share that is white.
_WHITE, _INK, _WHITE_SHARE = 249, 128, 0.6
# Share of a border with one other shade from which white is its page.
_PAGE_SHARE: Final = 0.3
# A board is never this bright; most paper is, and needs no closer look.
_BRIGHT: Final = 140
# Grounds whose channels are further apart have a colour; ink on them is what has another.
_COLOURED: Final = 40
# A frame is a thin straight line near the border. Strokes of icons are thicker, hands are not
# that straight, and a drawing brought to the one look keeps more distance.
_FRAME_DEPTH, _FRAME_LINE = 0.04, 0.02
_FRAME_EVEN, _FRAME_SHARE, _FRAME_CONTRAST = 16, 0.95, 40
# Grain alone makes neighbouring pixels of a photograph differ by at most this.
_GRAIN: Final = 24
# Share of neighbours that differ in a photograph, where its border is even and where it is not,
# and share of the pixels that are not as bright or dark as can be.
_GRAINY_EVEN, _GRAINY, _KNOWN = 0.35, 0.3, 0.1
# Of a clean scan: darkness of the lid, share of a side that it covers, how far the shades of paper
# lie apart, and share of the picture that is paper.
_LID, _WHOLE_SIDE, _PAPER_EVEN, _PAPER_SHARE = 0.5, 0.9, 20, 0.75


def darkness(rgb: NDArray[np.uint8], drawn: bool = False) -> tuple[Plane, bool]:
    """Ink against paper, with light-on-dark drawings inverted and a frame removed.

    A sheet whose border is of one even shade, or of two flat ones, is measured against that of
    paper (see `border`); any other is taken as photographed and divided by its paper, estimated
    as a coarse closing.

    Args:
        rgb: shape (h, w, 3), uint8.
        drawn: known to come from a drawing program, so never photographed.

    Returns:
        Darkness, shape (h, w): 0 for paper, 1 for black ink (white chalk on a board), and
        whether the sheet was taken as photographed.
    """
    inside = _inside_frame(rgb)
    dark, photographed = _darkness(rgb[inside], drawn)
    whole = np.zeros(rgb.shape[:2], np.float32)
    whole[inside] = dark
    return whole, photographed


def _darkness(rgb: NDArray[np.uint8], drawn: bool) -> tuple[Plane, bool]:
    # The darkest channel shows pale colours, yellow crayon for one, as ink.
    grey = darkest(rgb).astype(np.float32)
    level, even = border(grey)
    if not (even or drawn):
        if _is_board(grey):
            grey = 255 - grey
        return np.maximum(1 - grey / np.maximum(paper_of(grey), 1), 0), True
    ground: Plane = np.array(
        [border(rgb[..., channel].astype(np.float32))[0] for channel in range(3)]
    )
    if np.ptp(ground) > _COLOURED:
        apart: Plane = brightest(np.abs(rgb - ground))
        return apart / np.float32(np.maximum(ground, 255 - ground).max()), False
    if level < 128:
        # On a dark ground the brightest channel shows deep colours, blue for one.
        grey = 255 - brightest(rgb).astype(np.float32)
        level, _ = border(grey)
    darker, lighter = np.maximum(level - grey, 0), np.maximum(grey - level, 0)
    if lighter.sum() > darker.sum():
        return lighter / max(255 - level, _LIGHTER), False
    return darker / max(level, 1), False


def is_photographed(rgb: NDArray[np.uint8]) -> bool:
    """Whether a sheet (h, w, 3) was taken by a camera or a scanner."""
    dark, uneven = darkness(rgb)
    return is_grainy(rgb, even=not uneven) or is_scan(rgb, dark)


def is_grainy(rgb: NDArray[np.uint8], even: bool) -> bool:
    """Whether neighbouring pixels differ as in a photograph; those of a drawing program do not.

    Args:
        rgb: shape (h, w, 3).
        even: whether its border is even, so that more must differ.
    """
    if rgb.shape[1] < 2:
        return False
    step = brightest(np.abs(np.diff(rgb.astype(np.int16), axis=1)))
    differs = step > 0
    if even:
        # A dense drawing differs as often, by more.
        return bool((differs & (step <= _GRAIN)).mean() > _GRAINY_EVEN)
    known = (brightest(rgb) < 255)[:, 1:] & (darkest(rgb) > 0)[:, 1:]
    return bool(known.mean() > _KNOWN) and bool(differs[known].mean() > _GRAINY)


def is_scan(rgb: NDArray[np.uint8], dark: Plane) -> bool:
    """Whether it is a clean scan with the lid in view: nearly all paper, one side unlike it.

    Args:
        rgb: shape (h, w, 3).
        dark: its darkness: along one whole side the lid is dark, or the page, if there is more lid
            at the border than page.
    """
    sides = (dark[0], dark[-1], dark[:, 0], dark[:, -1])
    if not any((side > _LID).mean() > _WHOLE_SIDE for side in sides):
        return False
    grey = darkest(rgb).astype(np.float32)
    return bool((np.abs(grey - np.median(grey)) < _PAPER_EVEN).mean() > _PAPER_SHARE)


def darkest(rgb: NDArray[_Value]) -> NDArray[_Value]:
    """The least of three channels, shape (h, w): `min(axis=2)`, ten times as fast."""
    least: NDArray[_Value] = np.minimum(np.minimum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return least


def brightest(rgb: NDArray[_Value]) -> NDArray[_Value]:
    """The largest of three channels, shape (h, w)."""
    largest: NDArray[_Value] = np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2])
    return largest


def _inside_frame(rgb: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The sheet without a thin straight line along all four sides, as rows and columns.

    A frame around nothing is a drawing, and stays.
    """
    # The darkest channel does not show a dark frame on a deep colour, nor the brightest one
    # a light frame.
    dark, bright = darkest(rgb), brightest(rgb)
    for channel in (dark,) if np.array_equal(dark, bright) else (dark, bright):
        inside = _inside_lines(channel.astype(np.float32))
        if inside is not None:
            within = rgb[inside].astype(np.int16)
            paper = np.median(within[0], axis=0).astype(np.int16)
            if (np.abs(within - paper) > _FRAME_CONTRAST).any():
                return inside
    return slice(None), slice(None)


def _inside_lines(grey: Plane) -> tuple[slice, slice] | None:
    most = round(_FRAME_DEPTH * min(grey.shape)) + 2
    if 4 * most > min(grey.shape):
        return None
    strips = (grey[:most], grey[: -most - 1 : -1], grey.T[:most], grey.T[: -most - 1 : -1])
    ends = [_end_of_line(strip[:, most:-most]) for strip in strips]
    levels = [level for _, level in ends]
    if not all(depth for depth, _ in ends) or max(levels) - min(levels) > _EVEN:
        return None
    top, bottom, left, right = (depth for depth, _ in ends)
    return slice(top, -bottom), slice(left, -right)


def _end_of_line(strip: Plane) -> tuple[int, float]:
    """How many of the outermost rows hold a thin line, 0 if none, and the paper's shade.

    Args:
        strip: the rows along one side, outermost first.
    """
    shades = np.median(strip, axis=1)
    even = (np.abs(strip - shades[:, None]) <= _FRAME_EVEN).mean(axis=1) >= _FRAME_SHARE
    # The first row that holds more than line and paper is mostly paper, too.
    known = len(shades) if even.all() else int(even.argmin()) + 1
    shades = shades[:known]
    paper = float(shades[-1])
    stained = np.flatnonzero(np.abs(shades - paper) > _FLAT)
    line = int((np.abs(shades - paper) > _FRAME_CONTRAST).sum())
    end = int(stained[-1]) + 1 if len(stained) else 0
    thin = 0 < line <= max(2, _FRAME_LINE * strip.shape[1])
    return (end, paper) if thin and known - end >= 2 else (0, paper)


def border(grey: Plane) -> tuple[float, bool]:
    """The shade of a thin ring along the border, and whether the ring is even.

    Of two flat shades that is the commoner one; white where it is the other and no rarity, as ink
    may reach most of the border of a white page.
    """
    ring = _ring(grey)
    level = float(np.median(ring))
    if (np.abs(ring - level) <= _EVEN).mean() >= _EVEN_SHARE:
        return level, True
    counts = np.bincount(ring.clip(0, 255).astype(np.intp), minlength=256)
    first = int(counts.argmax())
    rest = counts.copy()
    rest[max(first - _FLAT, 0) : first + _FLAT + 1] = 0
    second = int(rest.argmax())
    flat = sum(counts[max(at - _FLAT, 0) : at + _FLAT + 1].sum() for at in (first, second))
    even = bool(flat >= _EVEN_SHARE * ring.size)
    white = second >= _WHITE and counts[_WHITE:].sum() >= _PAGE_SHARE * ring.size
    if even and white and second - first > _FRAME_CONTRAST:
        return float(second), even
    return float(first), even


def _ring(grey: NDArray[_Value]) -> NDArray[_Value]:
    """The values (n,) of a thin ring along the border of a plane (h, w)."""
    rim = max(1, round(_RING * min(grey.shape)))
    sides = (grey[:rim], grey[-rim:], grey[:, :rim], grey[:, -rim:])
    return np.concatenate([side.ravel() for side in sides])


def is_white(rgb: NDArray[np.uint8]) -> bool:
    """Whether the border of a picture (h, w, 3) is white but for ink that reaches it.

    Shadows and paper of a photograph are of shades between.
    """
    ring = _ring(darkest(rgb))
    white = (ring >= _WHITE).mean()
    return bool(white >= _WHITE_SHARE and white + (ring < _INK).mean() >= _EVEN_SHARE)


def _is_board(grey: Plane) -> bool:
    """Whether ink is lighter than its surroundings: a chalkboard, a blueprint.

    Thin strokes stand out of the local median; cubing lets them outweigh the grain.
    """
    coarse = small(grey, 2 * _COARSE)
    if np.median(coarse) >= _BRIGHT:
        return False
    stands_out = coarse - local_median(coarse)
    return bool(np.sum(stands_out**3) > 0)


def local_median(grey: Plane) -> Plane:
    """`scipy.ndimage.median_filter(grey, size=_CLOSING)`, which takes four times as long."""
    around = np.pad(grey, _CLOSING // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(around, (_CLOSING, _CLOSING))
    each = windows.copy().reshape(grey.size, -1)
    middle = each.shape[1] // 2
    each.partition(middle, axis=1)
    return each[:, middle].reshape(grey.shape)


def paper_of(grey: Plane) -> Plane:
    """Brightness the bare paper would have everywhere, shape (h, w)."""
    from scipy.ndimage import gaussian_filter, grey_closing

    coarse = small(grey, _COARSE)
    paper = gaussian_filter(grey_closing(coarse, size=(_CLOSING, _CLOSING)), _CLOSING / 4)
    size = (grey.shape[1], grey.shape[0])
    return np.asarray(Image.fromarray(paper).resize(size, Image.Resampling.BILINEAR), np.float32)


def small(grey: Plane, side: int) -> Plane:
    """A copy whose longer side is `side` pixels at most."""
    scale = min(1.0, side / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX), np.float32)
