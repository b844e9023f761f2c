"""Where a shape is looked at from."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from opensearch.config import UP_AXES
from opensearch.records import Up

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

# Round a known axis each camera is turned by the golden angle from the one before: the first few
# are as well apart as many. The first angle keeps the first twelve as far from the sides of a
# box, seen straight on, as can be (by 7 degrees, the first six by 15).
_GOLDEN_TURN = 180.0 * (3.0 - 5.0**0.5)
_FIRST_AZIMUTH = 57.5
_AXES = {"x": 0, "y": 1, "z": 2}


# Where a format says which axis is up, it has the front at +z (y up, as glTF) or at -y (z up, as
# CAD and Blender); a quarter of the way from there to the right shows front, side and top.
_FRONT: Final = {"x": 90.0, "y": 0.0, "z": 270.0}
_PORTRAIT_TURN: Final = 35.0
_PORTRAIT_ELEVATION: Final = 25.0


def portrait_camera(up: Up = "unknown") -> NDArray[np.float64]:
    """The camera of the one picture that people see of a shape, from above its front.

    Args:
        up: the shape's upright axis; y where nobody knows.

    Returns:
        A rotation (3, 3), as of `cameras`.
    """
    axis = "y" if up == "unknown" else up
    return _camera(_AXES[axis], _FRONT[axis] + _PORTRAIT_TURN, _PORTRAIT_ELEVATION)


def cameras(count: int, up: Up = "unknown") -> NDArray[np.float64]:
    """The first `count` of 24 fixed cameras, all round a shape.

    Meshes come with y, z or rarely x up. Where nobody says which, the three axes take turns as
    the upright of the picture: of any three cameras in a row one stands upright whichever axis
    is up. Round a known axis all of them stand upright. A longer list starts with the shorter.

    Args:
        count: 0 to 24.
        up: the shape's upright axis.

    Returns:
        Rotations, shape (count, 3, 3); rows are the camera's right, up and backward axes
        in the coordinates of the shape, so that `points @ rotation.T` is camera space.
    """
    if up == "unknown":
        places = [(UP_AXES[at % 3], _AZIMUTHS[at // 3][at % 3]) for at in range(count)]
    else:
        places = [(_AXES[up], _FIRST_AZIMUTH + at * _GOLDEN_TURN) for at in range(count)]
    return np.array([_camera(*place) for place in places]).reshape(count, 3, 3)


def _camera(up_axis: int, azimuth: float, elevation: float = ELEVATION) -> NDArray[np.float64]:
    turn, lift = np.deg2rad(azimuth), np.deg2rad(elevation)
    across, beyond = (up_axis + 1) % 3, (up_axis + 2) % 3
    backward = np.zeros(3)
    backward[across] = np.cos(lift) * np.cos(turn)
    backward[beyond] = np.cos(lift) * np.sin(turn)
    backward[up_axis] = np.sin(lift)
    right = np.cross(np.eye(3)[up_axis], backward)
    right /= np.linalg.norm(right)
    return np.stack([right, np.cross(backward, right), backward])
