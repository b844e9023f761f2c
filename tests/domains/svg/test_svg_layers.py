"""Layers of style sheets, and boxes that transforms are about."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.svg import draw_svg
from opensearch.errors import UnreadableFile


def drawn(body, longest=200):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    return draw_svg(source.encode(), longest)


def colour(sheet, style=""):
    """Of a square of class x and id y under a sheet."""
    body = (
        f'<style>{sheet}</style><rect id="y" class="x" width="100" height="100" style="{style}"/>'
    )
    return drawn(body, 20).getpixel((10, 10))[:3]


RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        ("@layer a{#y{fill:blue}} rect{fill:red}", RED),
        ("rect{fill:red} @layer a{#y{fill:blue}}", RED),
        ("rect{fill:red} @layer{#y{fill:blue}}", RED),
        ("@layer a{#y{fill:blue}} @layer b{rect{fill:red}}", RED),
        ("@layer a,b; @layer b{rect{fill:red}} @layer a{#y{fill:blue}}", RED),
        ("@layer b{rect{fill:red}} @layer a{rect{fill:blue}} @layer b{#y{fill:red}}", BLUE),
        ("@layer{rect{fill:blue}} @layer{rect{fill:red}}", RED),
        ("@layer a{@layer b{#y{fill:blue}} rect{fill:red}}", RED),
        ("@layer a{rect{fill:red} @layer b{#y{fill:blue}}}", RED),
        ("@layer a.b{#y{fill:blue}} @layer a{rect{fill:red}}", RED),
        ("@layer a.b,c; @layer c{rect{fill:red}} @layer a{@layer b{#y{fill:blue}}}", RED),
        ("@layer a{rect{fill:red!important}} @layer b{#y{fill:blue!important}}", RED),
        ("@layer a{rect{fill:red!important}} #y{fill:blue!important}", RED),
        ("@layer a{rect{fill:blue}} rect{@layer a{fill:blue} fill:red}", RED),
        ("@media screen{@layer a{#y{fill:blue}}} @layer b{rect{fill:red}}", RED),
        ("@media print{@layer b{rect{fill:blue}}} @layer a{#y{fill:blue}} @layer b{rect{fill:red}}",
         RED),
        ("@layer a{rect{fill:blue}} @supports (fill:red){@layer b{rect{fill:red}}}", RED),
    ],
)  # fmt: skip
def test_of_two_layers_the_later_wins_and_none_over_all(sheet, expected):
    assert colour(sheet) == expected


def test_a_style_of_its_own_is_in_no_layer_and_wins():
    assert colour("@layer a{rect{fill:blue!important}}", "fill:red") == BLUE
    assert colour("@layer a{rect{fill:blue!important}}", "fill:red!important") == RED
    assert colour("@layer a{rect{fill:blue}}", "fill:red") == RED


def test_layers_go_on_from_sheet_to_sheet():
    sheets = "<style>@layer a,b;</style><style>@layer b{rect{fill:red}}</style>"
    rest = "<style>@layer a{rect{fill:blue}}</style><rect width='100' height='100'/>"
    assert drawn(sheets + rest).getpixel((50, 50))[:3] == RED


@pytest.mark.parametrize("order", list(itertools.permutations("abc")))
@pytest.mark.parametrize("important", [False, True])
def test_layers_against_all_orders(order, important):
    """Rules written in one order, layers declared in another."""
    shades = {"a": (10, 0, 0), "b": (20, 0, 0), "c": (30, 0, 0)}
    mark = "!important" * important
    rules = "".join(f"@layer {n}{{rect{{fill:rgb{s}{mark}}}}}" for n, s in shades.items())
    winner = order[0] if important else order[-1]
    assert colour(f"@layer {','.join(order)};{rules}") == shades[winner]


# Wholes of what is to be worked out are those of the window, 100.
@pytest.mark.parametrize(
    ("value", "pixels"),
    [
        ("calc(50% * 20px / 50px)", 20),
        ("calc(20px * 50% / 50px)", 20),
        ("calc(20px / 50px * 50%)", 20),
        ("calc(100px * 100px / 50%)", 200),
        ("calc(50% * 50% / 100px)", 25),
        ("calc(50% / 10px * 4px)", 20),
    ],
)
def test_products_of_shares_and_lengths(value, pixels):
    def rect(width):
        return np.asarray(drawn(f'<rect x="5" y="5" width="{width}" height="40"/>'))

    assert np.abs(rect(value).astype(int) - rect(pixels)).max() <= 1


def ink(body):
    """Left, top, right and lower end of what is drawn."""
    left, top, right, lower = drawn(body, 800).getchannel("A").point(lambda a: a > 127).getbbox()
    return np.array([left, top, right, lower]) / 8


ABOUT = "transform-box:fill-box;transform-origin:center"
PATHS = [
    "M20 40h40v20z",
    "m20 40 40 0 0 20zm-10 5l5 30 2-9z",
    "M10 10C10 90 90 90 60 10z",
    "m20 60c0-60 40 80 40 0s20-40 20 9z",
    "M10 50Q30 0 50 50T90 50z",
    "M20 50q20-60 30 0t30 0V60H20z",
    "M30 50A20 10 0 0 0 60 50z",
    "M30 50A20 10 30 1 1 60 50z",
    "M30 50a5 5 0 0110 0 5 5 0 11-10 0",
    "M50 20L80 80 20 80ZL20 50 30 50z",
    "M20.5.5.5 20.5 50-1e1 40,30z M 30 30",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("group", ['<path d="{}" {}/>', '<g {1}><path d="{0}"/></g>'])
def test_paths_and_groups_turn_about_the_middle_of_what_they_draw(path, group):
    """Turned by half about its middle, the box of a drawing stays where it is."""
    shifted = f'<g transform="translate(5 20) scale(.8)">{group}</g>'
    plain = ink(shifted.format(path, ""))
    turned = ink(shifted.format(path, f'style="{ABOUT};transform:rotate(180deg)"'))
    assert np.abs(plain - turned).max() <= 0.3


def test_groups_hold_what_is_moved_used_and_hidden():
    inner = (
        '<rect x="10" y="10" width="10" height="10" transform="translate(20 30) rotate(45)"/>'
        '<g style="display:none"><rect width="100" height="100"/></g>'
        '<defs><rect id="r" width="10" height="10"/></defs><use href="#r" x="50" y="60"/>'
        f'<rect x="30" y="20" width="20" height="4" style="{ABOUT};transform:rotate(90deg)"/>'
    )
    plain = ink(f"<g>{inner}</g>")
    turned = ink(f'<g style="{ABOUT};transform:rotate(180deg)">{inner}</g>')
    assert np.abs(plain - turned).max() <= 0.3


@pytest.mark.parametrize(
    "body",
    [
        '<text y="40" style="{}">Hi</text>',
        '<g style="{}"><rect width="9" height="9"/><text y="40">Hi</text></g>',
        '<g style="{}" id="g"><use href="#g"/></g>',
        '<symbol id="s"><path d="M0 0h9v9"/></symbol><use href="#s" style="{}"/>',
    ],
)
def test_a_box_that_is_not_known_is_told(body):
    with pytest.raises(UnreadableFile, match="a kind of box"):
        drawn(body.format(f"{ABOUT};transform:rotate(30deg)"))


def test_many_groups_within_each_other_cost_little():
    depth, each = 60, '<path d="M0 0h9v9z"/>' * 20
    style = f'style="{ABOUT};transform:rotate(3deg)"'
    data = io.BytesIO()
    drawn(f"<g {style}>{each}" * depth + "</g>" * depth, 50).save(data, "PNG")
    assert Image.open(data).size == (50, 50)
