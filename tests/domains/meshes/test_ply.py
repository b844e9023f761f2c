import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mesh_shapes import TETRAHEDRON, TETRAHEDRON_AREA, TETRAHEDRON_FACES, U_AREA, U, area

from opensearch.domains.meshes import ply
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

VERTEX = ["element vertex 4", "property float x", "property float y", "property float z"]
FACE = ["element face 4", "property list uchar int vertex_indices"]
CORNERS = ["0 0 0", "1 0 0", "0 1 0", "0 0 1"]
STRIPS = ["element tristrips 1", "property list int int vertex_indices"]
FACES = ["3 0 1 2", "3 0 1 3", "3 0 2 3", "3 1 2 3"]
FORMS = {"": "ascii", "<": "binary_little_endian", ">": "binary_big_endian"}


def load(data, **limits):
    return ply.load(data if isinstance(data, bytes) else data.encode(), None, Limits(**limits))


def text(*parts, form="ascii"):
    lines = ["ply", f"format {form} 1.0"]
    lines += [line for part in parts for line in ([part] if isinstance(part, str) else part)]
    return "\n".join(lines)


def ascii_ply(vertex=VERTEX, face=FACE, corners=CORNERS, faces=FACES):
    return text("comment by nobody", "obj_info 1", vertex, face, "end_header", corners, faces)


def packed(order, kind, *numbers):
    return np.array(numbers, order + kind).tobytes()


def binary_ply(order, polygons, index="i4", count="u1", behind=b"", end="\n"):
    """A tetrahedron's corners as doubles, colours between them, and polygons with a flag."""
    names = {"i4": "int", "u2": "ushort", "u1": "uint8"}
    header = text(
        ["element vertex 4", "property uchar red"],
        [f"property double {axis}" for axis in "xyz"],
        ["element edge 1", "property int vertex1", "property list uchar float w"],
        [f"element face {len(polygons)}", "property uchar flag"],
        f"property list {names[count]} {names[index]} vertex_index",
        ["property list int float texcoord", "end_header\n"],
        form=FORMS[order],
    )
    body = b"".join(b"\x07" + packed(order, "f8", *corner) for corner in TETRAHEDRON)
    body += packed(order, "i4", 0) + b"\x02" + packed(order, "f4", 1, 2)
    for polygon in polygons:
        body += b"\x01" + packed(order, count, len(polygon)) + packed(order, index, *polygon)
        body += packed(order, "i4", len(polygon) - 3) + packed(order, "f4", *polygon[3:])
    return header.replace("\n", end).encode() + body + behind


@pytest.mark.parametrize(
    "written",
    [
        ascii_ply(),
        ascii_ply().replace("\n", "\r"),
        ascii_ply().replace("\n", "\r\n"),
        ascii_ply(corners=["", "0 0 0", "", *CORNERS[1:], " "]),
        ascii_ply(corners=" ".join(CORNERS), faces=" ".join(FACES)),
        ascii_ply(corners=[c.replace(" ", "\n") for c in CORNERS]),
        ascii_ply(corners=[c + " 7 7" for c in CORNERS]),  # more numbers than the header names
        ascii_ply(face=[*FACE, "property uchar red", "property list uchar float texcoord"]),
        ascii_ply(faces=[f + " 255" for f in FACES], face=[*FACE, "property uchar red"]),
        ascii_ply(face=[s.replace("indices", "index") for s in FACE]),
        ascii_ply(face=[s.replace("uchar int", "uint8 uint32") for s in FACE]),
        ascii_ply(vertex=[s.replace("float", "double") for s in VERTEX]),
        ascii_ply(
            vertex=[*VERTEX, "property list uchar int w"], corners=[c + " 2 5 5" for c in CORNERS]
        ),
        text(FACE, VERTEX, "end_header", FACES, CORNERS),
        text(
            VERTEX, "element material 1", "property int k", FACE, "end_header", CORNERS, "9", FACES
        ),
        text(VERTEX, FACE, "element edge 1", "property int a", "end_header", CORNERS, FACES, "3"),
        text(VERTEX, STRIPS, "end_header", CORNERS, "6 0 1 2 3 0 1"),
        text(VERTEX, STRIPS, "end_header", CORNERS, "12 0 1 2 -1 3 1 0 -1 0 2 3 1 -1"),
    ],
)
def test_an_ascii_tetrahedron_is_read_however_it_is_written(written):
    assert area(load(written)) == pytest.approx(TETRAHEDRON_AREA)
    assert area(load(written.encode("utf-8-sig"))) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("index", "count"), [("i4", "u1"), ("u2", "i4"), ("u1", "u2")])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_binary_tetrahedron_is_read_however_it_is_written(order, index, count, end):
    faces = TETRAHEDRON_FACES.tolist()
    mesh = load(binary_ply(order, faces, index, count, b"and more", end))
    assert area(mesh) == pytest.approx(TETRAHEDRON_AREA)
    np.testing.assert_array_equal(mesh.vertices, TETRAHEDRON)


@given(
    st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=6), min_size=1, max_size=9),
    st.sampled_from("<>"),
)
def test_mixed_polygons_come_out_of_binary_as_of_ascii(polygons, order):
    faces = [f"{len(polygon)} {' '.join(map(str, polygon))}" for polygon in polygons]
    face = [f"element face {len(polygons)}", FACE[1]]
    reference = load(ascii_ply(face=face, faces=faces))
    mesh = load(binary_ply(order, polygons))
    np.testing.assert_array_equal(mesh.faces, reference.faces)


def test_a_line_feed_right_behind_a_header_of_carriage_returns_is_data():
    data = binary_ply("<", TETRAHEDRON_FACES.tolist(), end="\r")
    at = data.index(b"end_header\r") + len("end_header\r")
    assert load(data[:at] + b"\n" + data[at + 1 :]).faces.shape == (4, 3)


def test_a_concave_polygon_is_cut_properly():
    corners = [f"{x} {y} 0" for x, y in U]
    vertex, face = ["element vertex 8", *VERTEX[1:]], ["element face 1", FACE[1]]
    written = ascii_ply(vertex, face, corners, ["8 0 1 2 3 4 5 6 7"])
    assert area(load(written)) == pytest.approx(U_AREA)


def test_large_coordinates_keep_their_digits():
    written = ascii_ply(corners=["5000000.125 0 0", *CORNERS[1:]])
    assert load(written).vertices[0, 0] == 5000000.125


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (ascii_ply(faces=FACES[:2]), "promises 4 of 'face' and holds 2"),
        (ascii_ply(corners=CORNERS[:1], faces=[]), "promises 4 of 'vertex' and holds 1"),
        (binary_ply("<", [[0, 1, 2], [0, 1, 2, 3]])[:-20], "promises 2 of 'face' and holds 1"),
        (binary_ply(">", [[0, 1, 2]] * 2)[:-1], "promises 2 of 'face' and holds 1"),
        (ascii_ply(faces=[*FACES[:3], "3 1 2 4"]), "names vertex 4, but it holds only 4"),
        (ascii_ply(faces=[*FACES[:3], "3 1 2 -1"]), "names vertex -1, but"),
        (ascii_ply(faces=[*FACES[:3], "3 1 2 1.5"]), r"has 1\.5 in a list of 'face'"),
        (ascii_ply(faces=[*FACES[:3], "-3 1 2 3"]), r"has -3\.0 for the length"),
        (ascii_ply(faces=[*FACES[:3], "3 1 2 x"]), "has 'x' where a number belongs"),
        (ascii_ply(faces=["1 0", "2 0 1", "0", "1 1"]), "three corners"),
        (text(VERTEX, "end_header", CORNERS), "a cloud of 4 points"),
        (text(VERTEX, "element face 0", FACE[1], "end_header", CORNERS), "a cloud of 4 points"),
        (
            text(VERTEX, "element edge 1", "property int a", "end_header", CORNERS, "1"),
            "only vertices and edge",
        ),
        (text("element vertex 0", VERTEX[1:], "end_header"), "it is empty"),
        (text(FACE, "end_header", FACES), "no element 'vertex'"),
        (ascii_ply(vertex=VERTEX[:-1]), "without the property 'z'"),
        (
            text(VERTEX, "element face 4", "property int a", "end_header"),
            "without a list of vertex_indices",
        ),
        (ascii_ply().replace("ascii", "binary_middle_endian"), "unknown format 'binary_middle"),
        (ascii_ply().replace("format", "comment"), "names no format"),
        (ascii_ply().replace("end_header", "end"), "cut off within its header"),
        (
            ascii_ply().replace("uchar int", "float int"),
            "counts the list 'vertex_indices' in 'float'",
        ),
        (ascii_ply().replace("float", "real"), "the type 'real'"),
        (ascii_ply().replace("face 4", "face many"), "promises 'many' rows"),
        ("solid of another kind", "is not a PLY"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_cause(written, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load(written)


def test_promises_are_weighed_before_anything_is_read():
    with pytest.raises(OverLimit, match="over the limit of 3"):
        load(ascii_ply(), faces=3)
    with pytest.raises(OverLimit, match="over the limit of 1"):
        load(binary_ply("<", [[0, 1, 2, 3]]), faces=1)
    with pytest.raises(OverLimit, match="999,999,999,999 vertices"):
        load(ascii_ply().replace("vertex 4", "vertex 999999999999"))


def test_keywords_may_be_in_capitals():
    found = ascii_ply()
    for word in ("format", "element", "property", "end_header"):
        found = found.replace(word, word.upper())
    assert len(load(found).faces) == 4


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("ply", "cut off within its header: the line 'end_header' is missing$"),
        ("ply\nformat ascii 1.0\nelement vertex 3\nproperty fl", "'end_header' is missing$"),
        ("ply\ncomment made by me\nobj_info 1\nformat asc", "'end_header' is missing$"),
        ("ply\nformat odd 1.0\ncomment made by", "unknown format 'odd'$"),
        ("ply\nformat ascii 1.0\nelem", "'end_header' is missing$"),
        ("ply\nformat ascii 1.0\nheh\nelement vertex 3\n", "goes wrong at the line 'heh'$"),
        ("ply\nelement vertex 3\nproperty float x\n", "names no format"),
        ("ply\nformat ascii 1.0\nelement vertex 3\nproperty real x\n", "the type 'real'"),
    ],
)
def test_a_header_that_never_ends_is_refused_by_its_first_odd_line(header, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load(header)
