"""SVG drawings, cleaned of everything that reaches outside the file, then rendered by resvg.

Source:
    W3C SVG 1.1 for the elements; https://github.com/linebender/resvg for the renderer.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

import numpy as np
from PIL import Image

from opensearch.domains.paper.small_drawing import small_drawing
from opensearch.domains.pictures.animations import chosen, shown
from opensearch.domains.pictures.cut_short import LOST
from opensearch.domains.svg.blank import outside, unseen_in, widen
from opensearch.domains.svg.clean import clean
from opensearch.domains.svg.cost import weigh
from opensearch.domains.svg.dashes import measure_dashes
from opensearch.domains.svg.fonts import font_options
from opensearch.domains.svg.images import embedding
from opensearch.domains.svg.markup import parse
from opensearch.domains.svg.motion import REST, Pose, moves
from opensearch.domains.svg.size import (
    UNSAID,
    Window,
    is_stretched,
    seen_through,
    shown_size,
    window,
)
from opensearch.domains.svg.unscaled import keep_widths
from opensearch.errors import UnreadableFile

# Side of the picture in which a drawing without a size is looked for, pixels.
_COARSE = 512
# Where ink takes up more than this part of such a picture it is known well where it ends.
_CLOSE, _LOOKS = 4, 4
# What weighs more is drawn half as large: layers cost by their pixels.
_HEAVY = 10_000
# Greatest opacity anywhere in a drawing whose lines are a tenth of a pixel wide.
_FAINT: Final = 26
# Pixels on the longer side at which such lines show.
_LARGE: Final = 2048

# Opacity that shows, a difference of colours that is none to speak of, and nearly all.
_SEEN, _ALIKE, _MOSTLY = 128, 48, 0.9
# Part of the page that a line without a width is wide.
_HAIR: Final = 200
# How far around its page a drawing is looked for, in pages.
_AROUND: Final = 5


def draw_svg(data: bytes, longest: int, *, close: bool = False) -> Image.Image:
    """Render an SVG, RGBA, its longer side `longest` pixels.

    Where nothing is drawn it stays clear. A drawing of many layers comes out half as large. Its
    `info` says under `LOST` what of it lies outside of the file.

    Args:
        data: the file.
        longest: pixels.
        close: show a drawing that takes up little of its page without the rest of the page.

    Raises:
        UnreadableFile: not an SVG, one that resvg refuses, or text alone without a font.
        OverLimit: more bytes, elements or nesting than a drawing needs.
    """
    return _draw(data, longest, 0, close)


class _Drawn(NamedTuple):
    """A drawing at a moment.

    Attributes:
        picture: what was asked for.
        whole: its page, or all of it where it has none, however small the drawing on it.
        root: what was drawn.
        ink: how much it shows, to be compared with that of other moments.
    """

    picture: Image.Image
    whole: Image.Image
    root: Element
    ink: float


def _draw(data: bytes, longest: int, depth: int, close: bool = False) -> Image.Image:
    root = parse(data)
    unseen, link = unseen_in(root), outside(root)
    moving = moves(root) and depth == 0
    drawn = _posed(root, longest, depth, close, REST)
    if moving:
        drawn = _telling(drawn, lambda pose: _posed(parse(data), longest, depth, close, pose))
    if depth == 0 and not drawn.picture.getchannel("A").getbbox():
        drawn = _found(drawn, longest)
    if depth == 0 and not drawn.picture.getchannel("A").getbbox():
        if _has_text(drawn.root) and font_options() is None:
            raise UnreadableFile(
                "draws text alone, and this system has no font to draw it with; install one, such"
                " as DejaVu, or turn the text into paths"
            )
        if unseen:
            raise UnreadableFile(f"draws nothing: {unseen}")
    if link and depth == 0:
        drawn.picture.info[LOST] = f"a part of it lies outside of the file ({link!r}); embed it"
    return drawn.picture


def _telling(rest: _Drawn, posed: Callable[[Pose], _Drawn]) -> _Drawn:
    """Of the moments of a drawing the first that shows something, or one that shows far more."""
    found = [rest]
    if not rest.ink:  # lines that draw themselves over and over
        found.append(posed(Pose(ended=True)))
    with suppress(UnreadableFile):  # what cannot be drawn of it is in no way of the rest
        found.append(posed(Pose(most=True, abrupt=not found[-1].ink)))
    taken = found[chosen([each.ink for each in found])]
    return taken if _stays(rest.whole, taken.whole) else rest


def _stays(shown: Image.Image, later: Image.Image) -> bool:
    """Whether what a picture shows is there in another, nearly all: not where they take turns."""
    if shown.size != later.size:
        return True
    before, after = np.asarray(shown, np.int16), np.asarray(later, np.int16)
    seen = before[..., 3] > _SEEN
    same = np.abs(before - after).max(axis=2)[seen] <= _ALIKE
    return not seen.any() or bool(same.mean() >= _MOSTLY)


def _found(blank: _Drawn, longest: int) -> _Drawn:
    """What a drawing holds that shows nothing: lines without a width, or all of it off its page."""
    root, page = blank.root, window(blank.root)
    whole = page or UNSAID
    if widen(root, max(whole.width, whole.height) / _HAIR):
        seen = page or found_window(root)
        picture = render(root, seen, shown_size(root, seen, longest), whole)
        if picture.getchannel("A").getbbox():
            return blank._replace(picture=picture)
    if page is None or _has_text(root):
        return blank
    around = _widened(page, _AROUND)
    coarse = render(root, around, shown_size(root, around, _COARSE * 2), whole)
    box = coarse.getchannel("A").getbbox()
    if box is None:
        return blank
    seen = _widened(seen_through(around, coarse.size, box), 1.02)
    return blank._replace(
        picture=render(root, seen, shown_size(Element("svg"), seen, longest), whole)
    )


def _widened(seen: Window, times: float) -> Window:
    """A window of the same middle."""
    width, height = seen.width * times, seen.height * times
    left, top = seen.left - (width - seen.width) / 2, seen.top - (height - seen.height) / 2
    return Window(left, top, width, height)


def _posed(root: Element, longest: int, depth: int, close: bool, pose: Pose) -> _Drawn:
    clean(root, embedding(longest, partial(_draw_inner, longest), depth), pose)
    heavy = weigh(root) > _HEAVY
    if heavy:
        longest = -(-longest // 2)
    said = window(root)
    whole = said or UNSAID
    measure_dashes(root, whole)
    keep_widths(root, whole)
    seen = said or found_window(root)
    drawn = render(root, seen, shown_size(root, seen, longest), whole)
    # Of lines that is the area that they cover, in units of the drawing.
    ink = shown(drawn) ** 2 * seen.width * seen.height if depth == 0 else 0.0
    page = drawn
    part = small_drawing(drawn) if close and not is_stretched(root) else None
    if part is not None:
        seen = seen_through(seen, drawn.size, part)
        drawn = render(root, seen, shown_size(root, seen, longest), whole)
    # What is faint within another drawing is meant to be.
    if not (heavy or depth) and np.asarray(drawn.getchannel("A")).max() < _FAINT:
        drawn = _hairlines(root, seen, whole, drawn)
    return _Drawn(drawn, page, root, ink)


def _draw_inner(longest: int, data: bytes, depth: int) -> Image.Image:
    """A drawing embedded in another."""
    return _draw(data, longest, depth)


def _hairlines(root: Element, shown: Window, whole: Window, faint: Image.Image) -> Image.Image:
    """A drawing, in the size of `faint`, whose lines are too thin to be seen: made visible.

    Plans for laser cutters have lines of a hundredth of a millimetre.
    """
    width, height = faint.size
    times = max(1, _LARGE // max(width, height))
    large = np.asarray(render(root, shown, (width * times, height * times), whole))
    cells = large.reshape(height, times, width, times, 4).swapaxes(1, 2)
    cells = cells.reshape(height, width, times * times, 4)
    darkest = cells[..., 3].argmax(axis=2)[..., None, None]
    lines = np.take_along_axis(cells, darkest, axis=2)[:, :, 0].copy()
    drawn = lines[..., 3] > 0
    if drawn.any():
        usual = np.median(lines[drawn, 3])  # corners, where lines meet, are darker
        lines[..., 3] = np.minimum(lines[..., 3] * (255 / usual), 255).astype(np.uint8)
    return Image.fromarray(lines)


def found_window(root: Element) -> Window:
    """Where the ink of a drawing lies that does not say how large it is.

    It is looked at closer until it takes up a good part of the picture it is looked for in: the
    edges of what is small there lie between pixels.
    """
    shown, found = UNSAID, Window(0, 0, 100, 100)
    for _ in range(_LOOKS):
        coarse = render(root, shown, (_COARSE, _COARSE), UNSAID)
        box = coarse.getchannel("A").getbbox()
        if box is None:
            return found
        pixel = shown.width / _COARSE
        left, top, right, bottom = (at * pixel for at in box)
        side = max(right - left, bottom - top)
        found = Window(shown.left + left, shown.top + top, right - left, bottom - top)
        if side > shown.width / _CLOSE:
            break
        left, top = max(found.left - 2 * pixel, 0), max(found.top - 2 * pixel, 0)
        shown = Window(left, top, side + 4 * pixel, side + 4 * pixel)
    return found


def render(
    root: Element, shown: Window, size: tuple[int, int], whole: Window | None = None
) -> Image.Image:
    """What of a drawing lies in `shown`; its shares are of `whole`, or of that."""
    import resvg_py

    sides = {"width": str(size[0]), "height": str(size[1])}
    space = {"xmlns": "http://www.w3.org/2000/svg"}
    outer = Element("svg", {**space, **root.attrib, **_seen(shown), **sides})
    inner = outer
    if whole not in (None, shown) and any("%" in v for e in root.iter() for v in e.attrib.values()):
        assert whole is not None
        place = dict(zip(("x", "y", "width", "height"), map(str, whole), strict=True))
        inner = SubElement(outer, "svg", {**_seen(whole), **place, "overflow": "visible"})
    inner.text = root.text
    inner.extend(root)
    fonts = font_options() if _has_text(root) else None
    try:
        rendered = resvg_py.svg_to_bytes(
            svg_string=ElementTree.tostring(outer, encoding="unicode"),
            skip_system_fonts=True,
            dpi=96,
            width=size[0],
            height=size[1],
            **(fonts or {}),
        )
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic of the Rust code is no Exception; it must not end the process.
        raise UnreadableFile("makes the SVG renderer fail") from error
    return Image.open(io.BytesIO(bytes(rendered))).convert("RGBA")


def _seen(window: Window) -> dict[str, str]:
    return {"viewBox": " ".join(f"{value:.9g}" for value in window)}


def _has_text(root: Element) -> bool:
    return any("".join(element.itertext()).strip() for element in root.iter("text"))
