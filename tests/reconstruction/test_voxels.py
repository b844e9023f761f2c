"""Voxels: what a surface touches and encloses, and how alike grids are."""

import numpy as np
import pytest

from opensearch.errors import InvalidInput
from opensearch.reconstruction.voxels import SIDE, iou, voxelise

CENTRES = (np.indices((SIDE, SIDE, SIDE)).reshape(3, -1).T + 0.5) / SIDE - 0.5
"""Middles of the voxels, within the unit box."""


def sheet(u, v, corner=(0, 0, 0)):
    """Two triangles: the parallelogram of sides u and v."""
    a, b = np.array(corner, float), np.array(u, float)
    c, d = np.array(v, float), np.array(corner, float) + u + v
    return np.array([[a, a + b, d], [a, d, a + c]])


def box(x, y, z, without=()):
    """The six sides of a box, minus some: -x +x -y +y -z +z are 0 to 5."""
    i, j, k = np.diag([x, y, z]).astype(float)
    pairs = [(j, k, i), (i, k, j), (i, j, k)]
    sides = [sheet(u, v, corner) for u, v, w in pairs for corner in (0 * w, w)]
    return np.concatenate([side for at, side in enumerate(sides) if at not in without])


def ball(rings=24):
    """A closed sphere of radius 1."""
    lat = np.linspace(0, np.pi, rings + 1)
    lon = np.linspace(0, 2 * np.pi, 2 * rings + 1)
    a, b = np.meshgrid(lat, lon, indexing="ij")
    points = np.stack([np.sin(a) * np.cos(b), np.cos(a), np.sin(a) * np.sin(b)], axis=2)
    p, q, r, s = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    return np.concatenate([np.stack(t, axis=2).reshape(-1, 3, 3) for t in ((p, q, r), (p, r, s))])


def touched(triangles, samples=200_000):
    """Reference: voxels that random points of the surface fall in, each triangle by its area."""
    rng = np.random.default_rng(0)
    a, b, c = triangles.swapaxes(0, 1)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = rng.choice(len(triangles), samples, p=areas / areas.sum())
    u, v = rng.random((2, samples, 1))
    u, v = np.where(u + v > 1, 1 - u, u), np.where(u + v > 1, 1 - v, v)
    points = a[chosen] + u * (b - a)[chosen] + v * (c - a)[chosen]
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    places = ((points - (low + high) / 2) / (high - low).max() + 0.5) * SIDE
    grid = np.zeros((SIDE,) * 3, bool)
    grid[tuple(np.clip(places, 0, SIDE - 1).astype(int).T)] = True
    return grid


def test_a_cube_fills_the_grid():
    made = voxelise(box(3, 3, 3))
    assert made.solid
    assert made.grid.all()


def test_a_box_fills_its_share_and_stands_in_the_middle():
    made = voxelise(box(2, 1, 0.5))
    assert made.solid
    filled = np.zeros((SIDE,) * 3, bool)
    filled[:, 8:24, 12:20] = True
    assert (made.grid == filled).all()


def test_a_ball_holds_every_middle_within_and_none_a_voxel_outside():
    made = voxelise(ball(48))
    radius = np.linalg.norm(CENTRES, axis=1).reshape(made.grid.shape)
    assert made.solid
    assert made.grid[radius < 0.495].all()
    assert not made.grid[radius > 0.5 + np.sqrt(3) / 2 / SIDE].any()
    # voxels that are only touched count whole, so it is a little larger than the ball itself
    assert np.pi / 6 < made.grid.mean() < 1.2 * np.pi / 6


@pytest.mark.parametrize("triangles", [box(2, 0.9, 0.47), ball(), box(1, 0.8, 0.7, without=(3,))])
def test_the_surface_is_what_random_points_of_it_fall_in(triangles):
    grid = voxelise(triangles).grid
    assert (touched(triangles) & ~grid).sum() < 0.01 * grid.sum()


def test_an_open_sheet_is_a_surface_one_voxel_thick():
    made = voxelise(sheet((1, 0, 0), (0, 0, 1)))
    assert not made.solid
    assert made.grid.sum() == SIDE * SIDE
    assert made.grid.any(axis=(0, 2)).sum() == 1


@pytest.mark.parametrize("missing", [(3,), (2, 3), (5,)])
def test_a_box_without_a_side_is_a_surface(missing):
    made = voxelise(box(1, 1, 1, without=missing))
    assert not made.solid
    assert not made.grid[8:24, 8:24, 8:24].any()


def test_a_closed_part_of_an_open_shape_does_not_make_it_solid():
    wheel = 0.2 * box(1, 1, 1) + np.array([0.4, 0.05, 0.4])
    made = voxelise(np.concatenate([box(1, 1, 1, without=(2,)), wheel]))
    assert not made.solid


def test_faces_that_are_doubled_or_look_inside_change_nothing():
    once = box(2, 1, 0.5)
    inverted = once[:, ::-1]
    for changed in (inverted, np.concatenate([once, once]), np.concatenate([once, inverted])):
        made = voxelise(changed)
        assert made.solid
        assert (made.grid == voxelise(once).grid).all()


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1.0, 1e20, 1e307])
def test_size_plays_no_part(scale):
    made = voxelise(scale * box(2, 1, 0.5))
    assert made.solid
    assert (made.grid == voxelise(box(2, 1, 0.5)).grid).all()


def test_coordinates_of_a_survey_cost_no_precision():
    far = box(2, 1, 0.5) + np.array([5e6, 4e5, 100.0])
    assert (voxelise(far).grid == voxelise(box(2, 1, 0.5)).grid).all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("axis", range(3))
def test_a_mirrored_shape_has_the_mirrored_grid(axis, seed):
    triangles = np.random.default_rng(seed).normal(size=(20, 3, 3))
    mirror = np.ones(3)
    mirror[axis] = -1
    assert (voxelise(triangles * mirror).grid == np.flip(voxelise(triangles).grid, axis)).all()


@pytest.mark.parametrize(
    ("triangles", "message"),
    [
        (np.zeros((0, 3, 3)), r"must have shape \(f, 3, 3\), f >= 1; got \(0, 3, 3\)"),
        (np.zeros((4, 3)), r"got \(4, 3\)"),
        (np.full((1, 3, 3), np.nan), "not finite"),
        (np.full((1, 3, 3), np.inf), "not finite"),
        (np.ones((2, 3, 3)), "all lie in one point"),
    ],
)
def test_what_has_no_voxels_is_refused(triangles, message):
    with pytest.raises(InvalidInput, match=message):
        voxelise(triangles)


def test_overlap_by_hand():
    a, b = np.zeros((2, 4, 4, 4), bool)
    a[:2], b[1:3] = True, True
    assert iou(a, b) == 16 / 48
    assert iou(a, a) == 1
    assert iou(np.zeros_like(a), np.zeros_like(a)) == 1
    assert iou(a, np.zeros_like(a)) == 0
