import numpy as np
import pytest
from mesh_shapes import TETRAHEDRON_AREA, area
from threemf_files import component, item, mesh, model, package, thing

from opensearch.domains.meshes import threemf, threemf_plates
from opensearch.limits import Limits

SETTINGS = "Metadata/model_settings.config"
THREE = "".join(thing(number, mesh()) for number in (1, 2, 3))
# Two on the first plate and one on the second, as `PLATES` says.
LAID = item(1) + item(2, (5, 0, 0)) + item(3, (300, 0, 0))
STACKED = [(1, 0, (0, 0, 0)), (2, 0, (0, 0, 1)), (3, 0, (0, 0, 2))]


def plate(*instances):
    inner = "".join(
        f'<model_instance><metadata key="object_id" value="{number}"/>'
        f'<metadata key="instance_id" value="{which}"/>'
        '<metadata key="identify_id" value="9"/></model_instance>'
        for number, which in instances
    )
    return f'<plate><metadata key="plater_id" value="1"/>{inner}</plate>'


def assembly(places, more=""):
    inner = "".join(
        f'<assemble_item object_id="{number}" instance_id="{which}"'
        f' transform="1 0 0 0 1 0 0 0 1 {x} {y} {z}" offset="0 0 0" {more}/>'
        for number, which, (x, y, z) in places
    )
    return f"<assemble>{inner}</assemble>"


PLATES = plate((1, 0), (2, 0)) + plate((3, 0))


def load(resources, build, settings=None, raw=None, **limits):
    parts = {"3D/3dmodel.model": model(resources, build)}
    if settings is not None:
        objects = '<object id="1"><metadata key="object_id" value="3"/></object>'
        raw = f'<?xml version="1.0"?><config>{objects}{settings}</config>'
    if raw is not None:
        parts[SETTINGS] = raw
    return threemf.load(package(parts), None, Limits(**limits))


def places(shape):
    """The lowest corner of each tetrahedron."""
    return sorted(map(tuple, shape.vertices.reshape(-1, 4, 3).min(axis=1).round(6).tolist()))


def test_parts_of_several_plates_are_put_together_where_the_project_knows_how():
    assert places(load(THREE, LAID, PLATES + assembly(STACKED))) == [
        (0, 0, 0),
        (0, 0, 1),
        (0, 0, 2),
    ]


@pytest.mark.parametrize(
    "where",
    [
        [(0, 0, 0), (0, 0, 1), (0, 0, 9)],  # one is off
        [(0, 0, 0), (0, 0, 0), (0, 0, 0)],  # in one place
        [(0, 0, 0), (1, 0, 0), (0, 1, 0)],  # on one ground
        [(0, 0, 0), (0, 0, 1), (0, 0, "nan")],
    ],
)
def test_parts_that_nobody_put_together_leave_one_plate(where):
    rows = [(number, 0, place) for number, place in zip((1, 2, 3), where, strict=True)]
    found = load(THREE, LAID, PLATES + assembly(rows))
    assert places(found) == [(0, 0, 0), (5, 0, 0)]


def test_centres_at_one_height_are_no_assembly():
    """Parts whose origins are their centres all lie at the height that they were loaded at."""
    both = thing(1, mesh()) + thing(2, mesh(3))
    laid = item(1) + item(2, (300, 0, 0))
    pile = [(1, 0, (0, 0, 1)), (2, 0, (0, 0, 0))]
    found = load(both, laid, plate((1, 0)) + plate((2, 0)) + assembly(pile))
    assert found.vertices[:, 0].min() == 300


def test_parts_that_stand_on_one_ground_are_no_assembly():
    both = thing(1, mesh()) + thing(2, mesh(3))
    row = [(1, 0, (0, 0, 0)), (2, 0, (1, 0, 0))]
    laid = item(1) + item(2, (300, 0, 0))
    found = load(both, laid, plate((1, 0)) + plate((2, 0)) + assembly(row))
    assert found.vertices[:, 0].min() == 300


def test_an_assembly_as_wide_as_the_layout_is_not_taken():
    laid = item(1) + item(2, (1, 0, 0)) + item(3, (2, 0, 0))
    found = load(THREE, laid, PLATES + assembly(STACKED))
    assert places(found) == [(0, 0, 0), (1, 0, 0)]


def test_an_assembly_that_lacks_a_part_is_not_taken():
    assert len(load(THREE, LAID, PLATES + assembly(STACKED[:2])).faces) == 8
    assert len(load(THREE, LAID, PLATES + assembly(STACKED, 'volume_id="0"')).faces) == 8


def test_the_plate_with_the_largest_surface_is_shown_each_object_counted_once():
    both = thing(1, mesh()) + thing(2, mesh(3))
    copies = [item(1, (3 * at, 0, 0)) for at in range(30)]
    settings = plate(*[(1, at) for at in range(30)]) + plate((2, 0))
    found = load(both, "".join(copies) + item(2, (300, 0, 0)), settings)
    assert area(found) == pytest.approx(9 * TETRAHEDRON_AREA)
    assert found.vertices[:, 0].min() == 300


def test_instances_are_numbered_as_the_items_of_their_object():
    off = item(1, more='printable="0"')
    build = off + item(1, (10, 0, 0)) + item(2, (11, 0, 0)) + item(1, (300, 0, 0))
    found = load(THREE, build, plate((1, 0), (1, 1), (2, 0)) + plate((1, 2)))
    assert places(found) == [(10, 0, 0), (11, 0, 0)]


def test_what_lies_beside_the_plates_is_left_out():
    build = LAID + item(2, (-400, 0, 0))
    assert places(load(THREE, build, PLATES)) == [(0, 0, 0), (5, 0, 0)]


@pytest.mark.parametrize(
    "settings",
    [
        None,
        "",
        plate((1, 0), (2, 0), (3, 0)),
        plate((1, 0), (2, 0)) + plate(),
        plate((1, 0), (2, 0)) + plate((8, 0)),
        plate((1, 0), (2, 0), (3, 0)) + assembly(STACKED),
    ],
)
def test_fewer_than_two_plates_with_items_stay_as_they_lie(settings):
    assert places(load(THREE, LAID, settings)) == [(0, 0, 0), (5, 0, 0), (300, 0, 0)]


BOMB = '<!DOCTYPE c [<!ENTITY a "aaaaaaaa">]>'


@pytest.mark.parametrize(
    "raw",
    [f"<config>{PLATES}", f"{BOMB}<config>{PLATES}</config>", "", "\0\1\2", "{}"]
    + [f'<?xml version="1.0" encoding="{each}"?><c/>' for each in ("shift_jis", "hex", "idna")],
)
def test_odd_settings_are_passed_over(raw):
    assert len(load(THREE, LAID, raw=raw).faces) == 12


def test_damaged_bytes_of_settings_are_passed_over():
    parts = {"3D/3dmodel.model": model(THREE, LAID), SETTINGS: f"<config>{PLATES}</config>"}
    data = bytearray(package(parts))
    start = data.index(SETTINGS.encode()) + len(SETTINGS)
    data[start : start + 20] = b"\xff" * 20
    assert len(threemf.load(bytes(data), None, Limits()).faces) == 12


def test_large_settings_are_not_opened(monkeypatch):
    monkeypatch.setattr(threemf, "_LARGE_SETTINGS", 200)
    assert len(load(THREE, LAID, PLATES).faces) == 12


@pytest.mark.parametrize(("limit", "faces"), [(1, 12), (2, 8)])
def test_more_plates_than_a_slicer_has_stay_as_they_lie(monkeypatch, limit, faces):
    monkeypatch.setattr(threemf_plates, "_MOST_PLATES", limit)
    assert len(load(THREE, LAID, PLATES).faces) == faces


def test_of_copies_side_by_side_one_is_shown():
    turned = '<item objectid="1" transform="0 1 0 -1 0 0 0 0 1 0 9 0"/>'
    build = "".join(item(1, (3 * at, 0, 0)) for at in range(6)) + turned
    np.testing.assert_array_equal(places(load(thing(1, mesh()), build)), [(0, 0, 0)])


def test_copies_that_share_a_first_turn_are_copies():
    lying = "1 0 0 0 0 1 0 -1 0"
    turned = "0 1 0 0 0 1 1 0 0"
    build = "".join(
        f'<item objectid="1" transform="{turn} {at} 0 0"/>'
        for turn, at in ((lying, 0), (turned, 50))
    )
    assert len(load(thing(1, mesh()), build).faces) == 4


@pytest.mark.parametrize(
    "second",
    [
        "1 0 0 0 1 0 0 0 1 1 0 0",  # they touch
        "1 0 0 0 1 0 0 0 1 9 0 2",  # another height
        "2 0 0 0 2 0 0 0 1 9 0 0",  # wider
        "1 0 0 0 0 1 0 -1 0 9 0 0",  # lying
        "-1 0 0 0 1 0 0 0 1 9 0 0",  # mirrored
        "0 0 0 0 0 0 0 0 0 9 0 0",  # nothing of it
    ],
)
def test_what_differs_or_touches_is_no_copy(second):
    for build in (
        item(1) + f'<item objectid="1" transform="{second}"/>',
        f'<item objectid="1" transform="{second}"/>' + item(1),
    ):
        assert len(load(thing(1, mesh()), build).faces) == 8


def test_two_objects_of_one_shape_are_both_shown():
    """As the pieces of a set for chess, or the legs of a table beside its top."""
    assert len(load(THREE, item(1) + item(2, (5, 0, 0)) + item(1, (9, 0, 0))).faces) == 12


def test_components_apart_stay():
    whole = thing(3, f"<components>{component(1)}{component(1, (9, 0, 0))}</components>")
    assert len(load(thing(1, mesh()) + whole, item(3)).faces) == 8


def test_many_copies_are_not_compared(monkeypatch):
    monkeypatch.setattr(threemf_plates, "_MOST_PARTS", 2)
    build = "".join(item(1, (3 * at, 0, 0)) for at in range(3))
    assert len(load(thing(1, mesh()), build).faces) == 12
