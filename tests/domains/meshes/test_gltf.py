import json
import struct
from contextlib import suppress

import numpy as np
import pytest
from gltf_files import CORNERS, FACES, Model, box_model
from hypothesis import given
from hypothesis import strategies as st

from opensearch.domains.meshes.gltf import load
from opensearch.domains.meshes.gltf.nodes import local_matrix
from opensearch.domains.meshes.triangles import Beside
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


@pytest.fixture
def read(tmp_path):
    def reader(model, **limits):
        data = model if isinstance(model, bytes) else model.glb()
        bounds = Limits(**limits)
        return load(data, Beside(tmp_path, bounds), bounds)

    return reader


def corners(triangles):
    """The corners of every triangle, shape (m, 3, 3)."""
    return triangles.vertices[triangles.faces]


def bounds(triangles):
    used = triangles.vertices[np.unique(triangles.faces)].round(6)
    return used.min(axis=0).tolist(), used.max(axis=0).tolist()


BOX = CORNERS[FACES]


def test_a_glb_and_a_gltf_give_the_box_whatever_they_are_called(read):
    model = box_model()
    assert np.array_equal(corners(read(model.glb())), BOX)
    assert np.array_equal(corners(read(model.gltf())), BOX)


def test_a_byte_order_mark_and_a_further_chunk_do_no_harm(read):
    assert np.array_equal(corners(read(b"\xef\xbb\xbf" + box_model().gltf())), BOX)
    data = box_model().glb() + struct.pack("<I4s", 4, b"XXXX") + b"more"
    data = data[:8] + struct.pack("<I", len(data)) + data[12:]
    assert np.array_equal(corners(read(data)), BOX)


def test_buffers_lie_beside_the_file_only(read, tmp_path):
    model = box_model()
    (tmp_path / "sub folder").mkdir()
    (tmp_path / "sub folder" / "a.bin").write_bytes(model.data)
    assert np.array_equal(corners(read(model.gltf("sub%20folder/a.bin"))), BOX)
    with pytest.raises(UnreadableFile, match=r"lacks its buffer 'b\.bin'"):
        read(model.gltf("b.bin"))
    for uri in ("http://host/a.bin", "//host/a.bin", "/etc/passwd", "file:a.bin", "C:\\a.bin"):
        with pytest.raises(UnreadableFile, match="is not beside it"):
            read(model.gltf(uri))
    with pytest.raises(UnreadableFile, match="lacks its buffer"):
        read(model.gltf("../../etc/passwd"))


@pytest.mark.parametrize("mode", ["list", "strip", "fan"])
@pytest.mark.parametrize("width", ["u1", "u2", "u4", None])
def test_lists_strips_and_fans_with_every_kind_of_indices(read, mode, width):
    square = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], np.float32)
    order = {"list": [0, 1, 2, 0, 2, 3], "strip": [0, 1, 3, 2], "fan": [0, 1, 2, 3]}[mode]
    model = Model()
    primitive = {"mode": {"list": 4, "strip": 5, "fan": 6}[mode]}
    if width is None:
        primitive["attributes"] = {"POSITION": model.accessor(square[order])}
    else:
        primitive["attributes"] = {"POSITION": model.accessor(square)}
        primitive["indices"] = model.accessor(np.array(order, width))
    model.mesh(primitive)
    found = corners(read(model))
    up = np.cross(found[:, 1] - found[:, 0], found[:, 2] - found[:, 0])
    assert up.tolist() == [[0, 0, 1]] * 2  # each half of the square, seen from one side
    assert bounds(read(model)) == ([0, 0, 0], [1, 1, 0])


def test_a_strip_turns_every_second_triangle_and_drops_its_joints(read):
    model = Model()
    points = np.eye(6, 3, dtype=np.float32) + np.arange(6, dtype=np.float32)[:, None]
    attributes = {"POSITION": model.accessor(points)}
    strip = model.accessor(np.array([0, 1, 2, 3, 3, 4, 4, 5, 2], np.uint16))
    model.mesh({"attributes": attributes, "indices": strip, "mode": 5})
    expected = [(0, 1, 2), (1, 3, 2), (4, 5, 2)]
    assert np.array_equal(corners(read(model)), points[np.array(expected)])


def test_rows_may_be_interleaved(read):
    model = Model()
    rows = np.zeros((len(CORNERS), 7), np.float32)
    rows[:, 2:5] = CORNERS
    view = model.view(rows.tobytes(), byteStride=28)
    position = model.accessor(CORNERS, view, byteOffset=8)
    indices = model.accessor(FACES.ravel())
    model.mesh({"attributes": {"POSITION": position}, "indices": indices})
    assert np.array_equal(corners(read(model)), BOX)


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2"])
def test_normalised_integers_are_shares_and_plain_ones_are_numbers(read, kind):
    most = np.iinfo(kind).max
    rows = (CORNERS / 3 * most).round().astype(kind)
    for normalized in (True, False):
        model = Model(extensionsRequired=["KHR_mesh_quantization"])
        position = model.accessor(rows, normalized=normalized)
        indices = model.accessor(FACES.ravel())
        model.mesh({"attributes": {"POSITION": position}, "indices": indices})
        size = 1 if normalized else most
        assert np.allclose(corners(read(model)) / size, BOX / 3, atol=0.51 / most)


def test_the_smallest_signed_number_is_minus_one(read):
    model = Model()
    rows = np.array([(-128, 0, 0), (127, 0, 0), (0, 127, 0)], np.int8)
    model.mesh({"attributes": {"POSITION": model.accessor(rows, normalized=True)}})
    assert bounds(read(model)) == ([-1, 0, 0], [1, 1, 0])


@pytest.mark.parametrize("base", ["under it", "none"])
def test_sparse_rows_lie_over_their_base_or_over_zeros(read, base):
    model = Model()
    flat = CORNERS * (1, 1, 0)
    if base == "none":
        flat = np.zeros_like(CORNERS)
    changed = np.flatnonzero((flat != CORNERS).any(axis=1)).astype(np.uint8)
    position = model.accessor(flat.astype(np.float32))
    accessor = model.tree["accessors"][position]
    if base == "none":
        del accessor["bufferView"]
    accessor["sparse"] = {
        "count": len(changed),
        "indices": {"bufferView": model.view(changed.tobytes()), "componentType": 5121},
        "values": {"bufferView": model.view(CORNERS[changed].tobytes())},
    }
    indices = model.accessor(FACES.ravel())
    model.mesh({"attributes": {"POSITION": position}, "indices": indices})
    assert np.array_equal(corners(read(model)), BOX)
    accessor["sparse"]["count"] = 9
    with pytest.raises(UnreadableFile, match="more rows in the sparse part of accessor 0"):
        read(model)


def test_matrices_and_their_three_parts_place_a_node_below_its_parents(read):
    quarter = [0, 0, np.sqrt(0.5), np.sqrt(0.5)]  # about z: x becomes y, y becomes -x
    moved = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 10, 20, 30, 1]
    nodes = [
        {"matrix": moved, "children": [1]},
        {"rotation": quarter, "scale": [2, 1, 1], "translation": [0, 0, 1], "children": [2]},
        {"mesh": 0},
    ]
    assert bounds(read(box_model(nodes=nodes))) == ([8, 20, 31], [10, 22, 34])


@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.floats(0.01, 100))
def test_a_rotation_keeps_lengths_however_long_its_quaternion_is(turn, length):
    matrix = local_matrix({"rotation": [length * part for part in turn]})[:3, :3]
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(matrix) > 0


def test_only_the_default_scene_is_seen(read):
    tree = {
        "nodes": [{"mesh": 0}, {"mesh": 0, "translation": [100, 0, 0]}],
        "scenes": [{"nodes": [0]}, {"nodes": [1]}],
    }
    assert bounds(read(box_model(**tree, scene=1)))[0] == [100, 0, 0]
    model = box_model(**tree)
    del model.tree["scene"]
    assert bounds(read(model))[1] == [1, 2, 3]
    del model.tree["scenes"]
    assert bounds(read(model))[1] == [101, 2, 3]
    del model.tree["nodes"]
    assert np.array_equal(corners(read(model)), BOX)


def test_hidden_nodes_and_what_is_below_them_are_not_seen(read):
    hidden = {"extensions": {"KHR_node_visibility": {"visible": False}}}
    nodes = [
        {"mesh": 0, "children": [1]},
        {**hidden, "children": [2]},
        {"mesh": 0, "scale": [9] * 3},
    ]
    assert np.array_equal(corners(read(box_model(nodes=nodes))), BOX)


def test_morph_targets_count_as_their_weights_say(read):
    model = Model()
    lift = np.zeros_like(CORNERS)
    lift[CORNERS[:, 1] > 0, 1] = 10
    targets = [{"POSITION": model.accessor(lift)}, {"NORMAL": 0}]
    model.mesh({**model.box(), "targets": targets}, weights=[0.5, 1])
    assert bounds(read(model))[1] == [1, 7, 3]
    model.tree["nodes"][0]["weights"] = [0.1, 0]
    assert bounds(read(model))[1] == [1, 3, 3]
    del model.tree["meshes"][0]["weights"], model.tree["nodes"][0]["weights"]
    assert bounds(read(model))[1] == [1, 2, 3]


def skinned_box(**more):
    """A box whose upper half follows a joint two metres up, the rest one that stays."""
    upper = CORNERS[:, 1] > 0
    model = Model(
        nodes=[{"mesh": 0, "skin": 0, "translation": [500, 0, 0]}, {"translation": [0, 4, 0]}, {}],
        scenes=[{"nodes": [0, 1, 2]}],
    )
    joints = np.zeros((len(CORNERS), 4), np.uint8)
    joints[upper, 0] = 1
    weights = np.zeros((len(CORNERS), 4), np.uint8)
    weights[:, 0] = 255
    bound = {
        "JOINTS_0": model.accessor(joints),
        "WEIGHTS_0": model.accessor(weights, normalized=True),
    }
    inverse = np.tile(np.eye(4, dtype=np.float32), (2, 1, 1))
    inverse[1, 3, 1] = -2  # stored column by column
    model.mesh(model.box(**bound))
    matrices = model.accessor(inverse.reshape(2, 16))
    model.tree["skins"] = [{"joints": [2, 1], "inverseBindMatrices": matrices, **more}]
    return model


def test_a_skin_follows_its_joints_and_not_its_node(read):
    model = skinned_box()
    assert bounds(read(model)) == ([0, 0, 0], [1, 4, 3])
    del model.tree["skins"][0]["inverseBindMatrices"]
    assert bounds(read(model)) == ([0, 0, 0], [1, 6, 3])
    del model.tree["meshes"][0]["primitives"][0]["attributes"]["JOINTS_0"]
    assert bounds(read(model)) == ([500, 0, 0], [501, 2, 3])


def test_weights_are_scaled_to_one_and_joints_must_be_there(read):
    model = skinned_box()
    half = np.zeros((len(CORNERS), 4), np.float32)
    half[:, :2] = 3.0  # half of joint 0 or 1, half of joint 0
    attributes = model.tree["meshes"][0]["primitives"][0]["attributes"]
    attributes["WEIGHTS_0"] = model.accessor(half)
    assert bounds(read(model)) == ([0, 0, 0], [1, 3, 3])
    model.tree["skins"][0]["joints"] = [2]
    with pytest.raises(UnreadableFile, match="bound to joint 1 of 1"):
        read(model)


def test_every_instance_is_seen(read):
    model = box_model(extensionsRequired=["EXT_mesh_gpu_instancing"])
    shifts = np.array([(0, 0, 0), (10, 0, 0), (0, 20, 0)], np.float32)
    turns = np.array([(0, 0, 0, 127), (0, 0, 90, 90), (0, 0, 0, 127)], np.int8)
    model.tree["nodes"][0]["scale"] = [2, 2, 2]
    model.tree["nodes"][0]["extensions"] = {
        "EXT_mesh_gpu_instancing": {
            "attributes": {
                "TRANSLATION": model.accessor(shifts),
                "ROTATION": model.accessor(turns, normalized=True),
            }
        }
    }
    triangles = read(model)
    assert len(triangles.faces) == 36
    assert bounds(triangles) == ([0, 0, 0], [20, 44, 6])
    with pytest.raises(OverLimit, match=r"over 35 faces, .* hold 12, but it shows them 3 times or"):
        read(model, faces=35)
    del model.tree["nodes"][0]["extensions"]
    model.tree["nodes"] *= 3
    model.tree["scenes"] = [{"nodes": [0, 1, 2]}]
    with pytest.raises(OverLimit, match=r"over 23 faces, .* hold 12, but it shows them 2 times or"):
        read(model, faces=23)
    with pytest.raises(OverLimit, match=r"over 11 faces, the limit$"):
        read(model, faces=11)


def test_many_primitives_may_share_one_long_list_of_vertices(read):
    model = Model()
    points = np.random.default_rng(3).normal(size=(3000, 3)).astype(np.float32)
    attributes = {"POSITION": model.accessor(points)}
    order = np.arange(3000, dtype=np.uint16).reshape(-1, 3)
    parts = [{"attributes": attributes, "indices": model.accessor(row)} for row in order[::-1]]
    model.mesh(*parts)
    triangles = read(model)
    assert len(triangles.vertices) == 3000
    assert np.array_equal(corners(triangles)[::-1], points[order])


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"extensionsRequired": ["ACME_squash"]}, "needs the glTF extension ACME_squash"),
        ({"asset": {"version": "1.0"}}, "is glTF 1.0, which is not read; convert it to glTF 2.0"),
        ({"asset": {"version": "3.0"}}, "is glTF 3.0; this reader takes version 2"),
        ({"nodes": [{"mesh": 0, "children": [0]}]}, "has node 0 among its own children"),
        ({"nodes": [{"mesh": 7}]}, "names meshes 7, but has only 1"),
        ({"nodes": [{}]}, "shows no mesh in its default scene"),
        ({"nodes": [{"mesh": 0, "skin": 0}]}, "names skins 0, but has only 0"),
        ({"nodes": [{"mesh": 0, "scale": [1, 1]}]}, "'scale' of a node that is no list of 3"),
        ({"scenes": [{"nodes": [3]}]}, "names nodes 3, but has only 1"),
    ],
)
def test_what_cannot_be_read_is_named(read, tree, said):
    with pytest.raises(UnreadableFile, match=said):
        read(box_model(**tree))


def test_materials_textures_and_animations_are_never_looked_at(read):
    required = ["KHR_texture_transform", "KHR_materials_unlit", "KHR_texture_basisu"]
    model = box_model(extensionsRequired=required, images=[{"uri": "none.png"}], animations=7)
    model.tree["materials"] = "anything"
    assert np.array_equal(corners(read(model)), BOX)


def test_points_and_lines_are_passed_over_and_named_when_alone(read):
    model = box_model()
    solid = model.tree["meshes"][0]["primitives"][0]
    model.tree["meshes"][0]["primitives"] += [{**solid, "mode": 0}, {**solid, "mode": 1}]
    assert np.array_equal(corners(read(model)), BOX)
    del model.tree["meshes"][0]["primitives"][0]
    with pytest.raises(UnreadableFile, match="holds lines and points only, no triangles"):
        read(model)


@pytest.mark.parametrize("kept", [11, 30, 400, -1])
def test_a_glb_cut_short_is_refused_as_such(read, kept):
    data = box_model().glb()
    with pytest.raises(UnreadableFile, match="is cut short"):
        read(data[:kept])


def test_promises_past_the_data_are_refused(read):
    model = box_model()
    model.tree["accessors"][0]["count"] = 9
    with pytest.raises(UnreadableFile, match="promises 9 rows in accessor 0"):
        read(model)
    model = box_model()
    model.tree["bufferViews"][1]["byteLength"] = 500
    with pytest.raises(UnreadableFile, match="reaches to byte 596 of buffer 0, which holds 168"):
        read(model)
    model = box_model()
    model.tree["accessors"][0]["count"] = 7
    with pytest.raises(UnreadableFile, match="a face that names vertex 7 of 7"):
        read(model)


def test_what_would_cost_too_much_is_refused_before_it_is_made(read):
    model = box_model()
    del model.tree["accessors"][0]["bufferView"]
    model.tree["accessors"][0]["count"] = 10**12
    with pytest.raises(OverLimit, match="promises over 64,000,000 values"):
        read(model)
    doubled = [{"children": [level + 1] * 2} for level in range(60)] + [{"mesh": 0}]
    with pytest.raises(OverLimit, match=r"over 1,000 (faces|nodes)"):
        read(box_model(nodes=doubled), faces=1000)


def spoiled(value):
    return st.recursive(
        st.sampled_from([None, True, -1, 3, 10**30, 0.5, "x", [], {}, [1, "a"], {"a": 1}]),
        lambda inner: st.lists(inner, max_size=2),
        max_leaves=3,
    )


def places(tree, path=()):
    """Every path to a value in a tree."""
    yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for name, value in items:
        if isinstance(value, dict | list):
            yield from places(value, (*path, name))
        else:
            yield (*path, name)


@given(st.data())
def test_no_spoiled_value_is_more_than_unreadable(tmp_path_factory, data):
    model = skinned_box()
    tree = model.tree
    path = data.draw(st.sampled_from([path for path in places(tree) if path]))
    owner = tree
    for name in path[:-1]:
        owner = owner[name]
    owner[path[-1]] = data.draw(spoiled(owner[path[-1]]))
    limits = Limits()
    with suppress(UnreadableFile):
        load(model.glb(), Beside(tmp_path_factory.getbasetemp(), limits), limits)


def test_text_that_is_no_gltf_is_refused(read):
    for data in (b"", b"[1]", b"{}", b"{", json.dumps({"a": 1}).encode(), b"[" * 100_000):
        with pytest.raises(UnreadableFile, match="is not a glTF"):
            read(data)
