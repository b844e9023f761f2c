"""What the header of a JPEG XL picture says that its decoder does not tell.

Source:
    ISO/IEC 18181-1 (2024), annexes A, D and E; 18181-2 (2024), annex A, of the container.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from opensearch.domains.pictures.heif import boxes

BARE: Final = b"\xff\x0a"
CONTAINER: Final = b"\0\0\0\x0cJXL \r\n\x87\n"
_ENOUGH: Final = 2**16
"""Bytes of a codestream that hold its header, names of channels included."""
_ALPHA, _SPOT, _FILTER = 0, 2, 5
"""Kinds of channels that say more of themselves: opacity, an ink, a filter of a sensor."""


class _Choice(NamedTuple):
    """One of the four ways in which a number is written: a constant, and bits that are added."""

    least: int
    bits: int = 0


_SIDE: Final = (_Choice(1, 9), _Choice(1, 13), _Choice(1, 18), _Choice(1, 30))
_WIDE_PREVIEW: Final = (_Choice(16), _Choice(32), _Choice(1, 5), _Choice(33, 9))
_PREVIEW: Final = (_Choice(1, 6), _Choice(65, 8), _Choice(321, 10), _Choice(1345, 12))
_ENUM: Final = (_Choice(0), _Choice(1), _Choice(2, 4), _Choice(18, 6))
_DEPTH: Final = (_Choice(8), _Choice(10), _Choice(12), _Choice(1, 6))
_FLOATS: Final = (_Choice(32), _Choice(16), _Choice(24), _Choice(1, 6))
_CHANNELS: Final = (_Choice(0), _Choice(1), _Choice(2, 4), _Choice(1, 12))
_SHIFT: Final = (_Choice(0), _Choice(3), _Choice(4), _Choice(1, 3))
_LENGTH: Final = (_Choice(0), _Choice(0, 4), _Choice(16, 5), _Choice(48, 10))
_TICKS: Final = (_Choice(100), _Choice(1000), _Choice(1, 10), _Choice(1, 30))
_PARTS: Final = (_Choice(1), _Choice(1001), _Choice(1, 8), _Choice(1, 10))
_LOOPS: Final = (_Choice(0), _Choice(0, 3), _Choice(0, 16), _Choice(0, 32))
_FILTERS: Final = (_Choice(1), _Choice(0, 2), _Choice(3, 4), _Choice(19, 8))


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says.

    Attributes:
        multiplied: whether colours are multiplied with the opacity.
        linear: whether what the decoder gives is linear light of sRGB's primaries, as it does
            in place of a profile's colours where the picture is kept in its own space (XYB).
    """

    multiplied: bool = False
    linear: bool = False


def header_of(data: bytes) -> Header:
    """The header of a file; one that is damaged says nothing."""
    try:
        return _header(_Bits(_codestream(data)))
    except (ValueError, IndexError):
        return Header()


def _codestream(data: bytes) -> bytes:
    """The beginning of the codestream of a file, in a container or bare."""
    if not data.startswith(CONTAINER):
        return data[:_ENOUGH]
    found = b""
    for name, (start, end) in boxes(data, 0, len(data)):
        if name in (b"jxlc", b"jxlp"):
            start += 4 if name == b"jxlp" else 0  # the number of the part
            found += data[start : min(end, start + _ENOUGH)]
        if len(found) >= _ENOUGH:
            break
    return found


class _Bits:
    """Numbers in a codestream, the lowest bit of each byte first."""

    def __init__(self, data: bytes) -> None:
        if not data.startswith(BARE):
            raise ValueError("no codestream")
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)
        self.bits(16)

    def bits(self, count: int) -> int:
        """The next `count` bits as a number."""
        if count > self._left:
            raise ValueError("the codestream is cut short")
        value = self._value & (1 << count) - 1
        self._value >>= count
        self._left -= count
        return value

    def flag(self) -> bool:
        """Whether the next bit is set."""
        return bool(self.bits(1))

    def number(self, choices: tuple[_Choice, ...]) -> int:
        """A number, written in one of four ways."""
        choice = choices[self.bits(2)]
        return choice.least + self.bits(choice.bits)


def _header(bits: _Bits) -> Header:
    _pass_size(bits)
    if bits.flag():  # all as usual
        return Header()
    if bits.flag():
        _pass_extras(bits)
    _pass_depth(bits)
    bits.flag()  # sixteen bits will do
    kinds = [_multiplied(bits) for _ in range(bits.number(_CHANNELS))]
    own_space = bits.flag()
    profile = not bits.flag() and bits.flag()
    return Header(multiplied=any(kinds), linear=own_space and profile)


def _pass_size(bits: _Bits) -> None:
    eighths = bits.flag()
    _pass_side(bits, eighths)
    if not bits.bits(3):  # else the width is a known multiple of the height
        _pass_side(bits, eighths)


def _pass_side(bits: _Bits, eighths: bool) -> None:
    if eighths:
        bits.bits(5)
    else:
        bits.number(_SIDE)


def _pass_extras(bits: _Bits) -> None:
    """The turn, which the decoder follows, the size to show, a preview, the times of frames."""
    bits.bits(3)
    if bits.flag():
        _pass_size(bits)
    if bits.flag():
        sides = _WIDE_PREVIEW if bits.flag() else _PREVIEW
        bits.number(sides)
        if not bits.bits(3):
            bits.number(sides)
    if bits.flag():
        for choices in (_TICKS, _PARTS, _LOOPS):
            bits.number(choices)
        bits.flag()


def _pass_depth(bits: _Bits) -> None:
    if bits.flag():
        bits.number(_FLOATS)
        bits.bits(4)
    else:
        bits.number(_DEPTH)


def _multiplied(bits: _Bits) -> bool:
    """Whether a channel is opacity that colours are multiplied with."""
    if bits.flag():  # opacity as usual
        return False
    kind = bits.number(_ENUM)
    _pass_depth(bits)
    bits.number(_SHIFT)
    bits.bits(8 * bits.number(_LENGTH))
    if kind == _ALPHA:
        return bits.flag()
    if kind == _SPOT:
        bits.bits(4 * 16)
    elif kind == _FILTER:
        bits.number(_FILTERS)
    return False
