"""One model part of a 3MF, read as a stream so that it costs what it is used for."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import IO, Final, NamedTuple
from xml.parsers import expat

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.meshes.threemf_xml import local_name, new_parser, parse
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

_BLOCK: Final = 2**20
# Extensions that leave the triangles as they are, or whose elements are refused by name.
_KNOWN: Final = (
    "/core/",
    "/material/",
    "/production/",
    "/slice/",
    "/trianglesets/",
    "/beamlattice/",
    "/booleanoperations/",
    "/displacement/",
    "/volumetric/",
    "/implicit/",
)
# Elements of extensions that are, or change, the shape of an object.
_SHAPING: Final = {
    "beams": "a beam lattice",
    "balls": "a beam lattice",
    "booleanshape": "a boolean shape",
    "boolean": "a boolean shape",
    "displacementmesh": "a displacement mesh",
    "levelset": "a level set",
    "implicitfunction": "an implicit function",
    "volumedata": "volume data",
}


_NUMBERS: Final = 12
"""Of a transform."""
# Types of objects that help to print a shape and are none of it: what holds it up, and the
# modifiers that slicers keep beside it.
_AIDS: Final = ("support", "solidsupport", "other")


class Placed(NamedTuple):
    """An object, by its part (None: the one that says so) and number, and where it goes.

    `turned` are the numbers of its transform, four rows of three, as the file writes them.
    `printed` is false of what a slicer keeps in the file and was told not to print.
    """

    path: str | None
    number: str
    turned: str = "1 0 0 0 1 0 0 0 1 0 0 0"
    printed: bool = True


@dataclass(slots=True)
class Object:
    """Vertices (n, 3), triangles (m, 3) that number them, and components placed beside.

    An `aid` helps to print a shape and is no part of it. `slices` is the number of its stack of
    slices, "" without one.
    """

    vertices: NDArray[np.float64] = field(default_factory=lambda: np.empty((0, 3)))
    triangles: NDArray[np.int64] = field(default_factory=lambda: np.empty((0, 3), np.int64))
    components: list[Placed] = field(default_factory=list)
    aid: bool = False
    slices: str = ""


@dataclass(slots=True)
class Model:
    """The objects of one part by their numbers, and what it builds."""

    objects: dict[str, Object] = field(default_factory=dict)
    items: list[Placed] = field(default_factory=list)

    def object(self, number: str) -> Object:
        """The object of a number.

        Raises:
            UnreadableFile: there is none.
        """
        if number not in self.objects:
            raise UnreadableFile(f"places the object {number!r}, which it does not hold")
        return self.objects[number]

    def loose(self) -> list[Placed]:
        """The objects that are no component of another in this part."""
        used = {part.number for one in self.objects.values() for part in one.components}
        return [Placed(None, number) for number in self.objects if number not in used]


def transforms(placed: list[Placed]) -> NDArray[np.float64]:
    """Where objects go, shape (n, 4, 4); points are rows before it.

    Raises:
        UnreadableFile: a word of a transform is no number.
    """
    words = " ".join(one.turned for one in placed).split()
    try:
        numbers = np.fromiter(map(float, words), np.float64, len(words))
    except ValueError as error:
        raise UnreadableFile(f"has a wrong number in a transform: {error}") from None
    matrices = np.zeros((len(placed), 4, 4))
    matrices[:, :, :3] = numbers.reshape(-1, 4, 3)
    matrices[:, 3, 3] = 1
    return matrices


def distinct(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Transforms (n, 4, 3) in the order of their numbers, each once.

    As `numpy.unique`, which takes five times as long.
    """
    flat = places.reshape(len(places), -1)
    varying = (flat != flat[:1]).any(axis=0)
    if not varying.any():
        return places[:1]
    ordered = flat[np.lexsort(flat[:, varying].T[::-1])]
    first = np.r_[True, (ordered[1:] != ordered[:-1]).any(axis=1)]
    return ordered[first].reshape(-1, *places.shape[1:])


def printed(placed: list[Placed]) -> list[Placed]:
    """What is printed of what is placed together; all of it where nothing is."""
    return [one for one in placed if one.printed] or placed


def read_model(stream: IO[bytes], limits: Limits) -> Model:
    """A model part.

    Raises:
        UnreadableFile: damaged XML, or a feature that shapes objects and is not read.
        OverLimit: far more vertices or triangles than `limits.faces` can need.
    """
    parser = new_parser()
    reader = _ModelReader(limits, parser)
    parse(stream, parser, reader.start)
    reader.finish()
    return reader.model


def check_counts(stream: IO[bytes], limits: Limits) -> None:
    """Refuse at a glance what parsing would refuse after a long time.

    Raises:
        OverLimit: far more vertices or triangles than `limits.faces` can need.
    """
    vertices = triangles = 0
    while block := stream.read(_BLOCK):
        # An element that two blocks share is missed: parsing counts to the last.
        vertices += block.count(b"vertex ")
        triangles += block.count(b"triangle ")
        _check(vertices, triangles, limits)


def _refuse_shaping(name: str) -> None:
    if name in _SHAPING:
        raise UnreadableFile(f"holds {_SHAPING[name]}, which is not read: export it as a mesh")


def _check(vertices: int, triangles: int, limits: Limits) -> None:
    if triangles > limits.faces:
        raise OverLimit(f"has over {limits.faces:,} faces, the limit")
    # No triangle needs more than three.
    if vertices > 3 * limits.faces:
        raise OverLimit(
            f"has over {3 * limits.faces:,} vertices, too many for the faces it may have"
        )


class _ModelReader:
    """Handlers of the XML of one part, which collect `model`.

    Elements of the core are told by the prefix of the root element, mostly none. Prefixes are
    looked up by hand: models whose XML uses one that it never declares are quite common.
    """

    def __init__(self, limits: Limits, parser: expat.XMLParserType) -> None:
        self.model = Model()
        self._limits = limits
        self._parser = parser
        self._core = ""
        self._names = {"vertex": "vertex", "triangle": "triangle"}
        self._object = Object()
        self._points: array[float] = array("d")
        self._corners: array[int] = array("q")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take an element of the core, and refuse those that shape objects in other ways."""
        try:
            if name == self._names["vertex"]:
                x, y, z = attributes["x"], attributes["y"], attributes["z"]
                self._points.extend((float(x), float(y), float(z)))
                if len(self._points) > 9 * self._limits.faces:
                    _check(len(self._points) // 3, 0, self._limits)
            elif name == self._names["triangle"]:
                a, b, c = attributes["v1"], attributes["v2"], attributes["v3"]
                self._corners.extend((int(a), int(b), int(c)))
                if len(self._corners) > 3 * self._limits.faces:
                    _check(0, len(self._corners) // 3, self._limits)
            elif _is_foreign(name, attributes):
                self._pass_over(name, attributes)
            else:
                self._start_other(name, attributes)
        except KeyError as error:
            raise UnreadableFile(f"has an element {name!r} without {error}") from None
        except (ValueError, OverflowError) as error:
            raise UnreadableFile(f"has a wrong number in an element {name!r}: {error}") from None

    def finish(self) -> None:
        """Give the latest object the mesh that was read since it began."""
        if self._points or self._corners:
            self._object.vertices = np.array(self._points, np.float64).reshape(-1, 3)
            self._object.triangles = np.array(self._corners, np.int64).reshape(-1, 3)
            self._points, self._corners = array("d"), array("q")

    def _start_other(self, name: str, attributes: dict[str, str]) -> None:
        local = local_name(name)
        if name != self._core + local:
            _refuse_shaping(local)
        if local == "model":
            self._core = name.removesuffix("model")
            self._names = {key: self._core + key for key in self._names}
            self._check_extensions(attributes)
        elif name == self._core + "object":
            self.finish()
            self._object = Object(aid=attributes.get("type") in _AIDS, slices=_slices(attributes))
            self.model.objects[attributes["id"]] = self._object
        elif name == self._core + "component":
            self._object.components.append(_placed(attributes))
        elif name == self._core + "item":
            self.model.items.append(_placed(attributes))

    def _pass_over(self, name: str, attributes: dict[str, str]) -> None:
        """Take nothing of an element of another namespace, which its prefix does not say."""
        depth = 0

        def start(name: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            _refuse_shaping(local_name(name))

        def end(name: str) -> None:
            nonlocal depth
            depth -= 1
            if depth == 0:
                self._parser.StartElementHandler = self.start
                self._parser.EndElementHandler = None

        start(name, attributes)
        self._parser.StartElementHandler = start
        self._parser.EndElementHandler = end

    def _check_extensions(self, attributes: dict[str, str]) -> None:
        for prefix in attributes.get("requiredextensions", "").split():
            uri = attributes.get(f"xmlns:{prefix}", prefix)
            if not any(known in uri for known in _KNOWN):
                raise UnreadableFile(f"needs the extension {uri[:100]!r}, which is not read")


def _is_foreign(name: str, attributes: dict[str, str]) -> bool:
    """Whether an element says that it, and what is in it, is of another namespace than the core."""
    space = attributes.get("xmlns", "")
    return bool(space) and ":" not in name and name != "model" and "/core/" not in space


def _slices(attributes: dict[str, str]) -> str:
    named = (text for name, text in attributes.items() if local_name(name) == "slicestackid")
    return next(named, "")


def _placed(attributes: dict[str, str]) -> Placed:
    number, turned = attributes["objectid"], attributes.get("transform", "")
    count = len(turned.split())
    if count not in (0, _NUMBERS):
        raise ValueError(f"a transform of {count} numbers, not {_NUMBERS}")
    path, printed = None, True
    for name, text in attributes.items():
        if name in ("objectid", "transform"):
            continue
        local = local_name(name)  # whatever its prefix
        if local == "path" and path is None:
            path = text
        elif local == "printable":
            printed = printed and text not in ("0", "false")
    if not count:
        return Placed(path, number, printed=printed)
    return Placed(path, number, turned, printed)
