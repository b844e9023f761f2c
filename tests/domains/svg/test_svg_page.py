"""The page that a drawing paints, and what lies at its border as ink on it."""

import numpy as np
import pytest

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.svg import painted_page
from opensearch.limits import Limits

CAT = (
    '<path d="M40 150C40 90 70 70 100 70S160 90 160 150Z M80 100h5 M115 100h5" fill="none"'
    ' stroke="#000" stroke-width="4"/>'
)
SKYLINE = '<path d="M0 200V120L40 60 70 100 110 30 150 110 200 70V200Z" fill="#234"/>'
PAGE = '<rect width="200" height="200" fill="{}"/>'
WHITE = PAGE.format("#fff")
CIRCLE = '<clipPath id="c"><circle cx="100" cy="100" r="80"/></clipPath>'
GRADIENT = (
    '<linearGradient id="l"><stop stop-color="#fff"/><stop offset="1" stop-color="#dfdfdf"/>'
    "</linearGradient>"
)
PICTURE = (
    '<image width="200" height="200" href="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB'
    'CAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="/>'
)


def svg(content, more='viewBox="0 0 200 200"'):
    return f'<svg xmlns="http://www.w3.org/2000/svg" {more}>{content}</svg>'.encode()


def view(folder, content):
    path = folder / "a.svg"
    path.write_bytes(svg(content))
    reader = open_reader(ReaderSettings(reader="sketch", size=96), Limits())
    return reader(path).views[0, ..., 0]


@pytest.mark.parametrize(
    ("content", "shade"),
    [
        (WHITE, (255, 255, 255)),
        (PAGE.format("#ffc") + CAT, (255, 255, 204)),
        ('<path d="M0 0h200v200H0z" style="fill:beige"/>', (245, 245, 220)),
        (f'<g transform="translate(-9 -9)"><g>{WHITE}</g></g>{CAT}', (255, 255, 255)),
        ('<style>rect{fill:#eee}</style><rect width="100%" height="100%"/>', (238, 238, 238)),
        # Frames: a stroke of the page, or the page on one of another shade.
        (
            '<rect width="200" height="200" fill="#fff" stroke="#000" stroke-width="16"/>',
            (255, 255, 255),
        ),
        (
            PAGE.format("#000") + '<rect x="6" y="6" width="188" height="188" fill="#fff"/>',
            (255, 255, 255),
        ),
        # What draws nothing is no page.
        (
            '<path d="M0 0h9" fill="none"/><rect width="5" height="5" fill="none"/>' + WHITE,
            (255,) * 3,
        ),
        (f'<defs><rect id="a" width="5" height="5"/></defs>{WHITE}', (255, 255, 255)),
        ("", None),
        (CAT, None),
        (SKYLINE + WHITE, None),
        (PAGE.format("#000") + CAT, None),
        ('<rect width="200" height="150" fill="#fff"/>', None),
        ('<rect width="150" height="200" fill="#fff"/>', None),
        ('<rect width="200" height="200" fill="#fff" stroke="#000" stroke-width="60"/>', None),
        ('<circle cx="100" cy="100" r="140" fill="#fff"/>', None),
        ('<path d="M100 0 200 100 100 200 0 100z" fill="#fff"/>', None),
        ('<rect width="200" height="200" fill="#000" opacity=".5"/>', None),
        # Of several the uppermost, dark or not.
        (WHITE + PAGE.format("#012") + CAT, None),
        (WHITE + '<rect x="3" y="3" width="194" height="194" fill="#012"/>', None),
        (WHITE + PAGE.format("#012").replace("/>", ' opacity=".9"/>'), None),
        (PAGE.format("#012") + PAGE.format("#eee"), (238, 238, 238)),
        (f'{WHITE}<g><circle cx="100" cy="100" r="30"/></g>{PAGE.format("#012")}', (255, 255, 255)),
        (f'<g><circle cx="100" cy="100" r="30"/></g>{WHITE}', None),
        (f"{PICTURE}{WHITE}", None),
        # What it names goes with it.
        (f'{CIRCLE}<g clip-path="url(#c)">{WHITE}</g>', None),
        (f'<rect width="200" height="200" fill="url(#l)"/>{GRADIENT}', (239, 239, 239)),
        (
            f'{GRADIENT.replace("#dfdfdf", "#000")}<rect width="200" height="200" fill="url(#l)"/>',
            None,
        ),
    ],
)
def test_the_page_is_the_lowest_thing_that_covers_all(content, shade):
    assert painted_page(svg(content)) == shade


def test_a_page_without_a_view_box():
    assert painted_page(svg(WHITE + CAT, "")) == (255, 255, 255)


def test_ink_that_reaches_the_border_of_a_painted_page_is_ink(tmp_path):
    found, without = view(tmp_path, WHITE + SKYLINE), view(tmp_path, SKYLINE)
    assert np.abs(found.astype(int) - without).mean() < 8
    assert found[10, 10] > 200  # the sky, which was black
    assert found[80, 48] < 60


@pytest.mark.parametrize("width", [4, 8, 12, 20])
@pytest.mark.parametrize("colour", ["#000", "#888", "#00f", "#c00"])
def test_a_frame_is_no_ground(tmp_path, width, colour):
    frame = f'<rect width="200" height="200" fill="#fff" stroke="{colour}" stroke-width="{width}"/>'
    found = view(tmp_path, frame + CAT)
    assert (found < 128).mean() < 0.25
    assert np.abs(found.astype(int) - view(tmp_path, CAT)).mean() < 30


def test_a_dark_block_at_the_border_is_no_frame(tmp_path):
    line = '<path d="M100 120v70" stroke="#00f" stroke-width="6"/>'
    block = f'<rect width="200" height="120" fill="#012"/>{line}'
    found = view(tmp_path, WHITE + block)
    assert found[20:40, 40:56].max() < 60
    assert found[75:88, 10:30].min() > 200


def test_light_on_a_dark_page_stays_light_on_dark(tmp_path):
    light = CAT.replace("#000", "#fff")
    found = view(tmp_path, PAGE.format("#111") + light)
    assert np.abs(found.astype(int) - view(tmp_path, WHITE + CAT)).mean() < 8
