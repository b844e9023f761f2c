"""Grounds and backdrops that an object stands on, and flat parts that belong to it."""

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st
from trimesh.creation import box, cone, cylinder

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.shapes.framing import framed_triangles

AXES = {"x": 0, "y": 1, "z": 2}


def thing():
    """A cone of height 1 that stands on z = 0, narrow enough that its foot is no ground."""
    return cone(0.4, 1)


def plane(width, height=0.0, cells=1):
    """A sheet of squares around the z axis."""
    at = np.linspace(-width / 2, width / 2, cells + 1)
    x, y = np.meshgrid(at, at)
    points = np.column_stack([x.ravel(), y.ravel(), np.full(x.size, height)])
    row = np.arange(cells)
    first = (row[:, None] * (cells + 1) + row).reshape(-1, 1)
    corners = first + np.array([0, 1, cells + 2, 0, cells + 2, cells + 1])
    return trimesh.Trimesh(points, corners.reshape(-1, 3), process=False)


def disc(width, height=0.0):
    made = cylinder(width / 2, 0.001, sections=40)
    made.apply_translation([0, 0, height])
    return made


def flat(outline):
    """A sheet of some outline."""
    faces = [[0, at, at + 1] for at in range(1, len(outline) - 1)]
    return trimesh.Trimesh(np.column_stack([outline, np.zeros(len(outline))]), faces)


def sheet(corners, width):
    """A sheet with so many corners, equally far from the middle."""
    around = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return flat(np.column_stack([np.cos(around), np.sin(around)]) * width / 2)


def turned(mesh):
    """The other side."""
    made = mesh.copy()
    made.invert()
    return made


def slab(outline):
    """A plate with two sides, a hundredth high."""
    return trimesh.creation.extrude_triangulation(
        outline, [[0, at, at + 1] for at in range(1, len(outline) - 1)], 0.01
    )


def moved(mesh, *place):
    made = mesh.copy()
    made.apply_translation(place)
    return made


def stood_on(*meshes, axis="z", upside_down=False):
    """Vertices and faces of parts together, their z turned to another axis."""
    whole = trimesh.util.concatenate(meshes)
    points = np.roll(whole.vertices, {"x": 1, "y": 2, "z": 0}[axis], axis=1)
    return (-points if upside_down else points), np.asarray(whole.faces)


def left(vertices, faces, up):
    return len(framed_triangles(vertices, faces, up).faces)


GROUNDS = [plane(1.3), plane(2), plane(6, cells=9), disc(4), box((5, 3, 0.03))]


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_a_thing_on_a_ground_is_framed_as_if_alone(axis, ground):
    alone = framed_triangles(*stood_on(thing(), axis=axis), axis)
    found = framed_triangles(*stood_on(thing(), ground, axis=axis), axis)
    assert np.allclose(found.vertices, alone.vertices, atol=1e-6)
    assert np.array_equal(found.faces, alone.faces)


@pytest.mark.parametrize("ground", GROUNDS)
def test_nothing_goes_where_it_is_unknown_which_way_is_up(ground):
    parts = stood_on(thing(), ground)
    assert left(*parts, "unknown") == left(*parts, None) == len(parts[1])


def test_what_lies_above_is_no_ground():
    parts = stood_on(thing(), plane(3), upside_down=True)
    assert left(*parts, "z") == len(thing().faces) + 2


def test_a_ground_may_be_wound_either_way():
    ground = plane(3, cells=4)
    ground.faces[::3] = ground.faces[::3, ::-1]
    assert left(*stood_on(thing(), ground), "z") == len(thing().faces)


def test_a_ground_may_have_two_sides():
    assert left(*stood_on(thing(), plane(1.3), turned(plane(1.3))), "z") == len(thing().faces)


def test_a_ground_goes_when_a_speck_far_aside_is_gone():
    speck = moved(box((0.02, 0.02, 0.02)), 1e6, 0, 0)
    assert left(*stood_on(thing(), plane(4, cells=4), speck), "z") == len(thing().faces)


def test_a_helper_far_off_on_a_ground_goes_with_it():
    helper = moved(box((0.1, 0.1, 0.1)), 8, 0, 0)
    assert left(*stood_on(thing(), plane(20), helper), "z") == len(thing().faces)


@pytest.mark.parametrize("height", [-0.2, -0.02, 0.02, 0.2])
def test_a_thing_may_float_or_be_sunk_a_little(height):
    assert left(*stood_on(thing(), plane(3, height)), "z") == len(thing().faces)


def test_a_shadow_on_a_ground_goes_too():
    parts = stood_on(thing(), plane(9, -0.01), plane(3, 0.001))
    assert left(*parts, "z") == len(thing().faces)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([moved(box((0.1, 0.1, 1)), 0, 0, 0.5), plane(1.2, 1)], id="table top"),
        pytest.param([moved(box((0.1, 0.1, 1)), 0, 0, 0.5), plane(0.9)], id="foot of a lamp"),
        pytest.param([moved(thing(), 0, 0, 0.5), plane(4)], id="high above"),
        pytest.param([moved(box((1, 1, 0.05)), 0, 0, 0.025), plane(3)], id="flat on flat"),
        pytest.param([moved(box((3, 3, 1)), 0, 0, 0.5), plane(3.2)], id="no wider"),
        pytest.param([thing(), plane(1.2)], id="hardly wider"),
        pytest.param(
            [thing(), flat([(-0.9, 0), (0, -0.9), (0.9, -0.9), (0.9, 0), (0, 0.9), (-0.9, 0.9)])],
            id="cut",
        ),
        pytest.param([thing(), disc(1.9)], id="a brim"),
        pytest.param([thing(), sheet(20, 1.9), turned(sheet(20, 1.9))], id="a brim of two sides"),
        pytest.param([thing(), turned(sheet(3, 3)), sheet(3, 3)], id="two triangles"),
        pytest.param([thing(), sheet(3, 3), moved(sheet(3, 3), 0, 0, 3e-4)], id="a thin triangle"),
        pytest.param([thing(), box((1.9, 1.9, 0.01))], id="a board"),
        pytest.param([thing(), box((3, 3, 0.06))], id="a little too thick"),
        pytest.param(
            [moved(box((0.1, 1, 2)), 0, 0, 1), moved(box((0.01, 0.1, 0.3)), 0.3, 0.4, 1)],
            id="a door",
        ),
        pytest.param([plane(3), plane(3, 2)], id="nothing but planes"),
        pytest.param([plane(3)], id="one plane"),
        pytest.param(
            [moved(thing(), 0, 0, 0), box((4, 0.1, 0.001)), box((0.1, 4, 0.001))], id="rotor"
        ),
        pytest.param([thing(), box((4, 4, 0.2))], id="thick"),
        pytest.param([thing(), slab([(-2, -2), (2, -2), (0, 2)])], id="a triangle"),
        pytest.param(
            [moved(thing(), 1, 1, 0), slab([(-1, -1), (3, -1), (3, 0), (0, 0), (0, 3), (-1, 3)])],
            id="an L",
        ),
        pytest.param([thing(), moved(plane(3), 1.7, 0, 0)], id="beside"),
    ],
)
def test_flat_parts_that_belong_to_a_thing_stay(parts):
    whole = stood_on(*parts)
    assert left(*whole, "z") == left(*whole, None)


def test_a_ground_touched_in_a_corner_goes_and_a_foot_joined_along_an_edge_stays():
    foot = plane(4, cells=4)
    pole = np.array([[0, 0, 0], [0.2, 0.3, 1], [0, 1, 0]])  # the first is a corner of the foot
    touching = np.array([[0, 0, 0], [0.2, 0.3, 1], [0, 0.9, 0]])
    for corners, kept in ((touching, 1), (pole, 33)):
        whole = stood_on(foot, trimesh.Trimesh(corners, [[0, 1, 2]], process=False))
        assert left(*whole, None) == 33
        assert left(*whole, "z") == kept


@given(st.integers(0, 2**32 - 1), st.sampled_from("xyz"))
def test_what_is_left_of_a_soup_is_all_or_what_lies_off_one_plane(seed, up):
    """A face goes only with all that lie in its plane, and goes under something of some height."""
    rng = np.random.default_rng(seed)
    corners = rng.normal(size=(6, 3, 3))
    corners[..., 2] -= corners[..., 2].min()
    ground = plane(40, cells=2)
    soup = trimesh.Trimesh(corners.reshape(-1, 3), np.arange(18).reshape(-1, 3), process=False)
    whole = stood_on(soup, ground)
    assert left(*whole, up) == left(*whole, None) - (8 if up == "z" else 0)


def test_views_of_a_file_show_the_thing_alone(tmp_path):
    settings = ReaderSettings(reader="mesh", size=48, views=3)
    for name, parts in (("alone", [thing()]), ("scene", [thing(), plane(5)])):
        trimesh.Trimesh(*stood_on(*parts, axis="y"), process=False).export(tmp_path / f"{name}.glb")
    alone, scene = (
        open_reader(settings)(tmp_path / f"{name}.glb", None).views for name in ("alone", "scene")
    )
    assert np.array_equal(alone, scene)
