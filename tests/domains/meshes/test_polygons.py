import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesh_shapes import U_AREA, U, area

from opensearch.domains.meshes.polygons import as_triangles
from opensearch.domains.meshes.triangles import Triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def cut(points, turn=0):
    """The triangles of one polygon that begins at its corner `turn`."""
    order = np.roll(np.arange(len(points)), -turn)
    faces = as_triangles(points, order, np.array([len(points)]), Limits())
    return Triangles(points, faces)


def area_by_shoelace(flat):
    """Reference: the area of a simple polygon from its corners alone."""
    x, y = flat.T
    return abs((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2


def tilted(flat):
    """A flat polygon somewhere in space."""
    across, up = np.array([2, 1, 2]) / 3, np.array([-2, 2, 1]) / 3
    return flat[:, :1] * across + flat[:, 1:] * up + [5, 6, 7]


@pytest.mark.parametrize("turn", range(len(U)))
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_notch_of_a_u_stays_open_from_whichever_corner_it_begins(turn, mirrored):
    flat = U[::-1] if mirrored else U
    assert area(cut(tilted(flat), turn)) == pytest.approx(U_AREA)


def test_a_quad_with_a_reflex_corner_is_cut_at_that_corner():
    dart = np.array([[0, 0, 0], [2, 2, 0], [0, 1, 0], [-2, 2, 0]], float)
    for turn in range(4):
        assert area(cut(dart, turn)) == pytest.approx(2)


@given(st.lists(st.floats(0.1, 1), min_size=3, max_size=12), st.integers(0, 11))
def test_any_star_shaped_polygon_keeps_its_area(radii, turn):
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    flat = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.array(radii)[:, None]
    assert area(cut(tilted(flat), turn % len(radii))) == pytest.approx(area_by_shoelace(flat))


def test_sizes_may_mix_and_less_than_three_corners_are_no_face():
    points = tilted(np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float))
    corners = np.array([0, 1, 2, 3, 0, 1, 2, 2, 0, 1])
    faces = as_triangles(points, corners, np.array([4, 3, 1, 2]), Limits())
    assert faces.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]


def test_polygons_at_the_ends_of_the_number_range_are_cut():
    for scale in (1e-300, 1e300):
        mesh = cut(tilted(U) * scale)
        assert area(Triangles(mesh.vertices / scale, mesh.faces)) == pytest.approx(U_AREA)


def test_a_polygon_that_touches_nan_or_crosses_itself_is_still_cut():
    points = np.array([[0, 0, 0], [1, 1, 0], [1, 0, 0], [0, 1, 0], [np.nan, 0, 0]])
    assert len(as_triangles(points, np.array([0, 1, 2, 3]), np.array([4]), Limits())) >= 1
    assert len(as_triangles(points, np.array([0, 1, 2, 3, 4]), np.array([5]), Limits())) == 3


def test_a_vertex_that_is_not_there_is_named_as_the_format_counts():
    with pytest.raises(UnreadableFile, match="names vertex 9, but it holds only 4"):
        as_triangles(np.zeros((4, 3)), np.array([0, 1, 8]), np.array([3]), Limits(), first=1)


def test_triangles_are_counted_before_they_are_made():
    with pytest.raises(OverLimit, match="has 6 faces, over the limit of 5"):
        as_triangles(np.zeros((8, 3)), np.arange(8), np.array([8]), Limits(faces=5))


def test_concave_polygons_are_cut_together_as_each_alone():
    """Planes of all directions, one of them a line, one twisted: none disturbs the others."""
    rng = np.random.default_rng(2)
    points = [
        np.c_[U, np.zeros(len(U))] @ np.linalg.qr(rng.normal(size=(3, 3)))[0] for _ in "12345"
    ]
    points += [np.outer(np.arange(len(U)) % 3, [1, 2, 3.0]), rng.normal(size=(len(U), 3))]
    size, count = len(U), len(points)
    faces = as_triangles(
        np.concatenate(points), np.arange(size * count), np.full(count, size), Limits()
    )
    alone = np.concatenate([cut(each).faces + at * size for at, each in enumerate(points)])
    assert sorted(faces.tolist()) == sorted(alone.tolist())
