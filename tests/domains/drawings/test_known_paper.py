"""Drawings on nothing, whose paper is known by what is clear, also where ink lies at the border."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.svg import draw_svg

SIZE = 128
READ = open_reader(ReaderSettings(reader="sketch", size=SIZE, stroke=0.014))
FOLDER = '<path d="M4 28V156H156V28H80L64 4H4z" fill="none" stroke="{}" stroke-width="8"/>'


def written(folder, suffix, ink, *, page=""):
    source = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">{page}'
    source += FOLDER.format(ink) + f'<circle cx="80" cy="90" r="20" fill="{ink}"/></svg>'
    path = folder / f"a{suffix}"
    if suffix == ".svg":
        path.write_text(source)
    else:
        draw_svg(source.encode(), 320).save(path)
    return path


@pytest.mark.parametrize("suffix", [".svg", ".png"])
@pytest.mark.parametrize("ink", ["#231f20", "#c22", "#bebebe", "#fff"])
def test_a_line_icon_that_fills_its_view_box_is_no_negative(tmp_path, suffix, ink):
    view = READ(written(tmp_path, suffix, ink)).views[0][..., 0]
    assert (view < 128).mean() < 0.2
    wide = view[SIZE // 3, SIZE // 4 : 3 * SIZE // 4]
    assert (wide > 200).all()  # inside of the folder, above the disc
    assert view[round(0.57 * SIZE), SIZE // 2] < 128


def test_a_bar_along_a_side_of_a_drawing_on_nothing_is_no_lid_of_a_scanner(tmp_path):
    bar = '<path d="M0 156H160M50 20V90a30 30 0 0060 0V20" fill="none" stroke="#000"'
    view = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">'
    source = f'{view}{bar} stroke-width="9"/></svg>'
    (tmp_path / "a.svg").write_text(source)
    draw_svg(source.encode(), 256).save(tmp_path / "a.png")
    views = [READ(tmp_path / f"a{suffix}").views[0].astype(int) for suffix in (".svg", ".png")]
    assert np.abs(views[0] - views[1]).mean() < 3
    assert (views[1][round(0.8 * SIZE) :, SIZE // 2] < 160).any()


def test_a_thin_frame_around_a_drawing_on_nothing_is_left_out_as_on_paper(tmp_path):
    frame = '<rect x=".5" y=".5" width="159" height="159" fill="none" stroke="#000"/>'
    disc = '<circle cx="80" cy="80" r="50" fill="none" stroke="#000" stroke-width="4"/>'
    views = []
    for page in ("", '<rect width="160" height="160" fill="#fff"/>'):
        body = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 160">{page}{frame}{disc}'
        (tmp_path / "a.svg").write_text(body + "</svg>")
        views.append(READ(tmp_path / "a.svg").views[0])
    np.testing.assert_array_equal(*views)
    assert not (views[0][SIZE // 2, SIZE // 4 : 3 * SIZE // 4] < 128).any()


def test_light_ink_on_an_opaque_dark_ground_with_clear_corners_stays_ink(tmp_path):
    picture = Image.new("RGBA", (200, 200))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((0, 0, 199, 199), 20, fill=(20, 20, 20, 255))
    pen.line([(50, 150), (100, 50), (150, 150)], fill=(255, 255, 255, 255), width=6)
    picture.save(tmp_path / "a.png")
    view = READ(tmp_path / "a.png").views[0][..., 0]
    assert 0 < (view < 128).mean() < 0.2
