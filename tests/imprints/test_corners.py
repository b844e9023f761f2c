"""Coarse shapes: a simplified one is known by the corners that it still has."""

import numpy as np
import pytest
from finding import copies_among, pairs_among

from opensearch.imprints import kind_of
from opensearch.imprints.corners import (
    corner_bytes,
    corners_of,
    is_simplified,
    older_corners_of,
)
from opensearch.imprints.shapes import shape_imprint

UP_TO_FRONT = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], float)


def grid(points):
    """Triangles over points (rows, columns, 3), the columns closed to a ring."""
    rows, columns = points.shape[:2]
    at = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = at[:-1], at[1:], np.roll(at[:-1], -1, axis=1), np.roll(at[1:], -1, axis=1)
    faces = np.concatenate([np.stack([a, b, c], -1), np.stack([c, b, d], -1)]).reshape(-1, 3)
    return points.reshape(-1, 3), faces


def knobs(seed, rows=9, columns=16):
    """A rough ball: shape (rows, columns, 3)."""
    rng = np.random.default_rng(seed)
    polar = np.linspace(0.15, np.pi - 0.15, rows)[:, None]
    around = np.arange(columns) / columns * 2 * np.pi
    ball = np.stack(
        np.broadcast_arrays(
            np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar)
        ),
        axis=-1,
    )
    return ball * rng.uniform(0.6, 1, (rows, columns, 1))


def simplified(points):
    """Half of its corners, in place."""
    return points[:, ::2]


def corners(points, faces):
    return corners_of(corner_bytes(points, faces, points.mean(axis=0), np.zeros(3), 1.0))


def older_bytes(points):
    """Reference: what older versions kept, few corners in the unit sphere."""
    centre = (points.min(axis=0) + points.max(axis=0)) / 2
    radius = np.linalg.norm(points - centre, axis=1).max()
    steps = np.round(((points - centre) / radius + 1) / 2 * 65535).astype("<u2")
    return np.array([len(points)], "<u4").tobytes() + steps.tobytes()


@pytest.mark.parametrize("turn", [np.eye(3), UP_TO_FRONT])
def test_half_of_the_corners_of_a_coarse_shape_are_enough(turn):
    whole = [shape_imprint(*grid(knobs(seed))) for seed in range(1, 7)]
    points, faces = grid(simplified(knobs(1)))
    copy = shape_imprint(points @ turn * 3 + 5, faces)
    assert pairs_among([*whole, copy]) == {
        (0, 6): ("simplified", False),
        (6, 0): ("simplified", False),
    }
    assert copies_among(copy, whole) == {0: ("simplified", False)}


def test_other_shapes_and_variants_with_as_many_corners_are_not():
    whole, other = grid(knobs(0)), grid(knobs(1))
    assert not is_simplified(corners(*whole), corners(*other))
    assert not is_simplified(corners(*whole), corners(*grid(simplified(knobs(1)))))
    variant = knobs(0)
    variant[:3] *= 0.7
    assert not is_simplified(corners(*whole), corners(*grid(variant)))
    assert is_simplified(corners(*whole), corners(*grid(simplified(knobs(0)))))


@pytest.mark.parametrize("seed", range(3))
def test_corners_that_chance_lays_on_a_crowded_rim_are_not_in_place(seed):
    turns = np.random.default_rng(seed).random(270) * 2 * np.pi
    rim = np.column_stack([np.cos(turns), np.sin(turns), np.zeros(270)])
    whole, other, half = (
        corners(points, np.arange(len(points)).reshape(-1, 3))
        for points in (rim[:180], rim[180:], rim[:180:2])
    )
    assert not is_simplified(whole, other)
    assert is_simplified(whole, half)


def test_imprints_of_older_versions_are_compared_by_what_they_hold():
    points, faces = grid(knobs(1))
    made, half = shape_imprint(points, faces), shape_imprint(*grid(simplified(knobs(1))))
    oldest, older = b"\x02" + made[1:265], b"\x04" + made[1:265] + older_bytes(points)
    assert (made[:1], {kind_of(each) for each in (made, older, oldest)}) == (b"\x05", {"shape"})
    copy = {(0, 1): ("", True), (1, 0): ("", True)}
    assert pairs_among([made, oldest]) == pairs_among([made, older]) == copy
    assert pairs_among([half, older]).keys() == {(0, 1), (1, 0)}
    assert pairs_among([half, oldest]) == {}
    assert not is_simplified(older_corners_of(b""), corners(points, faces))


def test_corners_are_the_outermost_and_some_others_in_the_unit_sphere_each_once():
    points, faces = grid(knobs(0, 40, 40))
    kept = corner_bytes(
        np.concatenate([points, points]), faces, points.mean(axis=0), np.zeros(3), 1.0
    )
    found = corners_of(kept)
    assert (found.count, len(found.points), len(found.frame.places)) == (1600, 600, 300)
    assert len(np.unique(found.points, axis=0)) == 600
    assert np.linalg.norm(found.points, axis=1).max() == pytest.approx(1, abs=2e-3)
    off = np.sort(np.linalg.norm(points - points.mean(axis=0), axis=1))
    outermost = np.sort(np.linalg.norm(found.points[300:] - points.mean(axis=0), axis=1))
    assert outermost.min() > off[-700]
