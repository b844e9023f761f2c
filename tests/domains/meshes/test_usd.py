"""USD: layers beside the file, solids, instancers, skeletons."""

from pathlib import Path

import cad_files
import numpy as np
import pytest

from opensearch.domains.mesh import load_triangles
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits


def written(folder, suffix, data):
    path = folder / f"box{suffix}"
    path.write_bytes(data)
    return path


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
    (tmp_path / "out.usda").write_bytes(whole)
    outside = "lies outside of its folder"
    for name, why in (
        ("other.usda", "is missing or damaged"),
        ("box.abc", "is no USD"),
        ("/etc/out.usda", outside),
        (str(tmp_path / "out.usda"), outside),
        ("../" * 40 + "etc/out.usda", outside),
    ):
        more = f'def "More" (\n    references = @{name}@\n)\n{{\n}}\n'.encode()
        with pytest.raises(UnreadableFile, match=f"refers to '{Path(name).name}', which {why};"):
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


RIGGED = """def SkelRoot "Root"
{
    def Skeleton "Bones" (prepend apiSchemas = ["SkelBindingAPI"])
    {
        uniform token[] joints = ["hip"]
        uniform matrix4d[] bindTransforms = [ONE]
        uniform matrix4d[] restTransforms = [ONE]
        rel skel:animationSource = </Root/Dance>
    }
    def SkelAnimation "Dance"
    {
        uniform token[] joints = ["hip"]
        float3[] translations.timeSamples = {101: [(5, 0, 0)], 102: [(6, 0, 0)], 103: [(7, 0, 0)]}
        quatf[] rotations = [(1, 0, 0, 0)]
        half3[] scales = [(1, 1, 1)]
    }
    def Mesh "Sheet" (prepend apiSchemas = ["SkelBindingAPI"])
    {
        point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 3, 0), (1, 3, 0)]
        int[] faceVertexCounts = [4, 4]
        int[] faceVertexIndices = [0, 1, 2, 3, 3, 2, 5, 4]
        int[] primvars:skel:jointIndices = [0, 0, 0, 0, 0, 0] (interpolation = "vertex")
        float[] primvars:skel:jointWeights = [1, 1, 1, 1, 1, 1] (interpolation = "vertex")
        rel skel:skeleton = </Root/Bones>
    }
}
""".replace("ONE", "((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))")


def test_what_is_bound_to_a_skeleton_is_posed_once(tmp_path, monkeypatch):
    pxr = pytest.importorskip("pxr.UsdSkel")
    poses, bake = [], pxr.BakeSkinning

    def spy(prims, *when):
        bake(prims, *when)
        poses.extend(len(prim.GetAttribute("points").GetTimeSamples()) for prim in prims)

    monkeypatch.setattr(pxr, "BakeSkinning", spy)
    vertices, faces = stage_of(tmp_path, RIGGED)[:2]
    assert vertices[faces].min(axis=(0, 1)).tolist() == [5, 0, 0]
    assert vertices[faces].max(axis=(0, 1)).tolist() == [6, 3, 0]
    assert max(poses) == 1


def test_instances_of_what_is_bound_to_a_skeleton_are_posed(tmp_path):
    cast = "".join(
        f'def "Dancer{k}" (\n instanceable = true\n references = </Cast>\n)\n{{\n'
        f"double3 xformOp:translate = (0, {10 * k}, 0)\n"
        'uniform token[] xformOpOrder = ["xformOp:translate"]\n}\n'
        for k in range(2)
    )
    inner = RIGGED.replace("</Root/", "</Cast/Root/")
    mesh = stage_of(tmp_path, f'class Xform "Cast"\n{{\n{inner}}}\n{cast}')
    vertices, faces = mesh[:2]
    assert len(faces) == 8
    assert vertices[faces].min(axis=(0, 1)).tolist() == [5, 0, 0]
    assert vertices[faces].max(axis=(0, 1)).tolist() == [6, 13, 0]


def test_points_that_are_known_at_some_time_alone_are_posed(tmp_path):
    timed = RIGGED.replace("point3f[] points = [", "point3f[] points.timeSamples = {1: [")
    timed = timed.replace("(1, 3, 0)]", "(1, 3, 0)]}")
    vertices, faces = stage_of(tmp_path, timed)[:2]
    assert vertices[faces].min(axis=(0, 1)).tolist() == [5, 0, 0]
    assert vertices[faces].max(axis=(0, 1)).tolist() == [6, 3, 0]


def test_faces_that_usd_calls_holes_are_left_out(tmp_path):
    holed = RIGGED.replace(
        "int[] faceVertexCounts", "int[] holeIndices = [1]\n int[] faceVertexCounts"
    )
    vertices, faces = stage_of(tmp_path, holed)[:2]
    assert vertices[faces].max(axis=(0, 1)).tolist() == [6, 1, 0]
    assert len(faces) == 2


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


def test_points_that_no_face_uses_are_not_repeated(tmp_path):
    cube = INSTANCES.index("def Cube")
    spare = """def Mesh "A"
        {
            point3f[] points = [(9, 9, 9), (0, 0, 0), (1, 0, 0), (0, 1, 0), (8, 8, 8)]
            int[] faceVertexCounts = [3]
            int[] faceVertexIndices = [1, 2, 3]
        }
        def Mesh "B" (active = false) {}
    }
}
"""
    text = INSTANCES[:cube] + spare
    vertices, faces = stage_of(tmp_path, text.replace("[0, 1, 0, 0]", "[0, 0, 0, 0]"))[:2]
    assert (len(vertices), len(faces)) == (3 * 3, 3)
    assert vertices.max(axis=0).tolist() == [21, 7, 0]  # the second is twice as high


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


def test_an_instancer_that_repeats_what_is_not_there_is_refused(tmp_path):
    """It was left out without a word."""
    with pytest.raises(UnreadableFile, match="repeats '/Many/Kinds/C', which it does not hold"):
        stage_of(tmp_path, INSTANCES.replace("Kinds/B>", "Kinds/C>"))
    unused = INSTANCES.replace("Kinds/B>", "Kinds/B>, </Many/Kinds/C>")
    assert len(stage_of(tmp_path, unused).faces) == 36


def test_references_that_lead_to_nothing_are_told(tmp_path):
    text = 'def Cube "A"\n{\n}\ndef Xform "B" (\n    references = </C>\n)\n{\n}\n'
    assert stage_of(tmp_path, text).lost == "1 of its references lead to nothing"
    assert stage_of(tmp_path, text.replace("</C>", "</A>")).lost == ""


@pytest.mark.parametrize(
    ("version", "reads"), [((0, 0, 1), "from 0"), ((0, 99, 0), "up to 0"), ((9, 0, 0), "up to 0")]
)
def test_binary_usd_of_another_version_is_refused_with_it(tmp_path, version, reads):
    Usd = pytest.importorskip("pxr.Usd")
    stage = Usd.Stage.CreateNew(str(tmp_path / "whole.usdc"))
    stage.DefinePrim("/A", "Cube")
    stage.Save()
    data = (tmp_path / "whole.usdc").read_bytes()
    assert len(load_triangles(written(tmp_path, ".usdc", data), Limits()).faces) == 12
    old = data[:8] + bytes(version) + data[11:]
    said = f"binary USD of version {'.'.join(map(str, version))}, and usd-core reads it {reads}"
    with pytest.raises(UnreadableFile, match=said):
        load_triangles(written(tmp_path, ".usdc", old), Limits())


@pytest.mark.parametrize("text", ["version 1.2.3 oldest 4.5.6 }}", "version " * 50_000])
def test_a_text_that_speaks_of_versions_is_merely_damaged(tmp_path, text):
    """Usd-core quotes it; looking for versions in a long one took minutes."""
    with pytest.raises(UnreadableFile, match="is not a USD file, or is damaged; if a program"):
        stage_of(tmp_path, text)
