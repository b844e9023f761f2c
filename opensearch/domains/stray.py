"""What of a photographed sheet is no ink: its rim, dust, and dots."""

from __future__ import annotations

from typing import Final

import numpy as np

from opensearch.domains.sheet import Plane

CORE: Final = 0.5
"""Strokes reach this darkness somewhere; what is darker still is black."""
_SPECK: Final = 0.01
# What runs into the border of a photograph is drawn, unless so much else is.
RIM_SHARE: Final = 0.25
# Depth of a page's rim, on which its binding lies, share of the sheet.
_RIM: Final = 0.05
# How many times deeper what runs into a page's rim may reach and yet be its edge.
_RIM_CUT: Final = 2.5
# Marks are dots or grain where there are so many, none of them with such a share of the ink.
_DOTS, _DOT = 60, 0.05


def without_rim(dark: Plane, least: float, page_found: bool) -> Plane:
    """Without what lies along the rim of a photograph, such as a table's edge or a binding.

    Of a page that was cut out goes what runs into its rim, too, if there is more: fingers.

    Args:
        dark: shape (h, w).
        least: darkness of what is looked at.
        page_found: whether the sheet is a page that was cut out.
    """
    from scipy.ndimage import find_objects, label

    parts, count = label(dark > least)
    height, width = dark.shape
    depth = _RIM * max(dark.shape)
    kept, cut_off = np.ones(count + 1, np.bool_), np.zeros(count + 1, np.bool_)
    for at, (rows, columns) in enumerate(find_objects(parts), start=1):
        # From each of the four sides, where it starts and how deep it reaches.
        start = np.array([rows.start, height - rows.stop, columns.start, width - columns.stop])
        reach = np.array([rows.stop, height - rows.start, columns.stop, width - columns.start])
        most = np.where(page_found & (start <= depth / 2), _RIM_CUT * depth, depth)
        kept[at], cut_off[at] = (reach > most).all(), (start == 0).any()
    if page_found and (kept & ~cut_off)[1:].any():
        kept &= ~cut_off
    return np.where(kept[parts], dark, np.float32(0))


def without_specks(ink: Plane, least: float) -> Plane:
    """Without dust, and without what runs into the picture's border, such as a table's edge.

    Args:
        least: share of the ink that must be left for what runs into the border to go.
    """
    from scipy.ndimage import label

    # A hair of grey links the dots of a dashed pencil line.
    parts, count = label(ink > CORE / 2, structure=np.ones((3, 3)))
    if count == 0:
        return ink
    mass = np.bincount(parts.ravel(), weights=ink.ravel(), minlength=count + 1)
    solid = np.bincount(parts[ink > CORE], minlength=count + 1) > 0
    solid[0] = False
    rim = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    inner = solid.copy()
    inner[rim] = False
    if mass[inner].sum() > least * mass[solid].sum():
        solid = inner
    keep = solid & (mass > _SPECK * mass[solid].max(initial=0))
    return np.where(keep[parts], ink, np.float32(0))


def is_dotted(ink: Plane) -> bool:
    """Whether all there is are many small marks, as on dotted paper."""
    from scipy.ndimage import label

    parts, count = label(ink > CORE / 2, structure=np.ones((3, 3)))
    mass = np.bincount(parts.ravel(), weights=ink.ravel())[1:]
    return bool(count > _DOTS and mass.max() < _DOT * mass.sum())
