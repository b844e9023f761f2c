"""Text of mesh files: any encoding, any line end, numbers as programs really write them."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS: Final = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What the C runtime of Windows writes for a number that is none, such as "-1.#IND".
_NO_NUMBERS: Final = (b"#IND", b"#QNAN", b"#SNAN", b"#INF")


def plain_lines(data: bytes) -> bytes:
    r"""Text as bytes whose keywords and numbers are ASCII and whose lines end with "\n".

    Names keep their bytes, whatever their encoding: no format needs them for geometry. A byte
    order mark tells UTF-8, UTF-16 and UTF-32; without one, zeros at every other place do.
    """
    if data.startswith(codecs.BOM_UTF8):
        data = data[len(codecs.BOM_UTF8) :]
    else:
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                data = data[len(mark) :].decode(encoding, "replace").encode()
                break
        else:
            data = _without_zeros(data)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _without_zeros(data: bytes) -> bytes:
    """UTF-16 without a mark made UTF-8: in it, nearly every other byte of ASCII is zero."""
    head = np.frombuffer(data[:256], np.uint8)
    even, odd = (np.count_nonzero(head[at::2] == 0) for at in (0, 1))
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        if zeros > len(head) / 3 and others == 0:
            return data.decode(encoding, "replace").encode()
    return data


def told_zeros(text: bytes) -> str:
    """What is said of a text with bytes of zero in it, which copies leave in place of lost ones."""
    zeros = text.count(0)
    return f"it holds {zeros:,} bytes of zero, and what stood there is lost" if zeros else ""


def as_floats(words: Sequence[bytes]) -> list[float]:
    """Numbers of a text; NaN for what Windows writes where there is none.

    Raises:
        UnreadableFile: a word is no number; the text names it.
    """
    try:
        return list(map(float, words))
    except ValueError:
        return [_as_float(word) for word in words]


def as_integers(words: Sequence[bytes], what: str) -> NDArray[np.int64]:
    """Whole numbers of a text.

    Args:
        words: one number each.
        what: what they stand for, such as "a vertex of a face".

    Raises:
        UnreadableFile: a word is no whole number of 64 bits.
    """
    try:
        return np.array(list(map(int, words)), np.int64)
    except (ValueError, OverflowError):
        bad = next((word for word in words if not _is_integer(word)), b"")
        raise UnreadableFile(f"has {_shown(bad)} for {what}, not a whole number") from None


def _as_float(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        pass
    if any(mark in word.upper() for mark in _NO_NUMBERS):
        return float("nan")
    try:
        # Fortran writes 1.0D+00, and a sign put before every number may meet another.
        return float(word.removeprefix(b"+").upper().replace(b"D", b"E"))
    except ValueError:
        raise UnreadableFile(f"has {_shown(word)} where a number belongs") from None


def _is_integer(word: bytes) -> bool:
    try:
        return abs(int(word)) < 2**63
    except ValueError:
        return False


def _shown(word: bytes) -> str:
    return repr(word[:40].decode("utf-8", "backslashreplace"))
