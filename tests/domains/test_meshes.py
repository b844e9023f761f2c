import json

import numpy as np
import pytest
import trimesh

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.mesh import load_triangles
from opensearch.domains.shapes.framing import unit_triangles
from opensearch.errors import InvalidInput, OverLimit, UnreadableFile
from opensearch.limits import Limits

BOX = trimesh.creation.box((1, 2, 3))


def read(path, views=1, line_views=0, up=None, **limits):
    settings = ReaderSettings(reader="mesh", size=48, views=views, line_views=line_views)
    return open_reader(settings, Limits(**limits))(path, None, up)


def write_obj(path, vertices, faces, tail=""):
    lines = [f"v {x} {y} {z}" for x, y, z in vertices]
    lines += ["f " + " ".join(str(i + 1) for i in face) for face in faces]
    path.write_text("\n".join(lines) + "\n" + tail)
    return path


@pytest.mark.parametrize("suffix", ["obj", "off", "ply", "stl", "glb", "3mf", "OBJ"])
def test_every_format_gives_the_same_views(tmp_path, suffix):
    BOX.export(tmp_path / f"a.{suffix}", file_type=suffix.lower())
    BOX.export(tmp_path / "reference.ply")
    views = read(tmp_path / f"a.{suffix}", up="unknown").views
    reference = read(tmp_path / "reference.ply").views
    assert views.shape == (1, 48, 48, 3)
    assert np.abs(views.astype(int) - reference).mean() < 0.5


def test_ascii_ply_and_polygons_are_read(tmp_path):
    corners = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0.5, 0.5, 1)]
    path = write_obj(tmp_path / "a.obj", corners, [(0, 1, 2, 3), (0, 1, 4)])
    assert len(load_triangles(path, Limits())[1]) == 3
    (tmp_path / "a.ply").write_bytes(BOX.export(file_type="ply", encoding="ascii"))
    assert len(load_triangles(tmp_path / "a.ply", Limits())[1]) == 12


def test_a_scene_is_flattened_with_its_transforms(tmp_path):
    scene = trimesh.Scene()
    scene.add_geometry(trimesh.creation.box(), node_name="near")
    far = trimesh.transformations.translation_matrix((10, 0, 0))
    scene.add_geometry(trimesh.creation.box(), node_name="far", transform=far)
    scene.export(tmp_path / "a.glb")
    vertices, faces = load_triangles(tmp_path / "a.glb", Limits())
    assert len(faces) == 24
    assert vertices.max(axis=0).tolist() == [10.5, 0.5, 0.5]
    assert vertices.min(axis=0).tolist() == [-0.5, -0.5, -0.5]


def test_missing_materials_never_fail_a_mesh(tmp_path):
    tail = "mtllib nowhere.mtl\nusemtl nothing\nf 1 2 4\n"
    path = write_obj(tmp_path / "a.obj", [*np.eye(3), (1, 1, 1)], [(0, 1, 2)], tail)
    assert len(load_triangles(path, Limits())[1]) == 2
    tree = gltf(tmp_path, BOX)
    tree["images"] = [{"uri": "nowhere.png"}]
    tree["textures"] = [{"source": 0}]
    tree["materials"] = [{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}]
    tree["meshes"][0]["primitives"][0]["material"] = 0
    (tmp_path / "a.gltf").write_text(json.dumps(tree))
    assert len(load_triangles(tmp_path / "a.gltf", Limits())[1]) == 12


def test_text_that_is_not_utf8_is_read(tmp_path):
    path = write_obj(tmp_path / "a.obj", np.eye(3), [(0, 1, 2)])
    path.write_bytes("# Стул\n".encode("cp1251") + path.read_bytes())
    assert len(load_triangles(path, Limits())[1]) == 1


def gltf(folder, mesh):
    """A .gltf tree with its buffers written beside it."""
    for name, data in mesh.scene().export(file_type="gltf").items():
        (folder / name).write_bytes(data)
    return json.loads((folder / "model.gltf").read_text())


def test_gltf_buffers_are_read_beside_the_mesh_only(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    tree = gltf(inside, BOX)
    assert len(load_triangles(inside / "model.gltf", Limits())[1]) == 12
    name = tree["buffers"][0]["uri"]
    (inside / name).rename(outside / name)
    for uri in (f"../out/{name}", str(outside / name), f"file://{outside / name}", name):
        tree["buffers"][0]["uri"] = uri
        (inside / "model.gltf").write_text(json.dumps(tree))
        with pytest.raises(UnreadableFile, match=r"lacks its buffer|is not beside it"):
            load_triangles(inside / "model.gltf", Limits())
    (inside / "link.bin").symlink_to(outside / name)
    tree["buffers"][0]["uri"] = "link.bin"
    (inside / "model.gltf").write_text(json.dumps(tree))
    with pytest.raises(UnreadableFile, match=r"lacks its buffer 'link\.bin'"):
        load_triangles(inside / "model.gltf", Limits())


def test_faces_bytes_and_seconds_are_limited(tmp_path):
    BOX.export(tmp_path / "a.ply")
    with pytest.raises(OverLimit, match="over the limit of 11"):
        read(tmp_path / "a.ply", faces=11)
    assert len(read(tmp_path / "a.ply", faces=12).views) == 1
    with pytest.raises(OverLimit, match="over the limit of 20"):
        read(tmp_path / "a.ply", bytes=20)
    with pytest.raises(OverLimit, match="took over 1e-09 s, the limit, by the end of parsing"):
        read(tmp_path / "a.ply", seconds=1e-9)


@pytest.mark.parametrize(
    ("vertices", "faces", "reason"),
    [
        ([(0, 0, 0), (1, 0, 0)], [], "no faces"),
        ([("nan", 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)], "NaN"),
        ([("inf", 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 2)], "NaN or infinite"),
        ([(5, 5, 5)] * 3, [(0, 1, 2)], "no area"),
        ([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [(0, 1, 7)], ""),
    ],
)
def test_a_mesh_without_a_sensible_face_says_why(tmp_path, vertices, faces, reason):
    path = write_obj(tmp_path / "bad.obj", vertices, faces)
    with pytest.raises(UnreadableFile, match=rf"bad\.obj.*{reason}"):
        read(path)


def test_faces_that_touch_nan_are_dropped_and_the_rest_is_read(tmp_path):
    vertices = [*BOX.vertices.tolist(), ("nan", 0, 0)]
    path = write_obj(tmp_path / "a.obj", vertices, [*BOX.faces.tolist(), (0, 1, 8)])
    clean = write_obj(tmp_path / "b.obj", BOX.vertices, BOX.faces)
    assert (read(path).views == read(clean).views).all()
    assert read(clean).lost == ""
    assert read(path).lost.startswith("1 of its 13 faces are missing")


def test_faces_that_one_wrong_number_leads_far_away_are_told(tmp_path):
    """They were left out without a word, since they are as thin as a line."""
    vertices, faces = BOX.vertices.tolist(), BOX.faces.tolist()
    far = write_obj(tmp_path / "a.obj", [*vertices[:7], (2**31, 1, 1)], faces)
    count = int((BOX.faces == 7).any(axis=1).sum())
    assert read(far).lost.startswith(f"{count} of its 12 faces are missing: they have corners so")
    line = write_obj(tmp_path / "b.obj", [*vertices, (5, 1, 1), (9, 1, 1)], [*faces, (0, 8, 9)])
    assert read(line).lost == ""
    huge = write_obj(tmp_path / "c.obj", [*vertices, (1e308, 1, -1e308)], [*faces, (0, 1, 8)])
    assert read(huge).lost.startswith("1 of its 13 faces are missing")


@pytest.mark.parametrize("suffix", ["obj", "off", "ply", "stl", "glb", "gltf", "3mf"])
def test_damaged_bytes_are_unreadable_not_a_crash(tmp_path, suffix):
    (tmp_path / f"a.{suffix}").write_bytes(bytes(range(256)) * 4)
    with pytest.raises(UnreadableFile, match=rf"a\.{suffix}"):
        read(tmp_path / f"a.{suffix}")


def test_unit_triangles_fill_the_unit_sphere_and_drop_unused_vertices():
    vertices = np.vstack([BOX.vertices * 7 + 100, [[1e6, 0, 0]]])
    points, faces = unit_triangles(vertices, np.asarray(BOX.faces))
    assert points.shape == (8, 3)
    assert faces.shape == (12, 3)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1).max(), 1, rtol=1e-6)
    np.testing.assert_allclose(points.mean(axis=0), 0, atol=1e-6)


def test_huge_and_tiny_coordinates_do_not_overflow():
    for scale in (1e-30, 1e300):
        points, _ = unit_triangles(np.asarray(BOX.vertices) * scale, np.asarray(BOX.faces))
        assert np.isfinite(points).all()
        np.testing.assert_allclose(np.linalg.norm(points, axis=1).max(), 1, rtol=1e-6)


def test_a_shape_without_views_is_refused_when_opened():
    with pytest.raises(InvalidInput, match="`views` or `line_views`"):
        open_reader(ReaderSettings(reader="mesh", views=0))
