"""What to show of the projects of slicers, which lay out parts to be printed.

Source:
    `Metadata/model_settings.config` as Bambu Studio and OrcaSlicer write it (bbs_3mf.cpp).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import IO, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.threemf_model import Placed, transforms
from opensearch.domains.meshes.threemf_xml import new_parser, parse
from opensearch.domains.meshes.triangles import Triangles

Key: TypeAlias = tuple[str, str]
"""The number of an object, and which of its items it is, from 0 on."""
Made: TypeAlias = Callable[[list[Placed]], Triangles]
"""Makes items that have faces."""

# Over these no slicer made the file; each plate and each part costs time to look at.
_MOST_PLATES: Final = 100
_MOST_PARTS: Final = 1000
# An assembly is at most so wide for each of the layout, and its parts touch within so much of it.
_COMPACT: Final = 0.6
_NEAR: Final = 0.01
_NUMBERS: Final = 12
# How far apart the heights of copies may be, in units of the model, and their turns.
_SAME: Final = 1e-3


@dataclass(slots=True)
class Plates:
    """The plate that each item is on, and the transform of each where all are put together."""

    plate: dict[Key, int] = field(default_factory=dict)
    assembled: dict[Key, str] = field(default_factory=dict)


def read_plates(stream: IO[bytes]) -> Plates:
    """What a slicer's settings say of plates and of the assembly.

    Raises:
        UnreadableFile: damaged XML, or with a document type.
        OverLimit: a tag without end.
    """
    reader = _SettingsReader()
    parse(stream, new_parser(), reader.start)
    return reader.plates


def numbered(items: Iterable[Placed]) -> list[tuple[Key, Placed]]:
    """Every item with its key."""
    counts: dict[str, int] = {}
    found = []
    for one in items:
        count = counts.get(one.number, 0)
        counts[one.number] = count + 1
        found.append(((one.number, str(count)), one))
    return found


def pick(items: list[tuple[Key, Placed]], plates: Plates, made: Made) -> list[Placed]:
    """What to show of items that lie on several plates; all of them where they do not.

    Plates lie far apart, so that all of them at once are specks. The parts put together are shown
    where the project knows how, else the plate with the largest surface, each object counted once.
    """
    groups: dict[int, list[Placed]] = {}
    laid, assembled = [], []
    for key, one in items:
        if key in plates.plate:
            groups.setdefault(plates.plate[key], []).append(one)
            laid.append(one)
            if key in plates.assembled:
                assembled.append(one._replace(turned=plates.assembled[key]))
    if not 1 < len(groups) <= _MOST_PLATES:
        return [one for _, one in items]
    known = len(assembled) == len(laid) <= _MOST_PARTS
    if known and _is_assembly(_boxes(assembled, made), _boxes(laid, made)):
        return assembled
    return groups[max(groups, key=lambda plate: (_surface(groups[plate], made), -plate))]


def without_copies(items: list[Placed], made: Made) -> list[Placed]:
    """One of items that are copies of one object side by side on one ground, else all of them.

    Many copies are printed at once of what is one thing. Copies that touch may be one thing
    together: a wall of bricks, a chain.
    """
    if not 1 < len(items) <= _MOST_PARTS or len({(one.path, one.number) for one in items}) > 1:
        return items
    if _turn_upright(transforms(items)) and _apart(_boxes(items, made)):
        return items[:1]
    return items


class _SettingsReader:
    """Handler of the XML of a slicer's settings, which collects `plates`."""

    def __init__(self) -> None:
        self.plates = Plates()
        self._count = 0
        self._instance: dict[str, str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "metadata":
            self._take(attributes.get("key", ""), attributes.get("value", ""))
            return
        self._instance = {} if name == "model_instance" and self._count else None
        if name == "plate":
            self._count += 1
        # One with a volume moves a part of an object within it, which is not followed.
        elif name == "assemble_item" and "volume_id" not in attributes:
            self._assemble(attributes)

    def _take(self, key: str, value: str) -> None:
        if self._instance is None or key not in ("object_id", "instance_id"):
            return
        self._instance[key] = value
        if len(self._instance) > 1:
            found = self._instance["object_id"], self._instance["instance_id"]
            self.plates.plate.setdefault(found, self._count)

    def _assemble(self, attributes: dict[str, str]) -> None:
        turned = attributes.get("transform", "")
        if _is_transform(turned):
            key = attributes.get("object_id", ""), attributes.get("instance_id", "")
            self.plates.assembled[key] = turned


def _is_transform(turned: str) -> bool:
    words = turned.split()
    try:
        return len(words) == _NUMBERS and all(math.isfinite(float(word)) for word in words)
    except ValueError:
        return False


def _boxes(items: list[Placed], made: Made) -> NDArray[np.float64]:
    """The lowest and the highest corner of each item, shape (n, 2, 3)."""
    found = np.empty((len(items), 2, 3))
    for box, one in zip(found, items, strict=True):
        shape = made([one])
        points = shape.vertices[np.unique(shape.faces)]
        box[:] = points.min(axis=0), points.max(axis=0)
    return found


def _surface(items: list[Placed], made: Made) -> float:
    """The area of what is on a plate, of each object one; 0 where there is no telling."""
    shape = made(list({(one.path, one.number): one for one in items}.values()))
    with np.errstate(all="ignore"):
        a, b, c = shape.vertices[shape.faces].swapaxes(0, 1)
        area = float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum())
    return area if math.isfinite(area) else 0.0


def _is_assembly(boxes: NDArray[np.float64], laid: NDArray[np.float64]) -> bool:
    """Whether parts are put together; where nobody did that they lie in a long row or in a pile."""
    size = _size(boxes)
    if not size < _COMPACT * _size(laid):
        return False
    near = _NEAR * size
    # Parts that nobody moved stand on one ground, or have their centres at one height.
    heights = boxes[:, :, 2]
    if np.ptp(heights[:, 0]) <= near or np.ptp(heights.mean(axis=1)) <= near:
        return False
    touching = _touching(boxes, near)
    reached = new = touching[0]
    while new.any():
        new = touching[new].any(axis=0) & ~reached
        reached = reached | new
    return bool(reached.all())


def _size(boxes: NDArray[np.float64]) -> float:
    with np.errstate(all="ignore"):
        return float(np.linalg.norm(boxes[:, 1].max(axis=0) - boxes[:, 0].min(axis=0)))


def _touching(boxes: NDArray[np.float64], near: float) -> NDArray[np.bool_]:
    """Which boxes (n, 2, d) come as near to which, shape (n, n)."""
    low, high = boxes[:, 0], boxes[:, 1] + near
    both = (low[:, None] <= high) & (low <= high[:, None])
    return np.asarray(both.all(axis=2), np.bool_)


def _apart(boxes: NDArray[np.float64]) -> bool:
    """Whether no two of the boxes touch, seen from above."""
    return int(_touching(boxes[:, :, :2], 0.0).sum()) == len(boxes)


def _turn_upright(places: NDArray[np.float64]) -> bool:
    """Whether transforms (n, 4, 4) differ by no more than a turn and a step on the ground."""
    if not np.isfinite(places).all():
        return False
    turns, heights = places[:, :3, :3], places[:, 3, 2]
    with np.errstate(all="ignore"):
        if np.linalg.det(turns[0]) == 0:
            return False
        turned = np.linalg.inv(turns[0]) @ turns
        rigid = np.abs(turned @ turned.swapaxes(1, 2) - np.eye(3)).max() <= _SAME
        upright = np.abs(turned[:, 2] - (0, 0, 1)).max() <= _SAME
        level = np.ptp(heights) <= _SAME
        return bool(rigid and upright and level and (np.linalg.det(turned) > 0).all())
