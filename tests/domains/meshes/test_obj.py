import re

import numpy as np
import pytest
from mesh_shapes import TETRAHEDRON_AREA, U_AREA, U, area

from opensearch.domains.meshes import obj
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

CORNERS = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "v 0 0 1"]
FACES = ["f 1 2 3", "f 1 2 4", "f 1 3 4", "f 2 3 4"]
LINES = [*CORNERS, *FACES]


def load(data, **limits):
    return obj.load(data if isinstance(data, bytes) else data.encode(), None, Limits(**limits))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize(
    "written",
    [
        LINES,
        [line.replace(" ", "\t") for line in LINES],
        ["  \t" + line + "  " for line in LINES],
        [line + " # why" for line in LINES],
        [line + "#why" for line in LINES],
        [line.replace("f", "fo") for line in LINES],
        [line + " 1.0" if line[0] == "v" else line for line in LINES],
        [line + " 0.5 0.25 1" if line[0] == "v" else line for line in LINES],
        [line.replace("1", "+1.0E+00") if line[0] == "v" else line for line in LINES],
        [line.replace("1", "1.0D0") if line[0] == "v" else line for line in LINES],
        ["vn 0 0 1", "vt 0 0", *CORNERS, *(re.sub(r"(\d)", r"\1/1/1", f) for f in FACES)],
        [*CORNERS, *(re.sub(r"(\d)", r"\1//1", f) for f in FACES)],
        [*FACES, *CORNERS],
        ["", *CORNERS, "", "f 1 2 \\", "3", *FACES[1:]],
        [*CORNERS[:-1], "v 0 \\", "0 \\", "1", *FACES],
        ["# by C:\\shapes\\", "mtllib C:\\shapes\\", *LINES],
        ["g f 1 2 3 v", "o v 5 5 5", "usemtl f", "s 1", "mg 1", "l 1 2", "p 1", *LINES],
        [*CORNERS, "f 1 2", "f 1", *FACES],
    ],
)
def test_a_tetrahedron_is_read_however_it_is_written(written, end):
    assert area(load(end.join(written))) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_any_encoding_is_read(encoding):
    text = "\n".join(["# Стул ü", *LINES])
    assert area(load(text.encode(encoding))) == pytest.approx(TETRAHEDRON_AREA)
    assert area(load("# Stühle\no Stühl\n".encode("latin-1") + "\n".join(LINES).encode())) > 2


def test_negative_numbers_count_from_their_own_line_also_between_objects():
    first = [*CORNERS[:3], "f -3 -2 -1"]
    moved = ["v 5 0 0", "v 7 0 0", "v 5 2 0", "f -3 5/1 -1/1"]
    mesh = load("\n".join([*first, *moved]))
    assert mesh.faces.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert area(mesh) == 0.5 + 2


def test_a_concave_polygon_is_cut_properly():
    lines = [f"v {x} {y} 0" for x, y in U] + ["f " + " ".join(map(str, range(1, 9)))]
    assert area(load("\n".join(lines))) == pytest.approx(U_AREA)


def test_a_file_of_several_blocks_is_one_mesh(monkeypatch):
    monkeypatch.setattr(obj, "_BLOCK", 7)
    lines = [
        "v 9 9 9",
        *CORNERS[:3],
        "f -3 -2 \\",
        "-1",
        "v 0 0 1",
        "f 2 3 -1",
        "f 2 4 5",
        "f 3 4 5",
    ]
    mesh = load("\n".join(lines))
    assert area(mesh) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["f 0 1 2"], "names vertex 0; OBJ counts vertices from 1"),
        (["f 1 2 5"], "names vertex 5, but it holds only 4"),
        (["f 1 2 -5"], "names vertex -5, but only 4 stand before it"),
        (["f 1 2 x"], "has 'x' for a vertex of a face"),
        (["f 1 2 1.5"], r"has '1\.5' for a vertex of a face"),
        (["f 1 2 /3"], "a corner that names no vertex"),
        (["v 1 2"], "a vertex of 2 coordinates, not 3"),
        (["v 1 2,5 3"], "has '2,5' where a number belongs"),
        ([], "no faces, only vertices"),
        (["l 1 2"], "no faces, only lines and vertices"),
        (["p 1", "curv 0 1 1 2"], "no faces, only points and curves and vertices"),
        (["f 1 2", ""], "no faces of three corners"),
        (["surf 0 1 0 1 1 2 3 4", "f 1 2 3"], "free-form surfaces"),
        (["call part.obj", "f 1 2 3"], "several files"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_cause(lines, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load("\n".join([*CORNERS, *lines]))


@pytest.mark.parametrize("last", ["f", "f ", "f 2", "f 2 3", "f 2/1/1 3/", "F 2 3"])
def test_a_file_that_ends_within_a_face_is_cut_short(last):
    with pytest.raises(UnreadableFile, match="cut short: it ends within a face"):
        load("\n".join([*LINES, last]))
    assert len(load("\n".join([*LINES, last, ""])).faces) == 4


@pytest.mark.parametrize(
    ("cut", "faces"), [("f 1 2 3\nf 1 2", 1), ("f 1 2 3\nf 1 2 3", 2), ("f 1 2 3\nv 1 1 1", 1)]
)
def test_a_file_that_ends_within_a_line_before_all_vertices_are_used_is_cut_short(cut, faces):
    text = "\n".join([*CORNERS, cut])
    with pytest.raises(UnreadableFile, match="cut short: "):
        load(text)
    assert len(load(text + "\n").faces) == faces


def test_something_else_is_told_from_an_empty_obj():
    with pytest.raises(UnreadableFile, match="nor anything else that OBJ knows"):
        load(bytes(range(256)))


def test_a_number_that_windows_could_not_print_touches_its_faces_only():
    mesh = load("\n".join([*CORNERS, "v 1.#QNAN -1.#IND 0", *FACES, "f 1 2 5"]))
    assert np.isnan(mesh.vertices[4, :2]).all()
    assert len(mesh.faces) == 5


def test_faces_are_limited():
    with pytest.raises(OverLimit, match="over the limit of 3"):
        load("\n".join(LINES), faces=3)


def test_keywords_may_be_in_capitals():
    assert len(load("\n".join(LINES).upper()).faces) == 4
    faces = [line.upper() if at % 2 else line for at, line in enumerate(LINES)]
    assert len(load("\n".join(faces)).faces) == 4  # some of them


@pytest.mark.parametrize(
    "head",
    [
        "# Vertices: 4\n# Faces: 4",
        "# number of vertices: 4\n# number of triangles: 4",
        "#Vertex Count 4\n#UV Vertex Count 0\n#Face Count 4",
    ],
)
def test_fewer_faces_than_its_first_comments_name_are_told(head):
    whole = "\n".join([head, *LINES, "# Faces: 12", ""])
    assert load(whole).lost == ""
    assert (
        load(whole.replace("f 2 3 4\n", "")).lost == "its first lines name 4 faces, and it holds 3"
    )
    polygon = f"{head}\nv 0 0 0\nv 1 0 0\nv 2 1 0\nv 2 2 0\nv 1 3 0\nv 0 3 0\nf 1 2 3 4 5 6\n"
    assert load(polygon).lost == ""  # triangles were counted


def test_zeros_in_place_of_lines_are_told():
    text = "\n".join([*CORNERS, FACES[0], "\0" * 40, *FACES[2:], ""])
    assert "holds 40 bytes of zero" in load(text).lost
