"""Tables of text as people save them: commas, semicolons or tabs, in any usual encoding."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from opensearch.errors import UnreadableFile

DELIMITERS: Final = (",", ";", "\t", "|")

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decoded(data: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 or UTF-32, with or without a mark, or Windows-1252.

    Raises:
        UnreadableFile: none of them fits.
    """
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if encoding is None and b"\0" in data[:4096]:
        # Latin letters in UTF-16 have a zero byte each: at odd places, the low byte comes first.
        encoding = "utf-16-le" if data[1:4096:2].count(0) > data[:4096:2].count(0) else "utf-16-be"
    for name in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile("is not text in UTF-8, UTF-16 or Windows-1252; save it as UTF-8")


def rows(
    text: str, wanted: str, known: Collection[str] = ()
) -> Iterator[tuple[int, dict[str, str] | UnreadableFile]]:
    """First line and fields by column of each row of a table, empty fields left out.

    The delimiter is the one under which the header has the column `wanted`, or what a first line
    `sep=;` says. Spaces around fields are dropped.

    Args:
        text: the table, a header first.
        wanted: a column that must be there.
        known: other columns whose names, like that of `wanted`, may be in capitals.

    Yields:
        A row's fields, or in place of a row with more fields than the header why it is refused.

    Raises:
        UnreadableFile: a header without `wanted` or with a name twice, or broken quotes.
    """
    start, text, delimiter = _opening(text, wanted)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = start
    try:
        for fields in reader:
            here, line = line, start + reader.line_num
            if not any(field.strip() for field in fields):
                continue
            if header is None:
                header = _header(fields, {wanted, *known})
            elif any(field.strip() for field in fields[len(header) :]):
                yield (
                    here,
                    UnreadableFile(
                        f"has {len(fields)} fields, the header {len(header)};"
                        f" put fields that hold {delimiter!r} in quotes"
                    ),
                )
            else:
                named = zip(header, fields, strict=False)
                yield here, {name: value.strip() for name, value in named if value.strip()}
    except csv.Error as error:
        raise UnreadableFile(f"line {line}: {error}; check the quotes from there on") from error


def _opening(text: str, wanted: str) -> tuple[int, str, str]:
    """Number of the first line that counts, the text from there on, and the delimiter."""
    first, _, rest = text.partition("\n")
    said = first.strip().lower().removeprefix("sep=")
    if said != first.strip().lower() and len(said or "\t") == 1:
        return 2, rest, said or "\t"
    header = next((line for line in text.splitlines() if line.strip()), "")
    for delimiter in DELIMITERS:
        if wanted in (name.strip().lower() for name in _fields(header, delimiter)):
            return 1, text, delimiter
    raise UnreadableFile(f"has no column {wanted!r} in its first line, which is {header[:80]!r}")


def _fields(line: str, delimiter: str) -> list[str]:
    """The fields of one line; none where it is no line of such a table."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _header(fields: list[str], known: Collection[str]) -> list[str]:
    names = [field.strip() for field in fields]
    names = [name.lower() if name.lower() in known else name for name in names]
    twice = next((name for name, count in Counter(names).items() if name and count > 1), None)
    if twice is not None:
        raise UnreadableFile(f"has two columns {twice!r}")
    return names
