"""What every registered format of meshes keeps, shown for one that the test adds as well."""

import cad_files
import numpy as np
import pytest
import trimesh

from opensearch.cli.epilogs import shapes
from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.files import wrong_suffix
from opensearch.domains.mesh import load_triangles
from opensearch.domains.meshes import FORMATS, MeshFormat, suffixes
from opensearch.domains.meshes.triangles import Triangles
from opensearch.domains.opening.contents import suffix_of
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.shapes.upright import upright_axis
from opensearch.domains.unread import CONVERT
from opensearch.engine import Engine
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

BOX = trimesh.creation.box((1, 2, 3))


def load_tri(data, neighbours, limits):
    """A made-up format: nine numbers a line, the corners of a triangle."""
    rows = [[float(word) for word in line.split()] for line in data.decode().splitlines()]
    if len(rows) > limits.faces:
        raise OverLimit(f"has over {limits.faces:,} faces, the limit")
    corners = np.array(rows, np.float64).reshape(-1, 3)
    if not len(corners):
        raise UnreadableFile("has no faces")
    return Triangles(corners, np.arange(len(corners)).reshape(-1, 3))


TRI = MeshFormat(load_tri, "z")


def write_tri(path):
    corners = BOX.vertices[BOX.faces].reshape(-1, 9)
    path.write_text("\n".join(" ".join(map(str, row)) for row in corners))


def write_gltf(path):
    for name, data in BOX.scene().export(file_type="gltf").items():
        (path if name == "model.gltf" else path.with_name(name)).write_bytes(data)


OTHERS = {
    ".tri": write_tri,
    ".gltf": write_gltf,
    **dict.fromkeys((".step", ".stp"), cad_files.step_box),
    **dict.fromkeys((".iges", ".igs"), cad_files.iges_sheet),
    ".3ds": cad_files.tds_box,
    ".dae": cad_files.dae_box,
    ".fbx": cad_files.fbx_box,
    **dict.fromkeys((".usd", ".usda", ".usdc", ".usdz"), cad_files.usda_box),
}
"""Who writes a box, or a sheet of IGES, in formats that trimesh does not write into one file."""
SIDES = {".igs": (0, 1, 2), ".iges": (0, 1, 2)}
"""Sides of what is written, up to its scale, in order of length; a box's is 1, 2, 3."""


@pytest.fixture(params=[*FORMATS, ".tri"])
def suffix(request, monkeypatch):
    if request.param == ".tri":
        monkeypatch.setitem(FORMATS, ".tri", TRI)
    return request.param


@pytest.fixture
def sample(suffix, tmp_path):
    path = tmp_path / f"sample{suffix}"
    writer = OTHERS.get(suffix)
    if writer is None:
        BOX.export(path, file_type={".vrm": "glb"}.get(suffix, suffix[1:]))
    elif writer in (write_tri, write_gltf):
        writer(path)
    else:
        path.write_bytes(writer())
    return path


def test_a_file_is_its_triangles(suffix, sample):
    vertices, faces = load_triangles(sample, Limits())
    assert (vertices.dtype, faces.dtype) == (np.float64, np.int64)
    assert (vertices.shape[1:], faces.shape[1:]) == ((3,), (3,))
    assert 0 <= faces.min() <= faces.max() < len(vertices)
    sides = np.sort(np.ptp(vertices[np.unique(faces)], axis=0))
    wanted = np.array(SIDES.get(suffix, (1, 2, 3)))
    np.testing.assert_allclose(sides * 3 / sides[2], wanted * 3 / wanted[2], atol=1e-3)
    again = load_triangles(sample, Limits())
    np.testing.assert_array_equal(again.vertices, vertices)
    np.testing.assert_array_equal(again.faces, faces)


def test_more_faces_than_the_limit_are_refused(suffix, sample):
    with pytest.raises(OverLimit, match=r"faces"):
        load_triangles(sample, Limits(faces=1))


@pytest.mark.parametrize("damage", ["third", "text", "zeros", "noise"])
def test_damage_is_unreadable_and_nothing_else(suffix, sample, damage):
    noise = np.random.default_rng(0).integers(0, 256, 400, np.uint8).tobytes()
    whole = sample.read_bytes()
    content = {"third": whole[: len(whole) // 3], "text": b"no mesh", "zeros": b"\0" * 64}
    sample.write_bytes(content.get(damage, noise))
    read = open_reader(ReaderSettings(reader="mesh", size=32, views=1))
    with pytest.raises(UnreadableFile, match=rf"'sample\{suffix}'") as caught:
        read(sample)
    assert "\n" not in str(caught.value)


def test_it_is_a_shape_by_its_suffix_and_stands_as_its_format_says(suffix, sample):
    assert suffix in suffixes()
    assert suffix == suffix.lower()
    guess = guess_domain(sample)
    assert (guess.domain, guess.sure) == ("shape", True)
    reading = open_reader(ReaderSettings(reader="mesh", size=32, views=1))(sample)
    assert reading.up == upright_axis(sample, None) == (FORMATS[suffix].up or "unknown")
    assert (reading.views < 255).any()


def test_bytes_that_say_their_format_need_no_name(suffix, sample):
    if FORMATS[suffix].signs:
        told = suffix_of(sample.read_bytes())
        assert FORMATS[told].load is FORMATS[suffix].load


def test_help_names_it_and_nothing_says_to_convert_it(suffix, sample):
    assert f" {suffix[1:]}" in shapes()
    assert suffix not in CONVERT


def test_a_format_whose_extra_is_missing_says_what_to_install(suffix, sample, monkeypatch):
    extra = FORMATS[suffix].extra
    if extra is None:
        return
    monkeypatch.setattr("opensearch.domains.meshes._installed", lambda module: False)
    assert suffix not in suffixes()
    assert f"pip install 'opensearch-visual[{extra.name}]'" in wrong_suffix(sample, suffixes())
    (failure,) = find_sources(sample)
    assert failure.reason.endswith("to read it")


def test_an_added_format_indexes_and_queries(monkeypatch, toy_model, tmp_path):
    monkeypatch.setitem(FORMATS, ".tri", TRI)
    monkeypatch.setenv("OPENSEARCH_READERS", "0")  # other processes have not got the line
    folder = tmp_path / "shapes"
    folder.mkdir()
    write_tri(folder / "a.tri")
    BOX.export(folder / "b.ply")
    with Engine.create(tmp_path / "index", toy_model) as engine:
        report = engine.add(folder)
        assert (report.added, report.failed, report.ignored) == (2, 0, 0)
        first, second = engine.search(folder / "a.tri", k=2)
        assert (first.key, first.domain, first.distance) == ("a.tri", "shape", 0)
        assert (second.key, second.domain) == ("b.ply", "shape")
