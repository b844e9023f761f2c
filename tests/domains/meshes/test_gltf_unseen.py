"""What a glTF holds that nobody is shown: clear parts, collision hulls and coarser copies."""

import numpy as np
import pytest
from gltf_files import CORNERS, FACES, Model, box_model

from opensearch.domains.meshes.gltf import load
from opensearch.domains.meshes.gltf.unseen import unseen_names
from opensearch.domains.meshes.triangles import Beside
from opensearch.limits import Limits

BOX = CORNERS[FACES]


@pytest.fixture
def read(tmp_path):
    def corners(model):
        triangles = load(model.glb(), Beside(tmp_path, Limits()), Limits())
        return triangles.vertices[triangles.faces]

    return corners


def covered(alpha, **material):
    return {"pbrMetallicRoughness": {"baseColorFactor": [1, 1, 1, alpha]}, **material}


def two_boxes(*materials):
    """The box, and a box ten times as large of the last material."""
    model = Model(materials=list(materials))
    large = {**model.box(), "material": len(materials) - 1}
    large["attributes"] = {"POSITION": model.accessor(10 * CORNERS)}
    model.mesh(model.box(), large)
    return model


@pytest.mark.parametrize(
    "material",
    [
        covered(0, alphaMode="BLEND"),
        covered(0.04, alphaMode="BLEND"),
        covered(0, alphaMode="MASK"),
        covered(0.49, alphaMode="MASK"),
        covered(0.2, alphaMode="MASK", alphaCutoff=0.25),
    ],
)
def test_a_clear_part_is_left_out(read, material):
    assert np.array_equal(read(two_boxes(covered(1), material)), BOX)


@pytest.mark.parametrize(
    "material",
    [
        covered(0),  # opaque whatever it says
        covered(0, alphaMode="OPAQUE"),
        covered(0.06, alphaMode="BLEND"),
        covered(0.5, alphaMode="MASK"),
        covered(0.2, alphaMode="MASK", alphaCutoff=0.1),
        {"alphaMode": "BLEND"},
        {"alphaMode": "BLEND", "pbrMetallicRoughness": 3},
        {"alphaMode": ["BLEND"], "pbrMetallicRoughness": {"baseColorFactor": "0000"}},
        covered("0", alphaMode="BLEND"),
        covered(0.2, alphaMode="MASK", alphaCutoff=None),
    ],
)
def test_a_part_that_can_be_seen_or_whose_material_is_damaged_stays(read, material):
    assert len(read(two_boxes(material))) == 2 * len(BOX)


@pytest.mark.parametrize("number", [7, -1, "a", None])
def test_a_material_that_is_not_there_changes_nothing(read, number):
    model = Model()
    model.mesh({**model.box(), "material": number})
    assert np.array_equal(read(model), BOX)


def test_what_is_clear_is_seen_where_there_is_nothing_else(read):
    model = Model(materials=[covered(0, alphaMode="BLEND")])
    model.mesh({**model.box(), "material": 0})
    assert np.array_equal(read(model), BOX)


@pytest.mark.parametrize(
    ("names", "unseen"),
    [
        (["Duck", "UCX_Duck"], {"UCX_Duck"}),
        (["SM_Duck", "UCX_SM_Duck_01", "ubx_sm_duck.002"], {"UCX_SM_Duck_01", "ubx_sm_duck.002"}),
        (["UCX_Duck"], set()),
        (["Duck", "UCX_Goose"], set()),
        (["Duck", "UCXDuck", "Duck_UCX"], set()),
        (["Duck_LOD0", "Duck_LOD1", "Duck_lod12"], {"Duck_LOD1", "Duck_lod12"}),
        (["Duck", "Duck_LOD0", "Duck_LOD1"], {"Duck_LOD0", "Duck_LOD1"}),
        (["Duck_LOD1", "Duck_LOD2"], {"Duck_LOD2"}),
        (["Duck_LOD1", "Goose_LOD2"], set()),
        (["Explode", "Duck_LOD", "LOD1", "_LOD1"], set()),
        (
            ["Level", "Level-colonly", "Level-NavMesh", "Level-col"],
            {"Level-colonly", "Level-NavMesh"},
        ),
        ([None, 3, ["UCX_a"], {"a": 1}], set()),
    ],
)
def test_names_of_hulls_and_coarser_copies(names, unseen):
    assert unseen_names(names) == unseen


def test_a_hull_is_left_out_and_what_hangs_below_it_is_not(read):
    nodes = [
        {"name": "UCX_Duck", "mesh": 0, "scale": [9, 9, 9], "children": [1]},
        {"name": "Duck", "mesh": 0, "scale": [1 / 9, 1 / 9, 1 / 9]},
        {"name": ["UCX_Duck"]},
    ]
    found = read(box_model(nodes=nodes, scenes=[{"nodes": [0, 2]}]))
    assert np.allclose(found, BOX, atol=1e-6)


def test_the_finest_of_a_group_is_seen_whatever_the_group_is_called(read):
    nodes = [
        {"name": "Duck", "children": [1, 2]},
        {"name": "Duck_LOD0", "mesh": 0},
        {"name": "Duck_LOD1", "mesh": 0, "scale": [9, 9, 9]},
        {"name": "Pot", "mesh": 0, "scale": [5, 5, 5]},
    ]
    found = read(box_model(nodes=nodes, scenes=[{"nodes": [0, 3]}]))
    assert np.allclose(found, np.concatenate([BOX, 5 * BOX]), atol=1e-5)


def test_a_copy_of_what_is_not_seen_stays(read):
    hidden = {"KHR_node_visibility": {"visible": False}}
    nodes = [
        {"name": "Duck", "mesh": 0},
        {"name": "Goose", "mesh": 0, "extensions": hidden},
        {"name": "Duck_LOD1", "mesh": 0},
        {"name": "UCX_Goose", "mesh": 0},
    ]
    model = box_model(nodes=nodes, scenes=[{"nodes": [1, 2, 3]}, {"nodes": [0]}])
    assert len(read(model)) == 2 * len(BOX)


def test_a_scene_of_hulls_alone_is_seen(read):
    nodes = [{"name": "Duck"}, {"name": "UCX_Duck", "mesh": 0}, {"name": "a-colonly", "mesh": 0}]
    assert np.array_equal(read(box_model(nodes=nodes, scenes=[{"nodes": [0, 1]}])), BOX)
    assert np.array_equal(read(box_model(nodes=nodes, scenes=[{"nodes": [0, 2]}])), BOX)
