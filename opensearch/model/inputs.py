"""What a model takes: a file by its path, its bytes, a picture, an array, or triangles.

An input that is not a file is written to a private one while it is read: the processes that read
files then hold it to the same limits, and it cannot refer to files beside it.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.layout import split_part
from opensearch.domains.drawings.strokes import line_spans
from opensearch.domains.files import printable, safe_name
from opensearch.domains.limits import check_bytes
from opensearch.domains.opening.contents import mesh_bytes, picture_bytes, suffix_of
from opensearch.errors import InvalidInput, OverLimit, shortened
from opensearch.limits import Limits
from opensearch.records import Remote
from opensearch.remote import fetched
from opensearch.spelling import no_path, several_paths, with_slashes

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True, eq=False)
class Content:
    """The bytes of a file that is not on disk.

    Attributes:
        data: the bytes.
        name: used in messages; its suffix gives the format, or the bytes if it has none.
            `strokes.ndjson#3` is the drawing in line 3.
    """

    data: bytes
    name: str = ""

    def __repr__(self) -> str:
        """How many bytes there are, none of them."""
        return f"<Content: {self.name + ', ' if self.name else ''}{len(self.data):,} bytes>"

    def digest(self) -> bytes:
        """16-byte blake2b of the bytes, and of which drawing of them is meant."""
        part = split_part(self.name)[1]
        made = hashlib.blake2b(self.data, digest_size=16)
        made.update(b"" if part is None else b"#%d" % part)
        return made.digest()


@dataclass(frozen=True, eq=False)
class Mesh:
    """A shape: `vertices` (n, 3), finite, and `faces` (m, 3), triangles by numbers of vertices."""

    vertices: NDArray[np.floating]
    faces: NDArray[np.integer]


class HasTriangles(Protocol):
    """A mesh of another library, such as trimesh."""

    @property
    def vertices(self) -> NDArray[np.floating]:
        """Shape (n, 3)."""

    @property
    def faces(self) -> NDArray[np.integer]:
        """Shape (m, 3)."""


class HasMeshes(Protocol):
    """A scene of another library, such as trimesh."""

    def to_mesh(self) -> HasTriangles:
        """All of it as one mesh."""


Input: TypeAlias = "Path | Content | Mesh | NDArray[np.uint8] | Image"
"""An input as the model takes it; a picture is an array (h, w, 3) or (h, w), or Pillow's."""

InputLike: TypeAlias = "str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | Content | Mesh | HasTriangles | HasMeshes | NDArray[np.uint8] | Image"  # noqa: E501
"""An input as callers give it."""


def name_of(given: Input) -> str:
    """What messages call an input."""
    match given:
        case Path():
            return printable(given.name)
        case Content(name=name):
            return PurePosixPath(name).name if name else "the bytes given"
        case Mesh():
            return "the mesh given"
    return "the picture given"


def drawings_in(given: Input) -> int:
    """Lines of an .ndjson file of which none is named, each a drawing; 0 of any other input."""
    if not isinstance(given, Path | Content):
        return 0
    path, part = file_and_part(given if isinstance(given, Path) else Path(given.name))
    if part is not None or path.suffix.lower() != ".ndjson":
        return 0
    return len(line_spans(path)) if isinstance(given, Path) else len(given.data.splitlines())


@contextmanager
def on_disk(given: Input | Remote, limits: Limits) -> Iterator[tuple[Path, int | None]]:
    """The file of an input, and the line of it that is meant; a private file while the block runs.

    Raises:
        InvalidInput: a path of no file, or of one that cannot be looked at.
        OverLimit: the input is over the limits.
        UnreadableFile: a picture that Pillow cannot decode, a file that cannot be fetched.
    """
    if isinstance(given, Path):
        path, part = file_and_part(given)
        check_is_file(path)
        yield path, part
        return
    if isinstance(given, Remote):
        with fetched(given, limits) as path:
            yield path, None
        return
    content = content_of(given, limits)
    name, part = file_and_part(Path(content.name))
    with tempfile.TemporaryDirectory(prefix="opensearch-") as folder:
        path = Path(folder, name)
        path.write_bytes(content.data)
        yield path, part


def content_of(given: Content | Mesh | NDArray[np.uint8] | Image, limits: Limits) -> Content:
    """An input that is not a file, as the bytes of one under a safe name.

    Raises:
        OverLimit: it has more pixels, faces or bytes than the limits allow.
        UnreadableFile: a picture that Pillow cannot decode.
    """
    if isinstance(given, Content):
        name = _file_name(given)
        try:
            check_bytes(len(given.data), limits)
        except OverLimit as error:
            raise OverLimit(f"{name!r} {error}") from error
        return Content(given.data, name)
    if isinstance(given, Mesh):
        count = len(given.faces)
        if count > limits.faces:
            raise OverLimit(f"the mesh has {count:,} faces, over the limit of {limits.faces:,}")
        return Content(mesh_bytes(given.vertices, given.faces), "mesh.ply")
    height, width = given.shape[:2] if isinstance(given, np.ndarray) else given.size
    if height * width > limits.pixels:
        raise OverLimit(
            f"the picture has {height * width:,} pixels, over the limit of {limits.pixels:,}"
        )
    return Content(picture_bytes(given), "picture.png")


def file_and_part(path: Path) -> tuple[Path, int | None]:
    """A path and the drawing its `#n` names, see `layout.split_part`."""
    name, part = split_part(str(path))
    return Path(name), part


def check_is_file(file: Path, role: str = "query") -> None:
    """Refuse a path that is not a readable file.

    Args:
        file: the path.
        role: what messages call it.

    Raises:
        InvalidInput: with the reason, and what to give instead where that can be told.
    """
    given = printable(file).replace("\n", "\\n")  # of a message, which is one line
    name = shortened(with_slashes(given))
    try:
        mode = os.stat(file).st_mode
    except (FileNotFoundError, NotADirectoryError):
        words = "" if file.suffix or len(file.parts) > 1 else "; to search for words, use `text`"
        meant = no_path(given) or words + several_paths(given)
        raise InvalidInput(f"{role} {name} is not a file: nothing has this name{meant}") from None
    except OSError as error:
        raise InvalidInput(
            f"{role} {name} cannot be opened: {error.strerror}{no_path(given)}"
        ) from error
    if stat.S_ISDIR(mode):
        raise InvalidInput(f"{role} {name} is a folder; give a file in it, or several")
    if not stat.S_ISREG(mode):
        raise InvalidInput(f"{role} {name} is not a file, but a device, pipe or socket")


def _file_name(content: Content) -> str:
    """A caller's name made safe for any file system, with the suffix of its format."""
    file, part = file_and_part(Path(content.name or "given"))
    # A name of dots alone would be a hidden file without a suffix.
    name = file.name if file.suffix else (file.name.strip(".") or "given") + suffix_of(content.data)
    name = safe_name(name)
    return name if part is None else f"{name}#{part}"
