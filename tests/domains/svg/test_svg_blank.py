"""Drawings that show nothing as they are: what they hold is drawn, or the cause told."""

import numpy as np
import pytest

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.svg import draw_svg
from opensearch.errors import UnreadableFile

HOUSE = '<path d="M20 90V45L60 15L100 45V90Z"/><path d="M50 90V60H70V90"/>'
PEN = 'fill="none" stroke="#000"'


def drawn(body, box="0 0 120 110"):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{body}</svg>'
    return np.asarray(draw_svg(source.encode(), 400))[..., 3]


@pytest.mark.parametrize("place", ["translate(230 20)", "translate(-300 -200)", "translate(0 600)"])
def test_a_drawing_beside_its_page_is_drawn_in_a_window_of_its_own(place):
    ink = drawn(f'<g transform="{place}" {PEN}>{HOUSE}</g>', "0 0 210 297") > 128
    assert ink.any(axis=0).nonzero()[0][[0, -1]] == pytest.approx([0, 399], abs=12)
    assert ink.shape[0] / ink.shape[1] == pytest.approx(77 / 82, abs=0.05)


def test_what_lies_beside_a_page_with_ink_is_left_out():
    ground = f'<path d="M20 100H100" {PEN}/>'
    beside = f'<g transform="translate(230 20)" {PEN}>{HOUSE}</g>'
    assert (drawn(ground + beside) == drawn(ground)).all()


@pytest.mark.parametrize(
    "lines",
    [
        f'<g {PEN} stroke-width="0">{HOUSE}</g>',
        f'<g {PEN} style="stroke-width:0px">{HOUSE}</g>',
        f"<style>path{{stroke-width:0}}</style><g {PEN}>{HOUSE}</g>",
    ],
)
def test_lines_without_a_width_are_hairlines_where_nothing_else_shows(lines):
    ink = drawn(lines)
    assert ink.max() > 200
    assert 0.005 < (ink > 128).mean() < 0.05


def test_lines_without_a_width_stay_so_beside_others():
    ground = f'<path d="M20 100H100" {PEN}/>'
    assert (drawn(f'{ground}<g {PEN} stroke-width="0">{HOUSE}</g>') == drawn(ground)).all()


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("<script>vivus()</script>", "by a script, which does not run"),
        ('<filter id="f"><feFlood/></filter>', "of a filter, which is left out"),
    ],
)
def test_a_blank_drawing_names_scripts_and_filters(more, reason):
    hidden = f'<g {PEN} stroke-dasharray="400 402" stroke-dashoffset="401">{HOUSE}</g>'
    with pytest.raises(UnreadableFile, match=f"^draws nothing: .*{reason}"):
        drawn(hidden + more)


@pytest.mark.parametrize("reader", ["sketch", "image"])
@pytest.mark.parametrize(
    ("more", "link"),
    [
        ('<image href="photos/a.png" width="40" height="40"/>', "photos/a.png"),
        (
            '<g xmlns:xlink="http://www.w3.org/1999/xlink"><use xlink:href="b.svg#c"/></g>',
            "b.svg#c",
        ),
        ('<image href="data:image/png;base64,AAAA" width="4" height="4"/>', ""),
        ('<g id="d"/><use href="#d"/><use href=""/>', ""),
        (
            '<image href="a.png" display="none"/><g style="display: none"><use href="b.svg"/></g>',
            "",
        ),
        ('<defs><image href="a.png"/></defs><symbol><image href="b.png"/></symbol>', ""),
    ],
)
def test_what_lies_outside_of_the_file_is_told_beside_what_is_drawn(tmp_path, reader, more, link):
    page = '<rect width="120" height="110" fill="white"/><path d="M0 0V110H120V0Z" stroke="red"'
    for body in (f"<g {PEN}>{HOUSE}</g>", f'{page} fill="none" stroke-width="24"/>'):
        source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 110">{body}{more}</svg>'
        (tmp_path / "a.svg").write_text(source)
        found = open_reader(ReaderSettings(reader=reader, size=64))(tmp_path / "a.svg").lost
        told = f"a part of it lies outside of the file ({link!r}); embed it"
        assert found == (told if link else "")
