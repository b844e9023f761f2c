"""Surfaces of grids: closed, facing outward, of the size asked for, in every format."""

import io
import sys

import numpy as np
import pytest
import trimesh

from opensearch.domains.mesh import load_triangles
from opensearch.errors import InvalidInput, MissingExtra, OpenSearchError
from opensearch.limits import Limits
from opensearch.model import Mesh
from opensearch.reconstruction import surfaces
from opensearch.reconstruction.surfaces import (
    SUFFIXES,
    check_out,
    mesh_file,
    sized,
    surface,
    voxel_file,
    write_mesh,
)


def block(*sides):
    grid = np.zeros((32, 32, 32), np.float32)
    grid[tuple(slice(4, 4 + side) for side in sides)] = 1
    return grid


def measured(mesh):
    return trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)


def test_a_ball_becomes_a_closed_surface_of_its_volume_that_faces_outward():
    at = np.indices((32, 32, 32)) - 15.5
    ball = measured(surface((at**2).sum(axis=0) < 100, 0.5))
    assert ball.is_watertight
    assert ball.volume == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)  # negative if inside out


def test_vertices_are_in_voxels_along_the_axes_of_the_grid():
    mesh = surface(block(4, 8, 16), 0.5)
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    assert low == pytest.approx([3.5] * 3, abs=0.1)
    assert high == pytest.approx([7.5, 11.5, 19.5], abs=0.1)


def test_what_touches_the_border_is_closed_there():
    assert measured(surface(np.ones((32, 32, 32)), 0.5)).is_watertight


def test_a_rod_of_one_voxel_is_not_smoothed_away():
    rod = measured(surface(block(1, 1, 24), 0.5))
    assert rod.volume > 0.6 * 24


@pytest.mark.parametrize("level", [0, 1, 1.5])
def test_a_level_that_nothing_crosses_is_refused(level):
    with pytest.raises(InvalidInput, match=f"largest value, 1; got {level:g}: no surface"):
        surface(block(2, 2, 2), level)


def test_a_mesh_fills_its_box_around_the_origin():
    mesh = sized(surface(block(4, 8, 16), 0.5), np.array([1, 2, 0.5]))
    assert mesh.vertices.max(axis=0) == pytest.approx([0.5, 1, 0.25])
    assert mesh.vertices.min(axis=0) == pytest.approx([-0.5, -1, -0.25])


def test_a_flat_mesh_stays_flat():
    flat = Mesh(np.array([[0.0, 0, 3], [1, 0, 3], [0, 1, 3]]), np.array([[0, 1, 2]]))
    assert sized(flat, np.ones(3)).vertices[:, 2].tolist() == [0, 0, 0]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_is_read_back_by_our_own_reader(tmp_path, suffix):
    mesh = surface(block(3, 5, 7), 0.5)
    out = tmp_path / f"Stuhl für Zoë{suffix.upper()}"
    write_mesh(mesh, out)
    vertices, faces = load_triangles(out, Limits())
    assert len(faces) == len(mesh.faces)
    assert np.ptp(vertices, axis=0) == pytest.approx(np.ptp(mesh.vertices, axis=0), abs=1e-4)


def test_a_grid_is_read_back_by_numpy():
    grid = block(1, 2, 3) * 0.25
    assert np.array_equal(np.load(io.BytesIO(voxel_file(grid)), allow_pickle=False), grid)


def test_files_that_cannot_be_written_are_refused_beforehand(tmp_path, monkeypatch):
    (tmp_path / "there.obj").write_text("mine")
    (tmp_path / "folder.obj").mkdir()
    refused = {
        "model.blend": r"cannot tell the format of '.*model.blend' by its ending; known: .obj",
        "model": "by its ending",
        "there.obj": "is there already; name another file, or `overwrite` it",
        "folder.obj": "is a folder; name a file in it",
        "none/model.obj": "there is no folder '.*none' to write to; make it first",
    }
    for name, said in refused.items():
        with pytest.raises(InvalidInput, match=said):
            check_out(tmp_path / name)
    check_out(tmp_path / "there.obj", overwrite=True)
    monkeypatch.setattr(surfaces.os, "access", lambda path, mode: False)
    with pytest.raises(InvalidInput, match="nothing can be written in"):
        check_out(tmp_path / "new.obj")


def test_a_write_that_fails_is_told_and_leaves_what_was_there(tmp_path, monkeypatch):
    (tmp_path / "there.obj").write_text("mine")

    def full(file, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(surfaces, "write_out", full)
    with pytest.raises(
        OpenSearchError, match=r"cannot write .*there.obj': the disk is full"
    ) as told:
        write_mesh(surface(block(2, 2, 2), 0.5), tmp_path / "there.obj", overwrite=True)
    assert told.value.exit_code == 1
    assert (tmp_path / "there.obj").read_text() == "mine"


@pytest.mark.parametrize("package", ["skimage", "trimesh"])
def test_a_missing_package_names_the_extra(monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    said = rf"reconstruction needs {package}, which the extra 'reconstruction' brings"
    with pytest.raises(MissingExtra, match=said):
        surface(block(2, 2, 2), 0.5)
    with pytest.raises(MissingExtra, match=said):
        mesh_file(Mesh(np.eye(3), np.array([[0, 1, 2]])), ".obj")
