"""Shapes that the tests of mesh formats write in every way a format allows."""

import numpy as np

TETRAHEDRON = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], float)
TETRAHEDRON_FACES = np.array([[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]])
TETRAHEDRON_AREA = 1.5 + np.sqrt(3) / 2

# A U of area 7 in a square of 3 x 3: its notch is 1 wide and 2 deep.
U = np.array([[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]], float)
U_AREA = 7.0


def area(mesh):
    """The area of all triangles of a mesh."""
    points = mesh.vertices[mesh.faces]
    sides = points[:, 1:] - points[:, :1]
    return float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)
