import numpy as np
import pytest
import trimesh

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.shapes.cameras import ELEVATION, cameras, portrait_camera


def views_of(path, mesh, views=6, line_views=0, size=64):
    mesh.export(path)
    settings = ReaderSettings(reader="mesh", size=size, views=views, line_views=line_views)
    return open_reader(settings)(path, None).views


@pytest.fixture
def odd():
    """A shape without symmetry: a long box with a ball at one end."""
    ball = trimesh.creation.icosphere(subdivisions=3, radius=0.8)
    ball.apply_translation((1.5, 0.6, 0))
    return trimesh.util.concatenate([trimesh.creation.box((4, 1, 0.5)), ball])


def changed(mesh, scale=1.0, shift=(0, 0, 0)):
    return trimesh.Trimesh(mesh.vertices * scale + shift, mesh.faces, process=False)


def test_cameras_are_rotations_and_a_longer_list_starts_with_the_shorter():
    all_of_them = cameras(24)
    for camera in all_of_them:
        np.testing.assert_allclose(camera @ camera.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(camera) == pytest.approx(1)
    assert (cameras(6) == all_of_them[:6]).all()
    assert cameras(0).shape == (0, 3, 3)


def test_any_three_cameras_in_a_row_hold_an_upright_one_for_every_axis():
    for first in range(22):
        # The shape's up-axis shows upright when its picture has no part to the right.
        rights = cameras(24)[first : first + 3, 0]
        ups = cameras(24)[first : first + 3, 1]
        for axis in range(3):
            upright = (np.abs(rights[:, axis]) < 1e-9) & (ups[:, axis] > 0.9)
            assert upright.any()


def test_cameras_look_down_a_little_and_from_well_apart():
    away = cameras(24)[:, 2]
    high = np.rad2deg(np.arcsin(away.max(axis=1, where=np.eye(3, dtype=bool)[[1, 2, 0] * 8],
                                         initial=-1)))  # fmt: skip
    np.testing.assert_allclose(high, ELEVATION)
    between = np.abs(away[:6] @ away[:6].T)
    np.fill_diagonal(between, 0)
    assert np.rad2deg(np.arccos(between.max())) > 40


@pytest.mark.parametrize(
    ("up", "top", "front"),
    [("y", (0, 1, 0), (0, 0, 1)), ("z", (0, 0, 1), (0, -1, 0)), ("unknown", (0, 1, 0), (0, 0, 1))],
)
def test_people_see_a_shape_from_above_the_front_with_a_side_in_view(up, top, front):
    right, above, toward = portrait_camera(up)
    elevation = np.rad2deg(np.arcsin(toward @ top))
    assert 20 <= elevation <= 30
    assert abs(right @ top) < 1e-9
    assert above @ top > 0.8
    turn = np.rad2deg(np.arctan2(toward @ np.cross(top, front), toward @ front))
    assert 25 <= turn <= 45
    np.testing.assert_allclose(portrait_camera(up) @ portrait_camera(up).T, np.eye(3), atol=1e-12)


def test_a_portrait_is_no_view_and_shows_the_front(tmp_path):
    """A mast on the front left corner of a box rises left of the middle."""
    box = trimesh.creation.box((1, 1, 1))
    mast = trimesh.creation.box((0.1, 1.5, 0.1))
    mast.apply_translation((-0.45, 1.0, 0.45))  # at the front, on the left, y up
    trimesh.util.concatenate([box, mast]).export(tmp_path / "a.glb")
    settings = ReaderSettings(reader="mesh", size=64, views=3)
    reading = open_reader(settings)(tmp_path / "a.glb", None)
    assert reading.views.shape == (3, 64, 64, 3)
    ink = reading.portrait[..., 0] < 250
    assert ink.shape[0] == ink.shape[1] > 96
    top = ink[np.flatnonzero(ink.any(axis=1))[0]]
    columns = np.flatnonzero(ink.any(axis=0))
    assert np.flatnonzero(top).mean() < columns.mean()


def test_turned_over_and_doubled_faces_give_the_same_picture(tmp_path, odd):
    as_it_is = views_of(tmp_path / "a.ply", odd, line_views=2)
    flipped = trimesh.Trimesh(odd.vertices, odd.faces[:, ::-1], process=False)
    both = np.vstack([odd.faces, odd.faces[:, ::-1]])
    doubled = trimesh.Trimesh(odd.vertices, both, process=False)
    for other in (flipped, doubled):
        views = views_of(tmp_path / "b.ply", other, line_views=2)
        assert np.abs(views.astype(int) - as_it_is).mean() < 0.2
    assert as_it_is[:6].min() > 30


def test_place_and_size_do_not_matter(tmp_path, odd):
    reference = views_of(tmp_path / "a.ply", odd).astype(int)
    moved = views_of(tmp_path / "b.ply", changed(odd, 250, (1000, -2000, 30)))
    assert np.abs(moved - reference).mean() < 0.5


def test_a_far_vertex_that_no_face_uses_has_no_effect(tmp_path, odd):
    reference = views_of(tmp_path / "a.ply", odd)
    stray = trimesh.Trimesh(np.vstack([odd.vertices, [[1e4, 1e4, 1e4]]]), odd.faces, process=False)
    assert (views_of(tmp_path / "b.ply", stray) == reference).all()


def test_a_shape_fills_its_views_and_stays_inside(tmp_path, odd):
    for view in views_of(tmp_path / "a.ply", odd):
        rows, columns = np.nonzero(view[..., 0] < 250)
        extent = max(np.ptp(rows), np.ptp(columns)) + 1
        assert 0.7 * 64 < extent < 0.95 * 64
        assert (view[[0, -1]] == 255).all()
        assert (view[:, [0, -1]] == 255).all()


def test_the_sides_of_a_box_come_out_in_different_greys(tmp_path):
    for view in views_of(tmp_path / "a.ply", trimesh.creation.box()):
        greys, counts = np.unique(view[view < 250], return_counts=True)
        main = np.sort(greys[np.argsort(counts)[-3:]].astype(int))
        assert np.diff(main).min() > 15


def line_pixels(views):
    return [(view[..., 0] < 128).mean() for view in views]


def test_line_views_follow_the_shaded_ones(tmp_path, odd):
    views = views_of(tmp_path / "a.ply", odd, views=2, line_views=3)
    assert len(views) == 5
    assert (views_of(tmp_path / "a.ply", odd, views=2) == views[:2]).all()
    assert (views_of(tmp_path / "a.ply", odd, views=0, line_views=3) == views[2:]).all()


def test_lines_are_the_silhouette_and_the_creases_only(tmp_path):
    ball = views_of(tmp_path / "a.ply", trimesh.creation.icosphere(4), 0, 1, size=128)[0]
    rows, columns = np.nonzero(ball[..., 0] < 128)
    radius = np.hypot(rows - 63.5, columns - 63.5)
    assert np.ptp(radius) < 5  # one ring, nothing inside it
    cube = views_of(tmp_path / "b.ply", trimesh.creation.box(), 0, 1, size=128)[0]
    middle = cube[54:74, 54:74, 0]
    assert line_pixels([cube])[0] > 1.2 * line_pixels([ball])[0]
    assert middle.min() < 128 or cube[40:90, 40:90].min() < 128


def test_an_open_mesh_is_lit_inside_and_out(tmp_path):
    bowl = trimesh.creation.icosphere(4)
    half = trimesh.Trimesh(
        bowl.vertices, bowl.faces[bowl.triangles_center[:, 2] < 0], process=False
    )
    for view in views_of(tmp_path / "a.ply", half):
        covered = view[..., 0] < 250
        assert covered.mean() > 0.2
        assert view[covered].min() > 30
