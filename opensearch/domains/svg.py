"""SVG drawings, cleaned of everything that reaches outside the file, then rendered by resvg.

Source:
    W3C SVG 1.1 for the elements; https://github.com/linebender/resvg for the renderer.
"""

from __future__ import annotations

import io
import re
from typing import Final
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from PIL import Image

from opensearch.errors import OverLimit, UnreadableFile

_MOST_BYTES = 8 * 2**20
# Elements drawn, counting what every <use> repeats, and how deep groups may nest: resvg recurses.
_MOST_ELEMENTS = 50_000
_MOST_DEPTH = 128
_MOST_ENTITY_BYTES = 2**20

# Outside files, programs, and effects whose cost does not show in the number of elements.
_DROPPED: Final = frozenset({"image", "feImage", "script", "foreignObject", "filter", "style"})
_KEPT_STYLE: Final = "style"
_OUTSIDE = re.compile(r"@import|url\((?!\s*['\"]?\s*#)", re.IGNORECASE)
_ENTITY = re.compile(rb"<!ENTITY\s+(?:%\s*)?(\S+)\s+(?:'([^']*)'|\"([^\"]*)\"|(\S+))")


def draw_svg(data: bytes, longest: int) -> Image.Image:
    """Render an SVG on white, RGB, its longer side `longest` pixels.

    Raises:
        UnreadableFile: not an SVG, or one that resvg refuses.
        OverLimit: more bytes, elements or nesting than a drawing needs.
    """
    import resvg_py

    root = _parsed(data)
    _clean(root, 0)
    _check_cost(root)
    text = ElementTree.tostring(root, encoding="unicode")
    width, height = _size(root)
    scale = longest / max(width, height)
    try:
        rendered = resvg_py.svg_to_bytes(
            svg_string=text,
            background="#ffffff",
            skip_system_fonts=True,
            dpi=96,
            width=max(1, round(width * scale)),
            height=max(1, round(height * scale)),
        )
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # A panic of the Rust code is no Exception; it must not end the process.
        raise UnreadableFile("makes the SVG renderer fail") from error
    return Image.open(io.BytesIO(bytes(rendered))).convert("RGB")


def _parsed(data: bytes) -> Element:
    if len(data) > _MOST_BYTES:
        raise OverLimit(f"holds {len(data):,} bytes, over the {_MOST_BYTES:,} of a drawing")
    _check_entities(data)
    root = ElementTree.fromstring(data)
    if _name(root) != "svg":
        raise UnreadableFile(f"is XML, but of <{_name(root)}>, not an SVG")
    return root


def _check_entities(data: bytes) -> None:
    """Refuse entities that lead outside or multiply; editors declare a few plain ones."""
    total = 0
    for name, single, double, other in _ENTITY.findall(data):
        if other:
            raise UnreadableFile("declares an entity outside of the file")
        value = single or double
        if b"&" in value:
            raise OverLimit("declares entities made of entities")
        total += len(value) * data.count(b"&" + name + b";")
    if total > _MOST_ENTITY_BYTES:
        raise OverLimit("repeats its entities more than a drawing needs")


def _clean(element: Element, depth: int) -> None:
    if depth > _MOST_DEPTH:
        raise OverLimit(f"nests its elements deeper than {_MOST_DEPTH}")
    for name, value in list(element.attrib.items()):
        local = name.rpartition("}")[2]
        outside = local == "href" and not value.strip().startswith("#")
        if outside or local == "filter" or _OUTSIDE.search(value):
            del element.attrib[name]
    for child in list(element):
        if not isinstance(child.tag, str) or (_name(child) in _DROPPED and not _harmless(child)):
            element.remove(child)
        else:
            _clean(child, depth + 1)


def _harmless(element: Element) -> bool:
    return _name(element) == _KEPT_STYLE and not _OUTSIDE.search(element.text or "")


def _check_cost(root: Element) -> None:
    by_id = {element.get("id", ""): element for element in root.iter()}
    weights: dict[Element, int] = {}

    def weigh(element: Element, depth: int) -> int:
        if depth > 2 * _MOST_DEPTH:
            raise OverLimit("repeats itself through <use> without an end")
        if element in weights:
            return weights[element]
        total = 1 + sum(weigh(child, depth + 1) for child in element)
        target = _target(element, by_id)
        if target is not None:
            total += weigh(target, depth + 1)
        weights[element] = total
        return total

    if weigh(root, 0) > _MOST_ELEMENTS:
        raise OverLimit(f"draws over {_MOST_ELEMENTS:,} elements")


def _target(element: Element, by_id: dict[str, Element]) -> Element | None:
    if _name(element) != "use":
        return None
    for name, value in element.attrib.items():
        if name.rpartition("}")[2] == "href":
            return by_id.get(value.strip().lstrip("#"))
    return None


def _size(root: Element) -> tuple[float, float]:
    """Width and height of the drawing in any one unit; only their ratio is used."""
    box = [float(v) for v in re.findall(r"[-+.\deE]+", root.get("viewBox", ""))]
    if len(box) == 4 and box[2] > 0 and box[3] > 0:
        width, height = box[2], box[3]
    else:
        width, height = _length(root.get("width")), _length(root.get("height"))
    # A ratio beyond this draws nothing that could be recognised.
    return max(width, height / 64), max(height, width / 64)


def _length(text: str | None) -> float:
    number = re.match(r"\s*([\d.]+)", text or "")
    value = float(number[1]) if number and "%" not in (text or "") else 100.0
    return value if value > 0 else 100.0


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
