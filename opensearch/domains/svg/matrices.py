"""The functions of a transform as matrices, shape (4, 4), for columns of x, y, z and 1.

Source:
    W3C, CSS Transforms Level 2, chapter 12.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import UnreadableFile

Matrix: TypeAlias = NDArray[np.float64]


def shift(x: float = 0, y: float = 0, z: float = 0) -> Matrix:
    """Moved by so much."""
    matrix: Matrix = np.eye(4)
    matrix[:3, 3] = x, y, z
    return matrix


def _scale(x: float, y: float | None = None, z: float = 1) -> Matrix:
    return np.diag([x, x if y is None else y, z, 1.0])


def _turn(x: float, y: float, z: float, degrees: float) -> Matrix:
    """About an axis, right-handed.

    Source:
        Rodrigues' formula.
    """
    size = math.sqrt(x * x + y * y + z * z)
    matrix: Matrix = np.eye(4)
    if size == 0:
        return matrix
    x, y, z = x / size, y / size, z / size
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = math.radians(degrees)
    matrix[:3, :3] += math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
    return matrix


def _turned(degrees: float, x: float = 0, y: float = 0) -> Matrix:
    return shift(x, y) @ _turn(0, 0, 1, degrees) @ shift(-x, -y)


def _skew(across: float, down: float = 0) -> Matrix:
    matrix: Matrix = np.eye(4)
    matrix[0, 1], matrix[1, 0] = math.tan(math.radians(across)), math.tan(math.radians(down))
    return matrix


def _flat(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:
    return np.array([[a, c, 0, e], [b, d, 0, f], [0, 0, 1, 0], [0, 0, 0, 1.0]])


def _deep(*numbers: float) -> Matrix:
    if len(numbers) != 16 or tuple(numbers[3:12:4]) != (0, 0, 0) or numbers[15] == 0:
        raise _seen_from_near()
    return np.array(numbers).reshape(4, 4).T / numbers[15]


def _perspective(*distance: float) -> Matrix:
    raise _seen_from_near()


def _seen_from_near() -> UnreadableFile:
    return UnreadableFile("is drawn in perspective; export it as plain SVG")


STEPS: Final[dict[str, Callable[..., Matrix]]] = {
    **dict.fromkeys(("translate", "translate3d", "translate_", "translatex"), shift),
    "translatey": lambda y: shift(0, y),
    "translatez": lambda z: shift(0, 0, z),
    **dict.fromkeys(("scale", "scale3d", "scale_"), _scale),
    "scalex": lambda x: _scale(x, 1),
    "scaley": lambda y: _scale(1, y),
    "scalez": lambda z: _scale(1, 1, z),
    **dict.fromkeys(("rotate", "rotatez"), _turned),
    "rotatex": lambda angle: _turn(1, 0, 0, angle),
    "rotatey": lambda angle: _turn(0, 1, 0, angle),
    "rotate3d": _turn,
    "rotate_": lambda *given: _turned(*given) if len(given) == 1 else _turn(*given),
    "skew": _skew,
    "skewx": _skew,
    "skewy": lambda down: _skew(0, down),
    "matrix": _flat,
    "matrix3d": _deep,
    "perspective": _perspective,
}
"""By name in small letters, `translate_`, `rotate_` and `scale_` those of the properties; of
pixels, degrees and plain numbers."""
