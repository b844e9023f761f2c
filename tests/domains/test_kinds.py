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


def test_collada_turns_z_up(tmp_path):
    path = written(tmp_path, ".dae", cad_files.dae_box("Z_UP"))
    vertices, faces = load_triangles(path, Limits())[:2]
    assert np.allclose(np.ptp(vertices[np.unique(faces)], axis=0), (10, 30, 20))


def bounds_of_dae(folder, data):
    vertices, faces = load_triangles(written(folder, ".dae", data), Limits())[:2]
    used = vertices[np.unique(faces)]
    return [*used.min(axis=0).tolist(), *used.max(axis=0).tolist()]


@pytest.mark.parametrize(
    ("moves", "bounds"),
    [
        ("<scale>2 2 2</scale>", (2, 0, 0, 22, 40, 60)),
        ("<translate>0 0 7</translate><rotate>0 0 2 90</rotate>", (-20, 1, 7, 0, 11, 37)),
        ("<rotate>1 0 0 0</rotate><scale>1 1 3</scale>", (1, 0, 0, 11, 20, 90)),
    ],
)
def test_collada_that_is_bound_to_joints_stands_where_they_do(tmp_path, moves, bounds):
    made = bounds_of_dae(tmp_path, cad_files.dae_skin(moves=moves))
    assert np.allclose(made, bounds, atol=1e-4)


def test_collada_of_blender_stands_in_its_skeleton(tmp_path):
    made = bounds_of_dae(tmp_path, cad_files.dae_skin(tool="Blender 4.2.0"))
    assert np.allclose(made, (101, 0, 0, 111, 20, 30))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (cad_files.dae_skin(joint="tail"), "binds a mesh to the joint 'tail', which is not there"),
        (cad_files.dae_skin(moves="<skew>1 1 0 0 0 1 0</skew>"), "moves joints by 'skew'"),
        (cad_files.dae_skin().replace(b"<COLLADA", b"<!DOCTYPE a><COLLADA"), "document type"),
        (cad_files.dae_box(extra="<instance_controller url='#x'/>"), "refers to 'x', which it"),
        (cad_files.dae_skin().replace(b"visual_scene", b"node"), "outside of its"),
        (cad_files.dae_skin()[:-30], "holds damaged XML"),
    ],
)
def test_collada_with_joints_that_cannot_be_followed_is_refused(tmp_path, data, said):
    with pytest.raises(UnreadableFile, match=said):
        bounds_of_dae(tmp_path, data)


LINES = """<lines count="1"><input semantic="VERTEX" source="#v" offset="0"/><p>0 7</p></lines>
<linestrips count="1" material="m"><input semantic="VERTEX" source="#v" offset="0"/><p>0 7 3</p>
</linestrips><lines count="0"/>"""


def test_lines_beside_the_faces_of_collada_are_passed_over(tmp_path):
    path = written(tmp_path, ".dae", cad_files.dae_box(lines=LINES))
    assert len(load_triangles(path, Limits()).faces) == 12


def test_pictures_that_collada_names_are_passed_over(tmp_path):
    images = b"<library_images><image id='i'><!-- its file --></image></library_images><library_geo"
    data = cad_files.dae_box().replace(b"<library_geo", images)
    assert len(load_triangles(written(tmp_path, ".dae", data), Limits()).faces) == 12


def test_an_fbx_of_lines_is_refused_with_that(tmp_path):
    lines = re.sub(
        rb"(PolygonVertexIndex: \*)24 {\s+a: [^\n]*", rb"\g<1>2 {a: 0,-8", cad_files.fbx_box()
    )
    with pytest.raises(UnreadableFile, match=r"it holds lines, .*; .*export it as \.glb there$"):
        load_triangles(written(tmp_path, ".fbx", lines), Limits())


def test_names_in_no_utf_8_are_no_damage(tmp_path):
    path = written(tmp_path, ".3ds", cad_files.tds_box(b"gr\xfcn", b"\xc7\xbd", b"plain"))
    assert len(load_triangles(path, Limits()).faces) == 12


def area_and_extents(mesh):
    a, b, c = mesh.vertices[mesh.faces].transpose(1, 0, 2)
    used = mesh.vertices[np.unique(mesh.faces)]
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    return area, np.ptp(used, axis=0)


def stage_of(folder, text):
    return load_triangles(written(folder, ".usda", b"#usda 1.0\n" + text.encode()), Limits())


def test_a_stage_that_needs_other_files_or_shows_no_mesh_is_refused(tmp_path, capfd):
    whole = cad_files.usda_box()
    (tmp_path / "in").mkdir()
    for name in ("other.usda", "box.abc", "../out.usda", "/etc/out.usda"):
        more = f'def "More" (\n    references = @{name}@\n)\n{{\n}}\n'.encode()
        (tmp_path / "out.usda").write_bytes(whole)
        said = f"refers to '{Path(name).name}', which is (missing|no USD)"
        with pytest.raises(UnreadableFile, match=said):
            load_triangles(written(tmp_path / "in", ".usda", whole + more), Limits())
    curve = 'def NurbsPatch "Patch"\n{\n}\n'
    with pytest.raises(UnreadableFile, match="shows a NurbsPatch, which is not read"):
        stage_of(tmp_path, curve)
    with pytest.raises(UnreadableFile, match="shows no mesh"):
        stage_of(tmp_path, 'def Xform "A"\n{\n}\n')
    assert capfd.readouterr().err == ""


def test_a_stage_is_read_with_the_layers_in_its_folder(tmp_path):
    (tmp_path / "parts" / "far").mkdir(parents=True)
    (tmp_path / "parts" / "far" / "a box.usda").write_bytes(cad_files.usda_box())
    cell = '#usda 1.0\ndef "Two" (\n references = @./far/a box.usda@</Root>\n)\n{\n}\n'
    (tmp_path / "parts" / "cell.usda").write_text(cell)
    layers = "(\n subLayers = [@parts/cell.usda@]\n)\n"
    whole = layers + 'def "One" (\n references = @parts/cell.usda@</Two>\n)\n{\n}\n'
    assert len(stage_of(tmp_path, whole).faces) == 24
    (tmp_path / "parts" / "cell.usda").write_text("junk")
    with pytest.raises(UnreadableFile, match="is damaged"):
        stage_of(tmp_path, whole)


@pytest.mark.parametrize(
    ("text", "area", "extents"),
    [
        ('Cube "A" { double size = 2 }', 24, (2, 2, 2)),
        ('Sphere "A" { double radius = 2 }', 16 * np.pi, (4, 4, 4)),
        ('Cylinder "A" { double height = 3 }', 8 * np.pi, (2, 2, 3)),
        ('Cylinder "A" { uniform token axis = "X" }', 6 * np.pi, (2, 2, 2)),
        ('Cone "A" { double height = 1 uniform token axis = "X" }', 2.414 * np.pi, (1, 2, 2)),
        ('Capsule "A" { double height = 3 uniform token axis = "Y" }', 4 * np.pi, (1, 4, 1)),
        ('Plane "A" { double width = 3 uniform token axis = "Y" }', 6, (2, 0, 3)),
        ('Plane "A" { double width = 3 uniform token axis = "X" }', 6, (0, 3, 2)),
    ],
)
def test_solids_of_usd_are_what_they_say(tmp_path, text, area, extents):
    text = text.replace("{", "{\n").replace(" uniform", "\n uniform").replace("}", "\n}")
    found, spread = area_and_extents(stage_of(tmp_path, "def " + text + "\n"))
    assert np.isclose(found, area, rtol=0.02)
    assert np.allclose(spread, extents, rtol=0.01)


INSTANCES = """def PointInstancer "Many"
{
    double3 xformOp:translate = (0, 5, 0)
    uniform token[] xformOpOrder = ["xformOp:translate"]
    int[] protoIndices = [0, 1, 0, 0]
    point3f[] positions.timeSamples = {1: [(0, 0, 0), (10, 0, 0), (20, 0, 0), (99, 0, 0)]}
    vector3f[] velocities.timeSamples = {1: [(1, 0, 0), (1, 0, 0), (1, 0, 0), (1, 0, 0)]}
    float3[] scales = [(1, 1, 1), (1, 2, 1), (1, 1, 1), (1, 1, 1)]
    int64[] invisibleIds = [3]
    rel prototypes = [</Many/Kinds/A>, </Many/Kinds/B>]
    over "Kinds"
    {
        def Cube "A"
        {
            double3 xformOp:scale = (2, 1, 1)
            uniform token[] xformOpOrder = ["xformOp:scale"]
        }
        def Xform "B"
        {
            def Cube "Shown"
            {
                double3 xformOp:translate = (0, 1, 0)
                uniform token[] xformOpOrder = ["xformOp:translate"]
            }
            def Cube "Hidden"
            {
                token visibility = "invisible"
            }
        }
    }
}
"""


def test_instancers_of_usd_show_what_they_repeat_and_nothing_else(tmp_path):
    vertices, faces = stage_of(tmp_path, INSTANCES)[:2]
    cubes = vertices[faces].reshape(3, -1, 3)
    lows, highs = cubes.min(axis=1), cubes.max(axis=1)
    order = np.argsort(lows[:, 0])
    assert lows[order].tolist() == [[-2, 4, -1], [9, 5, -1], [18, 4, -1]]
    assert highs[order].tolist() == [[2, 6, 1], [11, 9, 1], [22, 6, 1]]


def test_instances_are_counted_before_they_are_made(tmp_path):
    path = written(tmp_path, ".usda", b"#usda 1.0\n" + INSTANCES.encode())
    with pytest.raises(OverLimit, match="over 35 faces"):
        load_triangles(path, Limits(faces=35))
    within = INSTANCES.replace('def Cube "Shown"', 'def PointInstancer "Shown"')
    with pytest.raises(UnreadableFile, match="repeats what is repeated itself"):
        stage_of(tmp_path, within)
    fewer = INSTANCES.replace("(20, 0, 0), (99, 0, 0)]", "(20, 0, 0)]")
    with pytest.raises(UnreadableFile, match="without a place for each"):
        stage_of(tmp_path, fewer)


def test_kinds_that_are_not_read_say_what_to_do(tmp_path):
    said = wrong_suffix(Path("a.STEP"), frozenset())
    assert "pip install 'opensearch-visual[cad]' to read it" in said
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
