import base64
import gzip
import html
import io

import numpy as np
import pytest
from PIL import Image

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.image import on_paper
from opensearch.domains.svg import draw_svg
from opensearch.domains.svg.cascade import apply_styles
from opensearch.domains.svg.fonts import font_options
from opensearch.domains.svg.markup import parse
from opensearch.errors import OverLimit, UnreadableFile

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
LINE = '<path d="M10 10 L90 90" stroke="black" stroke-width="4"/>'


def svg(body, attributes='viewBox="0 0 100 100"', before=""):
    return f"{before}{HEAD} {attributes}>{body}</svg>".encode()


def drawn(body, **options):
    return np.asarray(on_paper(draw_svg(svg(body, **options), 100)))


def embedded(picture, kind="PNG"):
    buffer = io.BytesIO()
    picture.save(buffer, kind)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ('viewBox="0 0 100 50"', (50, 100)),
        ('width="30mm" height="60mm"', (100, 50)),
        ('width="10cm" height="100mm"', (100, 100)),
        ('width="40" height="10" viewBox="0 0 9 9" preserveAspectRatio="none"', (25, 100)),
        ('viewBox="-50-50 200 100"', (50, 100)),
        ('viewBox="-5,-5,1e2,50"', (50, 100)),
        ('viewBox="0 0 e e" width="20" height="40"', (100, 50)),
        ('viewBox="0 0 1e999 1" width="20" height="40"', (100, 50)),
        ('viewBox="0 0 1e9 1"', (2, 100)),
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
    for href in (str(tmp_path / "black.png"), f"file://{tmp_path}/black.png"):
        for name in ("href", "xlink:href"):
            body = f'<image {name}="{href}" width="100" height="100"/>'
            assert drawn(body + LINE)[20, 80].tolist() == [255, 255, 255]
            with pytest.raises(UnreadableFile, match=r"lies outside of the file \('.*embed it"):
                drawn(body)
    other = tmp_path / "other.svg"
    other.write_bytes(svg('<rect id="r" width="100" height="100"/>'))
    assert drawn(f'<use href="{other}#r"/>{LINE}')[20, 80].tolist() == [255, 255, 255]
    assert (drawn(f'<rect width="9" height="9" fill="url({other}#r) none"/>') == 255).all()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'>a</p></foreignObject>", "HTML"),
        (f"<symbol id='a'>{LINE}</symbol>", "only defines symbols"),
        ("<use href='other.svg#a'/>", "'other.svg#a'"),
    ],
)
def test_a_drawing_of_what_is_not_drawn_says_so(body, reason):
    with pytest.raises(UnreadableFile, match=f"^draws nothing: .*{reason}"):
        drawn(body)


def test_embedded_pictures_of_cameras_and_scanners_are_drawn_upright():
    lower = Image.new("L", (40, 80), 255)
    lower.paste(0, (0, 40, 40, 80))
    turned = Image.Exif()
    turned[0x0112] = 6  # shown after a quarter turn clockwise
    for kind, options in (("TIFF", {}), ("AVIF", {}), ("JPEG", {"exif": turned})):
        stored = lower.transpose(Image.Transpose.ROTATE_90) if options else lower
        buffer = io.BytesIO()
        stored.save(buffer, kind, **options)
        url = f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"
        picture = drawn(f'<image href="{url}" width="50" height="100"/>')
        assert picture[90, 25].max() < 9 < 246 < picture[10, 25].min(), kind


def test_embedded_pictures_are_no_values_of_css():
    inner = svg('<rect width="100" height="100" fill="#5a5a5a"/><desc>rgb(1rem)</desc>').decode()
    url = "data:image/svg+xml;utf8," + inner.replace('"', "'").replace("#", "%23")
    assert "rgb(1rem)" in url
    picture = drawn(f'<image href="{html.escape(url)}" width="100" height="100"/>')
    assert abs(int(picture[20, 80, 0]) - 90) < 3
    root = parse(svg(f'<image href="{html.escape(url)}" id="a1rem" class="b(1rem)"/>'))
    apply_styles(root, str)
    assert root[0].attrib == {"href": url, "id": "a1rem", "class": "b(1rem)"}


def test_embedded_pictures_are_drawn_small_and_damaged_ones_left_out():
    grey = Image.new("RGB", (50, 50), (90, 90, 90))
    inner = base64.b64encode(svg('<rect width="100" height="100" fill="#5a5a5a"/>')).decode()
    urls = [embedded(grey), embedded(grey, "JPEG"), embedded(grey, "GIF"), embedded(grey, "WEBP")]
    for url in [*urls, f"data:image/svg+xml;base64,{inner}", urls[0].replace("A", "A&#10; ")]:
        picture = drawn(f'<image href="{url}" width="100" height="100"/>{LINE}')
        assert abs(int(picture[20, 80, 0]) - 90) < 3
    for url in ("data:image/png;base64,AAAA", "data:image/png,%89PNG", "data:,", urls[0][:80]):
        picture = drawn(f'<image href="{url}" width="100" height="100"/>{LINE}')
        assert picture[50, 50].tolist() == [0, 0, 0]
        assert picture[20, 80].tolist() == [255, 255, 255]


def test_a_drawing_embedded_in_itself_over_and_over_ends():
    body = LINE
    for _ in range(6):
        inner = base64.b64encode(svg(body)).decode()
        body = f'<image href="data:image/svg+xml;base64,{inner}" width="100" height="100"/>'
    assert (drawn(body) == 255).all()


@pytest.mark.parametrize(
    "sheet",
    [
        "@import url('https://example.com/a.css'); path{stroke:red}",
        "@font-face{font-family:x;src:url(data:font/woff2;base64,AA;AA)} path{stroke:red}",
        "path{stroke:red;cursor:url(hand.cur)}",
        "path{filter:url(#f);stroke:red}",
        "path{filter:drop-shadow(1px 1px 1px #888);stroke:red}",
        "<![CDATA[ g .x, path{stroke:red} ]]>",
        "@media print{path{stroke:blue}} @media screen{path{stroke:red}}",
        "@media (prefers-color-scheme: dark){path{stroke:blue}} path{stroke:red}",
        ":root{--ink:red} path{stroke:var(--ink)}",
        "path{stroke:var(--none, red)}",
        "path:hover{stroke:blue} path{stroke:light-dark(red, rgb(0, 0, 255))}",
        "/* path{stroke:blue} */ path{stroke:red",
        "path::before{content:'}'} path{stroke:red}",
    ],
)
def test_a_rule_that_is_not_for_drawings_drops_itself_alone(sheet):
    body = f'<style>{sheet}</style><path d="M10 10 L90 90" stroke-width="4"/>'
    assert drawn(body)[50, 50].tolist() == [255, 0, 0]
    rule = sheet.removeprefix("path{").rstrip("}")
    if sheet.startswith("path{"):
        styled = f'<path d="M10 10 L90 90" stroke-width="4" style="{rule}"/>'
        assert drawn(styled)[50, 50].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "sheet",
    [
        "path:not(.x){stroke:red}",
        ":is(path, rect){stroke:red}",
        "g path:nth-child(2n + 1){stroke:red}",
        '[d^="M10"][class~=b]{stroke:red}',
        ".\\31 a{stroke:red}",
        "rect ~ g path, rect + g > path{stroke:red}",
        "@namespace s url(http://www.w3.org/2000/svg); s|path{stroke:red}",
        "g{ path{stroke:red} }",
        "g{ &#g .b{stroke:red} @media screen{path{fill:none}} }",
        "path{STROKE:RED}",
        "path{stroke:red !important} #g path.b{stroke:blue}",
        "path.b{stroke:red} path{stroke:blue}",
        "path{stroke:rgb(255 0 0 / 100%)}",
        "path{stroke:hwb(0 0% 0%)}",
        "g{--ink:red} #other{--ink:blue} path{stroke:var(--ink)}",
        "@media screen and (min-width: 20em){path{stroke:red}}",
        "@media (prefers-color-scheme: light){path{stroke:red}}",
        "path{stroke:red} @media (max-width: 9px), not screen{path{stroke:blue}}",
        "path{stroke:red} @supports not (fill: red){path{stroke:blue}}",
    ],
)
def test_selectors_and_conditions_mean_what_they_mean_to_browsers(sheet):
    path = '<path class="b 1a" d="M10 10 L90 90" stroke-width="4"/>'
    body = f'<style>{sheet.replace("&", "&amp;")}</style><rect/><g id="g">{path}</g>'
    assert drawn(f'{body}<g id="other"/>')[50, 50].tolist() == [255, 0, 0]


@pytest.mark.parametrize(
    "attributes",
    ['media="print"', 'media="(prefers-color-scheme: dark)"', 'type="text/less"'],
)
def test_a_sheet_for_other_eyes_is_left_out(attributes):
    kept = '<style type="TEXT/CSS; charset=utf-8" media="Screen">path{stroke:red}</style>'
    assert drawn(f"<style {attributes}>path{{stroke:blue}}</style>{kept}{LINE}")[
        50, 50
    ].tolist() == [255, 0, 0]


TALL = '<rect width="1" height="20"/>'
THERE = '<rect x="40" y="40" width="20" height="20"/>'


@pytest.mark.parametrize(
    ("sheet", "shape"),
    [
        ("rect{x:40px;y:2.5rem;width:20px;height:20px}", "<rect/>"),
        ("circle{cx:50px;cy:50px;r:10px}", "<circle/>"),
        ("path{d:path('M40 40H60V60H40Z')}", "<path/>"),
        ("rect{transform:translate(40px, 40px)}", '<rect width="20" height="20"/>'),
        ("rect{transform:translateX(40px) translateY(40px) scaleX(20)}", TALL),
        ("rect{transform:rotate(.5turn)}", '<rect x="-60" y="-60" width="20" height="20"/>'),
    ],
)  # fmt: skip
def test_places_and_sizes_may_stand_in_a_sheet(sheet, shape):
    picture = drawn(f"<style>{sheet}</style>{shape}")[..., 0]
    black = np.argwhere(picture < 128)
    assert [black.min(axis=0).tolist(), black.max(axis=0).tolist()] == [[40, 40], [59, 59]]


@pytest.mark.parametrize(
    ("path", "attributes"),
    [
        ('<g transform="scale(10)">{}</g>', 'width="100" height="100" viewBox="0 0 100 100"'),
        ('<g transform="matrix(0 5 -5 0 100 0)"><g transform="scale(2)">{}</g></g>',
         'viewBox="0 0 100 100"'),
        ("<style>path{{vector-effect:non-scaling-stroke}}</style>{}",
         'width="100px" height="100px" viewBox="0 0 10 10"'),
        ("{}", 'viewBox="0 0 10 10"'),
    ],
)  # fmt: skip
def test_strokes_that_do_not_scale_have_their_width_on_the_screen(path, attributes):
    line = '<path d="M1 5H9M5 1V9" vector-effect="non-scaling-stroke" stroke="#000"/>'
    body = f'<g style="stroke-width:4px">{path.format(line)}</g>'
    picture = drawn(body, attributes=attributes)[..., 0] < 128
    assert picture[30].sum() == picture[:, 30].sum() == 4
    assert picture[50].sum() == 80


@pytest.mark.parametrize(
    ("head", "said", "inside"),
    [
        ("<style>@keyframes a{from{opacity:0} to{opacity:1}}"
         "path{opacity:0;animation:a 2s ease forwards}</style>", "", ""),
        ("<style>@keyframes a{100%{stroke-dashoffset:0}} path{stroke-dasharray:200;"
         "stroke-dashoffset:200;animation-name:a;animation-fill-mode:both}</style>", "", ""),
        ("<style>@keyframes a{to{opacity:0}} path{animation:a 2s infinite}</style>", "", ""),
        ("", 'opacity="0"', '<animate attributeName="opacity" from="0" to="1" fill="freeze"/>'),
        ("", 'style="opacity:0"',
         '<animate attributeName="opacity" values="0;.5;1" fill="freeze"/>'),
        ("", "", '<set attributeName="opacity" to="0"/>'),
    ],
)  # fmt: skip
def test_what_moves_is_drawn_at_rest(head, said, inside):
    path = f'<path d="M10 10 L90 90" stroke="black" stroke-width="4" {said}>{inside}</path>'
    assert drawn(head + path)[50, 50].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "rect",
    [
        '<rect x="calc(10px + 10px)" y="calc(100% / 5)" width="calc(60% - 1.25em)" height="30"/>',
        '<rect x="20" y="20" style="width:calc(2 * (10px + 10px)); height:max(30px, 1%)"/>',
        '<rect x="20" y="20" width="min(50%, 40px, 80)" height="clamp(10px, 90%, 30px)"/>',
        '<rect width="40" height="30" style="transform:translate(calc(5px * 4), max(20px))"/>',
        '<rect x="20" y="20" width="min(40px, max(1px, calc(30px + 50%)))" height="calc(60px/2)"/>',
    ],
)
def test_sizes_may_be_worked_out(rect):
    dark = drawn(rect)[..., 0] < 128
    assert (dark.sum(axis=0) > 0).nonzero()[0].tolist() == list(range(20, 60))
    assert (dark.sum(axis=1) > 0).nonzero()[0].tolist() == list(range(20, 50))


@pytest.mark.parametrize("size", ["calc(10px + 1deg)", "calc(1px * 2px)", "calc(1 / 0)", "min()"])
def test_what_cannot_be_worked_out_draws_nothing(size):
    assert (drawn(f'<rect width="{size}" height="20"/>{LINE}') == drawn(LINE)).all()


@pytest.mark.parametrize(
    ("name", "written"),
    [("a b", "a%20b"), ("a b", "a b"), ("häus", "h%C3%A4us"), ("häus", "häus"), ("50%", "50%25")],
)
def test_what_is_named_in_other_letters_is_found(name, written):
    outline = '<path d="M20 20 H80 V80 H20 Z"'
    used = f'<defs><g id="{name}">{outline}/></g></defs><use xlink:href="#{written}"/>'
    painted = f'<linearGradient id="{name}"><stop/></linearGradient>'
    painted += f'{outline} fill="url(#{written})"/>'
    for body in (used, painted, painted.replace(f"url(#{written})", f"url('#{written}')")):
        assert (drawn(body) == drawn(f"{outline}/>")).all()


def test_a_sheet_selects_by_the_name_as_it_is_written():
    body = '<style>#häus { fill: red }</style><rect id="häus" width="50" height="50"/>'
    assert drawn(body)[25, 25].tolist() == [255, 0, 0]


def test_a_filter_leaves_what_it_is_put_on():
    filters = '<filter id="f"><feGaussianBlur stdDeviation="5"/></filter>'
    for use in ('filter="url(#f)"', 'style="filter:url(#f)"'):
        assert drawn(f"{filters}<g {use}>{LINE}</g>")[50, 50].tolist() == [0, 0, 0]


def test_colours_of_css_4_are_drawn():
    line = LINE.replace('"black"', '"oklch(40% 0.1 200)"')
    assert drawn(line)[50, 50].max() < 128


def test_of_a_switch_the_english_child_or_the_one_for_all_is_drawn():
    def shape(colour, extra):
        return f'<rect width="100" height="100" fill="{colour}" {extra}/>'

    german, english = shape("red", 'systemLanguage="de"'), shape("blue", 'systemLanguage="fr,en"')
    page, plain = '<foreignObject requiredExtensions="x"/>', shape("lime", "")
    for children, wanted in (
        (german + english + plain, [0, 0, 255]),
        (page + german + plain, [0, 255, 0]),
        (german, [255, 0, 0]),
    ):
        assert drawn(f"<switch>{children}</switch>")[50, 50].tolist() == wanted
    assert drawn(german)[50, 50].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", ["", 'width="100%" height="100%"', 'width="0" height="0"'])
def test_a_drawing_without_a_size_is_shown_where_its_ink_lies(size):
    picture = drawn(
        '<circle cx="900" cy="900" r="200" fill="none" stroke="#000"/>', attributes=size
    )
    rows, columns = np.nonzero(picture[..., 0] < 200)
    assert rows.max() - rows.min() > 80
    assert columns.max() - columns.min() > 80


def test_a_small_drawing_without_a_size_is_shown_to_its_edges():
    """In 4096 units at 512 pixels the ends of its strokes are too faint to be seen."""
    ink = '<path d="M3 3v18l-.4 .4M21 12h-18" fill="none" stroke="#000" stroke-width=".3"/>'
    rows, columns = np.nonzero(drawn(ink, attributes="")[..., 0] < 200)
    assert (rows.min(), rows.max()) == (0, 99)
    assert (columns.min(), columns.max()) in [(0, at) for at in range(95, 101)]


def test_text_is_drawn_with_a_font_or_the_lack_is_told(monkeypatch):
    text = '<text x="10" y="60" font-size="40" font-family="Nowhere">Ab</text>'
    if font_options() is not None:
        assert (drawn(text) < 128).any()
    monkeypatch.setattr("opensearch.domains.svg.drawing.font_options", lambda: None)
    with pytest.raises(UnreadableFile, match="draws text alone, and this system has no font"):
        drawn(text)
    assert drawn(text + LINE)[50, 50].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "data",
    [
        svg(LINE).decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="ISO-8859-1"?>'
        + svg("<title>\xe4</title>" + LINE).decode().encode("latin-1"),
        b"\xef\xbb\xbf" + svg(LINE),
        b'\n <?xml version="1.0"?>' + svg(LINE),
        svg(LINE).replace(b' xmlns="http://www.w3.org/2000/svg"', b""),
        svg(LINE)
        .replace(b"<svg", b"<s:svg xmlns:s='http://www.w3.org/2000/svg'")
        .replace(b"<path", b"<s:path")
        .replace(b"</svg", b"</s:svg"),
        svg("<inkscape:view/>" + LINE),
        svg("<title>a&nbsp;b\xe4</title>" + LINE).decode().encode("cp1252"),
        svg("<title>&n;</title>" + LINE, before='<!DOCTYPE svg [<!ENTITY n "&#160;">]>'),
        gzip.compress(svg(LINE)),
        b'<?xml version="1.0" encoding="utf-16"?>' + svg(LINE),
        ('<?xml version="1.0" encoding="UTF-8"?>' + svg(LINE).decode()).encode("utf-16"),
        svg(LINE).decode().encode("utf-16-be"),
        svg(LINE).decode().encode("utf-32"),
        svg(LINE) + b"\x1a\0\0",
    ],
)  # fmt: skip
def test_markup_that_others_read_is_read(data, tmp_path):
    assert np.asarray(on_paper(draw_svg(data, 100)))[50, 50].tolist() == [0, 0, 0]
    (tmp_path / "a.svgz").write_bytes(data)
    assert (
        open_reader(ReaderSettings(reader="sketch"))(tmp_path / "a.svgz", None).views < 99
    ).any()


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
    tens = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 9))
    laughs = f'<!DOCTYPE svg [<!ENTITY a0 "haha">{tens}]>'
    with pytest.raises(OverLimit, match="entities made of entities"):
        draw_svg(svg("<text>&a8;</text>", before=laughs), 100)
    for encoding in ("utf-8", "utf-16"):
        hidden = svg("<text>&x;</text>", before=outside).decode().encode(encoding)
        with pytest.raises(UnreadableFile, match="outside"):
            draw_svg(hidden, 100)
    long = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 10_000}">]>'
    with pytest.raises(OverLimit, match="repeats its entities"):
        draw_svg(svg("&a;" * 4000, before=long), 100)


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
    sheet = "".join(f".c{n}{{fill:red}}" for n in range(500))
    with pytest.raises(OverLimit, match="500 style rules for 11,002 elements"):
        draw_svg(svg(f"<style>{sheet}</style>" + "<path/>" * 11_000), 100)
    for sheet, reason in (
        ("x ~ *{fill:red}", "rules about siblings"),
        (f"a{{fill:{'calc(' * 9000}}}", "nests its style rules too deeply"),
        ("".join(f".c{n}{{fill:red}}" for n in range(10_001)), "10,001 style rules, over 10,000"),
        (f"*{{{''.join(f'p{n}:1;' for n in range(200))}}}", "repeats its style rules"),
    ):
        with pytest.raises(OverLimit, match=reason):
            draw_svg(svg(f"<style>{sheet}</style>" + "<path/>" * 5_100), 100)
    levels = "&amp; &amp; &amp; &amp;{" * 30
    draw_svg(svg(f"<style>a{{{levels}fill:red{'}' * 31}</style>{LINE}"), 100)
    with pytest.raises(OverLimit, match="letters"):
        draw_svg(svg(f"<text>{'a' * 20_001}</text>"), 100)
    with pytest.raises(OverLimit, match="attributes"):
        draw_svg(svg("<path " + " ".join(f'a{n}="1"' for n in range(1001)) + "/>"), 100)
    with pytest.raises(OverLimit, match="bytes"):
        draw_svg(b" " * (8 * 2**20 + 1), 100)


PATH = "M0 0" + "l1 1" * 12
BOMBS = {
    "clip": ("<clipPath id='p{n}'>{parts}</clipPath>", "<path d='M0 0h9v9' {how}/>", "clip-path"),
    "mask": ("<mask id='p{n}'>{parts}</mask>", "<path d='M0 0h9v9' {how}/>", "mask"),
    "pattern": ("<pattern id='p{n}' width='1' height='1'>{parts}</pattern>",
                "<path d='M0 0h9v9' {how}/>", "fill"),
    "marker": ("<marker id='p{n}'>{parts}</marker>", f"<path d='{PATH}' {{how}}/>", "marker-mid"),
    "inherited": ("<g {how}><pattern id='p{n}' width='1' height='1'>{parts}</pattern></g>",
                  "<path d='M0 0h9v9'/>", "stroke"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BOMBS)
@pytest.mark.parametrize("place", ["attribute", "style", "sheet"])
def test_every_reference_is_weighed_like_use(kind, place):
    holder, part, name = BOMBS[kind]
    body, sheet = "", ""
    for n in range(7):
        how = f'{name}="url(#p{n + 1})" ' if n < 6 else ""
        if place == "style":
            how = f"style=\"{name}: url( '#p{n + 1}' )\""
        if place == "sheet":
            how = f'class="c{n}"'
            sheet += f"g > .c{n}, .c{n}{{{name}:url(#p{n + 1})}}"
        body += holder.format(n=n, parts=part.format(how=how) * 12, how=how)
    last = f'<rect width="9" height="9" {name}="url(#p0)"/>'
    if name == "marker-mid":
        last = f'<path d="{PATH}" {name}="url(#p0)"/>'
    with pytest.raises(OverLimit, match="counting what is repeated"):
        draw_svg(svg(f"<style>{sheet}</style>{body}{last}"), 100)


@pytest.mark.parametrize(
    "body",
    [
        '<g id="a"><use href="#a"/>{line}</g>',
        '<g id="a"><use href="#b"/>{line}</g><g id="b"><use href="#a"/></g>',
        '<clipPath id="a" clip-path="url(#b)"><rect width="100" height="100"/></clipPath>'
        '<clipPath id="b" style="clip-path:url(#a)"><rect width="100" height="100"/></clipPath>'
        '<g clip-path="url(#a)">{line}</g>',
        '<style>.r{{fill:url(#a)}}</style><pattern id="a" width="1" height="1">'
        '<rect class="r" width="1" height="1"/></pattern>{line}<rect class="r" width="5"/>',
        '<g fill="url(#a)"><pattern id="a" width="1" height="1"><rect width="1" height="1"/>'
        "</pattern></g>{line}",
        '<marker id="a"><path d="M0 0h1" marker-start="url(#a)"/></marker>'
        '<g marker-start="url(#a)">{line}</g>',
        '<linearGradient id="a" href="#b"/><linearGradient id="b" href="#a"/>{line}'
        '<rect width="5" height="5" fill="url(#a)"/>',
    ],
)
def test_links_that_lead_back_are_cut(body):
    assert drawn(body.format(line=LINE))[50, 50].tolist() == [0, 0, 0]


def test_the_first_of_two_ids_and_of_two_links_is_weighed_and_drawn():
    red, blue = (f'<rect id="r" width="99" height="99" fill="{c}"/>' for c in ("#f00", "#00f"))
    use = '<use xlink:href="#none" href="#r"/>'
    assert drawn(f"<defs>{red}{blue}</defs>{use}")[50, 50].tolist() == [255, 0, 0]


def test_a_drawing_of_many_layers_is_drawn_smaller():
    layer = '<g opacity=".9"><path d="M0 0h9v9h-9z"/></g>'
    assert draw_svg(svg(layer * 10), 100).size == (100, 100)
    assert draw_svg(svg(layer * 2000), 100).size == (50, 50)


@pytest.mark.parametrize("reader", ["sketch", "image"])
def test_white_ink_on_nothing_shows(tmp_path, reader):
    white = LINE.replace("black", "white")
    (tmp_path / "a.svg").write_bytes(svg(white))
    draw_svg(svg(white), 100).save(tmp_path / "b.png")
    read = open_reader(ReaderSettings(reader=reader))
    views = [read(tmp_path / name, None).views for name in ("a.svg", "b.png")]
    if reader == "image":
        assert all(view.max() == 255 and (view[0, 0, 0] == 190).all() for view in views)
    else:
        assert all((view < 128).any() and view[0, 0].min() == 255 for view in views)


def test_the_picture_reader_draws_an_svg_in_colour_and_keeps_its_aspect(tmp_path):
    red = '<rect x="100" width="100" height="100" fill="red"/>'
    (tmp_path / "a.SVG").write_bytes(svg(red, attributes='viewBox="0 0 200 100"'))
    reading = open_reader(ReaderSettings(reader="image", size=64))(tmp_path / "a.SVG", None)
    assert reading.aspect == 2
    assert reading.views[0, 32, 60].tolist() == [255, 0, 0]
    assert reading.views[0, 32, 4].tolist() == [255, 255, 255]
    (tmp_path / "a.ndjson").write_text("{}")
    with pytest.raises(UnreadableFile, match="suffix"):
        open_reader(ReaderSettings(reader="image"))(tmp_path / "a.ndjson", None)


def test_hairlines_of_a_large_plan_are_drawn(tmp_path):
    plan = '<path d="M900 900H9000V9000H900Z" fill="none" stroke="#000" stroke-width="2"/>'
    (tmp_path / "a.svg").write_bytes(svg(plan, attributes='viewBox="0 0 10000 10000"'))
    assert (open_reader(ReaderSettings(reader="sketch"))(tmp_path / "a.svg", None).views < 99).any()


@pytest.mark.parametrize("data", [b"<html></html>", b"plain words", b"<svg", b"\xff\xfe\x00"])
def test_what_is_no_svg_is_unreadable(tmp_path, data):
    (tmp_path / "a.svg").write_bytes(data)
    with pytest.raises(UnreadableFile, match=r"a\.svg"):
        open_reader(ReaderSettings(reader="sketch"))(tmp_path / "a.svg", None)


@pytest.mark.parametrize("ground", ["", '<rect width="6000" height="8000" fill="#fff"/>'])
def test_a_drawing_that_is_small_on_its_page_is_as_fine_as_one_that_fills_it(tmp_path, ground):
    star = '<path d="M10 90L50 10L90 90L10 40H90Z" fill="none" stroke="#000" stroke-width="2"/>'
    placed = f'{ground}<g transform="translate(4000 7000)">{star}</g>'
    (tmp_path / "small.svg").write_bytes(svg(placed, attributes='viewBox="0 0 6000 8000"'))
    (tmp_path / "large.svg").write_bytes(svg(star))
    read = open_reader(ReaderSettings(reader="sketch"))
    small, large = (read(tmp_path / f"{name}.svg", None).views[0] for name in ("small", "large"))
    assert np.abs(small.astype(int) - large).mean() < 8


@pytest.mark.parametrize("width", [0.1, 0.01])
def test_lines_of_a_cutters_plan_are_drawn_in_their_colour(width):
    plan = f'<path d="M50 50H550V350H50Z" fill="none" stroke="red" stroke-width="{width}"/>'
    picture = np.asarray(draw_svg(svg(plan, attributes='viewBox="0 0 600 400"'), 448))
    line = picture[picture[..., 3] > 128]
    assert len(line) > 1000
    assert (line[:, :3] == (255, 0, 0)).all()


def test_what_is_faint_within_another_drawing_stays_faint():
    mark = svg('<rect width="100" height="100" opacity=".05"/>')
    data = f"data:image/svg+xml;base64,{base64.b64encode(mark).decode()}"
    seen = drawn(f'{LINE}<image href="{data}" width="100" height="100"/>')
    assert seen[10, 80].min() > 230
    assert seen.min() < 10


@pytest.mark.parametrize("word", ["unset", "revert", "inherit"])
def test_words_of_every_property_mean_what_is_around(word):
    square = f'<rect width="50" height="50" fill="blue" style="fill:{word};opacity:{word}"/>'
    picture = drawn(f'<g fill="red">{square}</g>')
    assert picture[25, 25].tolist() == [255, 0, 0]


def test_initial_takes_back_what_is_around():
    square = '<rect width="50" height="50" stroke="red" style="fill:initial;stroke:initial"/>'
    picture = drawn(f'<g fill="red" stroke="blue" stroke-width="9">{square}</g>')
    assert picture[25, 25].tolist() == [0, 0, 0]
    assert picture[25, 53].tolist() == [255, 255, 255]


@pytest.mark.parametrize("end", ['<path d="M0 0', "<g>", "<!-- a", "<style><![CDATA[rect{", "<te"])
def test_a_drawing_that_is_cut_short_says_so(end):
    whole = svg('<rect width="50" height="50"/>' + end)
    cut = whole[: whole.index(end.encode() if isinstance(whole, bytes) else end) + len(end)]
    with pytest.raises(UnreadableFile, match="is cut short: its XML ends within an element"):
        draw_svg(cut if isinstance(cut, bytes) else cut.encode(), 50)


PAGE = '<foreignObject {}><div xmlns="http://www.w3.org/1999/xhtml">{}</div></foreignObject>'
SAID = '<text x="5" y="60" font-size="{}">{}</text>'
EXCUSE = "[Not supported by viewer]"


def label(page, excuse, size=40, width='width="90"'):
    """What is drawn of a label of draw.io: a page, and a text for viewers that show none."""
    return drawn(f"<switch>{PAGE.format(width, page)}{SAID.format(size, excuse)}</switch>")


@pytest.mark.parametrize(
    "excuse",
    [
        EXCUSE,
        "Text is not SVG - cannot display",
        "&lt;b&gt;M&lt;/b&gt;",
        "M&lt;br&gt;ug",
        "M&lt;i&gt;ug&lt;/i&gt;",
        '&lt;a href="x"&gt;Mug&lt;/a&gt;',
    ],
)
def test_what_draw_io_writes_for_viewers_without_pages_is_not_drawn(excuse):
    """The page's own text is, and what is far too long is cut."""
    wanted = drawn(SAID.format(40, "Mug"))
    assert np.array_equal(label("<p>Mug</p>", excuse), wanted)
    assert np.array_equal(label("Mug", excuse, width='width="100%"'), wanted)
    assert np.array_equal(label("Mug", excuse, width=""), wanted)
    assert np.array_equal(label("Mug", excuse, width='width="34"'), drawn(SAID.format(40, "M…")))


def test_labels_of_draw_io_that_fit_are_not_cut():
    whole = drawn(SAID.format(12, "relay-runtime"))
    assert np.array_equal(label("relay-runtime", EXCUSE, 12, 'width="76"'), whole)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("<div>maximum</div><div>price</div>", "maximum price"),
        ("Hello<br/>you", "Hello you"),
        ("<ul><li>a</li><li>b</li></ul>c", "a b c"),
        ("<b>M</b>u<i>g</i>", "Mug"),
        ("<style>p {color:red}</style><script>alert(1)</script>Mug", "Mug"),
    ],
)
def test_lines_of_a_label_are_words_and_its_programs_none(page, said):
    assert np.array_equal(label(page, EXCUSE, 12), drawn(SAID.format(12, said)))


@pytest.mark.parametrize(
    "text", ["We cannot display it", "List&lt;string&gt; x", "a &lt;b c&gt; d"]
)
def test_texts_beside_a_page_that_are_no_excuse_are_drawn(text):
    assert np.array_equal(label("Mug", text, 12, 'width="20"'), drawn(SAID.format(12, text)))


def test_of_a_text_in_very_many_pieces_no_more_is_kept_than_is_refused():
    pieces = '<a xmlns="x"/>1234567890' * 10_000
    (text,) = parse(svg(f"<text>{pieces}</text>")).iter("text")
    assert 20_000 < len("".join(text.itertext())) <= 20_020
    with pytest.raises(OverLimit, match=r"has 20,0[0-9]{2} letters of text"):
        drawn(f"<text>{pieces}</text>")
