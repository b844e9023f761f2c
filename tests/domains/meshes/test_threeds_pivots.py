"""3DS files of early programs, which count the pivot of a mesh from its middle."""

import struct

import cad_files
import numpy as np
import pytest

from opensearch.domains.mesh import load_triangles
from opensearch.domains.meshes.threeds_pivots import without_second_placing
from opensearch.limits import Limits

BOX = np.array(cad_files.CORNERS, float)
HULL, FIN = BOX / 10, BOX / 20 + (7, 2, 3)
"""Corners of two boxes where they belong."""


def chunk(number, *parts):
    data = b"".join(parts)
    return struct.pack("<HI", number, 6 + len(data)) + data


def mesh(name, corners, axes=None):
    halves = [face for a, b, c, d in cad_files.SIDES for face in ((a, b, c), (a, c, d))]
    matrix = np.vstack([np.eye(3), axes if axes is not None else np.zeros(3)])
    points = chunk(0x4110, struct.pack("<H", 8), corners.astype("<f4").tobytes())
    faces = chunk(0x4120, b"\x0c\0", *(struct.pack("<4H", *face, 7) for face in halves))
    return chunk(
        0x4000, name, b"\0", chunk(0x4100, points, chunk(0x4160, matrix.astype("<f4")), faces)
    )


def track(number, *values, spline=b"\0\0"):
    return chunk(
        number, struct.pack("<10xII", 1, 0), spline, struct.pack(f"<{len(values)}f", *values)
    )


def node(name, moved, pivot=(0, 0, 0), parent=65535, more=b""):
    header = chunk(0xB010, name, b"\0", struct.pack("<3H", 0, 0, parent))
    placed = chunk(0xB013, struct.pack("<3f", *pivot)), track(0xB020, *moved)
    return chunk(0xB002, header, *placed, more)


def scene(meshes, nodes):
    return chunk(0x4D4D, chunk(0x3D3D, *meshes), chunk(0xB000, *nodes))


def middle(corners):
    return (corners.min(axis=0) + corners.max(axis=0)) / 2


def early(more=b"", fin=FIN):
    """Two placed boxes without axes, the second below the first."""
    pivot, other = np.array([5, -1, 2]), np.array([-3, 0.5, 0])
    at = middle(HULL) + pivot
    return scene(
        [mesh(b"hull", HULL), mesh(b"fin", fin)],
        [
            node(b"hull", at, pivot),
            node(b"fin", middle(FIN) + other - at, other, parent=0, more=more),
        ],
    )


def seen(folder, data):
    """Corners of the box about all that is read, with z up as in the file."""
    (folder / "a.3ds").write_bytes(data)
    vertices, faces = load_triangles(folder / "a.3ds", Limits())[:2]
    used = vertices[np.unique(faces)]
    return [*used.min(axis=0), *used.max(axis=0)]


def placed(folder, *boxes):
    """The same of boxes of corners, in a file that has no keyframer."""
    meshes = [mesh(b"part%d" % number, box) for number, box in enumerate(boxes)]
    return seen(folder, chunk(0x4D4D, chunk(0x3D3D, *meshes)))


@pytest.mark.parametrize(
    "more",
    [
        b"",
        track(0xB021, 0, 1, 0, 0),
        track(0xB022, 1, 1, 1),
        track(0xB022, 0.5, 1, 1, 1, spline=b"\x02\0"),
        chunk(0xB030, b"\1\0"),
    ],
    ids=["bare", "turned by nothing", "in full size", "with tension", "numbered"],
)
def test_parts_whose_pivots_count_from_their_middles_stay_where_they_are(tmp_path, more):
    assert np.allclose(seen(tmp_path, early(more)), placed(tmp_path, HULL, FIN), atol=1e-4)


def test_parts_that_are_relative_are_placed_by_the_keyframer(tmp_path):
    meshes = [mesh(b"hull", HULL), mesh(b"fin", HULL)]
    apart = scene(meshes, [node(b"hull", (0, 0, 0)), node(b"fin", (40, 5, 6), (1, 1, 1))])
    wanted = placed(tmp_path, HULL, HULL + np.array([39, 4, 5]))
    assert np.allclose(seen(tmp_path, apart), wanted, atol=1e-4)


def test_parts_with_axes_of_their_own_stand_where_their_corners_are(tmp_path):
    data = scene(
        [mesh(b"hull", HULL, middle(HULL)), mesh(b"fin", FIN, (7, 2, 3))],
        [node(b"hull", middle(HULL)), node(b"fin", (9, 2, 3), (2, 0, 0))],
    )
    assert without_second_placing(data) is data
    assert np.allclose(seen(tmp_path, data), placed(tmp_path, HULL, FIN), atol=1e-4)


@pytest.mark.parametrize(
    "data",
    [
        early(track(0xB021, 1, 0, 0, 1)),
        early(track(0xB022, 2, 1, 1)),
        early(fin=FIN + 1),
        early(fin=FIN[:0]),
        scene([mesh(b"hull", HULL)], [node(b"hull", middle(HULL))] * 2),
        scene([mesh(b"hull", HULL)] * 2, [node(b"hull", middle(HULL))]),
        scene([mesh(b"hull", HULL), mesh(b"fin", FIN)], [node(b"hull", middle(HULL))]),
        scene([mesh(b"hull", HULL)], [node(b"hull", middle(HULL), parent=0)]),
        scene([mesh(b"hull", HULL)], [node(b"hull", (0, 0, 0))]),
        cad_files.tds_box(),
    ],
    ids=[
        "turned",
        "scaled",
        "elsewhere",
        "empty",
        "two nodes",
        "two of a name",
        "one without a node",
        "its own parent",
        "nothing moved",
        "no keyframer",
    ],
)
def test_the_keyframer_stays_where_it_may_be_right(data):
    assert without_second_placing(data) is data


def test_a_file_that_is_cut_short_or_forged_is_no_error():
    data = early()
    for length in range(0, len(data), 7):
        assert len(without_second_placing(data[:length])) == length
    rng = np.random.default_rng(0)
    for _ in range(300):
        forged = bytearray(data)
        forged[rng.integers(len(data))] = rng.integers(256)
        assert len(without_second_placing(bytes(forged))) == len(data)
