"""Holes of a binding go from beside a drawing, and drawn dots stay."""

import numpy as np
import pytest

from opensearch.domains.paper.holes import without_holes
from opensearch.domains.paper.sheet import Plane


def drawing() -> Plane:
    """A circle of ink, three pixels wide, on a sheet of 240 × 200."""
    y, x = np.mgrid[:240, :200]
    return np.where(np.abs(np.hypot(y - 120, x - 110) - 60) < 1.6, 0.6, 0).astype(np.float32)


def spotted(sheet: Plane, places: list[tuple[float, float]], size: float = 3.5) -> Plane:
    """The sheet with round dark spots that have soft edges."""
    y, x = np.mgrid[: sheet.shape[0], : sheet.shape[1]]
    dark = sheet.copy()
    for row, column in places:
        spot = 0.8 * np.clip(size + 1 - np.hypot(y - row, x - column), 0, 1)
        dark = np.maximum(dark, spot)
    return dark.astype(np.float32)


@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize(
    "rows",
    [
        list(range(9, 240, 13)),
        [row for row in range(9, 240, 13) if row not in (48, 126, 139)],
        [24, 88, 152, 216],
    ],
    ids=["spiral", "some hidden", "four rings"],
)
def test_a_row_of_holes_goes_from_any_side(rows: list[int], turns: int) -> None:
    plain = np.rot90(drawing(), turns)
    holes = np.rot90(spotted(drawing(), [(row, 11 + row / 60) for row in rows]), turns)
    assert np.array_equal(without_holes(holes), plain)


@pytest.mark.parametrize(
    "places",
    [
        [(row, 100) for row in range(9, 240, 13)],
        [(20, 11), (50, 12), (61, 11), (130, 11), (171, 12), (220, 11)],
        [(20, 6), (70, 20), (120, 8), (170, 19), (220, 6)],
        [(100, 11), (113, 11), (126, 11), (139, 11), (152, 11)],
        [(60, 11), (180, 11)],
        [(11, 4), (11, 12), (11, 20), (11, 28)],
    ],
    ids=["in the middle", "anyhow", "out of line", "a few", "two", "in a corner"],
)
def test_drawn_dots_stay(places: list[tuple[float, float]]) -> None:
    dotted = spotted(drawing(), places)
    assert np.array_equal(without_holes(dotted), dotted)


def test_an_empty_sheet_has_no_holes() -> None:
    blank = np.zeros((240, 200), np.float32)
    assert np.array_equal(without_holes(blank), blank)
