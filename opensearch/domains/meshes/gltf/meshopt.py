"""Buffer views packed by meshoptimizer, unpacked.

Source:
    EXT_meshopt_compression (bitstreams, appendix A and B) and KHR_meshopt_compression, which
    adds version 1 of the attribute stream.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.gltf.document import Properties, whole
from opensearch.errors import UnreadableFile

_GROUP = 16
_ATTRIBUTES, _ATTRIBUTES_1, _TRIANGLES, _INDICES = 0xA0, 0xA1, 0xE1, 0xD1
_BITS: Final = ((0, 2, 4, 8), (0, 1, 2, 4), (1, 2, 4, 8))
"""Bits a delta for the four modes of a group: version 0, and version 1 with control 0 or 1."""
_ZEROS, _PLAIN = 2, 3
_AT_ONCE = 1 << 16


def decode(data: NDArray[np.uint8], packed: Properties) -> NDArray[np.uint8]:
    """The bytes of a packed view.

    Args:
        data: what is packed, shape (n,).
        packed: what the extension says of it: mode, count, byteStride, filter.

    Returns:
        Shape (count * byteStride,).

    Raises:
        UnreadableFile: damaged, or of a mode or filter that geometry does not have.
    """
    count, stride = whole(packed, "count"), whole(packed, "byteStride")
    mode, after = packed.get("mode"), packed.get("filter", "NONE")
    try:
        if mode == "ATTRIBUTES":
            return _filtered(_attributes(data, count, stride), after)
        if mode in ("TRIANGLES", "INDICES") and stride in (2, 4) and after == "NONE":
            numbers = (_triangles if mode == "TRIANGLES" else _indices)(data.tobytes(), count)
            return numbers.astype(f"<u{stride}").view(np.uint8)
    except (IndexError, ValueError) as error:
        raise UnreadableFile("has damaged EXT_meshopt_compression data") from error
    raise UnreadableFile(
        f"has EXT_meshopt_compression data of an unknown kind ({mode!r}, {stride} bytes)"
    )


def _attributes(data: NDArray[np.uint8], count: int, stride: int) -> NDArray[np.uint8]:
    """Rows of `stride` bytes, shape (count, stride): running sums of packed deltas."""
    if stride % 4 or not 0 < stride <= 256 or data[0] not in (_ATTRIBUTES, _ATTRIBUTES_1):
        raise ValueError("no attribute stream")
    newer = data[0] == _ATTRIBUTES_1
    tail = stride + stride // 4 if newer else stride
    first = data[len(data) - tail : len(data) - tail + stride]
    channels = data[len(data) - tail + stride :] if newer else np.zeros(stride // 4, np.uint8)
    deltas, end = _deltas(data, count, stride, newer)
    if end != len(data) - max(tail, 24 if newer else 32):
        raise ValueError("the deltas do not end where the first row begins")
    rows = np.empty((count, stride), np.uint8)
    for lane in range(0, stride, 4):
        four = np.ascontiguousarray(deltas[lane : lane + 4, :count].T)
        rows[:, lane : lane + 4] = _summed(four, first[lane : lane + 4], int(channels[lane // 4]))
    return rows


def _summed(deltas: NDArray[np.uint8], first: NDArray[np.uint8], mode: int) -> NDArray[np.uint8]:
    """Four bytes a row from their deltas, shape (n, 4): bytes, 16-bit numbers, or 32 bits."""
    if mode & 3 == 2:
        turned, by = deltas.view("<u4"), np.uint32(mode >> 4)
        if by:
            turned = (turned >> by) | (turned << np.uint32(32 - by))
        words = np.bitwise_xor.accumulate(turned, axis=0) ^ first.copy().view("<u4")
        return np.asarray(words, "<u4").view(np.uint8)
    if mode & 3 == 3:
        raise ValueError("unknown channel")
    kind = np.dtype("<u2" if mode & 3 else "u1")
    zigzag = deltas.view(kind)
    steps = (zigzag >> kind.type(1)) ^ (kind.type(0) - (zigzag & kind.type(1)))
    sums = np.cumsum(steps, axis=0, dtype=kind) + first.copy().view(kind)
    return sums.astype(kind).view(np.uint8)


def _deltas(
    data: NDArray[np.uint8], count: int, stride: int, newer: bool
) -> tuple[NDArray[np.uint8], int]:
    """Deltas, shape (stride, rows padded to blocks), and where they end in `data`.

    Where a group of 16 lies depends on all groups before it, so their places are found one
    by one; what they hold is then read for all groups of a width at once.
    """
    block = min((0x2000 // stride) & ~15, 256)
    deltas = np.zeros((stride, -(-count // block) * block), np.uint8)
    places: dict[int, list[tuple[int, int, int]]] = {1: [], 2: [], 4: [], 8: []}
    stream, at = data.tobytes(), 1
    for base in range(0, count, block):
        size = min(block, count - base)
        groups = -(-size // _GROUP)
        control, at = at, at + (stride // 4 if newer else 0)
        for lane in range(stride):
            said = (stream[control + lane // 4] >> 2 * (lane % 4)) & 3 if newer else 0
            if said == _PLAIN:
                deltas[lane, base : base + size] = data[at : at + size]
                at += size
            elif said != _ZEROS:
                head, at = at, at + -(-groups // 4)
                widths = _BITS[said + newer]
                for group in range(groups):
                    bits = widths[(stream[head + group // 4] >> 2 * (group % 4)) & 3]
                    if bits:
                        places[bits].append((at, lane, base + group * _GROUP))
                        at += 2 * bits
                        if bits != 8:
                            at += sum(stream[at - 2 * bits : at].translate(_ESCAPES[bits]))
        if base + block >= count or sum(map(len, places.values())) > _AT_ONCE:
            _fill(deltas, data, places)
    return deltas, at


def _fill(
    deltas: NDArray[np.uint8],
    data: NDArray[np.uint8],
    places: dict[int, list[tuple[int, int, int]]],
) -> None:
    """Read the groups at `places` (bits: start in `data`, row and column of `deltas`)."""
    for bits, found in places.items():
        if found:
            start, lane, row = np.array(found, np.int64).T
            deltas[lane[:, None], row[:, None] + np.arange(_GROUP)] = _groups(data, start, bits)
            found.clear()


def _groups(data: NDArray[np.uint8], start: NDArray[np.int64], bits: int) -> NDArray[np.uint8]:
    """Groups of 16 deltas of `bits` bits each, shape (n, 16).

    A delta of all ones stands for a whole byte, which follows behind the group.
    """
    packed: NDArray[np.uint8] = data[start[:, None] + np.arange(2 * bits)]
    if bits == 8:
        return packed
    singles = np.unpackbits(packed, axis=1, bitorder="little" if bits == 1 else "big")
    singles = singles.reshape(len(start), _GROUP, bits)
    values = singles @ (1 << np.arange(bits)[::-1]).astype(np.uint8)
    escaped = values == (1 << bits) - 1
    which = np.cumsum(escaped, axis=1) - 1
    behind = start[:, None] + 2 * bits + which
    values[escaped] = data[behind[escaped]]
    return np.asarray(values, np.uint8)


def _escapes(bits: int) -> bytes:
    """For each byte, how many of its numbers of `bits` bits are all ones."""
    ones = (1 << bits) - 1
    return bytes(
        sum((byte >> shift) & ones == ones for shift in range(0, 8, bits)) for byte in range(256)
    )


_ESCAPES: Final = {bits: _escapes(bits) for bits in (1, 2, 4)}


def _filtered(rows: NDArray[np.uint8], after: Any) -> NDArray[np.uint8]:
    """What a filter makes of decoded rows, shape (count * stride,)."""
    if after == "EXPONENTIAL":
        words = rows.view("<i4")
        mantissa = ((words << 8) >> 8).astype(np.float32)
        return np.asarray(np.ldexp(mantissa, words >> 24), "<f4").ravel().view(np.uint8)
    if after == "QUATERNION" and rows.shape[1] == 8:
        return _quaternions(rows.view("<i2")).ravel().view(np.uint8)
    if after == "NONE":
        return rows.ravel()
    raise UnreadableFile(
        f"has EXT_meshopt_compression data with the filter {after!r} where geometry belongs"
    )


def _quaternions(rows: NDArray[np.int16]) -> NDArray[np.int16]:
    """Unit quaternions from their three smallest parts, shape (n, 4)."""
    last = rows[:, 3].astype(np.int64)
    small = rows[:, :3] * (np.sqrt(0.5) / (last | 3))[:, None]
    largest = np.sqrt(np.maximum(1.0 - (small * small).sum(axis=1), 0.0))
    places = (last[:, None] + np.arange(1, 5)) % 4
    full = np.empty((len(rows), 4))
    np.put_along_axis(full, places, np.column_stack([small, largest]), axis=1)
    return np.asarray(np.rint(full * 32767), "<i2")


class _Numbers:
    """Numbers of variable length (LEB128) out of a stream."""

    def __init__(self, stream: bytes, at: int) -> None:
        self.stream, self.at = stream, at

    def byte(self) -> int:
        value = self.stream[self.at]
        self.at += 1
        return value

    def number(self) -> int:
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value & 0xFFFFFFFF
            shift += 7
            if shift > 28:
                raise ValueError("a number of more than 32 bits")

    def step(self) -> int:
        value = self.number()
        return (value >> 1) ^ -(value & 1)


def _indices(stream: bytes, count: int) -> NDArray[np.int64]:
    """Indices, shape (count,), each a step from one of two running numbers."""
    if stream[0] != _INDICES or count > len(stream):
        raise ValueError("no index stream")
    source, last = _Numbers(stream, 1), [0, 0]
    found = np.empty(count, np.int64)
    for at in range(count):
        value = source.number()
        which, step = value & 1, value >> 1
        last[which] += (step >> 1) ^ -(step & 1)
        found[at] = last[which] & 0xFFFFFFFF
    return found


def _triangles(stream: bytes, count: int) -> NDArray[np.int64]:
    """Indices, shape (count,), three a triangle, most of them found by an edge seen before."""
    if count % 3 or stream[0] != _TRIANGLES or 17 + count // 3 > len(stream):
        raise ValueError("no triangle stream")
    decoder = _TriangleDecoder(stream, count // 3)
    return np.array([decoder.triangle(at) for at in range(count // 3)], np.int64).ravel()


class _TriangleDecoder:
    """The state of a triangle stream: recent edges and vertices, the next and the last vertex."""

    def __init__(self, stream: bytes, count: int) -> None:
        self._stream = stream
        self._source = _Numbers(stream, 1 + count)
        self._edges: list[tuple[int, int]] = [(0, 0)] * 16
        self._recent = [0] * 16
        self._edge = self._vertex = self._next = self._last = 0

    def triangle(self, at: int) -> tuple[int, int, int]:
        """The three vertices of triangle `at`; called for each in turn."""
        code = self._stream[1 + at]
        edge, third = code >> 4, code & 15
        if edge < 15:
            a, b = self._edges[(self._edge - 1 - edge) & 15]
            c = self._third(third)
            self._keep((c, b), (a, c))
            return a, b, c
        if third < 14:
            a, pair = self._new(), self._stream[len(self._stream) - 16 + third]
        else:
            pair = self._source.byte()
            if pair == 0:
                self._next = 0
            a = self._new() if third == 14 else self._stepped()
        b, fresh_b = self._other(pair >> 4, literal=third > 13)
        c, fresh_c = self._other(pair & 15, literal=third > 13)
        for vertex, fresh in ((a, True), (b, fresh_b), (c, fresh_c)):
            if fresh:
                self._remember(vertex)
        self._keep((b, a), (c, b), (a, c))
        return a, b, c

    def _third(self, code: int) -> int:
        if 0 < code < 13:
            return self._recent[(self._vertex - 1 - code) & 15]
        if code == 0:
            vertex = self._new()
        elif code == 15:
            vertex = self._stepped()
        else:
            self._last = (self._last + (1 if code == 14 else -1)) & 0xFFFFFFFF
            vertex = self._last
        self._remember(vertex)
        return vertex

    def _other(self, code: int, literal: bool) -> tuple[int, bool]:
        if code == 0:
            return self._new(), True
        if code == 15 and literal:
            return self._stepped(), True
        return self._recent[(self._vertex - code) & 15], False

    def _new(self) -> int:
        self._next += 1
        return self._next - 1

    def _stepped(self) -> int:
        self._last = (self._last + self._source.step()) & 0xFFFFFFFF
        return self._last

    def _remember(self, vertex: int) -> None:
        self._recent[self._vertex] = vertex
        self._vertex = (self._vertex + 1) & 15

    def _keep(self, *edges: tuple[int, int]) -> None:
        for pair in edges:
            self._edges[self._edge] = pair
            self._edge = (self._edge + 1) & 15
