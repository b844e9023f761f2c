"""A model takes bytes, file objects, pictures, arrays and meshes as it takes files."""

import io
import json
import os
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from spoiling import spoil

from opensearch.domains.opening.contents import suffix_of
from opensearch.encoders.bundle import Bundle
from opensearch.engine import input_checks
from opensearch.engine.input_checks import one_input
from opensearch.errors import InvalidInput, OpenSearchError, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.model import Content, Mesh, Model
from opensearch.processes.pool import POOL

GOLDEN = Path(__file__).parents[1] / "golden" / "model"
TETRAHEDRON = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]]),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)
OFF = "OFF\n4 4 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 2 1\n3 0 1 3\n3 0 3 2\n3 1 2 3\n"
OBJ = "# a comment\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">'
    '<path d="M1 1L8 8" stroke="black"/></svg>'
)
STROKES = '{"drawing": [[[0, 9], [0, 9]]]}\n{"drawing": [[[0, 9], [9, 0]]]}\n'


@pytest.fixture(scope="module")
def model():
    return Model(Bundle.open(GOLDEN))


@pytest.fixture
def own_temporary_folder(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def picture():
    return np.random.default_rng(3).integers(0, 256, (30, 40, 3), np.uint8)


def views(model, value, domain=None):
    return model.embed_one(one_input("it", value), domain)[0].reading.views


def test_all_forms_of_a_picture_give_the_views_of_its_file(model, tmp_path):
    file = tmp_path / "noise.png"
    Image.fromarray(picture()).save(file)
    wanted = views(model, file, "photo")
    with Image.open(file) as opened, file.open("rb") as stream:
        forms = {
            "text": str(file),
            "bytes": file.read_bytes(),
            "bytearray": bytearray(file.read_bytes()),
            "memoryview": memoryview(file.read_bytes()),
            "stream": stream,
            "buffer": io.BytesIO(file.read_bytes()),
            "named": Content(file.read_bytes(), "noise.png"),
            "array": picture(),
            "pillow": opened,
        }
        for name, form in forms.items():
            assert np.array_equal(views(model, form, "photo"), wanted), name


def test_a_picture_of_pillow_keeps_its_turn_and_its_transparency(model, tmp_path):
    image = Image.fromarray(picture())
    image.putalpha(Image.fromarray(np.tile(np.arange(0, 240, 6, dtype=np.uint8), (30, 1))))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    with Image.open(tmp_path / "turned.png") as opened:
        found = views(model, opened, "photo")
    assert np.array_equal(found, views(model, tmp_path / "turned.png", "photo"))
    assert not np.array_equal(found, views(model, image, "photo"))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV"])
def test_pictures_of_pillow_of_any_mode_are_read(model, mode):
    image = Image.fromarray(picture()).convert("RGB").convert(mode)
    assert views(model, image, "photo").shape[0] == 1


def test_all_forms_of_a_mesh_give_the_same_views(model, tmp_path):
    (tmp_path / "a.off").write_text(OFF)
    wanted = views(model, tmp_path / "a.off")
    other = SimpleNamespace(vertices=TETRAHEDRON.vertices.tolist(), faces=TETRAHEDRON.faces)
    for form in (TETRAHEDRON, other, OFF.encode(), OBJ.encode(), Content(OBJ.encode(), "x.obj")):
        assert np.array_equal(views(model, form), wanted)


def test_a_mesh_stands_on_the_axis_that_is_said(model):
    mesh = one_input("it", Mesh(TETRAHEDRON.vertices * [1, 2, 5], TETRAHEDRON.faces))
    lying, upright = (model.embed_one(mesh, "shape", up)[0].reading for up in ("y", "z"))
    assert (lying.up, upright.up) == ("y", "z")
    assert not np.array_equal(lying.views, upright.views)


def test_strokes_are_drawn_and_a_part_is_found_by_its_number(model):
    first, second = (views(model, Content(STROKES.encode(), f"s.ndjson#{n}")) for n in (1, 2))
    assert not np.array_equal(first, second)
    assert np.array_equal(views(model, STROKES.encode()), first)
    assert model.embed_one(one_input("it", SVG.encode()))[0].domain == "sketch"


@pytest.mark.parametrize(
    ("data", "suffix"),
    [
        (b"glTF\2\0\0\0", ".glb"),
        (b"ply\nformat", ".ply"),
        (b"solid box", ".stl"),
        (bytes(80) + b"\2\0\0\0" + bytes(100), ".stl"),
        (OFF.encode(), ".off"),
        *((front + OFF.encode(), ".off") for front in (b"ST", b"NC", b"STCN", b"4", b"n")),
        (OBJ.encode(), ".obj"),
        (b"\xef\xbb\xbf" + OBJ.encode(), ".obj"),
        (b'{"scenes": [], "asset": {"version": "2.0"}}', ".gltf"),
        (STROKES.encode(), ".ndjson"),
        (b"<?xml version='1.0'?>" + SVG.encode(), ".svg"),
        (b"PK\3\4" + bytes(26) + b"3D/3dmodel.model", ".3mf"),
        (b"PK\3\4" + bytes(26) + b"a.usdc", ".usdz"),
        (b"\x89PNG\r\n", ".png"),
        (b"\xff\xd8\xff", ".png"),
        (b"", ".png"),
    ],
)
def test_bytes_say_their_format(data, suffix):
    assert suffix_of(data) == suffix


def test_nothing_is_left_of_an_input_whether_it_is_read_or_not(model, own_temporary_folder):
    views(model, picture())
    with pytest.raises(UnreadableFile, match=r"holds no picture"):
        views(model, b"not a picture at all")
    assert list(own_temporary_folder.iterdir()) == []


def test_an_input_lies_alone_in_a_folder_of_its_own(model, own_temporary_folder, monkeypatch):
    seen = []
    before = Path.write_bytes

    def watch(path, data):
        seen.append((path, list(path.parent.iterdir()), path.parent.stat().st_mode & 0o777))
        return before(path, data)

    monkeypatch.setattr(Path, "write_bytes", watch)
    views(model, Content(OBJ.encode(), "../../etc/a\0b.obj"))
    ((path, beside, mode),) = seen
    assert path.parent.parent == own_temporary_folder
    assert (path.name, beside, mode) == ("a_b.obj", [], 0o700)


@pytest.mark.parametrize("place", ["beside.bin", "{}/beside.bin", "../beside.bin"])
def test_an_input_finds_no_file_that_it_names(model, tmp_path, monkeypatch, place):
    (tmp_path / "beside.bin").write_bytes(bytes(36))
    monkeypatch.chdir(tmp_path)
    part = {"bufferView": 0, "componentType": 5126, "count": 3, "type": "VEC3"}
    scene = {
        "asset": {"version": "2.0"},
        "buffers": [{"uri": place.format(tmp_path), "byteLength": 36}],
        "bufferViews": [{"buffer": 0, "byteLength": 36}],
        "accessors": [part],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}}]}],
        "nodes": [{"mesh": 0}],
        "scenes": [{"nodes": [0]}],
    }
    with pytest.raises(UnreadableFile, match=r"beside\.bin"):
        views(model, json.dumps(scene).encode())


@pytest.mark.parametrize("name", ["..", "....", "é" * 300 + ".obj", "\udce9.obj", ".obj"])
def test_any_name_is_taken(model, name):
    assert len(views(model, Content(OBJ.encode(), name))) > 1


def test_limits_hold_for_what_is_no_file(monkeypatch):
    small = Model(Bundle.open(GOLDEN), Limits(bytes=1000, pixels=500, faces=3))
    cases = {
        "array": (picture(), "the picture has 1,200 pixels, over the limit of 500"),
        "pillow": (Image.fromarray(picture()), "the picture has 1,200 pixels"),
        "mesh": (TETRAHEDRON, "the mesh has 4 faces, over the limit of 3"),
        "bytes": (bytes(1001), "holds 1,001 bytes, over the limit of 1,000"),
        "off": (OFF.encode(), "has 4 faces, over the limit of 3"),
    }
    for value, said in cases.values():
        with pytest.raises(OverLimit, match=said):
            views(small, value, None)
    monkeypatch.setattr(input_checks, "READ", 1000)
    with pytest.raises(OverLimit, match="it holds over 1,000 bytes, the limit"):
        one_input("it", io.BytesIO(bytes(2000)))


def test_a_file_that_was_read_before_says_so():
    stream = io.BytesIO(b"something")
    stream.read()
    with pytest.raises(InvalidInput, match=r"it is a file at its end; if .* before, seek\(0\)"):
        one_input("it", stream)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("while True: pass", r"'bad.png' took over 1 s, the limit"),
        ("bytearray(2**33)", r"'bad.png' needs over 0.5 GiB of memory, the limit"),
        ("import ctypes; ctypes.string_at(0)", "its reader ended with SIGSEGV"),
    ],
)
def test_bytes_are_read_in_a_process_that_their_limits_end(
    own_temporary_folder, tmp_path, monkeypatch, code, said
):
    POOL.end()
    monkeypatch.setenv("PYTHONPATH", spoil(tmp_path / "spoiled"))  # pictures are run as code
    limits = Limits(seconds=1 if "took" in said else 60, memory=2**29)
    try:
        with pytest.raises(UnreadableFile, match=said):
            views(Model(Bundle.open(GOLDEN), limits), Content(code.encode(), "bad.png"), "photo")
    finally:
        POOL.end()
    assert list(own_temporary_folder.iterdir()) == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "it must be a path, bytes, a file object, a picture, an array or a mesh"),
        (picture().astype(float), r"array of uint8 of shape \(h, w, 3\) or \(h, w\)"),
        (picture() / 255, r"becomes one by `\(array \* 255\).round\(\).astype\('uint8'\)`$"),
        (picture().transpose(2, 0, 1), r"becomes one by `array.transpose\(1, 2, 0\)`$"),
        (picture()[None], r"becomes one by `array\[0\]`$"),
        (picture()[..., :1], r"becomes one by `array\[..., 0\]`$"),
        (picture()[..., [0, 1, 2, 2]], r"becomes one by `PIL.Image.fromarray\(array\)`$"),
        (picture()[..., 0] > 9, r"becomes one by `array \* numpy.uint8\(255\)`$"),
        (picture()[..., :2], r"becomes one by `PIL.Image.fromarray\(array\)`$"),
        (np.zeros(5, np.uint8), r"array of uint8"),
        (np.zeros((0, 4), np.uint8), "no pixels"),
        (io.StringIO("text"), "a file opened for bytes"),
        (Content("text", "a.svg"), "the data of it must be bytes"),
        (Content(b"", "a.svg"), "is empty"),
        (Mesh(np.zeros((3, 2)), np.zeros((1, 3), int)), r"vertices of it must be .*\(n, 3\)"),
        (Mesh(np.zeros((3, 3)), np.zeros((1, 3))), r"faces of it must be whole .*\(m, 3\)"),
        (Mesh(np.zeros((3, 3)), np.array([[0, 1, 3]])), "must name vertices from 0 to 2"),
        (Mesh(np.full((3, 3), np.nan), np.array([[0, 1, 2]])), "mesh.ply"),
        (Mesh(np.zeros((3, 3)), np.zeros((0, 3), int)), "mesh.ply"),
        (Path("no such file.png"), "nothing has this name$"),
        (Path("guitar"), "nothing has this name; to search for words, use `text`$"),
        (Path("."), "is a folder; give a file in it, or several$"),
    ],
)
def test_what_cannot_be_read_is_refused_in_our_words(model, value, said):
    with pytest.raises(OpenSearchError, match=said):
        views(model, value)


@pytest.mark.parametrize(
    ("mode", "made"),
    [
        ("F", lambda grey: Image.fromarray((grey / 255).astype(np.float32))),
        ("F", lambda grey: Image.fromarray(grey.astype(np.float32) * 128)),
        ("I", lambda grey: Image.fromarray(grey.astype(np.int32) * 2**16)),
        ("I;16", lambda grey: Image.fromarray(grey.astype(np.uint16) * 257)),
        ("La", lambda grey: Image.fromarray(grey).convert("LA").convert("La")),
    ],
)
def test_pictures_of_pillow_in_modes_that_png_has_not(model, mode, made):
    grey = picture()[..., 0]
    grey[0, :2] = 0, 255
    assert made(grey).mode == mode
    found, wanted = views(model, made(grey), "photo"), views(model, grey, "photo")
    assert np.abs(found.astype(int) - wanted).mean() < 2


def test_a_scene_is_its_meshes_where_they_stand(model):
    scene = SimpleNamespace(to_mesh=lambda: TETRAHEDRON)
    assert np.array_equal(views(model, scene), views(model, TETRAHEDRON))
    for odd in (lambda: Image.new("L", (1, 1)), lambda: 1 / 0):
        with pytest.raises(InvalidInput, match="it is a scene that cannot be made into one mesh: "):
            views(model, SimpleNamespace(to_mesh=odd))


def test_a_closed_file_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    with (tmp_path / "a").open("rb") as file:
        pass
    with pytest.raises(InvalidInput, match=r"it cannot be read: .*closed"):
        one_input("it", file)


def test_a_file_object_is_read_from_where_it_stands(model):
    stream = io.BytesIO(b"head" + SVG.encode())
    stream.seek(4)
    found = one_input("it", stream)
    assert found.data == SVG.encode()
    assert os.fspath(found.name) == ""
