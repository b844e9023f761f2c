"""SVG markup read into a plain tree: bytes of any common encoding, without outside entities.

What other programs repair is repaired: a missing or unbound namespace, blanks before the
declaration, entities of HTML, gzip.

Source:
    W3C, XML 1.0 and Namespaces in XML; SVG 2, appendix on gzip-compressed files.
"""

from __future__ import annotations

import codecs
import html
import re
import zlib
from functools import partial
from typing import Final
from xml.etree.ElementTree import Element
from xml.parsers import expat

from opensearch.errors import OverLimit, UnreadableFile

MOST_BYTES: Final = 8 * 2**20
MOST_ELEMENTS: Final = 50_000
# Groups may nest so deep: resvg recurses.
MOST_DEPTH: Final = 200
_MOST_ATTRIBUTES = 1000
_MOST_ENTITY_BYTES = 2**20
_MOST_TEXT = 4 * MOST_BYTES
MOST_LETTERS: Final = 20_000
"""Letters that an element keeps, or a few more; of a text that has more none is drawn."""
_SILENT: Final = frozenset({"script", "style"})
_WITHIN_WORDS: Final = frozenset(
    {"a", "b", "code", "em", "font", "i", "s", "small", "span", "strong", "sub", "sup", "u"}
)
"""Elements of a page that begin no line."""

_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_BOUND: Final = {"": _SVG, "xlink": _XLINK, "xml": "xml"}
_ENCODING = re.compile(rb"<\?xml[^>]{0,100}?encoding\s*=\s*['\"]([\w.:-]+)['\"]")
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Encodings by what text in them begins with; UTF-32 first, whose mark begins with another's."""
_WIDE: Final = ("utf-16", "utf-32", "utf16", "utf32", "ucs", "iso-10646-ucs", "unicode")
_REFERENCE = re.compile(r"&([^\s;&]+);")


def parse(data: bytes) -> Element:
    """The tree of an SVG: SVG's own elements by their plain names, other ones left out.

    Attributes keep their plain names, too, of which `xlink:href` becomes `href` where the
    element has no other; those of foreign namespaces are left out.

    Raises:
        UnreadableFile: not well-formed, not an SVG, or an entity from outside.
        OverLimit: more bytes, elements, nesting or entities than a drawing needs.
    """
    data = _unpacked(data)
    if len(data) > MOST_BYTES:
        raise OverLimit(f"holds {len(data):,} bytes, over the {MOST_BYTES:,} of a drawing")
    text = _decoded(data)
    builder = _Builder()
    parser = expat.ParserCreate("utf-8")
    parser.buffer_text = True
    # An undeclared entity is then skipped and reported to the builder.
    parser.UseForeignDTD(True)
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE)
    parser.ExternalEntityRefHandler = partial(_as_empty, parser)
    parser.EntityDeclHandler = builder.declare
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.SkippedEntityHandler = builder.skipped
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        if "amplification" in str(error):
            raise OverLimit("repeats its entities more than a drawing needs") from error
        if builder.first and error.code in _ENDED_WITHIN and not builder.ended:
            raise UnreadableFile(
                f"is cut short: its XML ends within an element ({error})"
            ) from error
        if not builder.ended:  # what stands behind the drawing is none of it
            raise UnreadableFile(f"is not well-formed XML: {error}") from error
    if builder.root is None:
        raise UnreadableFile(f"is XML, but of <{builder.first}>, not an SVG")
    return builder.root


def _as_empty(parser: expat.XMLParserType, context: str, *_: str | None) -> int:
    """Take a document type that lies outside of the file as one that declares nothing."""
    parser.ExternalEntityParserCreate(context).Parse("", True)
    return 1


def _unpacked(data: bytes) -> bytes:
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return zlib.decompressobj(wbits=31).decompress(data, MOST_BYTES + 1)
    except zlib.error as error:
        raise UnreadableFile(f"is gzip-compressed and damaged: {error}") from error


def _decoded(data: bytes) -> bytes:
    """The text in UTF-8, whatever it is in and says that it is in: marks and zeros tell better."""
    mark = next((name for sign, name in _MARKS if data.startswith(sign)), None)
    if mark is None and data[:1] == b"\0":
        mark = "utf-16-be"
    elif mark is None and data[1:2] == b"\0":
        mark = "utf-16-le"
    declared = _ENCODING.match(data.lstrip())
    name = mark or (declared[1].decode("ascii") if declared else "utf-8")
    if mark is None and name.lower().startswith(_WIDE):
        name = "utf-8"  # such text has zeros, and .NET writes what it never was
    try:
        text = data.decode(name)
    except (LookupError, UnicodeDecodeError):
        text = data.decode(mark or "cp1252", "replace")
    return text.lstrip("\ufeff \t\r\n").encode("utf-8", "replace")


_ENDED_WITHIN: Final = frozenset(
    expat.errors.codes[name]
    for name in (
        expat.errors.XML_ERROR_NO_ELEMENTS,
        expat.errors.XML_ERROR_UNCLOSED_TOKEN,
        expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION,
        expat.errors.XML_ERROR_PARTIAL_CHAR,
    )
)
"""What expat calls the end of a file that comes too early."""


class _Builder:
    """Takes the parser's events and holds the tree, `root`, once the SVG element was seen."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self.first = ""
        self._open: list[Element | None] = []
        self._said: list[str] = []
        self._bound = [_BOUND]
        self._elements = self._letters = 0
        self._entities: dict[str, int] = {}

    @property
    def ended(self) -> bool:
        """Whether the SVG element was seen to its end."""
        return self.root is not None and not self._open

    def declare(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        base: str | None,
        system: str | None,
        public: str | None,
        notation: str | None,
    ) -> None:
        """Refuse entities that lead outside or multiply; editors declare a few plain ones."""
        if is_parameter:
            raise UnreadableFile("declares a parameter entity, which no drawing needs")
        if value is None:
            raise UnreadableFile("declares an entity outside of the file")
        size = len(value)
        for inner in _REFERENCE.findall(value):
            # An entity that is declared only later counts as too long.
            size += self._entities.get(inner, 0 if inner[0] == "#" else _MOST_ENTITY_BYTES)
        if size > _MOST_ENTITY_BYTES:
            raise OverLimit("declares entities made of entities, more than a drawing needs")
        self._entities.setdefault(name, size)

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MOST_ELEMENTS:
            raise OverLimit(f"draws over {MOST_ELEMENTS:,} elements")
        if len(self._open) > MOST_DEPTH:
            raise OverLimit(f"nests its elements deeper than {MOST_DEPTH}")
        if len(attributes) > _MOST_ATTRIBUTES:
            raise OverLimit(f"gives <{tag}> over {_MOST_ATTRIBUTES:,} attributes")
        self._count(sum(map(len, attributes.values())))
        self._settle()
        self._bind(attributes)
        space, name = self._resolved(tag)
        self.first = self.first or name
        inside = self._open[-1] if self._open else None
        element = None
        if space == _SVG and (inside is not None or (not self._open and name == "svg")):
            element = Element(name, self._plain(attributes))
            if inside is None:
                self.root = element
            else:
                inside.append(element)
        elif inside is not None and inside.tag == "foreignObject" and name not in _SILENT:
            element = inside  # which keeps the text of its page
            self._part(name)
        self._open.append(element)

    def end(self, tag: str) -> None:
        self._settle()
        ended = self._open.pop()
        if ended is not None and self._open and self._open[-1] is ended:
            self._part(self._resolved(tag)[1])
        self._bound.pop()

    def text(self, text: str) -> None:
        self._count(len(text))
        self._said.append(text)

    def _part(self, name: str) -> None:
        """Words of two paragraphs of a page are two words."""
        if name not in _WITHIN_WORDS:
            self._said.append(" ")

    def _settle(self) -> None:
        """Give the text since the last tag to the element that it stands in."""
        text = "".join(self._said)
        self._said.clear()
        inside = self._open[-1] if self._open else None
        if inside is None or not text:
            return
        last = inside[-1] if len(inside) and inside.tag != "foreignObject" else None
        held = (inside.text if last is None else last.tail) or ""
        if len(held) > MOST_LETTERS and inside.tag != "style":
            return  # more than is drawn, and pieces without number take long to join
        if last is None:
            inside.text = held + text
        else:
            last.tail = held + text

    def skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            self.text(html.unescape(f"&{name};"))

    def _count(self, letters: int) -> None:
        self._letters += letters
        if self._letters > _MOST_TEXT:
            raise OverLimit("repeats its entities more than a drawing needs")

    def _bind(self, attributes: dict[str, str]) -> None:
        declared = {
            name[6:]: value for name, value in attributes.items() if name.split(":")[0] == "xmlns"
        }
        self._bound.append({**self._bound[-1], **declared} if declared else self._bound[-1])

    def _resolved(self, name: str) -> tuple[str, str]:
        """Namespace and plain name."""
        prefix, _, local = name.rpartition(":")
        return self._bound[-1].get(prefix, prefix), local

    def _plain(self, attributes: dict[str, str]) -> dict[str, str]:
        kept, linked = {}, None
        for name, value in attributes.items():
            if ":" not in name or name in ("xml:space", "xml:lang"):
                kept[name] = value
            elif self._resolved(name) == (_XLINK, "href"):
                linked = value
        kept.pop("xmlns", None)
        if linked is not None:
            kept.setdefault("href", linked)
        return kept
