"""Printed lines go from under a drawing, and what is drawn stays."""

import numpy as np
import pytest

from opensearch.domains.paper.ruling import without_ruling
from opensearch.domains.paper.sheet import Plane

INK, PRINTED = 0.7, 0.2


def drawing() -> Plane:
    """A circle of ink, two pixels wide, on a sheet of 240 × 200."""
    y, x = np.mgrid[:240, :200]
    return np.where(np.abs(np.hypot(y - 120, x - 100) - 60) < 1.2, INK, 0).astype(np.float32)


def printed(sheet: Plane, rows: range = range(0), columns: range = range(0)) -> Plane:
    """The sheet with lines along these rows and columns."""
    lined = sheet.copy()
    for row in rows:
        lined[row] = np.maximum(lined[row], PRINTED)
    for column in columns:
        lined[:, column] = np.maximum(lined[:, column], PRINTED)
    return lined


@pytest.mark.parametrize(
    ("rows", "columns"),
    [(range(5, 240, 12), range(0)), (range(0), range(7, 200, 11)), (range(4, 240, 9),) * 2],
    ids=["lined", "lined upright", "squared"],
)
def test_printed_lines_go_and_ink_stays(rows: range, columns: range) -> None:
    """Also where ink crosses a line, and with the grain of a photograph."""
    plain, columns = drawing(), range(columns.start, min(columns.stop, 200), columns.step)
    grain = np.random.default_rng(0).normal(0, 0.01, plain.shape).astype(np.float32)
    left = without_ruling(printed(plain, rows, columns) + grain)
    assert left[plain == 0].max() < PRINTED / 2
    assert left[plain > 0].min() > INK / 2


def test_a_faint_stroke_between_printed_lines_and_along_them_stays() -> None:
    plain = drawing()
    stroke = np.zeros_like(plain, bool)
    stroke[60:180, 106:108] = True
    plain[stroke] = 1.2 * PRINTED
    left = without_ruling(printed(plain, range(4, 240, 16), range(4, 200, 16)))
    off_lines = stroke & (np.arange(240) % 16 != 4)[:, None]
    assert left[off_lines].min() > PRINTED
    assert left[plain == 0].max() < PRINTED / 2


def test_lines_that_slope_a_little_go() -> None:
    """A page that is not cut out quite straight: 2 pixels down over the sheet."""
    plain = drawing()
    y, x = np.mgrid[:240, :200]
    lined = np.where(
        (y - np.round(x / 100).astype(int)) % 12 == 0, np.maximum(plain, PRINTED), plain
    )
    assert without_ruling(lined.astype(np.float32))[plain == 0].max() < PRINTED / 2


def test_lines_that_run_together_go() -> None:
    """Those at the top are level, those at the bottom rise by 90 pixels in 640."""
    y, x = np.mgrid[:480, :640]
    plain = np.where(np.abs(np.hypot(y - 240, x - 320) - 120) < 1.5, INK, 0).astype(np.float32)
    lined = y / (1 + 0.1 * (x - 320) / 320) % 24 < 2
    left = without_ruling(np.where(lined, np.maximum(plain, PRINTED), plain).astype(np.float32))
    assert (left[plain == 0] > PRINTED / 2).mean() < 0.005
    assert left[plain > 0].min() > INK / 2


@pytest.mark.parametrize("rim", [0, 9])
def test_a_line_from_one_side_to_the_other_goes_and_ink_on_it_stays(rim: int) -> None:
    """A margin, which leans a little, on a page whose edge was cleaned of what lies around it."""
    y, x = np.mgrid[:720, :600]
    plain = np.where(np.abs(np.hypot(y - 360, x - 300) - 180) < 2.4, INK, 0).astype(np.float32)
    margin = (np.abs(x - 180 - y / 180) < 1.2) & (np.abs(y - 359.5) < 360 - rim)
    left = without_ruling(np.where(margin, np.maximum(plain, 0.45), plain).astype(np.float32))
    assert left[margin & (plain == 0)].mean() < 0.05
    assert left[plain > 0].min() > INK / 2


@pytest.mark.parametrize(
    "rows",
    [range(40, 200, 40), [20, 31, 70, 88, 140, 149, 200, 230]],
    ids=["few", "not even"],
)
def test_drawn_lines_stay(rows: list[int]) -> None:
    """Shelves: fewer lines than paper has, or not evenly far apart."""
    shelves = drawing()
    for row in rows:
        shelves[row, 5:195] = INK
    assert np.array_equal(without_ruling(shelves), shelves)
