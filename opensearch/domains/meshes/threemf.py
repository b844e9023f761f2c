"""3D Manufacturing Format: models of XML in a zip.

Source:
    3MF Core Specification 1.3, Production Extension 1.1, Beam Lattice Extension 1.2, Slice
    Extension 1.0.2;
    Open Packaging Conventions (ECMA-376 part 2) for the way to the root model.
"""

from __future__ import annotations

import io
import lzma
import posixpath
import zipfile
import zlib
from functools import partial
from typing import Final
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.limits import check_bytes
from opensearch.domains.meshes.polygons import check_corners, check_faces
from opensearch.domains.meshes.threemf_model import (
    Model,
    Object,
    Placed,
    check_counts,
    distinct,
    printed,
    read_model,
    transforms,
)
from opensearch.domains.meshes.threemf_plates import (
    Plates,
    numbered,
    pick,
    read_plates,
    without_copies,
)
from opensearch.domains.meshes.threemf_slices import Stack, check_slices, read_stack
from opensearch.domains.meshes.threemf_xml import read_targets
from opensearch.domains.meshes.triangles import Neighbours, Triangles, compact
from opensearch.errors import OpenSearchError, OverLimit, UnreadableFile
from opensearch.limits import Limits

_RELATIONS: Final = "_rels/.rels"
_USUAL_ROOT: Final = "3D/3dmodel.model"
_SETTINGS: Final = "Metadata/model_settings.config"
# Bytes of a slicer's settings over which they are not opened; they mostly hold under 2**18.
_LARGE_SETTINGS: Final = 2**24
# Bytes of XML from which its elements are counted before they are parsed.
_LARGE: Final = 64 * 2**20
# What reading a damaged part of a zip ends in.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
)
_ENCRYPTED = 1
_DEEPEST: Final = 64
_MOST_PARTS: Final = 10_000
# Copies of objects that one file may place; each costs time however few faces it has.
_MOST_COPIES: Final = 1_000_000


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of every item that a 3MF builds, with its components, where it puts them.

    Without items, those objects that are no component of another are taken. Supports and
    modifiers, and what a slicer was told not to print, are left out where anything else is built.
    Of a slicer's project of several plates the parts put together are taken, or one plate; of
    nothing but copies side by side, one.
    Units, colours and thumbnails are passed over, slices where there is more than a box in their
    place; only parts that the root model leads to are opened.
    What the items add up to is counted before any of them is made.

    Raises:
        UnreadableFile: no zip, no model in it, no faces, damaged XML, or a feature that
            changes the shape and is not read, such as a beam lattice or slices.
        OverLimit: over `limits.bytes` when unpacked, over `limits.faces` when built.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise UnreadableFile(f"is not a whole zip, as a 3MF must be: {error}") from error
    if any(entry.flag_bits & _ENCRYPTED for entry in archive.infolist()):
        raise UnreadableFile("is encrypted; save it without a password")
    with archive:
        build = _Build(_Package(archive, limits), limits)
        return build.triangles()


class _Package:
    """The model parts of a 3MF by their names, each read once, within `limits.bytes` together."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._read = 0
        self._models: dict[str, Model] = {}
        self._areas: dict[tuple[str, str], list[float]] = {}
        # The names of parts ignore case, and a zip of Windows may have its slashes.
        self._entries = {_part_name(entry.filename): entry for entry in archive.infolist()}

    def root(self) -> str:
        """Name of the part where the model begins, told by the package's relations."""
        relations = self._entries.get(_part_name(_RELATIONS))
        if relations is not None:
            self._weigh(relations)
            with self._archive.open(relations) as stream:
                for target in read_targets(stream):
                    if _part_name(target) in self._entries:
                        return _part_name(target)
        if _part_name(_USUAL_ROOT) in self._entries:
            return _part_name(_USUAL_ROOT)
        models = [name for name in self._entries if name.endswith(".model")]
        if len(models) == 1:
            return models[0]
        raise UnreadableFile("is a zip without a 3D model in it")

    def model(self, part: str) -> Model:
        """What a part holds.

        Raises:
            UnreadableFile: there is no such part, or it is damaged.
        """
        if part not in self._models:
            entry = self._entries.get(part)
            if entry is None:
                raise UnreadableFile(f"lacks its part {part!r}")
            if len(self._models) == _MOST_PARTS:
                raise OverLimit(f"has over {_MOST_PARTS:,} parts")
            self._weigh(entry)
            if entry.file_size > _LARGE:
                with self._archive.open(entry) as stream:
                    check_counts(stream, self._limits)
            with self._archive.open(entry) as stream:
                self._models[part] = read_model(stream, self._limits)
        return self._models[part]

    def slice_areas(self, part: str, number: str) -> list[float]:
        """The areas of the slices of a stack, wherever they are; none of a part that is not there.

        Raises:
            UnreadableFile: they are damaged.
        """
        if (part, number) not in self._areas:
            areas, references = self._stack(part, number)
            for name, inner in references:
                areas += self._stack(_part_name(name), inner).areas
            self._areas[part, number] = areas
        return self._areas[part, number]

    def _stack(self, part: str, number: str) -> Stack:
        entry = self._entries.get(part)
        if entry is None:
            return Stack([], [])
        self._weigh(entry)
        with self._archive.open(entry) as stream:
            return read_stack(stream, number)

    def plates(self) -> Plates:
        """What a slicer's settings say of plates; nothing where they are not there or odd."""
        entry = self._entries.get(_part_name(_SETTINGS))
        if entry is None or entry.file_size > min(_LARGE_SETTINGS, self._limits.bytes):
            return Plates()
        try:
            with self._archive.open(entry) as stream:
                return read_plates(stream)
        except (OpenSearchError, *_DAMAGE):  # the model can be read without them
            return Plates()

    def _weigh(self, entry: zipfile.ZipInfo) -> None:
        self._read += entry.file_size
        check_bytes(self._read, self._limits)


class _Build:
    """The items of a package counted, then made."""

    def __init__(self, package: _Package, limits: Limits) -> None:
        self._package = package
        self._limits = limits
        self._aids = False
        self._sums: dict[tuple[str, str], tuple[int, int]] = {}
        self._places: dict[tuple[str, str], list[NDArray[np.float64]]] = {}

    def triangles(self) -> Triangles:
        """Every triangle of every item."""
        part = self._package.root()
        model = self._package.model(part)
        items = printed(model.items) or model.loose()
        if not items:
            raise UnreadableFile("has no faces: it builds nothing and holds no object")
        faces, copies = self._count_all(items, part)
        if faces == 0:  # nothing, or aids alone
            self._aids = True
            self._sums.clear()
            faces, copies = self._count_all(items, part)
        check_faces(faces, self._limits)
        if copies > _MOST_COPIES:
            raise OverLimit(f"places {copies:,} objects, over the limit of {_MOST_COPIES:,}")
        if faces == 0:
            raise UnreadableFile("has no faces: the objects that it builds have no triangles")
        return self._made(self._shown(model, items, part), part)

    def _shown(self, model: Model, items: list[Placed], part: str) -> list[Placed]:
        """The items that have faces without those that a slicer laid out beside them."""
        every = numbered(model.items or items)
        wanted = [one for one in every if one[1].printed] or every
        kept = [one for one in wanted if self._sums[_key(one[1], part)][0]]

        def made(some: list[Placed]) -> Triangles:
            return self._made(some, part)

        return without_copies(pick(kept, self._package.plates(), made), made)

    def _made(self, items: list[Placed], part: str) -> Triangles:
        self._places.clear()
        self._place_all(items, part, np.eye(4)[None])
        return self._joined()

    def _count_all(self, items: list[Placed], part: str) -> tuple[int, int]:
        """Triangles and copies of objects that the items of a part add up to."""
        counts = [self._count(_key(item, part), 0) for item in items]
        return sum(faces for faces, _ in counts), sum(copies for _, copies in counts)

    def _count(self, key: tuple[str, str], depth: int) -> tuple[int, int]:
        """Triangles and copies of objects that one copy of an object adds up to."""
        if depth > _DEEPEST:
            raise UnreadableFile(f"has an object that is nested over {_DEEPEST} deep, or in itself")
        if key not in self._sums:
            part, number = key
            found = self._package.model(part).object(number)
            faces, copies = self._own_faces(found), 1
            for component in printed(found.components):
                inner = self._count(_key(component, part), depth + 1)
                faces, copies = faces + inner[0], copies + inner[1]
            self._sums[key] = faces, copies
        return self._sums[key]

    def _own_faces(self, found: Object) -> int:
        return 0 if found.aid and not self._aids else len(found.triangles)

    def _place_all(self, placed: list[Placed], part: str, around: NDArray[np.float64]) -> None:
        """Place what a part says, once for each of the transforms `around`, shape (n, 4, 4)."""
        groups: dict[tuple[str, str], list[Placed]] = {}
        for one in placed:
            groups.setdefault(_key(one, part), []).append(one)
        for key, group in groups.items():
            if self._sums[key][0]:
                with np.errstate(all="ignore"):
                    places = transforms(group)[:, None] @ around
                self._place(key, places.reshape(-1, 4, 4))

    def _place(self, key: tuple[str, str], places: NDArray[np.float64]) -> None:
        part, number = key
        found = self._package.model(part).object(number)
        if self._own_faces(found):
            self._places.setdefault(key, []).append(places[:, :, :3])
        self._place_all(printed(found.components), part, places)

    def _joined(self) -> Triangles:
        vertices: list[NDArray[np.float64]] = []
        faces: list[NDArray[np.int64]] = []
        start = 0
        for (part, number), found_places in self._places.items():
            found = self._package.model(part).object(number)
            check_corners(found.triangles.reshape(-1), len(found.vertices))
            if found.slices:
                areas = partial(self._package.slice_areas, part, found.slices)
                check_slices(found.vertices, found.triangles, areas)
            used, triangles = compact(found.triangles, len(found.vertices))
            # An object placed twice in one place is there once.
            places = distinct(np.concatenate(found_places))
            with np.errstate(all="ignore"):
                points = found.vertices[used] @ places[:, :3] + places[:, 3:]
            steps = start + np.arange(len(places)) * len(used)
            vertices.append(points.reshape(-1, 3))
            faces.append((triangles + steps[:, None, None]).reshape(-1, 3))
            start += len(vertices[-1])
        return Triangles(np.concatenate(vertices), np.concatenate(faces))


def _key(placed: Placed, part: str) -> tuple[str, str]:
    """The part and number of an object; numbers belong to their part."""
    return (_part_name(placed.path) if placed.path else part), placed.number


def _part_name(name: str) -> str:
    return posixpath.normpath("/" + unquote(name).replace("\\", "/")).lstrip("/").lower()
