"""Solids, figures and the camera they are seen by."""

import numpy as np
import pytest

from tools.drawing import draw
from tools.figures import FIGURES
from tools.raster import aim, cover, looking
from tools.solids import (
    ball,
    box,
    frustum,
    join,
    mirrored,
    roof,
    rounded,
    slab,
    smooth,
    tube,
    turned,
    wheels,
)
from tools.studio import photograph

FRONT = looking(0, 0)


def volume(mesh):
    """Signed volume by the divergence theorem; a surface with a hole or a flipped side differs."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def edges_twice(mesh):
    """Whether each edge is walked once in each direction: closed and evenly wound."""
    pairs = [(f[i], f[(i + 1) % 3]) for f in mesh.faces.tolist() for i in range(3)]
    return len(set(pairs)) == len(pairs) and {(b, a) for a, b in pairs} == set(pairs)


SOLIDS = {
    "box": box(1, 2, 3),
    "frustum": frustum((2, 1), (1, 0.5), 1, shift=0.3),
    "turned": turned((1, 0), (0.5, 2)),
    "ball": ball(1),
    "roof": roof(2, 1, 1),
    "slab": slab(rounded(2, 1, 0.2), 0.5),
    "tube": tube([[0, 0, 0], [1, 0, 0], [2, 0.5, 0]], 0.1),
}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_closed(name):
    solid = SOLIDS[name]
    assert edges_twice(solid)
    assert volume(solid.moved(5, -3, 2)) == pytest.approx(volume(solid))
    assert volume(solid.spun(30, 1).lying(0)) == pytest.approx(volume(solid))


def test_solids_are_of_the_size_asked_for():
    assert abs(volume(box(1, 2, 3))) == pytest.approx(6)
    assert np.ptp(box(1, 2, 3).vertices, axis=0).tolist() == [1, 2, 3]
    assert np.ptp(turned((1, 0), (1, 5)).lying(0).vertices, axis=0)[0] == pytest.approx(5)
    assert abs(volume(join(box(1, 1, 1), box(1, 1, 1).moved(3)))) == pytest.approx(2)
    assert abs(volume(frustum((2, 2), (1, 1), 3))) == pytest.approx(7)  # h/3 (A + a + √Aa)
    assert wheels(2, 1, 0.3).vertices[:, 1].min() == pytest.approx(0, abs=0.02)
    assert np.ptp(wheels(2, 1, 0.3).vertices[:, 2]) == pytest.approx(1, abs=0.05)


def test_a_quarter_turn_takes_each_axis_to_the_next():
    corner = box(2, 0, 0).vertices[:1] * 0 + [1.0, 0, 0]
    x = box(1, 1, 1)._replace(vertices=corner)
    assert np.allclose(x.spun(90, 2).vertices, [[0, 1, 0]])
    assert np.allclose(x.spun(90, 1).vertices, [[0, 0, -1]])


def test_parts_keep_their_colours():
    red, blue = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    one = box(1, 1, 1).painted(red)
    both = join(one, mirrored(ball(1)).painted(blue))
    assert (both.colours[: len(one.faces)] == red).all()
    assert (both.colours[len(one.faces) :] == blue).all()
    assert len(both.colours) == len(both.faces)


def test_a_smooth_profile_goes_through_its_ends_and_stays_between():
    curve = np.array(smooth([(1, 0), (3, 1), (2, 4)]))
    assert curve[0].tolist() == [1, 0]
    assert curve[-1].tolist() == [2, 4]
    assert curve[:, 0].max() <= 3


@pytest.mark.parametrize("category", FIGURES)
def test_a_figure_is_whole_and_no_two_are_alike(category):
    one, other = (FIGURES[category].make(np.random.default_rng(seed)) for seed in (0, 1))
    assert np.isfinite(one.vertices).all()
    assert set(one.faces.ravel()) == set(range(len(one.vertices)))
    assert len(one.colours) == len(one.faces)
    assert one.colours.min() >= 0
    assert one.vertices.shape != other.vertices.shape or not np.allclose(
        one.vertices, other.vertices
    )


def test_a_camera_shows_the_whole_figure_and_finds_its_points_again():
    mesh = FIGURES["chair"].make(np.random.default_rng(2))
    for away in (5.0, np.inf):
        camera = aim(mesh.vertices, looking(30, 20, 10), 0.8, away)
        flat, height = camera.project(mesh.vertices, 100)
        assert np.ptp(flat, axis=0).max() == pytest.approx(80)
        assert flat.mean() == pytest.approx(50, abs=25)
        again = camera.point(flat[:, 0], flat[:, 1], height, 100)
        np.testing.assert_allclose(again, mesh.vertices, atol=1e-9)


def test_the_nearer_face_hides_the_other():
    far, near = box(2, 2, 0.1).moved(z=-1), box(1, 1, 0.1).moved(y=0.5, z=1)
    both = join(far, near)
    camera = aim(both.vertices, FRONT, 0.9)
    shown, height = cover(both.vertices, both.faces, camera, 64)
    assert shown[32, 32] >= len(far.faces)
    assert 0 <= shown[6, 6] < len(far.faces)
    assert shown[0, 0] == -1
    assert height[32, 32] == pytest.approx(1.05)  # the camera looks at the middle, z = 0
    assert height[6, 6] == pytest.approx(-0.95)


def test_heights_are_true_in_perspective():
    """The middle of a board that leans away is nearer the far end in the picture."""
    board = box(1, 2, 0.01).spun(-60, 0)
    camera = aim(board.vertices, FRONT, 0.9, away=2.0)
    shown, height = cover(board.vertices, board.faces, camera, 101)
    rows = np.flatnonzero(shown[:, 50] >= 0)
    y, x = (np.array([float(v)]) for v in (rows[len(rows) // 2] + 0.5, 50.5))
    point = camera.point(x, y, height[rows[len(rows) // 2], 50:51], 101)[0]
    assert abs(point[2] / point[1]) == pytest.approx(np.tan(np.deg2rad(60)), rel=0.02)


@pytest.mark.parametrize("scene", ["room", "field", "street", "air", "wall"])
def test_a_picture_shows_the_thing_in_its_colour(scene):
    red = ball(1).painted((0.9, 0.05, 0.05))
    picture = photograph(red, looking(20, 5), scene, np.random.default_rng(0), 48)
    assert picture.shape == (48, 48, 3)
    redness = picture[..., 0].astype(int) - picture[..., 1]
    assert redness[20:28, 20:28].min() > 40
    assert redness[:2].max() < 40


def test_a_drawing_is_thin_dark_lines_on_white():
    page = draw(box(1, 1, 1), looking(30, 20), np.random.default_rng(0), 96)
    assert page.shape == (96, 96, 3)
    assert (page[0] == 255).all()
    assert page.min() < 70
    assert 0.02 < (page < 128).mean() < 0.2


def test_a_drawing_shows_seams_of_hue_but_not_of_shade():
    def ink(paint):
        plate = box(2, 2, 0.2)
        spot = box(1, 1, 0.001).moved(y=0.5, z=0.1).painted(paint)
        page = draw(join(plate, spot), FRONT, np.random.default_rng(1), 96)
        return (page[30:66, 20:76] < 128).sum()

    assert ink((0.6, 0.2, 0.2)) > 20
    assert ink((0.3, 0.3, 0.3)) == 0


@pytest.mark.parametrize(
    "path", [[[0, 0.7, 0], [0.3, 1.3, 0.1]], [[0, 0, 0], [1, 0, 0], [1, 1, 0]]]
)
def test_a_tube_does_not_turn_with_the_last_digits_of_its_path(path):
    noise = np.random.default_rng(0).uniform(-1e-13, 1e-13, np.shape(path))
    np.testing.assert_allclose(
        tube(path + noise, 0.05).vertices, tube(path, 0.05).vertices, atol=1e-9
    )
