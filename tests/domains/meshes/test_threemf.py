import re

import numpy as np
import pytest
from mesh_shapes import TETRAHEDRON, TETRAHEDRON_AREA, area
from threemf_files import (
    CORE,
    EXTENSIONS,
    MOVED,
    component,
    item,
    mesh,
    model,
    package,
    single,
    thing,
)

from opensearch.domains.meshes import threemf
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def load(data, **limits):
    return threemf.load(data, None, Limits(**limits))


ONE = model(thing(1, mesh()), item(1))
SLICES = (
    '<s:slicestack id="9"><s:slice ztop="1"><s:vertices><s:vertex x="0" y="0"/></s:vertices>'
    "</s:slice></s:slicestack>"
)
LATTICE = "<b:beamlattice><b:beams/></b:beamlattice></mesh>"
GONE = 'p:path="/3D/gone.model"'


def twice(number, times=2):
    """An object's content: another one, several times in one place."""
    return f"<components>{component(number) * times}</components>"


def test_items_stand_where_their_transforms_put_them():
    turned = '<item objectid="1" transform="0 2 0 -2 0 0 0 0 2 10 0 0"/>'
    found = load(single(thing(1, mesh()), item(1) + turned))
    assert area(found) == pytest.approx(TETRAHEDRON_AREA * (1 + 4))
    assert found.vertices.min(axis=0).tolist() == [0, 0, 0]
    assert found.vertices.max(axis=0).tolist() == [10, 2, 2]


def test_numbers_of_objects_belong_to_their_part():
    path = 'p:path="/3D/Objects/other.model"'
    inner = component(1) + component(1, (5, 0, 0), path)
    parts = {
        "3D/3dmodel.model": model(
            thing(1, mesh()) + thing(2, f"<components>{inner}</components>"),
            item(2) + item(1, (0, 9, 0), path),
        ),
        "3D/Objects/other.model": model(thing(1, mesh(2))),
    }
    found = load(package(parts))
    assert area(found) == pytest.approx(TETRAHEDRON_AREA * (1 + 4 + 4))
    assert found.vertices.max(axis=0).tolist() == [7, 11, 2]


def test_components_nest_and_their_transforms_add_up():
    resources = thing(1, mesh())
    for number in (2, 3):
        inner = component(number - 1) + component(number - 1, (0, 0, 10 ** (number - 1)))
        resources += thing(number, f"<components>{inner}</components>")
    found = load(single(resources, item(3, (7, 0, 0))))
    assert len(found.faces) == 16
    assert found.vertices.max(axis=0).tolist() == [8, 1, 111]


def test_the_relations_lead_to_the_root():
    parts = {"3D/old.model": model(thing(1, mesh(5)), item(1)), "A/B c.model": ONE}
    assert area(load(package(parts, root="A/B%20c.model"))) == pytest.approx(TETRAHEDRON_AREA)
    one = {"elsewhere/a.model": parts["A/B c.model"]}
    assert area(load(package(one, root=None))) == pytest.approx(TETRAHEDRON_AREA)
    usual = {"3d\\3DModel.model": parts["A/B c.model"], "Metadata/thumbnail.png": b"no picture"}
    assert area(load(package(usual, root=None))) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize(
    "written",
    [
        single(thing(1, mesh()), item(1), 'requiredextensions="p s"'),
        single(thing(1, mesh())),  # without items: whatever is no component
        single(thing(1, mesh()) + thing(2, twice(1, 1))),
        single(thing(1, mesh()), item(1) * 3),  # thrice in one place
        single(SLICES + thing(1, mesh()), item(1)),
        single("<u:unknown/>" + thing(1, mesh()), item(1)),  # a prefix never declared
        package(
            {
                "3D/3dmodel.model": re.sub(r"<(/?)(\w)", r"<\1c:\2", ONE).replace(
                    "xmlns=", "xmlns:c="
                )
            }
        ),
        package({"3D/3dmodel.model": ONE.replace("UTF-8", "UTF-16").encode("utf-16")}),
    ],
)
def test_a_tetrahedron_is_read_however_it_is_written(written):
    assert area(load(written)) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        (b"PK but no zip", "is not a whole zip"),
        (package({"notes.txt": b""}, root=None), "without a 3D model"),
        (single(thing(1, mesh()), item(2)), "places the object '2', which it does not hold"),
        (single(thing(1, mesh()), item(1, more=GONE)), "lacks its part '3d/gone.model'"),
        (single(thing(1, twice(1, 1)), item(1)), "in itself"),
        (single(thing(1, mesh(faces=[])), item(1)), "have no triangles"),
        (single(""), "builds nothing"),
        (single(thing(1, mesh(faces=[[0, 1, 4]])), item(1)), "names vertex 4, but it holds only 4"),
        (
            single(thing(1, mesh().replace('x="1.0"', 'x="1,0"')), item(1)),
            "wrong number in an element 'vertex'",
        ),
        (
            single(thing(1, mesh().replace(' z="', ' q="')), item(1)),
            "an element 'vertex' without 'z'",
        ),
        (
            single(thing(1, mesh()), '<item objectid="1" transform="1 0 0"/>'),
            "a transform of 3 numbers, not 12",
        ),
        (
            single(thing(1, mesh()), item(1), 'requiredextensions="x"'),
            "needs the extension 'http://example",
        ),
        (single(thing(1, mesh().replace("</mesh>", LATTICE)), item(1)), "holds a beam lattice"),
        (package({"3D/3dmodel.model": model(thing(1, mesh()))[:-30]}), "damaged XML"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_cause(written, reason):
    with pytest.raises(UnreadableFile, match=reason):
        load(written)


def test_entities_are_refused_before_they_grow():
    bomb = model(thing(1, mesh()), item(1)).replace(
        "?>", '?><!DOCTYPE m [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>', 1
    )
    with pytest.raises(UnreadableFile, match="DOCTYPE"):
        load(package({"3D/3dmodel.model": bomb}))


def test_what_a_file_grows_to_is_counted_before_it_is_made():
    many = thing(1, mesh())
    for number in range(2, 40):
        many += thing(number, twice(number - 1))
    with pytest.raises(OverLimit, match="has 1,099,511,627,776 faces"):
        load(single(many, item(39)))
    with pytest.raises(OverLimit, match="over 3 faces, the limit"):
        load(single(thing(1, mesh()), item(1)), faces=3)
    with pytest.raises(OverLimit, match="over 3 vertices, too many"):
        load(single(thing(1, mesh(faces=[[0, 1, 2]])), item(1)), faces=1)
    hollow = single(
        thing(1, mesh()) + thing(2, "") + thing(3, twice(2, 2000)) + thing(4, twice(3, 2000)),
        item(1) + item(4),
    )
    with pytest.raises(OverLimit, match="places 4,002,002 objects"):
        load(hollow)


def test_unpacked_bytes_are_weighed_before_they_are_parsed():
    data = single(thing(1, mesh()) + " " * 100_000, item(1))
    assert len(data) < 5_000
    with pytest.raises(OverLimit, match="over the limit of 5,000"):
        load(data, bytes=5_000)


def test_large_models_are_counted_before_they_are_parsed(monkeypatch):
    monkeypatch.setattr(threemf, "_LARGE", 10)
    assert area(load(single(thing(1, mesh()), item(1)))) == pytest.approx(TETRAHEDRON_AREA)
    cut_off = package({"3D/3dmodel.model": model(thing(1, mesh()))[:-30]})
    with pytest.raises(OverLimit, match="over 3 faces, the limit"):
        load(cut_off, faces=3)
    with pytest.raises(OverLimit, match="over 3 vertices"):
        load(package({"3D/3dmodel.model": ONE.replace("<triangle ", "<other ")}), faces=1)


def test_many_items_of_one_object_are_placed_at_once():
    items = "".join(item(1, (at, 0, 0)) for at in range(2000))
    found = load(single(thing(1, mesh()), items))
    assert len(found.faces) == 8000
    np.testing.assert_allclose(found.vertices.max(axis=0), [2000, 1, 1])


def test_corners_that_no_face_uses_are_not_placed_over_and_over():
    spare = '<vertex x="9" y="9" z="9"/>' * 50
    one = mesh().replace("</vertices>", f"{spare}</vertices>")
    items = "".join(item(1, (at * at, 0, 0)) for at in range(20))
    found = load(single(thing(1, one), items))
    assert (len(found.vertices), len(found.faces)) == (20 * 4, 20 * 4)


@pytest.mark.parametrize("kind", ["support", "solidsupport", "other"])
def test_what_only_helps_to_print_is_no_part_of_the_shape(kind):
    aid = thing(2, mesh(5)).replace("model", kind)
    shape = thing(1, mesh())
    built = load(single(shape + aid, item(1) + item(2)))
    assert area(built) == pytest.approx(TETRAHEDRON_AREA)
    part = thing(3, f"<components>{component(1)}{component(2)}</components>")
    assert area(load(single(shape + aid + part, item(3)))) == pytest.approx(TETRAHEDRON_AREA)
    assert area(load(single(aid, item(2)))) == pytest.approx(25 * TETRAHEDRON_AREA)


@pytest.mark.parametrize("said", ["0", "false"])
def test_what_is_not_to_be_printed_is_left_out(said):
    both = thing(1, mesh()) + thing(2, mesh(5))
    off = f'printable="{said}"'
    assert area(load(single(both, item(1) + item(2, more=off)))) == pytest.approx(TETRAHEDRON_AREA)
    part = thing(3, f"<components>{component(1)}{component(2, more=off)}</components>")
    assert area(load(single(both + part, item(3)))) == pytest.approx(TETRAHEDRON_AREA)
    alone = load(single(both, item(2, more=off)))
    assert area(alone) == pytest.approx(25 * TETRAHEDRON_AREA)


def test_an_encrypted_package_says_so():
    data = bytearray(single(thing(1, mesh()), item(1)))
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(sign)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(sign, at + 4)
    with pytest.raises(UnreadableFile, match="is encrypted; save it without a password"):
        load(bytes(data))


BEAMS = '<beams><beam v1="0" v2="1"/></beams>'


@pytest.mark.parametrize(
    "lattice",
    [
        '<b:beamlattice radius="1"><b:beams><b:beam v1="0" v2="1"/></b:beams></b:beamlattice>',
        f'<beamlattice xmlns="{EXTENSIONS["b"]}" radius="1">{BEAMS}</beamlattice>',
        f'<beamlattice radius="1"><beams xmlns="{EXTENSIONS["b"]}"><beam/></beams></beamlattice>',
    ],
)
def test_a_lattice_is_told_whichever_way_it_names_its_namespace(lattice):
    inner = mesh().replace("</mesh>", f"{lattice}</mesh>")
    with pytest.raises(UnreadableFile, match="holds a beam lattice"):
        load(single(thing(1, inner), item(1)))


def test_what_is_of_another_namespace_by_default_is_passed_over():
    """Names in it mean other things, and what follows it counts again."""
    odd = f'<odd xmlns="http://example.org/odd">{thing(2, mesh(9))}{item(7)}<vertex/></odd>'
    found = load(single(odd + thing(1, mesh()), item(1) + odd + item(1, (1, 0, 0))))
    assert area(found) == pytest.approx(2 * TETRAHEDRON_AREA)


@pytest.mark.parametrize("space", ["", CORE])
def test_an_element_that_names_the_core_again_is_of_it(space):
    again = mesh().replace("<vertices", f'<vertices xmlns="{space}"')
    assert area(load(single(thing(1, again), item(1)))) == pytest.approx(TETRAHEDRON_AREA)


@pytest.mark.parametrize(
    "long", ['<odd name="{}"/>', "<!--{}-->", '<odd {}="1"/>', "<?odd {}?>", '<item a="{}&amp;"/>']
)
def test_a_tag_without_end_costs_little(long):
    text = long.format("a" * 12_000_000)
    with pytest.raises(OverLimit, match="tag or a comment of over 8,388,608 bytes"):
        load(single(text + thing(1, mesh()), item(1)))


def test_text_and_room_between_tags_may_be_long():
    room = " " * 12_000_000
    found = load(single(f"<odd>{room}</odd>{room}" + thing(1, mesh()), item(1)))
    assert area(found) == pytest.approx(TETRAHEDRON_AREA)


def test_many_copies_are_placed_together_and_as_one_by_one(monkeypatch):
    """Reference: each copy by its own matrices, in the order of their numbers."""
    rng = np.random.default_rng(0)
    turned = rng.integers(-3, 4, (2, 30, 12)).astype(float)
    inner, outer = (
        "".join(f'<{{0}} objectid="{{1}}" transform="{" ".join(map(str, row))}"/>' for row in rows)
        for rows in turned
    )
    parts = inner.format("component", 1)
    resources = (
        f'<object id="1">{mesh()}</object><object id="2"><components>{parts}</components></object>'
    )
    calls, work = [], threemf.transforms
    monkeypatch.setattr(threemf, "transforms", lambda placed: calls.append(placed) or work(placed))
    data = single(resources, outer.format("item", 2) + outer.format("item", 1))
    found = load(data)
    assert len(calls) == 3  # the items of either object, and the components of one

    def matrices(rows):
        return [np.column_stack([row.reshape(4, 3), [0, 0, 0, 1]]) for row in rows]

    places = [a @ b for b in matrices(turned[1]) for a in matrices(turned[0])]
    places += matrices(turned[1])
    places = np.unique(np.array(places)[:, :, :3], axis=0)
    wanted = TETRAHEDRON @ places[:, :3] + places[:, 3:]
    np.testing.assert_array_equal(found.vertices, wanted.reshape(-1, 3))
    assert len(found.faces) == 4 * len(places)


def test_a_transform_with_a_word_in_it_is_refused():
    item = f'<item objectid="1" transform="{MOVED.format("x", 0, 0)}"/>'
    with pytest.raises(UnreadableFile, match=r"wrong number in a transform.*'x'"):
        load(single(f'<object id="1">{mesh()}</object>', item))
