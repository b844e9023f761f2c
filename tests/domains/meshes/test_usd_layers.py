"""USD: what a stage refers to and does not find in its folder."""

import cad_files
import pytest

from opensearch.domains.mesh import load_triangles
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits


def stage_of(folder, text):
    path = folder / "car.usda"
    path.write_bytes(b"#usda 1.0\n" + text.encode())
    return load_triangles(path, Limits())


CAR = """def Xform "Car"
{
    def Cube "Body"
    {
    }
    def "More" (
        references = @NAME@
    )
    {
    }
}
"""


def test_what_lies_outside_of_the_folder_is_told_and_never_read(tmp_path):
    (tmp_path / "car").mkdir()
    (tmp_path / "wheel.usda").write_bytes(cad_files.usda_box())
    found = stage_of(tmp_path / "car", CAR.replace("NAME", "../wheel.usda"))
    assert len(found.faces) == 12
    told = "1 of its references lead to nothing: '../wheel.usda' lies outside of its folder"
    assert found.lost == told
    (tmp_path / "car" / "parts").mkdir()
    (tmp_path / "car" / "parts" / "side.usda").write_bytes(
        b"#usda 1.0\n" + CAR.replace("NAME", "../../wheel.usda").encode()
    )
    found = stage_of(tmp_path / "car", CAR.replace("NAME@", "parts/side.usda@</Car>"))
    assert len(found.faces) == 24
    assert found.lost == told


def test_a_stage_of_nothing_but_what_lies_outside_of_its_folder_is_refused(tmp_path):
    (tmp_path / "car").mkdir()
    (tmp_path / "wheel.usda").write_bytes(cad_files.usda_box())
    text = CAR.replace("NAME", "../wheel.usda").replace("Cube", "Xform")
    with pytest.raises(
        UnreadableFile, match=r"'\.\./wheel\.usda', which lies outside of its folder"
    ):
        stage_of(tmp_path / "car", text)


def test_materials_that_are_missing_change_no_shape(tmp_path):
    for name in ("m.mtlx@</MaterialX/Materials>", "wood.png", "../looks/wood.MTLX"):
        text = CAR.replace("NAME@" if "@" in name else "NAME", name)
        assert stage_of(tmp_path, text).lost == ""
    outside = CAR.replace("NAME", "../looks/red.usda")
    for kind in ("Material", "Shader"):
        found = stage_of(tmp_path, outside.replace('def "More"', f'def {kind} "More"'))
        assert (len(found.faces), found.lost) == (12, "")
    for target in ("More", "More/Red"):
        binding = f'def Cube "Body"\n    {{\n        rel material:binding = </Car/{target}>'
        found = stage_of(tmp_path, outside.replace('def Cube "Body"\n    {', binding))
        assert (len(found.faces), found.lost) == (12, "")


def test_a_part_that_binds_its_own_materials_is_missed(tmp_path):
    inner = 'over "Wheel"\n        {\n            rel material:binding = </Car/More/Red>\n        }'
    head, _, tail = CAR.replace("NAME", "../wheel.usda").rpartition("{\n")
    found = stage_of(tmp_path, f"{head}{{\n{inner}\n{tail}")
    assert found.lost.startswith("1 of its references lead to nothing: '../wheel.usda'")


@pytest.mark.parametrize(
    ("kind", "inner", "told"),
    [
        ("Scope", "", False),
        ("Scope", 'over "Red" {}', False),
        ("", 'over "Red" {\nover "Paint" {}\n}', False),
        ("Scope", 'def Material "Blue" {\ndef Shader "Paint" {}\n}', False),
        ("Scope", 'def Cube "Hub" {}', True),
        ("", 'over "Hub" {}', True),
        ("Xform", "", True),
        ("Xform", 'over "Red" {}', True),
    ],
)
def test_a_part_whose_material_another_binds_is_missed(tmp_path, kind, inner, told):
    """A wheel may lend its red to the body; nothing but materials is in a scope of them."""
    text = CAR.replace("NAME", "../wheel.usda").replace('def "More"', f'def {kind} "More"')
    binding = 'def Cube "Body"\n    {\n        rel material:binding = </Car/More/Red>'
    head, _, tail = text.replace('def Cube "Body"\n    {', binding).rpartition("{\n")
    lost = stage_of(tmp_path, f"{head}{{\n{inner}\n{tail}").lost
    assert lost.startswith("1 of its references lead to nothing: '../wheel.usda'") == told
    assert bool(lost) == told


def test_a_whole_whose_material_another_binds_is_missed(tmp_path):
    car = 'def Xform "Car" (\n references = @../all.usda@\n)\n{\n}\n'
    other = 'def Cube "Other"\n{\n rel material:binding = </Car/Red>\n}\n'
    assert "'../all.usda' lies outside of its folder" in stage_of(tmp_path, car + other).lost


def test_a_collection_that_is_painted_is_no_material(tmp_path):
    text = CAR.replace("NAME", "../wheel.usda").replace(
        'def Cube "Body"\n    {',
        'def Cube "Body"\n    {\n'
        "        rel material:binding:collection:a = [</Car/More.collection:a>, </Red>]",
    )
    assert "'../wheel.usda' lies outside of its folder" in stage_of(tmp_path, text).lost
