"""Meshes of a few hundred kilobytes that took minutes, or gigabytes, to be looked through."""

import struct
import time

import numpy as np
import pytest
from gltf_files import box_model

from opensearch.domains.meshes import gltf, obj, ply, stl
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SECONDS = 10.0
"""Of the processor, where all take one at most and took hundreds."""
UNSIGNED, FLOAT = 5125, 5126


def load(form, data, **limits):
    start = time.process_time()
    try:
        return form.load(data, None, Limits(**limits))
    finally:
        assert time.process_time() - start < SECONDS


def test_a_line_that_goes_on_and_on_is_joined_once():
    corners = b"v 0 0 0\nv 0 1 0\nv 1 0 0\n"
    mesh = load(obj, corners + b"f 1 2 3 \\\n" + b"1 \\\n" * 600_000 + b"2\n")
    assert len(mesh.faces) == 600_002


def test_rows_without_columns_are_none():
    """A loop over as many as the header promised."""
    text = (
        "ply\nformat ascii 1.0\nelement none 999999999999\nelement vertex 3\n"
        "property float x\nproperty float y\nproperty float z\nelement face 1\n"
        "property list uchar int vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    )
    assert load(ply, text.encode()).faces.tolist() == [[0, 1, 2]]
    assert load(ply, text.replace("\n1 0 0\n", " 1 0 0\n").encode()).faces.tolist() == [[0, 1, 2]]


def test_only_the_last_line_says_that_a_text_is_whole():
    facet = b"facet\nvertex 0 0 0\nvertex 0 1 0\nvertex 1 0 0\nendloop\n"
    with pytest.raises(UnreadableFile, match="cut off within a facet"):
        load(stl, b"solid\n" + facet + b"endfacet " * 300_000 + b"\nx\n")


def test_of_files_put_behind_each_other_the_first_alone_may_be_miscounted():
    facet = struct.pack("<12fH", *(0,) * 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0)
    one = bytes(80) + struct.pack("<I", 1) + facet
    assert len(load(stl, one * 100_000).faces) == 100_000


def test_instances_are_counted_before_they_are_made():
    model = box_model()
    model.tree["accessors"].append({"componentType": FLOAT, "type": "VEC3", "count": 20_000_000})
    placed = {"attributes": {"TRANSLATION": len(model.tree["accessors"]) - 1}}
    extensions = {"EXT_mesh_gpu_instancing": placed}
    model.tree["nodes"] = [{"mesh": 0, "extensions": extensions}]
    with pytest.raises(
        OverLimit, match="shows a mesh 20,000,000 times, over the limit of 2,000,000"
    ):
        load(gltf, model.glb())


def test_a_mesh_that_draws_nothing_is_not_placed():
    model = box_model()
    model.tree["accessors"].append({"componentType": FLOAT, "type": "VEC3", "count": 500_000})
    placed = {"attributes": {"TRANSLATION": len(model.tree["accessors"]) - 1}}
    nothing = {"mesh": model.mesh(), "extensions": {"EXT_mesh_gpu_instancing": placed}}
    model.tree["nodes"] = [{"mesh": 0}, *[nothing] * 100]
    model.tree["scenes"] = [{"nodes": [*range(101)]}]
    assert len(load(gltf, model.glb()).faces) == 12


def test_corners_of_strips_that_draw_nothing_are_counted():
    model = box_model()
    model.tree["accessors"].append({"componentType": UNSIGNED, "type": "SCALAR", "count": 999_999})
    strip = {"mode": 5, "attributes": {"POSITION": 0}, "indices": len(model.tree["accessors"]) - 1}
    model.mesh(*[strip] * 500)
    model.tree["nodes"] = [{"mesh": 0}, {"mesh": 1}]
    model.tree["scenes"] = [{"nodes": [0, 1]}]
    with pytest.raises(OverLimit, match="draws over 16,000,000 corners"):
        load(gltf, model.glb())
    assert np.isfinite(load(gltf, box_model().glb(), faces=12).vertices).all()
