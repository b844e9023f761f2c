import io
import json
import sys
import threading

import numpy as np
import pytest
import trimesh
from click.testing import CliRunner
from PIL import Image

from opensearch.cli import main
from opensearch.config import ReaderSettings
from opensearch.domains import Reading, open_reader, png, save_views, thumbnail
from opensearch.domains.reading import contact_sheet
from opensearch.encoders.card import read_card
from opensearch.encoders.starter import starter_model
from opensearch.errors import InvalidInput


def views(count, size=16):
    return np.random.default_rng(0).integers(0, 255, (count, size, size, 3), np.uint8)


def test_a_png_holds_exactly_the_view():
    view = views(1)[0]
    assert (np.asarray(Image.open(io.BytesIO(png(view)))) == view).all()


@pytest.mark.parametrize(
    ("aspect", "size"), [(1.0, (192, 192)), (2.0, (192, 96)), (0.5, (96, 192)), (1000.0, (192, 1))]
)
def test_a_thumbnail_has_the_original_aspect(aspect, size):
    image = Image.open(io.BytesIO(thumbnail(Reading(views(2), aspect))))
    assert (image.format, image.size) == ("JPEG", size)


def test_a_thumbnail_is_of_the_portrait_where_there_is_one():
    dark = np.zeros((48, 48, 3), np.uint8)
    image = Image.open(io.BytesIO(thumbnail(Reading(np.full_like(views(2), 255), portrait=dark))))
    assert image.size == (192, 192)
    assert np.asarray(image).max() < 10


def test_a_contact_sheet_shows_every_view_once():
    shown = views(8)
    sheet = contact_sheet(shown, columns=6, gap=4)
    assert sheet.shape == (2 * 20 + 4, 6 * 20 + 4, 3)
    assert (sheet[4:20, 24:40] == shown[1]).all()
    assert (sheet[24:40, 4:20] == shown[6]).all()


def test_views_are_saved_in_order(tmp_path):
    shown = views(2)
    paths = save_views(Reading(shown), tmp_path / "new/out")
    assert [path.name for path in paths] == ["view-01.png", "view-02.png", "views.png"]
    assert (np.asarray(Image.open(paths[1])) == shown[1]).all()
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InvalidInput, match="cannot write pictures"):
        save_views(Reading(shown), tmp_path / "file")


@pytest.mark.parametrize("name", ["view-02.png", "views.png"])
def test_views_take_the_place_of_no_file_that_was_read(tmp_path, name):
    (tmp_path / name).write_bytes(png(views(1)[0]))
    before = (tmp_path / name).read_bytes()
    (tmp_path / "link.png").symlink_to(name)
    for source in (tmp_path / name, tmp_path / "link.png"):
        with pytest.raises(InvalidInput, match=f"would replace {name}, which is the file"):
            save_views(Reading(views(2)), tmp_path, source=source)
    assert (tmp_path / name).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_views_take_the_place_of_an_earlier_run_and_of_no_other_file(tmp_path):
    own = ["view-1.png", "view-04.jpg", "view-0004.png", "view-05.png.bak", "view-2024.png"]
    for name in [*own, "view-06.png"]:
        (tmp_path / name).write_text("mine")
    save_views(Reading(views(5)), tmp_path)
    assert (tmp_path / "view-06.png").read_text() == "mine"  # of no run: there was no views.png
    (tmp_path / "view-05.png").unlink()
    save_views(Reading(views(2)), tmp_path)
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == sorted([*own, "view-06.png", "view-01.png", "view-02.png", "views.png"])
    (tmp_path / "view-03.png").symlink_to(tmp_path / "view-1.png")
    save_views(Reading(views(1)), tmp_path)
    assert (tmp_path / "view-03.png").is_symlink()
    assert not (tmp_path / "view-02.png").exists()


@pytest.mark.parametrize("name", ["view-01.png", "view-02.png", "view-03.png", "views.png"])
def test_the_file_that_was_read_is_neither_replaced_nor_removed(tmp_path, name):
    save_views(Reading(views(3)), tmp_path)
    before = (tmp_path / name).read_bytes()
    with pytest.raises(InvalidInput, match=f"would replace {name}"):
        save_views(Reading(views(2)), tmp_path, source=tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


def test_a_file_that_stays_may_have_the_name_of_a_later_view(tmp_path):
    (tmp_path / "view-03.png").write_text("mine")
    save_views(Reading(views(2)), tmp_path, source=tmp_path / "view-03.png")
    assert (tmp_path / "view-03.png").read_text() == "mine"


def test_a_reader_gives_the_same_in_many_threads(tmp_path):
    trimesh.creation.icosphere(subdivisions=2).export(tmp_path / "a.ply")
    read = open_reader(ReaderSettings(reader="mesh", size=48, views=3, line_views=1))
    expected = read(tmp_path / "a.ply", None).views
    got = []
    threads = [
        threading.Thread(target=lambda: got.append(read(tmp_path / "a.ply", None).views))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 6
    assert all((one == expected).all() for one in got)


def test_render_shows_what_the_reader_gives(tmp_path):
    trimesh.creation.box().export(tmp_path / "a.ply")
    arguments = ["--out", str(tmp_path / "o"), "--size", "64", "--views", "2", "--line-views", "1"]
    result = CliRunner().invoke(main, ["render", str(tmp_path / "a.ply"), *arguments])
    assert result.exit_code == 0
    assert [line.rpartition("/")[2] for line in result.stdout.split()] == [
        "view-01.png", "view-02.png", "view-03.png", "views.png",
    ]  # fmt: skip
    settings = ReaderSettings(reader="mesh", size=64, views=2, line_views=1)
    expected = open_reader(settings)(tmp_path / "a.ply", None).views
    for at, view in enumerate(expected, start=1):
        assert (np.asarray(Image.open(tmp_path / f"o/view-0{at}.png")) == view).all()


def test_render_shows_what_the_shipped_model_sees(tmp_path):
    trimesh.creation.box().export(tmp_path / "a.ply")
    to = ["render", str(tmp_path / "a.ply"), "--json", "--out", str(tmp_path / "o")]
    card = read_card(starter_model()).domains["shape"]
    told = json.loads(CliRunner().invoke(main, to).stdout)
    assert told["settings"] == card.reader.model_dump()
    assert (card.reader.size, len(told["files"])) == (160, card.reader.views + 1)
    seen = np.asarray(Image.open(tmp_path / "o/view-12.png"))
    assert (seen == open_reader(card.reader)(tmp_path / "a.ply", None).views[11]).all()
    fewer = json.loads(CliRunner().invoke(main, [*to, "--views", "3"]).stdout)["settings"]
    assert fewer == card.reader.model_dump() | {"views": 3}
    assert not (tmp_path / "o/view-04.png").exists()


def test_render_shows_a_domain_that_the_shipped_model_lacks(tmp_path):
    Image.new("RGB", (40, 20), "red").save(tmp_path / "b.png")
    words = ["render", str(tmp_path / "b.png"), "--out", str(tmp_path), "--domain", "logo"]
    result = CliRunner().invoke(main, [*words, "--json"])
    assert (
        json.loads(result.stdout)["settings"]
        == ReaderSettings(reader="image", size=160).model_dump()
    )
    assert "the shipped model has no domain logo" in result.stderr


def test_render_takes_drawings_and_pictures_and_prints_json(tmp_path):
    lines = '{"drawing":[[[0,9],[0,9]]]}\n{"drawing":[[[0,9],[5,5]]]}\n'
    (tmp_path / "a.ndjson").write_text(lines)
    arguments = ["--out", str(tmp_path / "o"), "--part", "2", "--json"]
    result = CliRunner().invoke(main, ["render", str(tmp_path / "a.ndjson"), *arguments])
    fields = json.loads(result.stdout)
    assert fields["domain"] == "sketch"
    assert len(fields["files"]) == 2
    Image.new("RGB", (40, 20), "red").save(tmp_path / "b.png")
    arguments = ["--out", str(tmp_path / "p"), "--domain", "cartoon", "--json"]
    result = CliRunner().invoke(main, ["render", str(tmp_path / "b.png"), *arguments])
    assert json.loads(result.stdout)["aspect"] == 2.0
    assert result.stderr == ""


def test_rendering_needs_no_display_and_no_driver(monkeypatch, tmp_path):
    monkeypatch.delenv("DISPLAY", raising=False)
    trimesh.creation.box().export(tmp_path / "a.ply")
    assert open_reader(ReaderSettings(reader="mesh", size=32))(tmp_path / "a.ply", None)
    assert not {"OpenGL", "pyglet", "moderngl"} & set(sys.modules)


def test_what_a_mesh_has_lost_is_told(tmp_path):
    mesh = trimesh.creation.icosphere(subdivisions=1)
    whole = trimesh.exchange.stl.export_stl_ascii(mesh)
    (tmp_path / "cut.stl").write_text(whole[: whole.rindex("facet normal", 0, len(whole) // 2)])
    reading = open_reader(ReaderSettings(reader="mesh", size=32, views=1))(tmp_path / "cut.stl")
    assert "ends without 'endsolid'" in reading.lost
