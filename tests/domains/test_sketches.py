import contextlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import label

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.drawings.evening import stroke_width
from opensearch.domains.drawings.ink import normalise
from opensearch.domains.drawings.placing import MARGIN
from opensearch.domains.paper.page import find_page, straightened, warped
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

STROKE = 0.014
SIZE = 224


def house(side=192, width=3, ink=0, paper=255):
    image = Image.new("L", (side, side), paper)
    pen = ImageDraw.Draw(image)
    unit = side / 10
    walls = [(2, 9), (2, 5), (5, 1.5), (8, 5), (8, 9), (2, 9)]
    pen.line([(x * unit, y * unit) for x, y in walls], fill=ink, width=width, joint="curve")
    pen.rectangle([4 * unit, 6 * unit, 5.5 * unit, 9 * unit], outline=ink, width=width)
    return np.asarray(image)


def rgb(grey):
    return np.repeat(grey[..., None], 3, axis=2)


def soft(view):
    return np.asarray(Image.fromarray(view).filter(ImageFilter.GaussianBlur(3)), float).ravel()


def alike(a, b):
    return float(np.corrcoef(soft(a), soft(b))[0, 1])


def on_shadowed_paper(grey, seed=0):
    """The sheet in slanting light, half of it in shadow, yellowish and grainy."""
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[0 : 1 : grey.shape[0] * 1j, 0 : 1 : grey.shape[1] * 1j]
    light = (0.9 - 0.3 * yy) * (1 - 0.4 / (1 + np.exp(-(xx - yy) / 0.03)))
    paper = light * (1 + 0.015 * rng.normal(size=grey.shape))
    shade = paper * (0.25 + 0.75 * grey / 255)
    return (255 * shade[..., None].clip(0, 1) * (1, 0.97, 0.88)).astype(np.uint8)


def test_ink_is_cropped_centred_and_dark_on_white():
    view = normalise(rgb(house()), SIZE, STROKE)
    rows, columns = np.nonzero(view < 128)
    margin = MARGIN * SIZE
    assert abs(rows.min() - margin) < 4
    assert abs(SIZE - 1 - rows.max() - margin) < 4
    assert abs((columns.min() + columns.max()) / 2 - SIZE / 2) < 3
    assert view.min() < 10
    assert (view[0] == 255).all()


@pytest.mark.parametrize("width", [1, 2, 3, 6, 9])
def test_strokes_of_any_width_are_evened(width):
    view = normalise(rgb(house(width=width)), SIZE, STROKE)
    assert abs(stroke_width(1 - view / np.float32(255)) - STROKE * SIZE) < 1.2
    assert alike(view, normalise(rgb(house(width=3)), SIZE, STROKE)) > 0.55


def filled(*polygons, side=200, frame=False, ink=0):
    """Polygons in tenths of the sheet, filled."""
    image = Image.new("L", (side, side), 255)
    pen = ImageDraw.Draw(image)
    for polygon in polygons:
        pen.polygon([(x * side / 10, y * side / 10) for x, y in polygon], fill=ink)
    if frame:
        pen.rectangle((1, 1, side - 2, side - 2), outline=0, width=2)
    return np.asarray(image)


CAT = [(1.5, 9), (1.5, 3), (3, 4.5), (7, 4.5), (8.5, 3), (8.5, 9)]
FISH = [(0.5, 5), (2, 3.8), (4, 3.2), (6, 4), (7, 5), (9, 3), (9, 7), (7, 5), (4, 7), (2, 6.2)]
HAND = [
    (2, 9),
    (2, 5),
    (2.2, 1),
    (3, 1),
    (3.2, 5),
    (4, 5),
    (4, 0.5),
    (5, 0.5),
    (5, 5),
    (7, 5),
    (7, 9),
]


@pytest.mark.parametrize("polygon", [CAT, FISH, HAND], ids=["cat", "fish", "hand"])
@pytest.mark.parametrize("ink", [0, 120])
def test_silhouettes_are_not_ground_down(polygon, ink):
    drawing = rgb(filled(polygon, ink=ink))
    view = normalise(drawing, SIZE, STROKE)
    assert (view == normalise(drawing, SIZE, 0.0)).all()


def test_a_silhouette_that_fine_white_lines_divide_stays_whole():
    stripes = [[(1, y), (9, y), (9, y + 0.9), (1, y + 0.9)] for y in range(1, 9)]
    drawing = rgb(filled(*stripes))
    assert (normalise(drawing, SIZE, STROKE) == normalise(drawing, SIZE, 0.0)).all()


@pytest.mark.parametrize("width", [12, 16, 20])
def test_bold_strokes_become_whole_thin_lines_that_fill_the_view(width):
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).rectangle((20, 40, 180, 170), outline=0, width=width)
    ImageDraw.Draw(image).line((20, 105, 180, 105), fill=0, width=width)
    view = normalise(rgb(np.asarray(image)), SIZE, STROKE)
    assert abs(stroke_width(1 - view / np.float32(255)) - STROKE * SIZE) < 0.6
    assert label(view < 128, np.ones((3, 3)))[1] == 1
    _, columns = np.nonzero(view < 128)
    assert abs(columns.min() - MARGIN * SIZE) < 4
    assert abs(SIZE - 1 - columns.max() - MARGIN * SIZE) < 4
    assert alike(normalise(rgb(view), SIZE, STROKE), view) > 0.97


@pytest.mark.parametrize(
    "drawing", [filled(CAT), filled(FISH), house(200)], ids=["cat", "fish", "house"]
)
@pytest.mark.parametrize("drawn", [True, False])
def test_a_frame_changes_nothing(drawing, drawn):
    framed = drawing.copy()
    framed[1:3, 1:-1] = framed[-3:-1, 1:-1] = framed[1:-1, 1:3] = framed[1:-1, -3:-1] = 0
    shifted = drawing.copy()
    shifted[:2], shifted[:, :2], shifted[-1], shifted[:, -1] = 0, 0, 0, 0
    for sheet in (framed, 255 - framed, shifted):
        view = normalise(rgb(sheet), SIZE, STROKE, drawn)
        assert (view == normalise(rgb(drawing), SIZE, STROKE)).all()


def test_a_frame_around_nothing_and_a_square_with_a_margin_are_drawings():
    for at in (1, 12):
        image = Image.new("L", (200, 200), 255)
        ImageDraw.Draw(image).rectangle((at, at, 199 - at, 199 - at), outline=0, width=2)
        ImageDraw.Draw(image).line((60, 60, 140, 140), fill=255 if at == 1 else 0, width=3)
        view = normalise(rgb(np.asarray(image)), SIZE, STROKE)
        assert (view[:, : SIZE // 4] < 128).any(axis=1).sum() > 0.8 * SIZE


def test_a_drawing_is_never_taken_as_a_photograph_when_known():
    sheet = np.full((200, 200), 190, np.uint8)
    sheet[120:] = np.linspace(120, 60, 200).astype(np.uint8)
    sheet[60:150, 60:140] = 0
    view = normalise(rgb(sheet), SIZE, STROKE, drawn=True)
    assert view[90:110, 100:120].max() < 60


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 0, 255), (255, 255, 255), (90, 200, 90)])
def test_ink_of_any_colour_shows_on_a_dark_ground(colour):
    lines = house()[..., None] < 128
    drawing = np.where(lines, np.array(colour), np.array((25, 25, 30))).astype(np.uint8)
    assert alike(normalise(drawing, SIZE, STROKE), normalise(rgb(house()), SIZE, STROKE)) > 0.93


@pytest.mark.parametrize("ground", [(255, 0, 0), (67, 83, 255), (0, 130, 60), (250, 220, 120)])
@pytest.mark.parametrize("ink", [(255, 255, 255), (0, 0, 0)])
@pytest.mark.parametrize("frame", [False, True])
def test_ink_shows_on_a_ground_of_any_colour(ground, ink, frame):
    lines = house()[..., None] < 128
    drawing = np.where(lines, np.array(ink), np.array(ground)).astype(np.uint8)
    if frame:
        drawing[:2] = drawing[-2:] = drawing[:, :2] = drawing[:, -2:] = 255 - np.array(ink)
    assert alike(normalise(drawing, SIZE, STROKE), normalise(rgb(house()), SIZE, STROKE)) > 0.93


def test_strokes_stay_as_they_are_when_asked():
    view = normalise(rgb(house(width=8)), SIZE, 0.0)
    assert stroke_width(1 - view / np.float32(255)) > 2 * STROKE * SIZE


def test_a_normalised_sketch_is_left_nearly_alone():
    once = normalise(rgb(house()), SIZE, STROKE)
    assert alike(normalise(rgb(once), SIZE, STROKE), once) > 0.98


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_shadowed_paper_looks_like_the_clean_drawing(seed):
    clean = normalise(rgb(house(360, 5)), SIZE, STROKE)
    assert alike(normalise(on_shadowed_paper(house(360, 5), seed), SIZE, STROKE), clean) > 0.95


@pytest.mark.parametrize(
    "drawing",
    [
        rgb(255 - house()),
        rgb(house(ink=150)),
        rgb(house(paper=170)),
        255 - on_shadowed_paper(house(360, 5)),
        np.stack([house(), house(), house()], axis=2) | np.array([255, 0, 0], np.uint8),
    ],
    ids=["white on black", "pale ink", "grey paper", "chalk on a board", "red ink"],
)
def test_other_inks_and_grounds_look_like_black_on_white(drawing):
    assert alike(normalise(drawing, SIZE, STROKE), normalise(rgb(house()), SIZE, STROKE)) > 0.93


def test_dust_and_a_dark_edge_of_the_table_do_not_move_the_crop():
    paper = on_shadowed_paper(house(360, 5))
    clean = normalise(paper, SIZE, STROKE)
    paper[20:22, 20:22] = 60
    paper[:, :6] = 40
    assert alike(normalise(paper, SIZE, STROKE), clean) > 0.95


@pytest.mark.parametrize("sheet", [0, 128, 255])
def test_a_blank_sheet_has_no_ink(sheet):
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(np.full((50, 40, 3), sheet, np.uint8), SIZE, STROKE)


def test_blank_photographed_paper_has_no_ink():
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(on_shadowed_paper(np.full((200, 200), 255, np.uint8)), SIZE, STROKE)


@pytest.mark.parametrize("shape", [(1, 1), (2, 300), (300, 2), (5, 5)])
def test_odd_sheets_are_drawn_or_refused(shape):
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    with contextlib.suppress(UnreadableFile):
        assert normalise(noise, 32, STROKE).shape == (32, 32)


def test_the_reader_gives_one_square_view_of_three_channels(tmp_path):
    Image.fromarray(house()[:100]).save(tmp_path / "a.png")
    reading = open_reader(ReaderSettings(reader="sketch", size=64))(tmp_path / "a.png", None)
    assert reading.views.shape == (1, 64, 64, 3)
    assert reading.aspect == 1.0
    assert (reading.views[..., 0] == reading.views[..., 2]).all()


def read(path, part=None, **limits):
    return open_reader(ReaderSettings(reader="sketch"), Limits(**limits))(path, part)


def ndjson(path, *records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


SQUARE = [[[0, 100, 100, 0, 0], [0, 0, 100, 100, 0]]]
LINE = [[[0, 100], [50, 50]]]


def test_each_line_of_strokes_is_its_own_drawing(tmp_path):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": SQUARE}, {"drawing": LINE})
    square, line = read(path, 1).views[0], read(path, 2).views[0]
    assert (read(path).views[0] == square).all()
    assert (square < 128).any(axis=1).sum() > 180
    assert (line < 128).any(axis=1)[:, 0].sum() < 12


def test_raw_strokes_with_times_are_drawn_like_simplified_ones(tmp_path):
    timed = [[*SQUARE[0], [0, 5, 9, 12, 20]]]
    path = ndjson(tmp_path / "a.ndjson", {"drawing": SQUARE}, {"drawing": timed})
    assert (read(path, 1).views == read(path, 2).views).all()


@pytest.mark.parametrize(
    ("rows", "points"),
    [
        ([[0, 0, 90, 90], [0, 90, 90, 0]], [[0, 0], [0, 90], [90, 90], [90, 0]]),
        ([[0, 50, 90], [0, 90, 20]], [[0, 0], [50, 90], [90, 20]]),
        ([[0, 50, 90], [0, 90, 20]], [[0, 0, 7], [50, 90, 8], [90, 20, 9]]),
        ([[0, 50, 90], [0, 90, 20]], [[0, 50, 90], [0, 90, 20], [0, 0, 0]]),
        ([[0, 90], [20, 0]], [[0, 90], [20, 0], [5, 9]]),
        ([[0, 90], [20, 0]], [[0, 90], [20, 0], [5, 9], [1, 0]]),
    ],
)
def test_short_strokes_are_points_where_they_can_be_no_rows_and_times(tmp_path, rows, points):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": [rows]}, {"drawing": [points]})
    assert (read(path, 1).views == read(path, 2).views).all()


def test_a_dot_is_a_drawing(tmp_path):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": [[[5], [5]]]})
    assert (read(path).views < 128).any()


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({"word": "cat"}, "no list named 'drawing'"),
        ({"drawing": []}, "no ink"),
        ({"drawing": [[[], []]]}, "no ink"),
        ({"drawing": [[[1, 2], [1]]]}, "a stroke that is neither"),
        ({"drawing": [[["a"], ["b"]]]}, "a stroke that is neither"),
        ({"drawing": [{"a": [1], "b": [2]}]}, "a stroke that is not a list of lists"),
        ({"drawing": [[{"x": 1}, {"y": 2}]]}, "points that are not finite"),
        ({"drawing": "[[1"}, "no list named 'drawing'"),
        ([{"drawing": LINE}], "several drawings; write each on a line of its own"),
        ({"drawing": [[[1e999, 0], [1, 2]]]}, "not finite"),
        (7, "no list"),
    ],
)
def test_a_line_that_is_no_drawing_says_so(tmp_path, record, reason):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": LINE}, record)
    with pytest.raises(UnreadableFile, match=rf"a\.ndjson#2.*{reason}"):
        read(path, 2)


@pytest.mark.parametrize(
    "record",
    [
        {"strokes": SQUARE},
        {"drawing": json.dumps(SQUARE)},
        {"drawing": [{"x": x, "y": y} for x, y in SQUARE]},
        {"drawing": [[{"x": a, "y": b} for a, b in zip(*SQUARE[0], strict=True)]]},
        {"strokes": [{"points": [{"x": a, "y": b} for a, b in zip(*SQUARE[0], strict=True)]}]},
        {"strokes": [{"points": [list(pair) for pair in zip(*SQUARE[0], strict=True)]}]},
    ],
)
def test_strokes_as_other_programs_write_them_are_drawn_alike(tmp_path, record):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": SQUARE}, record)
    assert (read(path, 1).views == read(path, 2).views).all()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_of_strokes_may_end_as_on_any_system(tmp_path, end):
    lines = ["", "", *(json.dumps({"drawing": each}) for each in (SQUARE, LINE)), ""]
    (tmp_path / "a.ndjson").write_bytes(end.join(lines).encode())
    path = ndjson(tmp_path / "b.ndjson", {"drawing": SQUARE}, {"drawing": LINE})
    assert (read(tmp_path / "a.ndjson").views == read(path, 1).views).all()
    assert (read(tmp_path / "a.ndjson", 4).views == read(path, 2).views).all()


def test_a_line_that_is_not_there_or_too_long_is_refused(tmp_path):
    path = ndjson(tmp_path / "a.ndjson", {"drawing": LINE})
    with pytest.raises(UnreadableFile, match="has 1 lines; there is no line 2"):
        read(path, 2)
    with pytest.raises(OverLimit, match="over the limit of 5"):
        read(path, 1, bytes=5)
    ndjson(path, {"drawing": [[[0] * 200_001, [0] * 200_001]]})
    with pytest.raises(OverLimit, match="200,000 points"):
        read(path)


def on_a_table(sheet, corners, table, size=(400, 300)):
    """A sheet (h, w, 3) seen in perspective on a table (300, 400, 3)."""
    height, width = sheet.shape[:2]
    whole = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    seen = warped(sheet, whole, np.array(corners, float), size)
    mask = warped(np.full_like(sheet, 255), whole, np.array(corners, float), size) / 255
    return (table * (1 - mask) + seen * mask).astype(np.uint8)


WOOD = (90 + 40 * np.sin(np.arange(400) / 3))[None, :, None] * np.array([1.0, 0.8, 0.6])
TABLES = {
    "wood": np.repeat(WOOD, 300, axis=0),
    "black": np.full((300, 400, 3), 12.0),
    "cloth": np.where((np.indices((300, 400)).sum(0) // 25 % 2)[..., None], (160, 40, 40), 70.0),
}
VIEWS = {
    "whole": [(60, 30), (350, 45), (330, 280), (40, 260)],
    "cut off": [(-40, 40), (300, 20), (330, 320), (-20, 330)],
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("corners", VIEWS)
def test_a_page_on_a_table_gives_its_drawing(table, corners):
    sheet = on_shadowed_paper(house(360, 5))
    photo = on_a_table(sheet, VIEWS[corners], TABLES[table])
    seen = on_a_table(rgb(house(360, 5)), VIEWS[corners], np.full((300, 400, 3), 255.0))
    straight = straightened(seen, np.array(VIEWS[corners], float), (255, 255, 255))
    clean = normalise(straight, SIZE, STROKE)
    assert alike(normalise(photo, SIZE, STROKE), clean) > 0.8


def test_the_corners_of_a_page_are_found():
    corners = VIEWS["whole"]
    found = find_page(on_a_table(on_shadowed_paper(house(360, 5)), corners, TABLES["wood"]))
    assert found is not None
    assert np.abs(found.corners - corners).max() < 6, "clockwise from the upper left"


@pytest.mark.parametrize("drawing", [house(), 255 - house(), house(paper=170)])
def test_a_drawing_from_a_program_has_no_page(drawing):
    assert find_page(rgb(drawing)) is None


def test_a_blank_page_on_a_table_has_no_ink():
    photo = on_a_table(on_shadowed_paper(house(360, 0, 255)), VIEWS["whole"], TABLES["cloth"])
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(photo, SIZE, STROKE)


def test_strokes_as_points_are_read_as_those_in_rows_are(tmp_path):
    turn = np.linspace(0, 6, 20)
    rows = [[(9 * np.cos(turn)).tolist(), turn.tolist()], [[0, 9], [0, 5]]]
    points = [[list(point) for point in zip(*stroke, strict=True)] for stroke in rows]
    path = ndjson(tmp_path / "a.ndjson", {"drawing": rows}, {"drawing": points}, points)
    read = open_reader(ReaderSettings(reader="sketch"))
    views = [read(path, part).views for part in (1, 2, 3)]
    assert (views[0] == views[1]).all()
    assert (views[0] == views[2]).all()


@pytest.mark.parametrize("size", [(3000, 3000), (4000, 300), (300, 4000)])
@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA"])
def test_a_drawing_that_is_small_on_its_sheet_is_as_fine_as_one_that_fills_it(tmp_path, size, mode):
    drawing = Image.fromarray(house())
    sheet = Image.new("L", size, 255)
    sheet.paste(drawing, (size[0] - 200, size[1] - 200))
    if mode == "RGBA":
        sheet = Image.merge("LA", (Image.new("L", size, 0), sheet.point(lambda grey: 255 - grey)))
    sheet.convert(mode).save(tmp_path / "small.png")
    drawing.save(tmp_path / "large.png")
    read = open_reader(ReaderSettings(reader="sketch"))
    small, large = (read(tmp_path / f"{name}.png", None).views[0] for name in ("small", "large"))
    assert np.abs(small.astype(int) - large).mean() < 4
