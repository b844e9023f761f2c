"""Lengths of lines, sides in shares, words in capitals and media; held against plain SVG."""

import math

import numpy as np
import pytest

from opensearch.domains.svg import draw_svg


def drawn(body):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    return np.asarray(draw_svg(source.encode(), 400)).astype(int)


def same(one, other):
    assert (other[..., 3] > 128).any()
    assert np.abs(drawn(one) - other).mean() < 0.5


DASHED = 'fill="none" stroke="black" stroke-width="4" '


@pytest.mark.parametrize(
    ("shape", "long"),
    [
        ('<path d="M10 50H90" {}/>', 80),
        ('<path d="M10 50h30m20 0h30" {}/>', 60),
        ('<path d="M10 10h80v80h-80z" {}/>', 320),
        ('<path d="M10 50a40 40 0 0180 0" {}/>', 40 * math.pi),
        ('<line x1="10%" y1="50" x2="90" y2="50" {}/>', 80),
        ('<rect x="10" y="10" width="80%" height="40" {}/>', 240),
        ('<rect x="10" y="10" width="80" height="40" rx="10" {}/>', 160 + 20 * math.pi),
        ('<circle cx="50" cy="50" r="40" {}/>', 80 * math.pi),
        ('<polyline points="10,10 90,10 90,90" {}/>', 160),
        ('<polygon points="10,10 90,10 90,90 10,90" {}/>', 320),
    ],
)
def test_dashes_are_shares_of_the_length_that_a_line_is_said_to_have(shape, long):
    tenth = f"{long / 10} {long / 5}"
    plain = drawn(shape.format(f'{DASHED} stroke-dasharray="{tenth}" stroke-dashoffset="5"'))
    said = f'{DASHED} pathLength="100" stroke-dasharray="10px,20" stroke-dashoffset="{500 / long}"'
    same(shape.format(said), plain)
    inherited = f'stroke-dasharray="1 2" stroke-dashoffset="{50 / long}"'
    tenths = shape.format(DASHED + 'pathLength="10"')
    same(f"<g {inherited}>{tenths}</g>", plain)


def test_a_line_drawn_by_an_animation_is_whole():
    """As programs of animated icons write it: a line of length one, of one dash."""
    line = f'<path d="M10 50H90" {DASHED} {{}}/>'
    plain = drawn(line.format(""))
    same(line.format('pathLength="1" stroke-dasharray="1px 1px" stroke-dashoffset="0px"'), plain)
    same(line.format('pathLength="1" style="stroke-dasharray:none"'), plain)


@pytest.mark.parametrize("inner", ["symbol", "svg"])
@pytest.mark.parametrize("view_box", ["", 'viewBox="0 0 10 10"'])
def test_sides_of_a_use_are_shares_of_the_drawing(inner, view_box):
    body = f'<defs><{inner} id="s" {view_box}><rect width="60%" height="60%"/></{inner}></defs>'
    plain = drawn(body + '<use href="#s" x="20" y="20" width="60" height="40"/>')
    same(body + '<use href="#s" x="20%" y="20%" width="60%" height="40%"/>', plain)


@pytest.mark.parametrize(
    ("shares", "lengths"),
    [
        ('rect x="25%" width="50%" height="50%"', 'rect x="6" width="12" height="6"'),
        ('circle cx="50%" cy="50%" r="25%"', 'circle cx="12" cy="6" r="4.743"'),
        ('rect style="width:50%;height:50%"', 'rect width="12" height="6"'),
    ],
)
def test_shares_in_a_symbol_are_of_its_view_box(shares, lengths):
    body = '<symbol id="s" viewBox="0 0 24 12"><{}/></symbol>'
    body += '<use href="#s" width="48" height="24" transform="translate(20 20)"/>'
    same(body.format(shares), drawn(body.format(lengths)))


def test_shares_in_a_drawing_without_a_view_box_are_of_its_sides():
    plain = drawn('<rect x="10" y="10" width="20" height="5"/>')
    inner = '<rect width="calc(50% + 0px)" height="calc(25% + 0px)"/>'
    same(f'<svg x="10" y="10" width="40%" height="20">{inner}</svg>', plain)
    same(f'<svg x="10" y="10" style="width:40px;height:20%">{inner}</svg>', plain)


RED = drawn('<rect width="50" height="50" fill="red"/>')


@pytest.mark.parametrize("said", ['fill="{}"', 'style="fill:{}"', 'style="FILL:{}"'])
@pytest.mark.parametrize("word", ["currentColor", "currentcolor", "CURRENTCOLOR", "RED", "Red"])
def test_words_of_colours_may_be_written_in_any_letters(said, word):
    same(f'<g color="red"><rect width="50" height="50" {said.format(word)}/></g>', RED)


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("(min-width:9999px) or (min-width:1px)", True),
        ("(min-width:9999px) or (min-width:8888px)", False),
        ("(width &gt;= 100px)", True),
        ("(width &gt;= 9999px)", False),
        ("(100px &lt;= width &lt;= 9999px)", True),
        ("(100px &lt; width &lt; 200px)", False),
        ("screen and (width &gt; 10em)", True),
        ("not (width &lt; 9999px)", False),
    ],
)
def test_media_by_either_of_two_and_by_ranges(query, holds):
    fill = ("blue", "red") if holds else ("red", "blue")
    sheet = f"<style>rect{{fill:{fill[0]}}} @media {query}{{rect{{fill:{fill[1]}}}}}</style>"
    same(f'{sheet}<rect width="50" height="50"/>', RED)


@pytest.mark.parametrize(
    "moving",
    [
        "<style>@keyframes d{{to{{stroke-dashoffset:0}}}} path{{animation:d 2s infinite}}</style>"
        "{}",
        "<style>@keyframes d{{to{{stroke-dashoffset:0}}}} path{{animation:d 2s}}</style>{}",
        '{}<animate href="#p" attributeName="stroke-dashoffset" from="80" to="0" dur="2s"'
        ' repeatCount="indefinite"/>',
    ],
)
def test_lines_that_draw_themselves_over_and_over_are_drawn(moving):
    line = f'<path id="p" d="M10 50H90" {DASHED} {{}}/>'
    hidden = line.format('stroke-dasharray="80" stroke-dashoffset="80"')
    same(moving.format(hidden), drawn(line.format("")))


def test_what_fades_and_comes_back_is_drawn_as_it_begins():
    fading = "<style>@keyframes d{to{opacity:0}} rect{animation:d 2s infinite}</style>"
    same(fading + '<rect width="50" height="50" fill="red"/>', RED)
