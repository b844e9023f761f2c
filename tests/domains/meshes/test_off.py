import numpy as np
import pytest
from mesh_shapes import TETRAHEDRON_AREA, U_AREA, U, area

from opensearch.domains.meshes import off
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

CORNERS = ["0 0 0", "1 0 0", "0 1 0", "0 0 1"]
FACES = ["3 0 1 2", "3 0 1 3", "3 0 2 3", "3 1 2 3"]
COUNTS = "4 4 6"


def load(text, **limits):
    return off.load(text if isinstance(text, bytes) else text.encode(), None, Limits(**limits))


def joined(*parts):
    return "\n".join(line for part in parts for line in ([part] if isinstance(part, str) else part))


@pytest.mark.parametrize(
    "text",
    [
        joined("OFF", COUNTS, CORNERS, FACES),
        joined("OFF " + COUNTS, CORNERS, FACES),
        joined("off", COUNTS, CORNERS, FACES),
        joined("OFF" + COUNTS, CORNERS, FACES),  # as a well-known collection has it
        joined(COUNTS, CORNERS, FACES),
        joined("OFF", "4 4", CORNERS, FACES),
        joined("OFF", "4 4", "6", CORNERS, FACES),
        joined("OFF", "4", "4", "6", CORNERS, FACES),
        joined("# one", "", "OFF # two", "#", COUNTS + " # three", "", CORNERS, FACES),
        joined("OFF", COUNTS, "\t".join(CORNERS), FACES),
        joined("OFF", COUNTS, "0 0 0 1 0 0", "0 1 0 0 0 1", FACES),
        joined("OFF", COUNTS, CORNERS, " ".join(FACES)),
        joined("OFF", COUNTS, CORNERS, [face.replace(" ", "\n", 1) for face in FACES]),
        joined(
            "OFF", *COUNTS.split(), *(number for line in CORNERS + FACES for number in line.split())
        ),
        joined("OFF", COUNTS, CORNERS, FACES).replace("\n", " "),
        joined("OFF", COUNTS, CORNERS, FACES).replace("\n", "\r"),
        joined("OFF", COUNTS, CORNERS, FACES).replace("\n", "\r\n"),
        joined("OFF", COUNTS, CORNERS, [face + " 255 0 0" for face in FACES]),
        joined("OFF", COUNTS, CORNERS, [face + " 7" * n for n, face in enumerate(FACES)]),
        joined("COFF", COUNTS, [c + " 255 0 0 255" for c in CORNERS], FACES),
        joined("COFF", COUNTS, " ".join(c + " 1 0 0 1" for c in CORNERS), FACES),
        joined("COFF", COUNTS, " ".join(c + " 1 0 0" for c in CORNERS), FACES),
        joined("OFF", COUNTS, [c + " 255 0 0" for c in CORNERS], FACES),
        joined("NOFF", COUNTS, " ".join(c + " 0 0 1" for c in CORNERS), FACES),
        joined("STOFF", COUNTS, " ".join(c + " .5 .5" for c in CORNERS), FACES),
        joined("NCOFF", COUNTS, [c + " 0 0 1 255 0 0 255" for c in CORNERS], FACES),
        joined("NCSTOFF", COUNTS, " ".join(c + " 0 0 1 9 0 0 9 .5 .5" for c in CORNERS), FACES),
        joined("STCNOFF", COUNTS, " ".join(c + " 0 0 1 1 0 0 1 .5 .5" for c in CORNERS), FACES),
        joined("4OFF", COUNTS, ["0 0 0 1", "2 0 0 2", "0 3 0 3", "0 0 1 1"], FACES),
        joined("nOFF", "3", COUNTS, CORNERS, FACES),
        joined("nOFF 3", COUNTS, CORNERS, FACES),
    ],
)
def test_a_tetrahedron_is_read_however_it_is_written(text):
    assert area(load(text)) == pytest.approx(TETRAHEDRON_AREA)
    assert area(load("\ufeff" + text)) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize("keyword", ["OFF", "COFF"])
def test_a_corner_that_is_no_number_leaves_no_doubt_about_the_others(keyword):
    colour = " 255 0 0 255" * (keyword == "COFF")
    corners = [corner + colour for corner in [*CORNERS, "nan nan nan"]]
    mesh = load(joined(keyword, "5 4 6", corners, FACES))
    assert area(mesh) == pytest.approx(TETRAHEDRON_AREA)
    assert np.isnan(mesh.vertices[4]).all()


def test_a_concave_polygon_is_cut_properly():
    text = joined("OFF", "8 1 0", [f"{x} {y} 0" for x, y in U], "8 0 1 2 3 4 5 6 7")
    assert area(load(text)) == pytest.approx(U_AREA)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (joined("OFF BINARY", COUNTS), "binary OFF"),
        (joined("OFF", "4 0 0", CORNERS), "no faces: it is a cloud of 4 points"),
        (joined("OFF", COUNTS, CORNERS, FACES[:-1]), "not 4 vertices and 4 faces"),
        (joined("OFF", COUNTS, CORNERS[:-1]), "not 4 vertices and 4 faces"),
        (joined("OFF", COUNTS, CORNERS, FACES[:-1], "3 1 2 4"), "names vertex 4, but"),
        (joined("OFF", COUNTS, CORNERS, FACES[:-1], "3 1 2 -1"), "names vertex -1, but"),
        (joined("OFF", "2 1 0", "0 0 0", "1 0 0", "2 0 1"), "three corners"),
        (joined("OFF", "4"), "cut off within its counts"),
        (joined("OFF", "-4 4 6", CORNERS, FACES), "promises -4 vertices"),
        (joined("nOFF", "5", COUNTS), "not 3"),
        ("{ LIST }", "is not an OFF"),
        (joined("OFF", COUNTS, [c.replace("1", "one") for c in CORNERS], FACES), "has 'one'"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_cause(text, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load(text)


def test_promises_are_weighed_before_anything_is_read():
    with pytest.raises(OverLimit, match="over the limit of 3"):
        load(joined("OFF", COUNTS, CORNERS, FACES), faces=3)
    with pytest.raises(OverLimit, match="353,535,235,358 vertices"):
        load(joined("OFF", "353535235358 4 6"))


PYRAMID = ["0 0 0", "1 0 0", "1 1 0", "0 1 0", "0.5 0.5 1"]
SIDES = ["4 0 1 2 3", "3 0 1 4", "3 1 2 4", "3 2 3 4", "3 3 0 4"]
CUT = [(0, 1, 2), (0, 1, 4), (0, 2, 3), (0, 3, 4), (1, 2, 4), (2, 3, 4)]
COLOURS = {0: "", 1: " 2", 3: " 255 0 0", 4: " 0.5 1 0 1"}


def pyramid(keyword, counts, layout, of_corners, of_sides):
    """The text of a pyramid; colours have as many numbers as `of_corners` and `of_sides` say."""
    behind = " 0 0 1" * ("N" in keyword) + COLOURS[of_corners] * ("C" in keyword)
    corners = [corner + behind + " .5 .5" * ("ST" in keyword) for corner in PYRAMID]
    sides = [side + COLOURS[of_sides] for side in SIDES]
    if layout == "corners run on":
        corners = [" ".join(corners[:2]), *corners[2:]]
    text = joined(keyword, counts, corners, sides)
    return text.replace("\n", " ") if layout == "one line" else text


def load_or_unclear(text):
    """The mesh, None where it can be understood in more than one way."""
    try:
        return load(text)
    except UnreadableFile as error:
        if "can be understood in more than one way" in str(error):
            return None
        raise


@pytest.mark.parametrize("keyword", ["OFF", "COFF", "NOFF", "STOFF", "CNOFF", "STCNOFF"])
@pytest.mark.parametrize("layout", ["lines", "corners run on", "one line"])
@pytest.mark.parametrize("counts", ["5 5 0", "5 5 8", "5 5"])
def test_colours_are_told_from_faces_or_the_file_is_refused(keyword, layout, counts):
    for of_corners in (3, 4) if "C" in keyword else (0,):
        for of_sides in COLOURS:
            text = pyramid(keyword, counts, layout, of_corners, of_sides)
            # A colour too few for each corner is one more number for each side.
            unclear = layout == "one line" and "C" in keyword and of_sides < 4
            found = load_or_unclear(text) if unclear else load(text)
            if found is None:
                continue
            assert found.vertices.tolist() == [list(map(float, p.split())) for p in PYRAMID]
            assert sorted(tuple(sorted(face)) for face in found.faces.tolist()) == CUT


@pytest.mark.parametrize("colour", [" 1 0 0 1", " 255 0 0 255", " .5 .2 .1 .7"])
def test_as_many_faces_as_corners_in_one_line_are_told_by_their_opacity(colour):
    """A number less for each corner and one more for each face would fit as well."""
    text = joined("COFF", COUNTS, [c + colour for c in CORNERS], FACES).replace("\n", " ")
    assert area(load(text)) == pytest.approx(TETRAHEDRON_AREA)
