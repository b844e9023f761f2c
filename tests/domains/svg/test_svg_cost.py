"""Drawings of a few hundred kilobytes that took minutes to be looked through, not to be drawn."""

import time

import numpy as np
import pytest

from opensearch.domains.svg import draw_svg
from opensearch.domains.svg.boxes import simple_points
from opensearch.domains.svg.css import is_shown
from opensearch.domains.svg.markup import parse
from opensearch.domains.svg.outlines import path_points
from opensearch.domains.svg.size import Window
from opensearch.errors import OverLimit

MANY = 100_000
SECONDS = 10.0
"""Of the processor, where all take a half and took hundreds."""


def svg(attributes="", body=""):
    rectangle = f'<rect width="5" height="5" {attributes}/>'
    start = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    return f"{start}{rectangle}{body}</svg>".encode()


def drawn(data, side=32):
    start = time.process_time()
    try:
        return draw_svg(data, side)
    finally:
        assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "attributes",
    [
        f'fill="{"url(#" * MANY}"',
        f'fill="{"url(" * MANY}"',
        f'fill="url({" " * MANY}x"',
        f'fill="env({"a" * MANY}"',
        f'stroke-width="{"1" * MANY}"',
        f'style="width:{"1" * MANY}!"',
        f'style="font-size:{"1" * MANY}!"',
        f'style="mask:{"url(#" * MANY}"',
        f'style="{"url(" * MANY}"',
        f'vector-effect="non-scaling-stroke" transform="{"a" * MANY}"',
        f'vector-effect="non-scaling-stroke" transform="{"a(" * MANY}"',
        f'd="M0 0A{"2" * 60}" pathLength="5" stroke-dasharray="2"',
    ],
    ids=lambda text: text[:20],
)
def test_values_without_an_end_are_looked_through_once(attributes):
    assert drawn(svg(attributes)) is not None


def test_conditions_without_an_end_are_looked_through_once():
    start = time.process_time()
    assert is_shown(f"(min-width:{' ' * MANY}9")
    assert time.process_time() - start < SECONDS


def test_an_arc_of_digits_alone_has_one_reading():
    start = time.process_time()
    element = parse(svg(body=f'<path d="M0 0A{"2" * 200}"/>'))[1]
    assert simple_points(element, Window(0, 0, 9, 9), 16).tolist() == [[0, 0]]
    path_points("M0 0A" + "2" * MANY)
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("data", ["A1 1 0 0010 10", "A1,1,0,0,0,10,10", "a1 1 0 00 10 10"])
def test_arcs_are_read_however_they_are_packed(data):
    end = path_points(f"M0 0{data}")[-1]
    assert end.tolist() == [10, 10]
    assert path_points(f"M0 0{data} .5.5 0 01 20-5")[-1].tolist() in ([20, -5], [30, 5])


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        *[(name, "url('#{}')") for name in ("a", "Layer (1)", "a b", "häus")],
        *[(name, 'url( "#{}" )') for name in ("a", "Layer (1)", "a b", "häus")],
        *[(name, form) for name in ("a", "a b", "häus") for form in ("url(#{})", "URL( #{} )")],
    ],
)
def test_references_are_found_in_any_writing(name, reference):
    said = reference.format(name).replace('"', "&quot;")
    clip = f'<clipPath id="{name}"><rect width="2" height="9"/></clipPath>'
    found = np.asarray(drawn(svg(f'clip-path="{said}"', clip), 9).getchannel("A"))
    assert np.flatnonzero(found.any(axis=0)).tolist() == [0, 1]


def test_what_is_not_drawn_is_dropped_at_once_and_the_text_behind_it_stays():
    """Each was looked for among all: 50,000 took ten seconds."""
    body = f"<text y='8'>a{'<title/>b' * 8000}c</text><g>{'<desc/>' * 40_000}</g>"
    assert drawn(svg(body=body)) is not None


def test_animations_of_one_element_are_told_once():
    """Each was put behind what all before it had said."""
    step = f'<set attributeName="fill" to="{"x" * 150}" fill="freeze"/>'
    last = '<set attributeName="fill" to="#00f" fill="freeze"/>'
    data = svg(body=f'<circle r="5" style="stroke:none">{step * 40_000}{last}</circle>')
    assert drawn(data).getpixel((1, 1)) == (0, 0, 255, 255)


def test_a_line_that_is_repeated_is_measured_once():
    uses = "".join(
        f'<use href="#p" fill="url(#g{at})" marker-mid="url(#m)"/>' for at in range(3000)
    )
    shades = "".join(f'<linearGradient id="g{at}"/>' for at in range(3000))
    line = f'<path id="p" d="M{"1,2 " * 100_000}"/><marker id="m"/>'
    with pytest.raises(OverLimit, match="counting what is repeated"):
        drawn(svg(body=f"<defs>{shades}{line}</defs>{uses}"))


@pytest.mark.parametrize(
    ("selector", "times"), [(".x " + ".a " * 30 + ".b", 31), (":is(.a, .b) " * 40, 39)]
)
def test_rules_for_elements_in_elements_in_elements_are_refused(selector, times):
    groups = '<g class="a">' * 100 + '<rect class="b"/>' * 500 + "</g>" * 100
    with pytest.raises(OverLimit, match=f"elements in elements, {times} times over"):
        drawn(svg(body=f"<style>{selector}{{fill:red}}</style>{groups}"))
