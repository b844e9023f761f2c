"""Drawings clipped by basic shapes of CSS, against areas that are worked out by hand."""

import math

import numpy as np
import pytest

from opensearch.domains.svg import draw_svg
from opensearch.errors import UnreadableFile

SIDE = 200
RECT = '<rect x="10" y="20" width="80" height="60" {}/>'


def seen(body, style=""):
    """Opacity of what is drawn, shape (side, side), two pixels a unit."""
    sheet = f"<style>{style}</style>" if style else ""
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">'
    return np.asarray(draw_svg(f"{head}{sheet}{body}</svg>".encode(), SIDE))[..., 3]


def box(opacity):
    """Left, top, right and lower edge, units."""
    down, across = np.nonzero(opacity > 127)
    edges = (across.min(), down.min(), across.max() + 1, down.max() + 1)
    return tuple(float(edge) / 2 for edge in edges)


def area(opacity):
    return float(opacity.sum()) / 255 / 4


ROUND = 4 - math.pi
"""What four round corners of radius 1 take off a rectangle."""


@pytest.mark.parametrize(
    ("shape", "edges", "covered"),
    [
        ("circle(20px at 40px 30px)", (30, 30, 70, 70), math.pi * 400),
        ("circle(20px at center)", (30, 30, 70, 70), math.pi * 400),
        ("circle()", (20, 20, 80, 80), math.pi * 900),
        ("circle(closest-side at 20px 30px)", (10, 30, 50, 70), math.pi * 400),
        ("circle(20px at right 20px bottom 30px)", (50, 30, 90, 70), math.pi * 400),
        ("circle(10px at bottom)", (40, 70, 60, 80), math.pi * 50),
        ("circle(10px at left)", (10, 40, 20, 60), math.pi * 50),
        ("ellipse(25% 50% at 50% 50%)", (30, 20, 70, 80), math.pi * 600),
        ("ellipse()", (10, 20, 90, 80), math.pi * 1200),
        ("inset(10px 20px 5px 0)", (10, 30, 70, 75), 60 * 45),
        ("inset(calc(10% + 4px) 25%)", (30, 30, 70, 70), 1600),
        ("inset(10px round 10px)", (20, 30, 80, 70), 2400 - ROUND * 100),
        ("inset(10px round 400px)", (20, 30, 80, 70), 2400 - ROUND * 400),
        ("inset(10px round 10px / 20px)", (20, 30, 80, 70), 2400 - ROUND * 200),
        ("inset(10px round 20px 0)", (20, 30, 80, 70), 2400 - ROUND * 200),
        ("rect(10px 50px 40px auto)", (10, 30, 60, 60), 1500),
        ("rect(auto auto auto auto)", (10, 20, 90, 80), 4800),
        ("xywh(10px 10% 20px 50%)", (20, 26, 40, 56), 600),
        ("polygon(0 0, 100% 0, 0 100%)", (10, 20, 90, 80), 2400),
        ("polygon(evenodd, 0 0, 100% 0, 100% 100%, 0 100%, 0 0,"
         " 25% 25%, 75% 25%, 75% 75%, 25% 75%, 25% 25%)", (10, 20, 90, 80), 3600),
        ("path('M0 0H40V30H0Z')", (10, 20, 50, 50), 1200),
        ("path(evenodd, 'M0 0H80V60H0Z M20 15H60V45H20Z')", (10, 20, 90, 80), 3600),
        ("circle(20px at 40px 30px) fill-box", (30, 30, 70, 70), math.pi * 400),
        ("view-box circle(20px at 40px 40px)", (20, 20, 60, 60), math.pi * 400),
        ("circle(20px at 40px 40px) view-box", (20, 20, 60, 60), math.pi * 400),
        ("CIRCLE(20px at CENTER)", (30, 30, 70, 70), math.pi * 400),
        ("fill-box", (10, 20, 90, 80), 4800),
        ("circle(up)", (10, 20, 90, 80), 4800),
        ("circle(-5px)", (10, 20, 90, 80), 4800),
        ("none", (10, 20, 90, 80), 4800),
    ],
)  # fmt: skip
def test_a_rectangle_is_clipped_by_any_shape(shape, edges, covered):
    plain = seen(RECT.format(""), f"rect{{clip-path:{shape}}}")
    ways = [f'style="clip-path:{shape}"', f'clip-path="{shape}"']
    for drawn in (plain, *(seen(RECT.format(way)) for way in ways)):
        np.testing.assert_allclose(box(drawn), edges, atol=0.6)
        assert area(drawn) == pytest.approx(covered, rel=0.02)


def test_the_box_is_that_of_the_stroke_and_moves_with_the_element():
    said = 'stroke="red" stroke-width="10" transform="translate(5 5)" clip-path="circle()"'
    drawn = seen(f'<rect x="10" y="20" width="60" height="50" {said}/>')
    np.testing.assert_allclose(box(drawn), (15, 20, 75, 80), atol=0.6)  # 60 high with its stroke
    inner = seen(f'<rect x="10" y="20" width="60" height="50" {said[:-1]} fill-box"/>')
    np.testing.assert_allclose(box(inner), (20, 25, 70, 75), atol=0.6)


def test_a_group_and_a_use_are_clipped_as_a_whole():
    parts = (
        '<rect x="10" y="20" width="20" height="60"/><rect x="70" y="20" width="20" height="60"/>'
    )
    drawn = seen(f'<g style="clip-path:inset(50% 10px 0 10px)">{parts}</g>')
    np.testing.assert_allclose(box(drawn), (20, 50, 80, 80), atol=0.6)
    used = seen(
        '<defs><circle id="c" r="10"/></defs>'
        '<use href="#c" x="50" y="50" style="clip-path:inset(0 50% 0 0)"/>'
    )
    np.testing.assert_allclose(box(used), (40, 40, 50, 60), atol=0.6)


def test_what_lies_in_an_unknown_box_is_refused_by_name():
    for body in ('<text x="5" y="50" style="clip-path:circle()">A</text>',
                 RECT.format('style="clip-path:shape(from 0 0, line to 10px 10px)"')):  # fmt: skip
        with pytest.raises(UnreadableFile, match="clip-path"):
            seen(body)


INSIDE = (
    '<g class="a"><rect width="10" height="10"/>'
    '<g class="b"><rect x="50" y="50" width="10" height="10"/></g></g>'
    '<rect class="a" x="80" width="20" height="20"/>'
)
INNER, DEEP, BESIDE = 100, 100, 400


@pytest.mark.parametrize(
    ("sheet", "left"),
    [
        ("@scope (g) {rect {fill: none}}", BESIDE),
        ("@scope (.a) {rect {fill: none}}", 0),
        ("@scope (.a) to (.b) {rect {fill: none}}", DEEP),
        ("@scope (.a) to (:scope .b) {rect {fill: none}}", DEEP),
        ("@scope (.b, .x) {rect {fill: none}}", INNER + BESIDE),
        ("@scope (.a) {:scope rect {display: none}}", BESIDE),
        ("@scope (.a) {&amp; rect {display: none}}", BESIDE),
        ("@scope (.a) {&gt; rect {display: none}}", DEEP + BESIDE),
        ("@scope (g.a) {display: none}", BESIDE),
        ("@scope (.a) {rect {fill: none} @scope (.b) {rect {fill: red}}}", DEEP),
        (".a {@scope (.b) {rect {fill: none}}}", INNER + BESIDE),
        ("@scope {rect {fill: none}}", 0),
        ("@media print {@scope (.a) {rect {fill: none}}}", INNER + DEEP + BESIDE),
        ("@scope (.none) {rect {fill: none}}", INNER + DEEP + BESIDE),
    ],
)
def test_rules_of_a_scope_are_for_what_lies_within_it(sheet, left):
    assert area(seen(INSIDE, sheet)) == pytest.approx(left, abs=1)


def test_a_scope_without_a_start_is_that_of_the_element_around_its_sheet():
    inner = "<style>@scope {rect {fill: none}}</style>"
    assert area(seen(INSIDE.replace('<g class="b">', f'<g class="b">{inner}'))) == pytest.approx(
        INNER + BESIDE, abs=1
    )


LIGHT = '<mask id="m"><rect width="50" height="100" fill="white"/></mask>'
DARK = '<mask id="m"><rect width="50" height="100"/></mask>'


@pytest.mark.parametrize(
    ("mask", "style"),
    [
        (LIGHT, "mask: url(#m)"),
        (LIGHT, "mask: url('#m') luminance"),
        (LIGHT, "mask-image: url(#m)"),
        (LIGHT, "-webkit-mask: url(#m)"),
        (LIGHT, "-webkit-mask-image: url(#m)"),
        (DARK, "mask: url(#m) alpha"),
        (DARK, "mask: url(#m); mask-mode: alpha"),
        (DARK, "mask-image: url( '#m' ); mask-mode: alpha"),
        ("<clipPath id='m'><path d='M0 0H50V100H0Z'/></clipPath>", "-webkit-clip-path: url(#m)"),
        ("", "-webkit-clip-path: inset(0 40px 0 0)"),
    ],
)
def test_masks_and_clip_paths_are_those_that_css_names(mask, style):
    for drawn in (
        seen(mask + RECT.format(f'style="{style}"')),
        seen(mask + RECT.format(""), f"svg > rect {{{style}}}"),
    ):
        np.testing.assert_allclose(box(drawn), (10, 20, 50, 80), atol=0.6)
