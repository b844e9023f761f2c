"""Imprints of shapes: the same for any order, place, size and turn; another shape's is not."""

import numpy as np
import pytest
from finding import copies_among, pairs_among
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.imprints import kind_of
from opensearch.imprints.shapes import _energies, shape_imprint

BOX = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
SIDES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5], [0, 4, 5], [0, 5, 1]),
        *([2, 3, 7], [2, 7, 6], [0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def shape(seed):
    """Boxes of several sizes beside each other."""
    rng = np.random.default_rng(seed)
    boxes = [BOX * rng.uniform(0.2, 1, 3) + rng.uniform(-1, 1, 3) for _ in range(3)]
    return np.concatenate(boxes), np.concatenate([SIDES + 8 * at for at in range(3)])


def changed(vertices, faces, seed):
    """The shape turned, mirrored, moved, scaled, its vertices and faces in another order."""
    rng = np.random.default_rng(seed)
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    order = rng.permutation(len(vertices))
    moved = (vertices @ turn * rng.uniform(0.01, 100) + rng.normal(size=3))[order]
    return moved, np.argsort(order)[faces][rng.permutation(len(faces))]


def divided(vertices, faces):
    """The same surface in four triangles for each."""
    middles = [
        (vertices[faces[:, a]] + vertices[faces[:, b]]) / 2 for a, b in ((0, 1), (1, 2), (2, 0))
    ]
    count, at = len(faces), len(vertices)
    ab, bc, ca = (at + count * each + np.arange(count) for each in range(3))
    a, b, c = faces.T
    parts = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
    return np.concatenate([vertices, *middles]), np.concatenate([np.stack(p, 1) for p in parts])


@settings(max_examples=10)
@given(st.integers(0, 1000))
def test_order_place_size_and_turn_do_not_count(seed):
    original = shape(seed)
    copies = [shape_imprint(*changed(*original, seed)), shape_imprint(*divided(*original))]
    found = pairs_among([shape_imprint(*original), *copies])
    assert found[0, 1] == found[0, 2] == ("", True)


def ball(rows, columns):
    """A sphere in triangles."""
    down, around = np.pi * np.arange(1, rows) / rows, 2 * np.pi * np.arange(columns) / columns
    ring = np.column_stack([np.cos(around), np.sin(around)])
    rings = [np.column_stack([np.sin(at) * ring, np.full(columns, np.cos(at))]) for at in down]
    vertices = np.concatenate([*rings, [[0, 0, 1], [0, 0, -1]]])
    here = np.arange(columns)
    there, faces = (here + 1) % columns, []
    for at in range(rows - 2):
        up, low = at * columns, (at + 1) * columns
        faces.append(np.column_stack([up + here, low + here, low + there]))
        faces.append(np.column_stack([up + here, low + there, up + there]))
    last = (rows - 2) * columns
    faces.append(np.column_stack([here, there, np.full(columns, len(vertices) - 2)]))
    faces.append(np.column_stack([last + there, last + here, np.full(columns, len(vertices) - 1)]))
    return vertices, np.concatenate(faces)


def test_balls_are_told_apart_by_their_corners():
    one, other = ball(24, 32), ball(29, 23)
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    order = np.random.default_rng(0).permutation(len(one[0]))
    reordered = one[0][order], np.argsort(order)[one[1]][::-1]
    found = pairs_among(
        [shape_imprint(*m) for m in (one, other, (one[0] @ turn, one[1]), reordered)]
    )
    assert {tuple(sorted(pair)) for pair in found} >= {(0, 2), (0, 3)}
    assert not any(1 in pair for pair in found)


def test_other_shapes_are_no_copies_and_a_slightly_changed_one_is_near():
    vertices, faces = shape(0)
    bent = vertices.copy()
    bent[:8] = (bent[:8] - bent[:8].mean(axis=0)) * 1.06 + bent[:8].mean(axis=0)
    imprints = [shape_imprint(*shape(seed)) for seed in range(30)]
    assert pairs_among(imprints) == {}
    near = ("simplified", False)
    made = shape_imprint(bent, faces)
    assert pairs_among([imprints[0], made]) == {(0, 1): near, (1, 0): near}
    assert copies_among(made, imprints) == {0: near}
    assert kind_of(imprints[0]) == "shape"


def test_energies_are_those_of_spherical_harmonics():
    special = pytest.importorskip("scipy.special")
    rng = np.random.default_rng(0)
    directions = rng.normal(size=(40, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    spheres = rng.random((12, 40))
    theta, phi = np.arccos(directions[:, 2]), np.arctan2(directions[:, 1], directions[:, 0])
    for degree, energy in enumerate(_energies(spheres, directions).T):
        orders = [special.sph_harm_y(degree, m, theta, phi) for m in range(-degree, degree + 1)]
        held = np.abs(spheres @ np.stack(orders).T) ** 2
        np.testing.assert_allclose(energy, np.sqrt(held.sum(axis=1)), atol=1e-9)
