"""What moves: when it begins, and at which moment it is drawn; held against plain SVG."""

import numpy as np
import pytest

from opensearch.domains.svg import draw_svg

PEN = 'fill="none" stroke="black" stroke-width="2"'
HOUSE = '<path d="M20 90V45L60 15L90 45V90Z"/><path d="M50 90V60H70V90"/>'
PLAIN = f"<g {PEN}>{HOUSE}</g>"
GROUND = f'<path d="M5 95H95" {PEN}/>'
COVER = '<rect width="100" height="60" opacity="0">{}</rect>'


def drawn(body):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">{body}</svg>'
    return np.asarray(draw_svg(source.encode(), 200)).astype(int)


def same(one, other):
    assert np.abs(drawn(one) - drawn(other)).mean() < 0.1


def shown_by(begin, more=""):
    return f'<set attributeName="opacity" to="1" fill="freeze" begin="{begin}"/>{more}'


@pytest.mark.parametrize(
    "begin",
    [
        "click",
        "click;",
        "x.click",
        "mouseover; focusin",
        "indefinite",
        "accessKey(a)",
        "nobody.end",
    ],
)
def test_what_begins_with_a_click_is_not_drawn(begin):
    same(PLAIN + COVER.format(shown_by(begin)), PLAIN)


def test_what_begins_behind_a_click_is_not_drawn_either():
    first = '<animate id="a" attributeName="x" to="0" begin="click"/>'
    second = '<animate id="b-c" attributeName="x" to="0" begin="a.end + 1s"/>'
    same(PLAIN + COVER.format(shown_by(r"b\-c.begin", first + second)), PLAIN)


@pytest.mark.parametrize("begin", ["", "0s", "click; 2s", "-1s", "00:05", "t.end", "u.begin+1s"])
def test_what_begins_by_itself_is_drawn_as_before(begin):
    timers = '<animate id="t" attributeName="y" to="0" begin="1s"/>'
    timers += '<animate id="u" attributeName="y" to="0" begin="t.end"/>'
    whole = '<rect width="100" height="60"/>'
    same(GROUND + COVER.format(shown_by(begin, timers)), GROUND + whole)


def test_what_shows_nothing_before_a_click_is_drawn_as_behind_it():
    same(f'<g {PEN} opacity="0">{HOUSE}{shown_by("click")}</g>', PLAIN)


def animated(values, name="opacity", more=""):
    return (
        f'<animate attributeName="{name}" values="{values}" dur="2s"'
        f' repeatCount="indefinite" {more}/>'
    )


DASHED = 'stroke-dasharray="400" stroke-dashoffset="400"'
LOOPS = [
    f'<g {PEN} opacity="0">{HOUSE}{animated("0;1;0")}</g>',
    f'<g {PEN} style="opacity:0">{HOUSE}{animated("0;1;0")}</g>',
    f"<style>g{{opacity:0}}</style><g {PEN}>{HOUSE}{animated('0;1;0')}</g>",
    f"<g {PEN} {DASHED}>{HOUSE}{animated('400;0;0;400', 'stroke-dashoffset')}</g>",
    f'<g {PEN}>{HOUSE}<animateTransform attributeName="transform" type="scale" values="0;1;0"'
    ' dur="1s" fill="freeze"/></g>',
    "<style>@keyframes d{0%{stroke-dashoffset:400}40%,60%{stroke-dashoffset:0}"
    f"100%{{stroke-dashoffset:-400}}}} path{{animation:d 3s infinite}}</style>"
    f"<g {PEN} {DASHED}>{HOUSE}</g>",
    "<style>@keyframes k{from{opacity:0}50%{opacity:1}to{opacity:0}}"
    f"g{{opacity:0;animation:k 4s infinite}}</style><g {PEN}>{HOUSE}</g>",
    f"<style>@keyframes o{{to{{opacity:0}}}} g{{animation:o 3s forwards}}</style>{PLAIN}",
]


@pytest.mark.parametrize("loop", LOOPS)
def test_what_comes_and_goes_is_drawn_while_it_is_there(loop):
    same(loop, PLAIN)


@pytest.mark.parametrize("loop", [LOOPS[0], LOOPS[3], LOOPS[6], LOOPS[7]])
def test_beside_what_stays_the_rest_is_drawn_while_it_is_there(loop):
    same(f"{GROUND}{loop}", GROUND + PLAIN)


def test_what_comes_up_for_a_moment_is_left_out_where_the_drawing_shows_enough():
    ray = f'<path d="M5 5L15 10" {PEN} opacity="0">{animated("0;1;0")}</path>'
    same(PLAIN + ray, PLAIN)


PAGES = [f'<circle cx="{at}" cy="50" r="9" {PEN} {{}}>{{}}</circle>' for at in (20, 50, 80)]
THIRDS = ("visible;hidden;hidden", "hidden;visible;hidden", "hidden;hidden;visible")


@pytest.mark.parametrize(
    ("name", "words"), [("opacity", ("0", "1")), ("visibility", ("hidden", "visible"))]
)
@pytest.mark.parametrize("stepped", ["step-end", "steps(1)", "steps(1, end)"])
def test_of_a_flip_book_the_first_page_is_drawn(name, words, stepped):
    hidden, seen = words
    body = ""
    for at, page in enumerate(PAGES):
        frames = "".join(
            f"{33.3 * turn:.2f}%{{{name}:{seen if turn == at else hidden}}}" for turn in range(3)
        )
        body += f"<style>@keyframes k{at}{{{frames}}}</style>"
        body += page.format(f'style="animation:k{at} .9s {stepped} infinite"', "")
    same(body, PAGES[0].format("", ""))


def test_of_a_flip_book_with_delays_one_page_is_drawn():
    frames = "@keyframes k{0%{opacity:1}33%{opacity:0}} circle{opacity:0;"
    body = f"<style>{frames}animation:k .9s infinite step-end}}</style>"
    for delay, page in zip(("0.0s", "0.3s", "600ms"), PAGES, strict=True):
        body += page.format(f'style="animation-delay:{delay}"', "")
    same(body, PAGES[0].format("", ""))


def test_of_pages_hidden_at_first_one_is_drawn():
    body = ""
    for begin, page in zip(("0s", "0.3s", "0.6s"), PAGES, strict=True):
        seen = animated("inline;none", "display", f'begin="{begin}"')
        body += page.format('display="none"', seen)
    same(body, PAGES[0].format("", ""))


def test_pages_that_are_hidden_stay_so_beside_one_that_shows():
    body = ""
    for at, page in enumerate(PAGES):
        base = f'visibility="{"hidden" if at else "visible"}"'
        body += page.format(base, animated(THIRDS[at], "visibility"))
    same(body, PAGES[0].format("", ""))


@pytest.mark.parametrize("frames", [" ", "other{opacity:1}", "/* none */"])
def test_an_animation_without_frames_changes_nothing(frames):
    style = f"<style>@keyframes k{{{frames}}} circle{{animation:k 2s infinite}}</style>"
    same(style + PAGES[0].format("", ""), PAGES[0].format("", ""))


def test_of_very_many_frames_some_are_tried(monkeypatch):
    monkeypatch.setattr("opensearch.domains.svg.motion._MOST_TRIED", 1)
    hidden = "@keyframes a{0%{opacity:0}100%{opacity:0}}@keyframes b{0%{opacity:0}50%{opacity:1}}"
    look = "circle{opacity:0;animation:a 2s infinite,b 2s infinite}"
    blank = f"<style>{hidden}{look}</style>" + PAGES[0].format("", "")
    assert not drawn(blank)[..., 3].any()
    monkeypatch.undo()
    same(blank, PAGES[0].format("", ""))


@pytest.mark.parametrize("name", ["xlink:href", "--x", "a:b", "1", "a b", "<"])
def test_attributes_of_odd_names_change_nothing(name):
    odd = animated("#b;#c", name.replace("<", "&lt;"), 'fill="freeze"')
    same(GROUND.replace("/>", f">{odd}</path>"), GROUND)


def test_a_use_takes_the_last_of_what_it_refers_to():
    ends = '<animate attributeName="xlink:href" to="#b" fill="freeze"/>'
    pages = f'<defs><path id="a"/><g id="b">{PAGES[1].format("", "")}</g></defs>'
    same(f'{pages}<use href="#a">{ends}</use>', PAGES[1].format("", ""))


@pytest.mark.parametrize("frame", ["transform:perspective(400px)", "width:attr(data-w)"])
def test_a_moment_that_cannot_be_drawn_is_in_no_way_of_the_others(frame):
    style = f"<style>@keyframes k{{0%{{{frame};opacity:0}}50%{{{frame};opacity:1}}}}"
    moving = 'style="opacity:.5;animation:k 1s 2s infinite alternate"'
    still = PAGES[0].format('style="opacity:.5"', "")
    same(f"{style}</style>" + PAGES[0].format(moving, ""), still)


def test_of_two_that_take_turns_the_first_is_drawn():
    circle = '<circle cx="50" cy="50" r="30" fill="red">{}</circle>'
    cover = '<rect x="5" y="5" width="90" height="90" opacity="0">{}</rect>'
    turns = circle.format(animated("1;0;1")) + cover.format(animated("0;1;0"))
    same(turns, circle.format(""))


def test_of_pages_that_began_before_one_is_drawn():
    body = ""
    for begin, page in zip(("-3s", "1s", "2s"), PAGES, strict=True):
        seen = animated("inline;none", "display", f'begin="{begin}"')
        body += page.format('display="none"', seen)
    same(body, PAGES[0].format("", ""))
