import re
from pathlib import Path

import cad_files
import numpy as np
import pytest

from opensearch.cli.epilogs import shapes
from opensearch.domains import meshes
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.files import wrong_suffix
from opensearch.domains.mesh import load_triangles
from opensearch.domains.meshes import FORMATS
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.unread import CONVERT
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

ROOT = Path(__file__).parents[2]
WRITERS = {
    ".step": cad_files.step_box,
    ".fbx": cad_files.fbx_box,
    ".dae": cad_files.dae_box,
    ".3ds": cad_files.tds_box,
    ".usda": cad_files.usda_box,
}


def written(folder, suffix, data=None):
    writer = WRITERS[suffix]
    path = folder / f"box{suffix}"
    path.write_bytes(writer() if data is None else data)
    return path


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_box_is_a_box_in_every_kind_and_upright(tmp_path, suffix):
    vertices, faces = load_triangles(written(tmp_path, suffix), Limits())[:2]
    assert len(faces) == 12
    used = vertices[np.unique(faces)]
    extents = np.ptp(used, axis=0) * (1000 if suffix == ".step" else 1)
    turned = suffix in (".usda", ".3ds")  # these say, or mean, that z is up
    assert np.allclose(extents, (10, 30, 20) if turned else (10, 20, 30), rtol=1e-4)
    a, b, c = vertices[faces].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert np.isclose(area * (1e6 if suffix == ".step" else 1), 2200, rtol=1e-4)
    assert FORMATS[suffix].up == (None if suffix == ".step" else "y")


@pytest.mark.parametrize("suffix", WRITERS)
def test_damaged_files_of_every_kind_are_unreadable(tmp_path, suffix):
    whole = WRITERS[suffix]()
    for data in (whole[: len(whole) // 3], b"nothing of the kind", b"\0" * 64):
        with pytest.raises(UnreadableFile):
            load_triangles(written(tmp_path, suffix, data), Limits())


@pytest.mark.parametrize("suffix", WRITERS)
def test_faces_of_every_kind_are_limited(tmp_path, suffix):
    with pytest.raises(OverLimit, match=r"over 11 faces|12 faces"):
        load_triangles(written(tmp_path, suffix), Limits(faces=11))


def test_surfaces_of_iges_are_read(tmp_path):
    path = tmp_path / "sheet.igs"
    path.write_bytes(cad_files.iges_sheet())
    vertices, faces = load_triangles(path, Limits())[:2]
    assert np.allclose(np.ptp(vertices[np.unique(faces)], axis=0), (10, 20, 0))
    path.write_bytes(cad_files.iges_sheet()[:300])
    with pytest.raises(UnreadableFile):
        load_triangles(path, Limits())


def test_an_iges_file_that_lacks_lines_is_told_so(tmp_path):
    path = tmp_path / "sheet.igs"
    whole = cad_files.iges_sheet()

    def lost(data):
        path.write_bytes(data)
        return load_triangles(path, Limits()).lost

    assert lost(whole) == lost(whole.replace(b"\n", b"\r\n") + b"\x1a" + bytes(90)) == ""
    assert "without its last section" in lost(whole[: whole.rindex(b"S      1G")])
    more = whole.replace(b"P      3                ", b"P      4                ")
    assert lost(more) == "it holds 3 of the 4 lines of a section"


def test_step_assemblies_of_other_files_are_told(tmp_path):
    whole = cad_files.step_box()
    other = b"#9001=DOCUMENT_FILE('parts/HEAD_BACK.stp','','',#9002,'',$);\nENDSEC;\nEND-ISO"
    more = whole.replace(b"ENDSEC;\nEND-ISO", other)
    assert more != whole
    mesh = load_triangles(written(tmp_path, ".step", more), Limits())
    assert mesh.lost == "its parts in other files, such as 'HEAD_BACK.stp', are missing"
    with pytest.raises(OverLimit):
        load_triangles(tmp_path / "box.step", Limits(faces=11))
    alone = b"ISO-10303-21;\nHEADER;\nENDSEC;\nDATA;\n" + other + b"-10303-21;\n"
    with pytest.raises(UnreadableFile, match=r"parts in other files, such as 'HEAD_BACK\.stp'"):
        load_triangles(written(tmp_path, ".step", alone), Limits())


def test_kinds_that_are_not_read_say_what_to_do(tmp_path):
    said = wrong_suffix(Path("a.STEP"), frozenset())
    assert "pip install 'opensearch-visual[cad]' to read it" in said
    assert "a flat drawing as .svg" in wrong_suffix(Path("plan.DXF"), frozenset())
    assert "make a mesh of it" in wrong_suffix(Path("scan.ksplat"), frozenset())
    assert "into .ply with draco_decoder" in wrong_suffix(Path("bunny.drc"), frozenset())
    assert "export it as .obj or .glb" in wrong_suffix(Path("car.mpd"), frozenset())
    assert "if it is a part of LDraw" in wrong_suffix(Path("3001.dat"), frozenset())
    path = tmp_path / "a.blend"
    path.write_bytes(b"BLENDER")
    with pytest.raises(UnreadableFile, match="not read: open it in Blender and export it"):
        guess_domain(path)
    (failure,) = find_sources(path)
    assert failure.reason.endswith("open it in Blender and export it as .glb")
    with pytest.raises(UnreadableFile, match="which is not read: open it in Blender"):
        load_triangles(path, Limits())


def test_a_kind_is_known_once_its_package_is_installed(monkeypatch):
    monkeypatch.setattr(meshes, "_installed", lambda module: module == "pxr")
    extras = {suffix for suffix, form in FORMATS.items() if form.extra}
    assert meshes.suffixes() & extras == {".usd", ".usda", ".usdc", ".usdz"}


def test_help_and_page_name_every_kind():
    every = {suffix[1:] for suffix in FORMATS}
    words = set(re.findall(r"[a-z0-9]+", shapes()))
    assert every <= words
    page = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| shapes")]
    assert every <= set(re.findall(r"[a-z0-9]+", " ".join(rows)))
    assert not set(CONVERT) & set(FORMATS)
