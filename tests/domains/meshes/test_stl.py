import struct

import numpy as np
import pytest
from mesh_shapes import (
    TETRAHEDRON,
    TETRAHEDRON_AREA,
    TETRAHEDRON_FACES,
    U_AREA,
    U,
    area,
)

from opensearch.domains.meshes import stl
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

SOUP = TETRAHEDRON[TETRAHEDRON_FACES]


def load(data, **limits):
    return stl.load(data, None, Limits(**limits))


def binary(count=None, header=b""):
    facets = b"".join(struct.pack("<12fH", 0, 0, 0, *facet.ravel(), 0) for facet in SOUP)
    return (
        header.ljust(80, b"\0") + struct.pack("<I", len(SOUP) if count is None else count) + facets
    )


def ascii_text(name="part", number="{}"):
    lines = [f"solid {name}"]
    for facet in SOUP:
        corners = ["vertex " + " ".join(number.format(x) for x in corner) for corner in facet]
        lines += ["facet normal 0 0 0", "outer loop", *corners, "endloop", "endfacet"]
    return "\n".join([*lines, f"endsolid {name}"])


@pytest.mark.parametrize(
    "data",
    [
        binary(),
        binary(header=b"solid of a program that should know better"),
        binary() + b"what another program put behind",
        binary(count=0),
        binary(count=2**32 - 1),
        ascii_text().encode(),
        ascii_text().upper().encode(),
        ascii_text().replace("\n", "\r").encode(),
        ascii_text().replace("\n", "\r\n").encode(),
        ascii_text().replace("\n", " ").encode(),
        ascii_text().replace("\n", "\n\n\t ").encode(),
        ascii_text("Stühle").encode("latin-1"),
        ascii_text("vertex 1 2 3 facet endfacet endloop solid").encode(),
        ascii_text("").encode(),
        ascii_text(number="+{:e}").encode(),
        ascii_text(number="+-{:e}").encode(),
        ascii_text().encode("utf-16"),
        b"\xef\xbb\xbf" + ascii_text().encode(),
        ascii_text()
        .replace("endloop", "endloop that")
        .replace("endfacet", "endfacet was")
        .encode(),
        ascii_text().replace("endloop", "end loop").replace("endfacet", "end facet").encode(),
        (ascii_text("a") + "\nsolid empty\nendsolid empty\n").encode(),
    ],
)
def test_a_tetrahedron_is_read_however_it_is_written(data):
    assert area(load(data)) == pytest.approx(TETRAHEDRON_AREA)


def test_text_of_several_blocks_is_one_mesh(monkeypatch):
    monkeypatch.setattr(stl, "_BLOCK", 7)
    mesh = load(ascii_text().encode())
    np.testing.assert_array_equal(mesh.vertices.reshape(-1, 3, 3), SOUP)


def test_every_solid_of_a_file_is_read():
    assert len(load((ascii_text("a") + "\n" + ascii_text("b")).encode()).faces) == 8


def test_facets_of_more_than_three_corners_are_cut():
    loop = "\n".join(f"vertex {x} {y} 0" for x, y in U)
    text = f"solid\nfacet normal 0 0 1\nouter loop\n{loop}\nendloop\nendfacet\nendsolid"
    assert area(load(text.encode())) == pytest.approx(U_AREA)


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9])
def test_a_file_that_is_cut_off_is_refused(kept):
    text = ascii_text().encode()
    with pytest.raises(UnreadableFile, match="cut off within a facet"):
        load(text[: int(len(text) * kept)])
    line = ascii_text().replace("\n", " ").encode()
    with pytest.raises(UnreadableFile, match="cut off within a facet"):
        load(line[: int(len(line) * kept)])
    data = binary()
    with pytest.raises(UnreadableFile, match=r"promises 4 faces but holds [0123]"):
        load(data[: 84 + int((len(data) - 84) * kept)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"solid nothing\nendsolid nothing\n", "no faces"),
        (bytes(84), "no faces"),
        (b"short", "5 bytes are too few"),
        (ascii_text().replace("vertex 0.0", "vertex x").encode(), "has 'x' where a number"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_cause(data, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load(data)


@pytest.mark.parametrize("data", [binary(), ascii_text().encode()])
def test_faces_are_limited(data):
    with pytest.raises(OverLimit, match="over the limit of 3"):
        load(data, faces=3)


def test_coordinates_keep_their_places():
    np.testing.assert_array_equal(load(binary()).vertices.reshape(-1, 3, 3), SOUP)


@pytest.mark.parametrize("count", [1, 3])
def test_facets_beyond_the_count_are_read_where_they_are_whole(count):
    np.testing.assert_array_equal(load(binary(count)).vertices, load(binary()).vertices)


def test_files_put_together_are_read_to_the_last():
    both = load(binary() + binary(header=b"another") + bytes(9)).vertices
    np.testing.assert_array_equal(both, np.concatenate([load(binary()).vertices] * 2))
    with pytest.raises(OverLimit):
        load(binary() * 3, faces=11)


@pytest.mark.parametrize("more", [bytes(50), bytes(37), b"a word or two more" * 25])
def test_other_bytes_behind_the_facets_are_passed_over(more):
    np.testing.assert_array_equal(load(binary() + more).vertices, load(binary()).vertices)


@pytest.mark.parametrize("padding", ["\x1a", "\0" * 20, "\n\x1a\0\0"])
def test_what_pads_the_end_of_a_text_is_passed_over(padding):
    np.testing.assert_array_equal(
        load((ascii_text() + padding).encode()).vertices, load(ascii_text().encode()).vertices
    )


def test_a_text_that_is_cut_between_facets_is_told_so():
    text = ascii_text().encode()
    assert load(text).lost == load(text + b"\n\0\0").lost == ""
    assert load(ascii_text().replace("\n", " ").encode()).lost == ""
    assert load(ascii_text().replace("endsolid", "end solid").encode()).lost == ""
    assert load(text.removeprefix(b"solid part\n").removesuffix(b"endsolid part")).lost == ""
    second = text.index(b"facet", text.index(b"endfacet") + 8)
    for ended in (
        text[:second],
        text[: text.rindex(b"endsolid") + 3],
        text + b"\n" + text[:second],
    ):
        for cut in (ended, ended + bytes(600), ended.replace(b"\n", b"\r\n")):
            mesh = load(cut)
            assert len(mesh.faces) == (ended.count(b"endfacet"))
            assert "ends without 'endsolid'" in mesh.lost
    line = text[:second].replace(b"\n", b" ")
    assert "ends without 'endsolid'" in load(line).lost


def test_zeros_in_the_middle_of_a_text_are_told():
    text = "\n".join([ascii_text()] * 10).encode()
    last = text.rindex(b"facet normal")
    before = text.rindex(b"facet normal", 0, last)
    mesh = load(text[:before] + bytes(last - before) + text[last:])
    assert len(mesh.faces) == 39
    assert f"holds {last - before} bytes of zero" in mesh.lost
