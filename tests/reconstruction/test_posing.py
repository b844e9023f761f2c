"""Posing: shapes stand on y, and face one way where their form tells it."""

import numpy as np
import pytest

from opensearch.encoders.encoder import Encoder
from opensearch.reconstruction.posing import faced, told_axis, upright
from opensearch.reconstruction.voxels import iou, voxelise


def box(low, high):
    """Twelve triangles around a box."""
    low, high = np.array(low, float), np.array(high, float)
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    points = low + corners * (high - low)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [(points[a], points[b], points[c]) for a, b, c, _ in quads]
    faces += [(points[a], points[c], points[d]) for a, _, c, d in quads]
    return np.array(faces)


def chair():
    """Seat, a back at -z, and legs; the front is at +z."""
    legs = [box((x, 0, z), (x + 0.1, 0.5, z + 0.1)) for x in (-0.5, 0.4) for z in (-0.5, 0.4)]
    seat = box((-0.5, 0.5, -0.5), (0.5, 0.6, 0.5))
    return np.concatenate([*legs, seat, box((-0.5, 0.6, -0.5), (0.5, 1.3, -0.4))])


def turned(triangles, quarters):
    """By quarter turns about y."""
    angle = quarters * np.pi / 2
    cos, sin = round(np.cos(angle)), round(np.sin(angle))
    return triangles @ np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]]).T


def lying(triangles, up):
    """The same shape in the axes of a file in which `up` is up and the front as cameras have it."""
    x, y, z = np.moveaxis(triangles, 2, 0)
    return np.stack({"x": (y, -x, z), "y": (x, y, z), "z": (x, -z, y)}[up], axis=2)


@pytest.mark.parametrize("up", ["x", "y", "z"])
def test_a_shape_is_turned_onto_its_upright_axis_without_mirroring_it(up):
    shape = np.random.default_rng(0).normal(size=(30, 3, 3))
    assert np.allclose(upright(lying(shape, up), up), shape)


def test_where_nobody_knows_y_is_up():
    assert np.array_equal(upright(chair(), "unknown"), chair())


@pytest.mark.parametrize("quarters", range(4))
def test_a_chair_faces_the_front_however_it_was_turned(quarters):
    posed = faced(turned(chair(), quarters))
    assert posed.mirror
    assert posed.front
    assert iou(voxelise(posed.triangles).grid, voxelise(chair()).grid) == 1


@pytest.mark.parametrize("quarters", range(4))
def test_of_a_table_neither_mirror_nor_front_can_be_told(quarters):
    table = np.concatenate([box((-1, 0.9, -0.5), (1, 1, 0.5)), box((-0.1, 0, -0.1), (0.1, 1, 0.1))])
    posed = faced(turned(table, quarters))
    assert not posed.mirror
    assert not posed.front
    assert np.allclose(np.ptp(posed.triangles.reshape(-1, 3), axis=0), [2, 1, 1])


def test_posing_what_was_posed_changes_nothing():
    once = faced(turned(chair(), 1)).triangles
    assert np.array_equal(faced(once).triangles, once)


@pytest.mark.parametrize(
    ("likelihoods", "axis"),
    [((0.01, 0.02, 0.97), "z"), ((0.96, 0.04, 0), "x"), ((0.1, 0.8, 0.1), "unknown")],
)
def test_an_axis_is_told_where_there_is_no_doubt(likelihoods, axis):
    assert told_axis(np.array(likelihoods)) == axis


def test_an_encoder_that_has_learnt_what_is_upright_tells_it():
    features = np.zeros((6, 2))
    features[[1, 4], 0] = 9  # the views on z, of y, z and x in turn
    linear = {"linear.weight": np.eye(2), "linear.bias": np.zeros(2)}
    knowing = Encoder(None, {**linear, "upright.direction": np.array([1, 0])}, "upright")
    assert told_axis(knowing.axis_likelihoods(features)) == "z"
    assert told_axis(Encoder(None, linear, "mean").axis_likelihoods(features)) == "unknown"
    assert knowing.axis_likelihoods(features[:4]) is None
