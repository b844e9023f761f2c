import base64
import io

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.svg import draw_svg
from opensearch.errors import OverLimit, UnreadableFile

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LINE = '<path d="M10 10 L90 90" stroke="black" stroke-width="4"/>'


def svg(body, attributes='viewBox="0 0 100 100"', before=""):
    return f"{before}{HEAD} {attributes}>{body}</svg>".encode()


def drawn(body, **options):
    return np.asarray(draw_svg(svg(body, **options), 100))


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ('viewBox="0 0 100 50"', (50, 100)),
        ('width="30mm" height="60mm"', (100, 50)),
        ('width="100%" height="100%"', (100, 100)),
        ('viewBox="0 0 1e30 1"', (1, 100)),
    ],
)
def test_the_longer_side_is_as_asked(attributes, shape):
    drawing = drawn(LINE, attributes=attributes)
    assert np.abs(np.subtract(drawing.shape[:2], shape)).max() <= 1


def test_strokes_are_drawn_on_white():
    picture = drawn(LINE)
    assert picture[50, 50].tolist() == [0, 0, 0]
    assert picture[5, 95].tolist() == [255, 255, 255]


def test_the_reader_takes_svg_and_refuses_one_without_ink(tmp_path):
    read = open_reader(ReaderSettings(reader="sketch"))
    (tmp_path / "a.svg").write_bytes(svg(LINE))
    assert (read(tmp_path / "a.svg", None).views < 128).any()
    (tmp_path / "b.svg").write_bytes(svg(""))
    with pytest.raises(UnreadableFile, match=r"b\.svg.*no ink"):
        read(tmp_path / "b.svg", None)


def test_nothing_outside_of_the_file_is_drawn(tmp_path):
    Image.new("RGB", (50, 50)).save(tmp_path / "black.png")
    buffer = io.BytesIO()
    Image.new("RGB", (50, 50)).save(buffer, "PNG")
    inline = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    for href in (str(tmp_path / "black.png"), f"file://{tmp_path}/black.png", inline):
        for name in ("href", "xlink:href"):
            body = f'<image {name}="{href}" width="100" height="100"/>'
            assert (drawn(body) == 255).all()
    other = tmp_path / "other.svg"
    other.write_bytes(svg('<rect id="r" width="100" height="100"/>'))
    assert (drawn(f'<use href="{other}#r"/>') == 255).all()
    style = f"<style>@import url('{other}'); path {{ stroke: none }}</style>"
    assert drawn(style + LINE)[50, 50].tolist() == [0, 0, 0]


def test_plain_styles_and_inner_references_work():
    style = "<style>path { stroke: #f00 }</style>"
    assert drawn(style + LINE)[50, 50].tolist() == [255, 0, 0]
    body = f'<defs><g id="g">{LINE}</g></defs><use xlink:href="#g"/>'
    assert drawn(body)[50, 50].tolist() == [0, 0, 0]


def test_plain_entities_of_editors_work_and_others_are_refused():
    plain = '<!DOCTYPE svg [<!ENTITY ink "black">]>'
    body = '<path d="M10 10 L90 90" stroke="&ink;" stroke-width="4"/>'
    assert drawn(body, before=plain)[50, 50].tolist() == [0, 0, 0]
    outside = '<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    with pytest.raises(UnreadableFile, match="outside"):
        draw_svg(svg("<text>&x;</text>", before=outside), 100)
    laughs = '<!DOCTYPE svg [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
    with pytest.raises(OverLimit, match="entities made of entities"):
        draw_svg(svg("<text>&b;</text>", before=laughs), 100)
    long = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 10_000}">]>'
    with pytest.raises(OverLimit, match="repeats its entities"):
        draw_svg(svg("&a;" * 200, before=long), 100)


def test_cost_is_limited():
    with pytest.raises(OverLimit, match="elements"):
        draw_svg(svg("<path/>" * 50_001), 100)
    with pytest.raises(OverLimit, match="nests"):
        draw_svg(svg("<g>" * 1000 + "</g>" * 1000), 100)
    doubling = '<g id="g0"><path d="M0 0 L9 9"/></g>' + "".join(
        f'<g id="g{n}"><use href="#g{n - 1}"/><use href="#g{n - 1}"/></g>' for n in range(1, 30)
    )
    with pytest.raises(OverLimit, match="elements"):
        draw_svg(svg(doubling), 100)
    with pytest.raises(OverLimit, match="without an end"):
        draw_svg(svg('<g id="a"><use href="#a"/></g>'), 100)
    with pytest.raises(OverLimit, match="bytes"):
        draw_svg(b" " * (8 * 2**20 + 1), 100)


@pytest.mark.parametrize("data", [b"<html></html>", b"plain words", b"<svg", b"\xff\xfe\x00"])
def test_what_is_no_svg_is_unreadable(tmp_path, data):
    (tmp_path / "a.svg").write_bytes(data)
    with pytest.raises(UnreadableFile, match=r"a\.svg"):
        open_reader(ReaderSettings(reader="sketch"))(tmp_path / "a.svg", None)
