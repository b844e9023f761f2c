"""Strokes that are no ink: those of an eraser, specks far off, and steps of a pen."""

import json

import numpy as np
import pytest

from opensearch.domains.drawings.strokes import read_strokes
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

LINE = [[20, 20, 60, 100], [90, 45, 15, 45]]


@pytest.fixture
def read(tmp_path):
    def strokes_of(record):
        path = tmp_path / "a.ndjson"
        path.write_text(json.dumps(record))
        return [stroke.tolist() for stroke in read_strokes(path, 1, Limits())]

    return strokes_of


@pytest.mark.parametrize(
    "said", [{"tool": "eraser"}, {"type": "Erase"}, {"tool": None, "type": "eraser"}]
)
def test_strokes_of_an_eraser_are_left_out(read, said):
    points = [{"x": x, "y": y} for x, y in zip(*LINE, strict=True)]
    pen, eraser = {"tool": "pen", "points": points}, {**said, "points": [[0, 50], [120, 55]]}
    assert read({"strokes": [pen, eraser]}) == read({"strokes": [pen]})
    with pytest.raises(UnreadableFile, match="an eraser made all of its strokes"):
        read({"strokes": [eraser]})


@pytest.mark.parametrize("at", [[4000, 50], [50, -4000]])
def test_a_point_far_off_is_left_out(read, at):
    speck = [[at[0]], [at[1]]]
    assert read({"drawing": [LINE, speck]}) == read({"drawing": [LINE]})


@pytest.mark.parametrize(
    "drawing",
    [
        [LINE, [[150], [40]]],  # the dot of an i
        [[[0], [0]], [[4000], [10]]],  # a drawing of dots
        [LINE, [[4000, 4100], [10, 20]]],  # a line far off
        [[[5, 5], [5, 5]], [[400], [10]]],  # a line of no length
        [LINE, *([[x], [9]] for x in (300, 400, 500))],  # stars
        [[[-1e308, 1e308], [-1e308, 1e308]], [[0], [0]]],  # as wide as numbers go
    ],
)
def test_other_points_stay(read, drawing):
    found = np.concatenate(read({"drawing": drawing}))
    said = np.concatenate([np.transpose(stroke) for stroke in drawing])
    assert found.tolist() == said.tolist()


@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.parametrize("pens", [[[0], [0], [1]], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]])
def test_steps_of_a_pen_are_refused_by_the_name_of_their_format(read, pens, wrapped):
    steps = [[20 + at, -9.5, *pen] for at, pen in enumerate(pens)]
    with pytest.raises(UnreadableFile, match=rf"looks like stroke-{len(steps[0])}, steps"):
        read({"drawing": steps} if wrapped else steps)
