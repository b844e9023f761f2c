import re
import struct

import numpy as np
import pytest
from mesh_shapes import area

from opensearch.domains.meshes.fbx_hidden import without_hidden
from opensearch.limits import Limits

SHOWN, HIDDEN = 200, 201
CUBE = "0,1,3,-3,4,6,7,-6,0,4,5,-2,2,3,7,-7,0,2,6,-5,1,5,7,-4"
SHOW = ("Show", "bool", "", "", 0)
VISIBILITY = ("Visibility", "Visibility", "", "A", 0)
LINKS = [("OO", 200, 0), ("OO", 100, 200), ("OO", 201, 0), ("OO", 101, 201)]
ANIMATED = ("OP", 300, 201, "Visibility")


def fields(values):
    return ", ".join(f'"{one}"' if isinstance(one, str) else str(one) for one in values)


def text(second, links=LINKS, first=None, group=None):
    """Two cubes, twice as wide the second, and a group; properties of the nodes; connections."""
    objects = ""
    for at, said in enumerate((first, second)):
        points = ",".join(
            str(number * (at + 1)) for number in np.argwhere(np.ones((2, 2, 2))).ravel()
        )
        said = f"\t\t\tP: {fields(said)}\n" if said else ""
        objects += (
            f'\tGeometry: {100 + at}, "Geometry::g", "Mesh" {{\n\t\tVertices: *24 {{\n'
            f"\t\t\ta: {points}\n\t\t}}\n\t\tPolygonVertexIndex: *24 {{\n\t\t\ta: {CUBE}\n\t\t}}\n"
            f'\t}}\n\tModel: {200 + at}, "Model::m", "Mesh" {{\n'
            f"\t\tVersion: 232\n\t\tProperties70:  {{\n{said}\t\t}}\n\t}}\n"
        )
    said = f"\t\t\tP: {fields(group)}\n" if group else ""
    objects += f'\tModel: 202, "Model::n", "Null" {{\n\t\tProperties70:  {{\n{said}\t\t}}\n\t}}\n'
    ends = "".join(f"\tC: {fields(link)}\n" for link in links)
    return (
        "; FBX 7.4.0 project file\nFBXHeaderExtension:  {\n\tFBXVersion: 7400\n}\n"
        f"Objects:  {{\n{objects}}}\nConnections:  {{\n{ends}}}\n"
    ).encode()


def value(one):
    if isinstance(one, str):
        return b"S" + struct.pack("<I", len(one)) + one.encode()
    if isinstance(one, float):
        return b"D" + struct.pack("<d", one)
    return b"L" + struct.pack("<q", one)


def record(at, version, name, values=(), inner=()):
    """A record that begins at a byte of the file; `inner` are others as (name, values, inner)."""
    head = "<QQQB" if version >= 7500 else "<IIIB"
    packed = b"".join(map(value, values))
    size = struct.calcsize(head)
    body = name.encode() + packed
    for one in inner:
        body += record(at + size + len(body), version, *one)
    if inner:
        body += bytes(size)
    end = at + size + len(body)
    return struct.pack(head, end, len(values), len(packed), len(name)) + body


def binary(version, second, links=LINKS, first=None, group=None):
    """What `text` tells, without the faces."""
    objects = []
    for at, said in enumerate((first, second)):
        inner = [("P", said)] if said else []
        objects.append(("Geometry", (100 + at, "g", "Mesh"), [("Version", (1,))]))
        objects.append(("Model", (200 + at, "m", "Mesh"), [("Properties70", (), inner)]))
    objects.append(
        ("Model", (202, "n", "Null"), [("Properties70", (), [("P", group)] * bool(group))])
    )
    data = b"Kaydara FBX Binary  \0\x1a\0" + struct.pack("<I", version)
    for top in (("Objects", (), objects), ("Connections", (), [("C", one) for one in links])):
        data += record(len(data), version, *top)
    return data + bytes(25)


def write(form, *args, **more):
    return text(*args, **more) if form == "text" else binary(form, *args, **more)


FORMS = pytest.mark.parametrize("form", ["text", 7400, 7700])


def changes(data):
    """What `without_hidden` writes elsewhere than before, as pairs of before and after."""
    found = without_hidden(data)
    assert len(found) == len(data)
    at = [i for i in range(len(data)) if data[i] != found[i]]
    return [(i, found[i : i + 1]) for i in at]


@FORMS
@pytest.mark.parametrize("said", [SHOW, VISIBILITY, ("Visibility", "Visibility", "", "A", 0.0)])
def test_a_hidden_node_is_joined_to_no_mesh(form, said):
    data = write(form, said)
    last = data.rindex(b"OO")
    assert changes(data) == [(last, b"P"), (last + 1, b"P")]


@FORMS
@pytest.mark.parametrize(
    ("second", "more"),
    [
        (None, {}),
        (("Show", "bool", "", "", 1), {}),
        (("Visibility Inheritance", "Visibility Inheritance", "", "", 0), {}),
        (SHOW, {"first": SHOW}),  # nothing else remains
        (VISIBILITY, {"links": [*LINKS, ANIMATED]}),
        (SHOW, {"links": LINKS[:3]}),
    ],
)
def test_what_is_shown_or_all_there_is_stays(form, second, more):
    assert changes(write(form, second, **more)) == []


@FORMS
def test_what_is_animated_otherwise_is_hidden(form):
    assert changes(write(form, SHOW, links=[*LINKS, ("OP", 300, 201, "Lcl Translation")]))


ALONE = ("Visibility Inheritance", "Visibility Inheritance", "", "", 0)
GROUPED = [*LINKS[:2], ("OO", 202, 0), ("OO", 201, 202), LINKS[3]]
RING = ("OO", 202, 201)  # which no file should have


@FORMS
@pytest.mark.parametrize(
    ("group", "second", "more", "gone"),
    [
        (VISIBILITY, None, [], True),
        (VISIBILITY, None, [RING], True),
        (SHOW, None, [], False),  # which is of a node alone
        (VISIBILITY, ALONE, [], False),
        (VISIBILITY, None, [ANIMATED], True),
        (VISIBILITY, None, [("OP", 300, 202, "Visibility")], False),
        (("Visibility", "Visibility", "", "A", 1), None, [], False),
    ],
)
def test_what_stands_below_a_hidden_node_is_hidden(form, group, second, more, gone):
    data = write(form, second, links=[*more, *GROUPED], group=group)
    last = data.rindex(b"OO")
    assert changes(data) == ([(last, b"P"), (last + 1, b"P")] if gone else [])


@FORMS
def test_the_bones_of_a_hidden_skin_and_what_hangs_from_them_are_shown(form):
    """A figure's skin is hidden, its sword hangs from a bone."""
    skin, cluster, bone = 300, 400, 202
    skinned = [("OO", skin, 100), ("OO", cluster, skin), ("OO", bone, cluster)]
    links = [*skinned, ("OO", bone, 0), ("OO", 201, bone), ("OO", 101, 201), ("OO", 100, 200)]
    data = write(form, None, links=links, first=VISIBILITY)
    last = data.rindex(b"OO")
    assert changes(data) == [(last, b"P"), (last + 1, b"P")]


@pytest.mark.parametrize("form", [7400, 7700])
def test_damaged_files_stay_as_they_are(form):
    data = binary(form, SHOW)
    for size in range(0, data.rindex(b"OO") + 2, 7):
        assert without_hidden(data[:size]) == data[:size]
    rng = np.random.default_rng(0)
    for _ in range(300):
        odd = bytearray(data)
        odd[rng.integers(27, len(data))] = rng.integers(256)
        assert len(without_hidden(bytes(odd))) == len(data)


@pytest.mark.parametrize("form", [7400, 7700])
def test_a_text_longer_than_its_record_is_odd(form):
    data = binary(form, SHOW)
    at = data.index(b"S" + struct.pack("<I", 4) + b"Mesh") + 1
    odd = data[:at] + struct.pack("<I", len(data) - at - 10) + data[at + 4 :]
    assert without_hidden(data) != data
    assert without_hidden(odd) == odd


def test_a_property_of_another_object_hides_nothing():
    moved = text(SHOW).replace(b"Connections:", b'\tDeformer: 5, "D", "Skin" {\n\t}\nConnections:')
    assert changes(moved)
    assert changes(re.sub(rb'Model: 201, "', b'Camera: 201, "', text(SHOW))) == []


def test_more_records_than_a_scene_has_stay(monkeypatch):
    monkeypatch.setattr("opensearch.domains.meshes.fbx_hidden._MOST", 5)
    for form in ("text", 7400):
        assert changes(write(form, SHOW)) == []


def test_assimp_draws_what_is_shown():
    pytest.importorskip("assimp_py")
    from opensearch.domains.meshes.assimp import load_fbx

    assert area(load_fbx(text(None), None, Limits())) == pytest.approx(6 + 24)
    assert area(load_fbx(text(SHOW), None, Limits())) == pytest.approx(6)
    below = text(None, links=GROUPED, group=VISIBILITY)
    assert area(load_fbx(below, None, Limits())) == pytest.approx(6)
