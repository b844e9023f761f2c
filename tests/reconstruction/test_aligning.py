"""Shapes turned to lie alike: the turns of a cube, and which of them are chosen."""

import numpy as np
import pytest

from opensearch.reconstruction.aligning import ALONG_Y, TURNS, alike, turned
from opensearch.reconstruction.voxels import iou, voxelise

WEIGHTS = np.array([0.5, 0.3, 0.2])


def chair():
    """A seat with a back and an arm on one side, so that no turn brings it onto itself."""
    grid = np.zeros((32, 32, 32), bool)
    grid[4:28, 8:12, 4:28] = grid[4:28, 12:30, 4:8] = grid[4:8, 12:18, 8:28] = True
    return grid


def test_there_are_24_rotations_and_eight_leave_y_the_upright_axis():
    assert len(np.unique(TURNS.reshape(24, 9), axis=0)) == 24
    assert np.linalg.det(TURNS) == pytest.approx(np.ones(24))
    assert (TURNS[0] == np.eye(3)).all()
    assert len(ALONG_Y) == 8
    assert all((np.abs(turn @ [0, 1, 0]) == [0, 1, 0]).all() for turn in TURNS[ALONG_Y])


@pytest.mark.parametrize("turn", range(24))
def test_a_grid_turns_as_its_triangles_do(turn):
    corners = np.random.default_rng(0).uniform(-1, 1, (60, 3, 3)) * [1, 0.7, 0.4]
    there = voxelise(corners @ TURNS[turn].T).grid
    assert iou(turned(voxelise(corners).grid, TURNS[turn]), there) > 0.97  # but for rounding


@pytest.mark.parametrize(("lying", "facing"), [(3, 9), (14, 22), (0, 7)])
def test_shapes_are_turned_onto_each_other(lying, facing):
    grids = [chair(), turned(chair(), TURNS[lying]), turned(chair(), TURNS[facing])]
    turns = alike(grids, WEIGHTS, [False] * 3)
    first = turned(grids[0], turns[0])
    for grid, turn in zip(grids[1:], turns[1:], strict=True):
        assert (turned(grid, turn) == first).all()


def test_what_is_known_to_stand_stays_and_the_others_turn_onto_it():
    lying = turned(chair(), TURNS[5])
    grids = [lying, chair(), turned(chair(), TURNS[ALONG_Y[-1]])]
    turns = alike(grids, WEIGHTS, [False, True, True])
    assert (turns[1] == TURNS[0]).all()
    assert (turned(lying, turns[0]) == chair()).all()
    assert (turned(grids[2], turns[2]) == chair()).all()


def test_the_most_by_weight_have_up_what_was_up():
    upside_down = next(turn for turn in TURNS[ALONG_Y] if turn[1, 1] == -1)
    grids = [turned(chair(), upside_down), chair(), chair()]
    for known in (True, False):
        turns = alike(grids, np.array([0.5, 0.4, 0.3]), [known] * 3)
        made = [turned(grid, turn) for grid, turn in zip(grids, turns, strict=True)]
        assert (made[1] == chair()).all()
        assert (made[0] == made[1]).all()
        turns = alike(grids, np.array([0.5, 0.2, 0.1]), [known] * 3)
        assert (turns[0] == TURNS[0]).all()


def test_what_is_known_to_stand_is_never_laid_down():
    flat, tall = np.zeros((2, 32, 32, 32), bool)
    flat[:, 14:18, 8:24] = True
    tall[8:24, :, 14:18] = True
    turn = alike([flat, tall], WEIGHTS[:2], [True, True])[1]
    assert (np.abs(turn[1]) == [0, 1, 0]).all()
    free = alike([flat, tall], WEIGHTS[:2], [True, False])[1]
    assert (turned(tall, free) == flat).all()


def test_one_shape_stays_as_it_is():
    assert (alike([chair()], WEIGHTS[:1], [False])[0] == TURNS[0]).all()
