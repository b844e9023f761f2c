"""Views of a shape whose upright axis is said or stated stand on it; of others they are as ever."""

import json

import numpy as np
import pytest
import trimesh
from hypothesis import given
from hypothesis import strategies as st

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.walk import Ignored
from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.cameras import ELEVATION, cameras
from opensearch.domains.shapes.upright import declared
from opensearch.records import Failure, Source

AXES = {"x": 0, "y": 1, "z": 2}
SETTINGS = ReaderSettings(reader="mesh", size=48, views=4, line_views=2)


def read(path, up=None):
    return open_reader(SETTINGS)(path, None, up)


@pytest.fixture
def lamp():
    """A thin stem on a wide foot, y up, with an arm to one side."""
    parts = [trimesh.creation.box((1.0, 0.1, 1.0)), trimesh.creation.box((0.1, 2.0, 0.1))]
    parts += [trimesh.creation.box((0.6, 0.1, 0.2))]
    for part, shift in zip(parts, [(0, 0, 0), (0, 1, 0), (0.3, 2, 0.1)], strict=True):
        part.apply_translation(shift)
    return trimesh.util.concatenate(parts)


def turned(mesh, times):
    """The same with y brought to z (once) or to x (twice), by a rotation."""
    return trimesh.Trimesh(np.roll(mesh.vertices, times, axis=1), mesh.faces, process=False)


@given(st.sampled_from("xyz"), st.integers(1, 24))
def test_round_a_known_axis_every_camera_is_upright(up, count):
    views = cameras(count, up)
    rights, ups, backs = views[:, 0], views[:, 1], views[:, 2]
    axis = AXES[up]
    assert np.abs(ups).argmax(axis=1).tolist() == [axis] * count
    assert (ups[:, axis] > 0.9).all(), "and not upside down"
    np.testing.assert_allclose(rights[:, axis], 0, atol=1e-12)
    np.testing.assert_allclose(np.rad2deg(np.arcsin(backs[:, axis])), ELEVATION)
    np.testing.assert_allclose(np.linalg.det(views), 1)
    assert (views == cameras(24, up)[:count]).all()


@given(st.sampled_from("xyz"), st.integers(2, 24))
def test_they_stand_well_apart_all_round_it(up, count):
    backs = cameras(count, up)[:, 2]
    across, beyond = (AXES[up] + 1) % 3, (AXES[up] + 2) % 3
    azimuths = np.sort(np.rad2deg(np.arctan2(backs[:, beyond], backs[:, across])) % 360)
    gaps = np.diff(np.r_[azimuths, azimuths[0] + 360])
    assert gaps.max() < 2 * 360 / count
    assert gaps.min() > 0.45 * 360 / count
    sides = np.abs((azimuths + 45) % 90 - 45)
    assert sides.min() > (14 if count <= 6 else 7 if count <= 12 else 1)


def test_cameras_round_an_unknown_axis_are_those_they_always_were():
    lift = np.deg2rad(20.0)
    first = {1: (2, 0, 65.0), 2: (0, 1, 150.0), 0: (1, 2, 25.0)}
    for at, (axis, (across, beyond, azimuth)) in enumerate(first.items()):
        turn = np.deg2rad(azimuth)
        back = np.zeros(3)
        back[[axis, across, beyond]] = (
            np.sin(lift),
            np.cos(lift) * np.cos(turn),
            np.cos(lift) * np.sin(turn),
        )
        np.testing.assert_allclose(cameras(24)[at, 2], back, atol=1e-15)
    assert (cameras(24) == cameras(24, "unknown")).all()


def test_a_format_without_an_axis_has_the_views_it_always_had(tmp_path, lamp):
    lamp.export(tmp_path / "a.ply")
    lamp.export(tmp_path / "a.glb")
    plain = read(tmp_path / "a.ply")
    assert plain.up == "unknown"
    assert (plain.views == read(tmp_path / "a.ply", "unknown").views).all()
    assert (plain.views == read(tmp_path / "a.glb", "unknown").views).all()


@pytest.mark.parametrize(("suffix", "axis"), [(".glb", "y"), (".3mf", "z"), (".stl", "unknown")])
def test_a_format_is_believed_unless_something_else_is_said(tmp_path, lamp, suffix, axis):
    lamp.export(tmp_path / f"a{suffix}")
    lamp.export(tmp_path / "a.ply")
    told = read(tmp_path / f"a{suffix}")
    assert told.up == axis
    assert (told.views == read(tmp_path / "a.ply", axis).views).all()
    said = read(tmp_path / f"a{suffix}", "x")
    assert said.up == "x"
    assert (said.views == read(tmp_path / "a.ply", "x").views).all()


@pytest.mark.parametrize(("times", "axis"), [(1, "z"), (2, "x")])
def test_a_turned_shape_whose_axis_is_said_has_the_same_views(tmp_path, lamp, times, axis):
    lamp.export(tmp_path / "a.ply")
    turned(lamp, times).export(tmp_path / "b.ply")
    as_it_was, now = read(tmp_path / "a.ply", "y"), read(tmp_path / "b.ply", axis)
    assert np.abs(as_it_was.views.astype(int) - now.views).mean() < 0.2
    wrong = read(tmp_path / "b.ply", "y")
    assert np.abs(as_it_was.views.astype(int) - wrong.views).mean() > 5


def test_every_view_of_a_known_axis_shows_the_shape_upright(tmp_path, lamp):
    lamp.export(tmp_path / "a.glb")
    for view in read(tmp_path / "a.glb").views[:4]:
        rows, columns = np.nonzero(view[..., 0] < 250)
        assert np.ptp(rows) > 1.2 * np.ptp(columns), "taller than wide"


def test_a_picture_or_drawing_has_no_axis(tmp_path):
    from PIL import Image

    Image.new("RGB", (40, 30), "red").save(tmp_path / "a.png")
    read = open_reader(ReaderSettings(reader="image", size=32))
    one, other = read(tmp_path / "a.png", None), read(tmp_path / "a.png", None, "z")
    assert one.up is other.up is None
    assert (one.views == other.views).all()


def test_the_axis_reaches_the_process_that_reads(tmp_path, lamp, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_READERS", "1")
    lamp.export(tmp_path / "a.glb")
    with Readers({"shape": SETTINGS}) as readers:
        for up in (None, "z", "unknown"):
            apart = readers.open(tmp_path / "a.glb", up=up).reading
            assert apart.up == (up or "y")
            assert (apart.views == read(tmp_path / "a.glb", up).views).all()


def manifest(folder, *rows):
    text = "\n".join(json.dumps(row) for row in rows)
    (folder / "manifest.jsonl").write_text(text)
    return [item for item in find_sources(folder) if not isinstance(item, Ignored)]


def test_a_manifest_declares_the_axis_of_meshes(tmp_path):
    rows = [
        {"path": "a.obj", "up": " Z "},
        {"path": "b.glb", "up": "unknown"},
        {"path": "c.stl"},
        {"path": "d.png", "up": "17 votes"},
        {"path": "e.stl", "up": None},
    ]
    found = manifest(tmp_path, *rows)
    ups = [declared(source.metadata) for source in found]
    assert ups == ["z", "unknown", None, None, None]
    assert found[0].metadata == {"up": "z"}
    assert found[3].metadata == {"up": "17 votes"}


@pytest.mark.parametrize("up", ["w", "-y", "", 2, True])
def test_an_unknown_axis_in_a_manifest_is_refused_by_name(tmp_path, up):
    (failure,) = manifest(tmp_path, {"path": "a.obj", "up": up})
    assert isinstance(failure, Failure)
    assert failure.reason == f"has up {up!r}, but the axis of a mesh must be x, y, z or unknown"


def test_a_table_declares_it_too_and_what_is_said_wins(tmp_path):
    (tmp_path / "split.csv").write_text("path;Up\na.stl;Z\nb.stl;\n")
    sources = [item for item in find_sources(tmp_path) if isinstance(item, Source)]
    assert [declared(source.metadata) for source in sources] == ["z", None]
    sources = [item for item in find_sources(tmp_path, up="x") if isinstance(item, Source)]
    assert [source.metadata for source in sources] == [{"up": "x"}, {"up": "x"}]
