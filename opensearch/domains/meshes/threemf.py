"""3D Manufacturing Format: XML in a zip."""

from __future__ import annotations

import io
import zipfile

from opensearch.config import Limits
from opensearch.domains.limits import check_bytes
from opensearch.domains.meshes.scene import load_scene
from opensearch.domains.meshes.triangles import Neighbours, Triangles


def load(data: bytes, neighbours: Neighbours, limits: Limits) -> Triangles:
    """The triangles of every item of a 3MF."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        check_bytes(sum(entry.file_size for entry in archive.infolist()), limits)
    return load_scene(data, "3mf", neighbours, limits)
