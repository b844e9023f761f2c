"""3MF: slices, and meshes that stand in for them."""

import numpy as np
import pytest
from threemf_files import item, mesh, model, package, single, thing

from opensearch.domains.meshes import threemf
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits


def load(data):
    return threemf.load(data, None, Limits())


BOX = np.array([(x, y, z) for z in (0, 4) for x, y in ((0, 0), (20, 0), (20, 20), (0, 20))])
BOX_FACES = np.array(
    [(0, 2, 1), (0, 3, 2), (4, 5, 6), (4, 6, 7)]
    + [(k, (k + 1) % 4, 4 + (k + 1) % 4) for k in range(4)]
    + [(k, 4 + (k + 1) % 4, 4 + k) for k in range(4)]
)
SQUARE = [(0, 0), (20, 0), (20, 20), (0, 20)]
HOLE = [(5, 5), (5, 15), (15, 15), (15, 5)]


def stack(*polygons):
    """Two slices of the same polygons, and an empty one at the top, as the samples have it."""
    points = "".join(f'<s:vertex x="{x}" y="{y}"/>' for one in polygons for x, y in one)
    drawn, first = "", 0
    for one in polygons:
        places = [*range(first + 1, first + len(one)), first]
        turns = "".join(f'<s:segment v2="{place}"/>' for place in places)
        drawn += f'<s:polygon startv="{first}">{turns}</s:polygon>'
        first += len(one)
    slices = f'<s:slice ztop="2"><s:vertices>{points}</s:vertices>{drawn}</s:slice>' * 2
    return f'<s:slicestack id="9" zbottom="0">{slices}<s:slice ztop="4"/></s:slicestack>'


def sliced(content, slices):
    """A 3MF of one object whose slices are in a part of their own."""
    led = '<s:sliceref slicestackid="9" slicepath="/2D/slices.model"/>'
    object_ = f'<object id="1" s:slicestackid="3">{content}</object>'
    root = model(f'<s:slicestack id="3">{led}</s:slicestack>{object_}', item(1))
    return package({"3D/3dmodel.model": root, "2D/slices.model": model(slices)})


def box():
    points = "".join(f'<vertex x="{x}" y="{y}" z="{z}"/>' for x, y, z in BOX)
    corners = "".join(f'<triangle v1="{a}" v2="{b}" v3="{c}"/>' for a, b, c in BOX_FACES)
    return f"<mesh><vertices>{points}</vertices><triangles>{corners}</triangles></mesh>"


@pytest.mark.parametrize("drawn", [[SQUARE, HOLE], [SQUARE[:3]], [[(5, 5), (15, 5), (10, 15)]]])
def test_a_box_in_the_place_of_slices_of_something_else_is_refused(drawn):
    """It was shown as the shape."""
    with pytest.raises(UnreadableFile, match="shape by slices, which are not read, and a box"):
        load(sliced(box(), stack(*drawn)))


def test_meshes_with_slices_of_their_own_shape_are_read():
    assert len(load(sliced(box(), stack(SQUARE))).faces) == 12
    assert len(load(sliced(box(), stack(SQUARE).replace('x="20"', 'x="19.9"'))).faces) == 12
    assert len(load(sliced(box(), "")).faces) == 12
    assert len(load(sliced(mesh(), stack(HOLE))).faces) == 4  # no box
    either = thing(1, box()) + stack(SQUARE, HOLE)  # of no object
    assert len(load(single(either, item(1))).faces) == 12


@pytest.mark.parametrize("number", [4, -1, 10**30])
def test_slices_of_vertices_that_are_not_there_are_damaged(number):
    with pytest.raises(UnreadableFile, match="slices: one names a vertex that it does not hold"):
        load(sliced(box(), stack(SQUARE).replace('v2="3"', f'v2="{number}"')))
