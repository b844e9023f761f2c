"""Corners where their file has them: what is torn off a shape does not hide that it is a copy."""

import numpy as np
import pytest
from finding import copies_among, pairs_among
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.domains.shapes.framing import framed_triangles
from opensearch.imprints.corners import corner_bytes, corners_of
from opensearch.imprints.frames import hashes, on_lattice, with_a_mark_in_common
from opensearch.imprints.shapes import shape_imprint

ALL = np.arange(400)
ORIGIN = np.zeros(3)
COPY = ("simplified", False)


def cloud(seed, count=400):
    """Corners of a shape in the unit sphere."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3))
    return points / np.linalg.norm(points, axis=1).max()


def triangles(corners):
    """A triangle for each three."""
    return corners[: len(corners) // 3 * 3], np.arange(len(corners) // 3 * 3).reshape(-1, 3)


def imprint(points, middle=ORIGIN, radius=1.0):
    """Of a file that has the points at `points * radius + middle`."""
    return shape_imprint(*framed_triangles(*triangles(points * radius + middle)))


def torn(points, share=0.2, seed=9):
    """Half of the corners, of these a share in place, and all on one side."""
    rng = np.random.default_rng(seed)
    left = points[np.argsort(points[:, 0])][: len(points) // 2].copy()
    moved = rng.permutation(len(left))[round(share * len(left)) :]
    left[moved] += rng.normal(scale=0.05, size=(len(moved), 3))
    return left


@pytest.mark.parametrize("count", [90, 400, 3000])
@pytest.mark.parametrize(
    ("middle", "radius"),
    [(ORIGIN, 1.0), ([3e6, -5e6, 12.5], 40.0), (ORIGIN, 1e-250), ([1e300, 0, 0], 1e299)],
)
def test_a_torn_half_is_found_by_the_corners_left_in_place(count, middle, radius):
    whole, middle = cloud(0, count), np.array(middle, float)
    others = [imprint(cloud(seed, count), middle, radius) for seed in range(1, 5)]
    original, copy = imprint(whole, middle, radius), imprint(torn(whole, 0.25), middle, radius)
    if 1e-200 < radius < 1e200:
        assert pairs_among([*others, original, copy]) == {(4, 5): COPY}
        assert copies_among(copy, [*others, original]) == {4: COPY}
    else:  # no lattice: such files are compared as they are in the unit sphere
        assert pairs_among([*others, original]) == {}
        assert {(0, 1), (1, 0)} <= pairs_among([original, original]).keys()


@pytest.mark.parametrize("radius", [16.0**k * 16_000 * at for k in (-4, 0) for at in (1, 1.1, 1.3)])
def test_a_lattice_of_another_step_is_bridged(radius):
    whole = cloud(0)
    near = whole[np.linalg.norm(whole, axis=1) < 0.75]
    levels = {corners_of(each[265:]).frame.level for each in (imprint(whole, radius=radius),)}
    levels |= {corners_of(imprint(near[::2], radius=radius)[265:]).frame.level}
    assert pairs_among([imprint(whole, radius=radius), imprint(near[::2], radius=radius)]), levels


def test_some_radius_needs_the_bridge():
    whole = cloud(0)
    near = whole[np.linalg.norm(whole, axis=1) < 0.75][::2]
    found = set()
    for at in np.linspace(1, 2.5, 31):
        made = [imprint(each, radius=16_000 * at) for each in (whole, near)]
        one, other = (corners_of(each[265:]).frame.level for each in made)
        found.add(one - other)
        assert pairs_among(made), at
        assert copies_among(made[0], made[1:]) == copies_among(made[1], made[:1]) == {0: COPY}, at
    assert found == {0, 1}


def test_the_inside_of_a_shape_sixteen_times_as_large_is_none():
    whole = np.concatenate([cloud(0), cloud(1, 60) * 0.08])
    made = [imprint(each, radius=40_000.0) for each in (whole, whole[400:])]
    one, other = (corners_of(each[265:]).frame.level for each in made)
    assert one - other == 1, "else it is no question"
    assert pairs_among(made) == {}


def test_few_corners_in_common_tell_nothing():
    whole, other = cloud(0), cloud(1)
    other[:7] = whole[:7]
    assert pairs_among([imprint(whole), imprint(other[:120])]) == {}
    other[:25] = whole[:25]
    assert pairs_among([imprint(whole), imprint(other[:180])]) == {}, "25 of 180 are too few"
    assert pairs_among([imprint(whole), imprint(other[:120])]) == {(0, 1): COPY}


def test_a_variant_with_nearly_as_many_corners_has_nearly_all_of_them():
    whole = cloud(0)
    part, most = whole[:330], whole[:360]
    assert pairs_among([imprint(whole), imprint(part)]).get((0, 1)) is None
    assert pairs_among([imprint(whole), imprint(most)]).keys() >= {(0, 1)}


def test_files_with_a_rare_mark_in_common_are_paired_once():
    marked = [[1, 2, 3], [2, 9], [3, 2, 1], [7], [], *([50, 60 + at] for at in range(33))]
    found = with_a_mark_in_common([np.array(each, np.uint64) for each in marked])
    assert set(zip(*map(np.ndarray.tolist, found), strict=True)) == {(0, 1), (0, 2), (1, 2)}
    assert len(found[0]) == 3
    assert len(with_a_mark_in_common([])[0]) == 0


def test_shapes_on_the_corners_of_a_cube_are_not_joined_by_them():
    rng = np.random.default_rng(0)
    cube = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], float)
    made = [imprint(np.concatenate([cube, rng.uniform(-1, 1, (70, 3))])) for _ in range(40)]
    assert pairs_among(made) == {}


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 2000), st.integers(-2, 2))
def test_kept_are_all_corners_or_the_same_part_of_them_in_every_file(seed, count, size):
    points = cloud(seed, count + 2) * 16.0**size
    kept = corner_bytes(points, np.arange(count + 2)[None], ORIGIN, ORIGIN, 1.0)
    frame = corners_of(kept).frame
    step = 16.0**frame.level
    cells = {tuple(each) for each in np.floor(points / step + 0.382).astype(int).tolist()}
    own = [tuple(each) for each in frame.places.tolist()]
    assert frame.count == len(cells)
    assert set(own) <= cells
    assert len(own) == (len(cells) if len(cells) <= 600 else 300)
    numbers = hashes(np.array(sorted(cells)))
    assert (np.sort(numbers)[: len(own)] == hashes(frame.places)).all()


def test_corners_in_next_to_one_place_and_two_far_away_are_put_on_a_lattice():
    far = np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float)
    points = np.concatenate([cloud(0, 300) * 1e-25, far])
    kept = corner_bytes(points, np.arange(304)[None], ORIGIN, ORIGIN, 1.0)
    found = corners_of(kept)
    assert found.frame.count == 5
    assert np.abs(found.frame.places).max() < 2**40


def test_mirrored_places_have_hashes_of_their_own():
    places = on_lattice(cloud(0) * 1000, 0)
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    mirrored = np.unique((places[:, None] * signs).reshape(-1, 3), axis=0)
    turned = np.unique(np.concatenate([mirrored, mirrored[:, ::-1]]), axis=0)
    assert len(np.unique(hashes(turned))) == len(turned)
