"""Collada, FBX and 3DS as Assimp reads them: what stands where, and what is passed over."""

import re

import assimp_py
import cad_files
import numpy as np
import pytest

from opensearch.domains.files import reading
from opensearch.domains.mesh import load_triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def written(folder, suffix, data):
    path = folder / f"box{suffix}"
    path.write_bytes(data)
    return path


def test_collada_turns_z_up(tmp_path):
    path = written(tmp_path, ".dae", cad_files.dae_box("Z_UP"))
    vertices, faces = load_triangles(path, Limits())[:2]
    assert np.allclose(np.ptp(vertices[np.unique(faces)], axis=0), (10, 30, 20))


def bounds_of_dae(folder, data):
    vertices, faces = load_triangles(written(folder, ".dae", data), Limits())[:2]
    used = vertices[np.unique(faces)]
    return [*used.min(axis=0).tolist(), *used.max(axis=0).tolist()]


@pytest.mark.parametrize(
    ("moves", "bounds"),
    [
        ("<scale>2 2 2</scale>", (2, 0, 0, 22, 40, 60)),
        ("<translate>0 0 7</translate><rotate>0 0 2 90</rotate>", (-20, 1, 7, 0, 11, 37)),
        ("<rotate>1 0 0 0</rotate><scale>1 1 3</scale>", (1, 0, 0, 11, 20, 90)),
    ],
)
def test_collada_that_is_bound_to_joints_stands_where_they_do(tmp_path, moves, bounds):
    made = bounds_of_dae(tmp_path, cad_files.dae_skin(moves=moves))
    assert np.allclose(made, bounds, atol=1e-4)


def test_collada_of_blender_stands_in_its_skeleton(tmp_path):
    made = bounds_of_dae(tmp_path, cad_files.dae_skin(tool="Blender 4.2.0"))
    assert np.allclose(made, (101, 0, 0, 111, 20, 30))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (cad_files.dae_skin(joint="tail"), "binds a mesh to the joint 'tail', which is not there"),
        (cad_files.dae_skin(moves="<skew>1 1 0 0 0 1 0</skew>"), "moves joints by 'skew'"),
        (cad_files.dae_skin().replace(b"<COLLADA", b"<!DOCTYPE a><COLLADA"), "document type"),
        (cad_files.dae_box(extra="<instance_controller url='#x'/>"), "refers to 'x', which it"),
        (cad_files.dae_skin().replace(b"visual_scene", b"node"), "outside of its"),
        (cad_files.dae_skin()[:-30], "holds damaged XML"),
        (cad_files.dae_skin().replace(b'source="#m"', b'source="#c"'), "in a circle"),
    ],
)
def test_collada_with_joints_that_cannot_be_followed_is_refused(tmp_path, data, said):
    with pytest.raises(UnreadableFile, match=said):
        bounds_of_dae(tmp_path, data)


LINES = """<lines count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 7</p></lines>
<linestrips count="1" material="m"><input semantic="VERTEX" source="#v" offset="0"/><p>0 7 3</p>
</linestrips><lines count="0"/>"""


def test_lines_beside_the_faces_of_collada_are_passed_over(tmp_path):
    path = written(tmp_path, ".dae", cad_files.dae_box(lines=LINES))
    assert len(load_triangles(path, Limits()).faces) == 12


def test_lines_without_an_end_are_no_endless_work(tmp_path):
    """Each was looked for an end through the rest of the file: half an hour for these."""
    data = cad_files.dae_box(lines="<lines count='1'>" * 200_000)
    with pytest.raises(UnreadableFile):
        load_triangles(written(tmp_path, ".dae", data), Limits())


def test_pictures_that_collada_names_are_passed_over(tmp_path):
    images = b"<library_images><image id='i'><!-- its file --></image></library_images><library_geo"
    data = cad_files.dae_box().replace(b"<library_geo", images)
    assert len(load_triangles(written(tmp_path, ".dae", data), Limits()).faces) == 12


def test_an_fbx_of_lines_is_refused_with_that(tmp_path):
    lines = re.sub(
        rb"(PolygonVertexIndex: \*)24 {\s+a: [^\n]*", rb"\g<1>2 {a: 0,-8", cad_files.fbx_box()
    )
    with pytest.raises(UnreadableFile, match=r"it holds lines, .*; .*export it as \.glb there$"):
        load_triangles(written(tmp_path, ".fbx", lines), Limits())


def test_names_in_no_utf_8_are_no_damage(tmp_path):
    path = written(tmp_path, ".3ds", cad_files.tds_box(b"gr\xfcn", b"\xc7\xbd", b"plain"))
    assert len(load_triangles(path, Limits()).faces) == 12


def test_a_mesh_that_asks_for_more_memory_than_there_is_is_over_the_limit(tmp_path, monkeypatch):
    def asks(*_):
        raise RuntimeError("Failed to import file 'x.dae': std::bad_alloc")

    monkeypatch.setattr(assimp_py, "import_file", asks)
    path = written(tmp_path, ".dae", cad_files.dae_box())
    with (
        pytest.raises(OverLimit, match=r"box\.dae' needs more memory than there is"),
        reading(path, "shape"),
    ):
        load_triangles(path, Limits())
