"""Meshes that packages from outside read: a damaged one is refused with what can be done."""

import pytest

from opensearch.domains.mesh import load_triangles
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

DAMAGED = {
    "a.dae": b"<COLLADA/>",
    "a.fbx": b"Kaydara FBX Binary  \0",
    "a.3ds": b"MM\0\0\0\0\0\0",
    "a.usdz": b"PK\3\4junk",
    "a.usdc": b"PXR-USDC",
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_file_says_what_can_be_done_and_no_private_path(tmp_path, name):
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(UnreadableFile) as caught:
        load_triangles(tmp_path / name, Limits())
    assert str(caught.value).endswith("; if a program opens it, export it as .glb there")
    assert "opensearch-" not in str(caught.value)
