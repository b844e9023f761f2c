"""Where a shape is looked at from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opensearch.config import UP_AXES

ELEVATION = 20.0
"""Degrees above the horizon of the axis taken as up."""

# Degrees, a row for one camera of each up-axis in turn. The first six were searched for the
# widest smallest angle between two of them, opposite views counted as one (40.3 degrees), none
# straight onto a side; each later one is the farthest from those before it.
_AZIMUTHS = (
    (65.0, 150.0, 25.0),
    (135.0, 335.0, 120.0),
    (215.0, 225.0, 220.0),
    (350.0, 270.0, 340.0),
    (175.0, 110.0, 260.0),
    (255.0, 190.0, 85.0),
    (100.0, 300.0, 190.0),
    (320.0, 45.0, 55.0),
)


def cameras(count: int) -> NDArray[np.float64]:
    """The first `count` of 24 fixed cameras, all round a shape whose up-axis is unknown.

    Meshes come with y, z or rarely x up, so the three axes take turns as the upright of the
    picture: of any three cameras in a row one stands upright whichever axis is up. A longer
    list starts with the shorter.

    Args:
        count: 0 to 24.

    Returns:
        Rotations, shape (count, 3, 3); rows are the camera's right, up and backward axes
        in the coordinates of the shape, so that `points @ rotation.T` is camera space.
    """
    return np.array([_camera(at) for at in range(count)]).reshape(count, 3, 3)


def _camera(at: int) -> NDArray[np.float64]:
    up_axis = UP_AXES[at % 3]
    turn = np.deg2rad(_AZIMUTHS[at // 3][at % 3])
    lift = np.deg2rad(ELEVATION)
    across, beyond = (up_axis + 1) % 3, (up_axis + 2) % 3
    backward = np.zeros(3)
    backward[across] = np.cos(lift) * np.cos(turn)
    backward[beyond] = np.cos(lift) * np.sin(turn)
    backward[up_axis] = np.sin(lift)
    right = np.cross(np.eye(3)[up_axis], backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
