"""What other programs make of a file: the measures and pictures that ours are held against."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from opensearch.domains.image import load_picture
from opensearch.domains.mesh import load_triangles
from opensearch.domains.meshes.triangles import Triangles
from opensearch.domains.svg import draw_svg
from opensearch.limits import Limits

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Measures:
    """The bounds of all faces, two corners of shape (3,), and the area of all of them."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    area: float

    def agrees(self, other: Measures) -> bool:
        """Whether bounds lie within a thousandth of the diagonal, and areas within a hundredth."""
        room = 1e-3 * float(np.linalg.norm(other.high - other.low))
        near = np.abs(self.low - other.low).max() <= room
        near &= np.abs(self.high - other.high).max() <= room
        return bool(near) and abs(self.area - other.area) <= 1e-2 * other.area

    def __str__(self) -> str:
        return f"area {self.area:.6g}, sides {np.round(self.high - self.low, 6).tolist()}"


def measured(mesh: Triangles) -> Measures | None:
    """The measures of triangles; None where they have no area."""
    points = mesh.vertices[mesh.faces]
    points = points[np.isfinite(points).all(axis=(1, 2))]
    if len(points) == 0:
        return None
    sides = points[:, 1:] - points[:, :1]
    area = float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)
    corners = points.reshape(-1, 3)
    return Measures(corners.min(axis=0), corners.max(axis=0), area) if area > 0 else None


def by_us(path: Path) -> Measures | None:
    """Our own reading of a mesh; raises what the reader raises."""
    return measured(load_triangles(path, Limits()))


def by_assimp(path: Path) -> Measures | None:
    """What `assimp export` writes as STL; None where it cannot, or nothing is there."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.stl"
        command = ["assimp", "export", str(path), str(out), "-fstlb", "-ptv"]
        try:
            subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return None
        return _stl(out.read_bytes()) if out.exists() else None


def _stl(data: bytes) -> Measures | None:
    """Measures of a binary STL; assimp counts lines as faces, so its count is not looked at."""
    facet = np.dtype([("normal", "<f4", 3), ("corners", "<f4", 9), ("attribute", "<u2")])
    facets = np.frombuffer(data, facet, max(0, len(data) - 84) // facet.itemsize, 84)
    vertices = facets["corners"].astype(np.float64).reshape(-1, 3)
    return measured(Triangles(vertices, np.arange(len(vertices)).reshape(-1, 3)))


def by_trimesh(path: Path) -> Measures | None:
    """What trimesh's own loader makes of a mesh; None where it fails or finds no face."""
    import trimesh

    try:
        scene: Any = trimesh.load_scene(path, process=False, skip_materials=True)
        mesh = scene.to_mesh()
        return measured(Triangles(np.asarray(mesh.vertices), np.asarray(mesh.faces)))
    except Exception:
        # An oracle may fail in any way; then it says nothing.
        return None


MESH_ORACLES = {"assimp": by_assimp, "trimesh": by_trimesh}


# Pictures are compared as small as this: edges and filters differ, what is shown must not.
_SIDE = 48
# Mean difference of two small pictures, 0 to 255, and that of their worst hundredth of pixels.
_NEAR, _NEAR_WORST = 8.0, 96.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture made small, shape (side, side, 3), on white."""

    rgb: NDArray[np.float64]

    def agrees(self, other: Picture) -> bool:
        """Whether two pictures show the same."""
        apart = np.abs(self.rgb - other.rgb).max(axis=2)
        return bool(apart.mean() <= _NEAR and np.quantile(apart, 0.99) <= _NEAR_WORST)

    def __str__(self) -> str:
        ink = float((self.rgb < 250).any(axis=2).mean())
        return f"mean {self.rgb.mean():.0f}, ink {ink:.2f}"


def drawn_by_us(path: Path) -> Picture:
    """Our own reading of a picture or an SVG, before any sketch is evened."""
    if path.suffix.lower() == ".svg":
        return _small(draw_svg(path.read_bytes(), 512))
    return _small(load_picture(path, Limits(), 512))


def by_reference(path: Path) -> Picture | None:
    """The picture of the same name beside an SVG, as resvg's tests have it."""
    beside = path.with_suffix(".png")
    return _opened(beside.read_bytes()) if path.suffix == ".svg" and beside.is_file() else None


def by_rsvg(path: Path) -> Picture | None:
    """What librsvg draws of an SVG."""
    if path.suffix.lower() != ".svg":
        return None
    return _printed(["rsvg-convert", "-w", "512", "--background-color=white", str(path)])


def by_imagemagick(path: Path) -> Picture | None:
    """What ImageMagick reads of a picture: its first frame, upright, on white."""
    names = ("magick", "convert-im6.q16", "convert-im6", "convert")
    program = next((name for name in names if shutil.which(name)), None)
    if program is None or path.suffix.lower() == ".svg":
        return None
    options = ["-auto-orient", "-background", "white", "-alpha", "remove", "-resize", "512x512>"]
    return _printed([program, f"{path}[0]", *options, "-depth", "8", "png:-"])


def _printed(command: list[str]) -> Picture | None:
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return _opened(done.stdout) if done.returncode == 0 else None


def _opened(data: bytes) -> Picture | None:
    try:
        with Image.open(io.BytesIO(data)) as image:
            rgba = image.convert("RGBA")
    except OSError:
        return None
    return _small(Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba))


def _small(image: Image.Image) -> Picture:
    small = image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return Picture(np.asarray(small, np.float64))


PICTURE_ORACLES = {"reference": by_reference, "rsvg": by_rsvg, "imagemagick": by_imagemagick}
