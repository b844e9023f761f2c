"""The XML of a 3MF, read as a stream so that it costs what it is used for."""

from __future__ import annotations

from collections.abc import Callable
from typing import IO, Any, Final, TypeAlias
from xml.parsers import expat

from opensearch.errors import OverLimit, UnreadableFile

Start: TypeAlias = Callable[[str, dict[str, str]], None]
"""What is done with the name and the attributes of an element that begins."""

_BLOCK: Final = 2**20
_LONGEST: Final = 2**23
_MODEL_RELATION: Final = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"


def read_targets(stream: IO[bytes]) -> list[str]:
    """The names of the root models that a package's relations lead to."""
    found: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if local_name(name) == "Relationship" and attributes.get("Type") == _MODEL_RELATION:
            found.append(attributes.get("Target", ""))

    parse(stream, new_parser(), start)
    return found


def new_parser() -> expat.XMLParserType:
    """A parser that refuses what makes XML costly."""
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def parse(stream: IO[bytes], parser: expat.XMLParserType, start: Start) -> None:
    """Read XML with a handler of elements; names come with the prefix that the file gives them.

    Raises:
        UnreadableFile: damaged, or with a document type: its entities can grow without end.
        OverLimit: a tag or a comment is so long that it is none; the parser looks through what
            it has of one again and again.
    """
    parser.StartElementHandler = start
    read = 0
    try:
        while block := stream.read(_BLOCK):
            parser.Parse(block)
            read += len(block)
            if read - parser.CurrentByteIndex > _LONGEST:
                raise OverLimit(f"has a tag or a comment of over {_LONGEST:,} bytes in its XML")
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise UnreadableFile(f"holds damaged XML: {error}") from error
    except (LookupError, ValueError) as error:  # of the encoding that it names
        raise UnreadableFile(f"holds XML that cannot be read: {error}") from error


def local_name(name: str) -> str:
    """The name of an element or attribute without its prefix."""
    return name.rpartition(":")[2]


def _refuse_doctype(*_: Any) -> None:
    raise UnreadableFile("has a document type (DOCTYPE) in its XML, which 3MF forbids")
