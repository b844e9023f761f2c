"""Index streams of meshoptimizer: indices by steps, triangles by the edges they share.

Source:
    EXT_meshopt_compression, appendix A.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TRIANGLES, _INDICES = 0xE1, 0xD1


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


def indices(stream: bytes, count: int) -> NDArray[np.int64]:
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


def triangles(stream: bytes, count: int) -> NDArray[np.int64]:
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
