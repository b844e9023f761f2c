import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.shapes.framing import framed_triangles, unit_triangles
from opensearch.errors import UnreadableFile

BOX = trimesh.creation.box((1, 2, 3))
VERTICES, FACES = np.asarray(BOX.vertices), np.asarray(BOX.faces)
ALONE = unit_triangles(VERTICES, FACES)


def joined(*meshes):
    """Several (vertices, faces) as one."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _ in meshes[:-1])])
    faces = [np.asarray(faces) + at for (_, faces), at in zip(meshes, starts, strict=True)]
    return np.concatenate([v for v, _ in meshes]), np.concatenate(faces)


def small(size, place):
    return VERTICES * size + place, FACES


def same(mesh, other):
    return mesh[0].shape == other[0].shape and bool(np.allclose(mesh[0], other[0], atol=1e-6))


@pytest.mark.parametrize("place", [(100, 0, 0), (0, -9, 0), (4, 4, 4), (0, 1e6, 3e9), (0, 0, -7)])
def test_a_speck_far_off_does_not_shrink_the_shape(place):
    assert same(unit_triangles(*joined((VERTICES, FACES), small(0.005, place))), ALONE)


def test_specks_on_all_sides_are_dropped_together():
    places = [(50, 0, 0), (-70, 0, 0), (0, 300, 0), (4e4, 4e4, 4e4), (0, 0, -20)]
    specks = [small(0.003, place) for place in places]
    assert same(unit_triangles(*joined((VERTICES, FACES), *specks)), ALONE)


@pytest.mark.parametrize("place", [(40, 0, 0), (0, -30, 0), (1e6, 0, 0)])
def test_a_helper_object_so_far_off_that_nothing_could_be_seen_is_dropped(place):
    helper, speck = small(0.2, place), small(0.01, (0, 0, 5))
    assert same(unit_triangles(*joined((VERTICES, FACES), helper, speck)), ALONE)


@pytest.mark.parametrize(
    "other",
    [
        small(0.3, (30, 0, 0)),  # larger than a helper
        small(0.2, (8, 0, 0)),  # a part one can see
        small(0.01, (1, 0, 0)),  # close by
        (
            np.array([[0.5, 0, 0], [40, 0, 0], [40, 0.001, 0], [0.5, 0.001, 0]]),
            [[0, 1, 2], [0, 2, 3]],
        ),  # joined on
    ],
)
def test_what_can_be_seen_or_belongs_is_kept(other):
    _, faces = unit_triangles(*joined((VERTICES, FACES), other))
    assert len(faces) == len(FACES) + len(other[1])


def test_a_row_of_parts_is_no_row_of_specks():
    row = [small(0.1, (at, 0, 0)) for at in range(1500)]
    assert len(unit_triangles(*joined(*row))[1]) == 1500 * len(FACES)


@pytest.mark.parametrize(
    "corners",
    [
        [(1e3, 0, 0)] * 3,
        [(0, 0, 0), (0, 0, 0), (1e3, 0, 0)],
        [(0, 0, 0), (500, 1, 2), (1000, 2, 4)],
        [(1e30, 1e30, 1e30)] * 3,
        [(0, 0, 0), (1, 0, 0), (1e30, 1e30, 0)],
        [(1.7e308, 0, 0), (-1.7e308, 0, 0), (0, 0, 0)],
    ],
)
def test_a_face_without_area_does_not_shrink_the_shape(corners):
    assert same(unit_triangles(*joined((VERTICES, FACES), (np.array(corners), [[0, 1, 2]]))), ALONE)


def test_large_coordinates_cost_no_precision():
    there = np.array([500_000.0, 5_400_000.0, 120.0])
    points, _ = unit_triangles(VERTICES * 0.5 + there, FACES)
    np.testing.assert_allclose(points, ALONE[0], atol=1e-6)


def test_faces_in_one_place_become_one():
    turned = FACES[:, [1, 2, 0]]
    copies = VERTICES[FACES].reshape(-1, 3), np.arange(36).reshape(-1, 3)[:, ::-1]
    points, faces = unit_triangles(*joined((VERTICES, np.concatenate([FACES, turned])), copies))
    assert len(faces) == len(FACES)
    assert points[faces].shape == (12, 3, 3)


@given(st.integers(0, 2**32 - 1))
def test_only_repeated_faces_are_dropped(seed):
    rng = np.random.default_rng(seed)
    vertices = rng.normal(size=(30, 3))
    faces = rng.integers(0, 30, (200, 3))
    kept = unit_triangles(vertices, faces)[1]
    whole = {tuple(sorted(face)) for face in faces.tolist() if len(set(face)) == 3}
    assert len(kept) == len(whole)


@pytest.mark.parametrize(
    "corners",
    [[(0, 0, 0), (1, 1, 1), (2, 2, 2)], [(5, 5, 5)] * 3, [(0, 0, 0), (1, 0, 0), (0, 0, 0)]],
)
def test_no_area_is_refused(corners):
    with pytest.raises(UnreadableFile, match="has no area"):
        unit_triangles(np.array(corners, float), np.array([[0, 1, 2]]))


def read(folder, vertices, faces):
    lines = [f"v {x} {y} {z}" for x, y, z in vertices]
    lines += ["f " + " ".join(str(at + 1) for at in face) for face in faces]
    (folder / "a.obj").write_text("\n".join(lines))
    settings = ReaderSettings(reader="mesh", size=48, views=6, line_views=6)
    return open_reader(settings)(folder / "a.obj", None).views


def test_a_flat_shape_has_no_blank_view_from_any_camera(tmp_path):
    from opensearch.domains.shapes.cameras import cameras

    for camera in cameras(6):
        right, up = camera[0], camera[2]  # the plane in which that camera lies
        square = np.array([right + up, right - up, -right - up, -right + up])
        views = read(tmp_path, square, [(0, 1, 2, 3)])
        assert (views < 255).any(axis=(1, 2, 3)).all()


def test_a_shape_too_thin_to_be_seen_is_refused(tmp_path):
    thread = np.array([[0, 0, 0], [1, 0, 0], [1, 3e-6, 0]])
    with pytest.raises(UnreadableFile, match="too thin to be seen"):
        read(tmp_path, thread, [(0, 1, 2)])


@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.booleans())
def test_what_is_framed_says_where_it_was(scale, place, speck):
    own = VERTICES * scale + place
    parts = [(own, FACES)]
    if speck:
        parts.append((VERTICES * scale * 0.005 + place + 20 * scale, FACES))
    framed = framed_triangles(*joined(*parts))
    back = framed.vertices * framed.radius + framed.middle
    assert back.shape == own.shape
    np.testing.assert_allclose(back, own, atol=scale * 1e-6 + abs(place) * 1e-9)
