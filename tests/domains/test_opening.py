"""What a file is taken for: the other kind of picture only where content alone told."""

import pytest
from PIL import Image

from opensearch.config import Limits, ReaderSettings
from opensearch.domains.opening import Opener
from opensearch.errors import UnreadableFile

BOTH = Opener(
    {
        "sketch": ReaderSettings(reader="sketch", size=48),
        "photo": ReaderSettings(reader="image", size=48),
    },
    Limits(),
)
SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{}</svg>'


def test_a_blank_drawing_is_no_picture(tmp_path):
    blank = tmp_path / "blank.svg"
    blank.write_text(SVG.format(""))
    with pytest.raises(UnreadableFile, match="ink"):
        BOTH.open(blank)
    strokes = tmp_path / "blank.ndjson"
    strokes.write_text('{"drawing": []}\n')
    with pytest.raises(UnreadableFile, match="ink"):
        BOTH.open(strokes, 1)


def test_a_picture_without_ink_that_looked_like_a_sketch_is_a_photo(tmp_path):
    pale = tmp_path / "pale.png"
    Image.new("RGB", (64, 64), (255, 255, 255)).save(pale)
    assert BOTH.open(pale).domain == "photo"


def test_an_svg_with_ink_is_a_sketch_for_sure(tmp_path):
    file = tmp_path / "disc.svg"
    file.write_text(SVG.format('<circle cx="5" cy="5" r="3" fill="none" stroke="#000"/>'))
    opened = BOTH.open(file)
    assert (opened.domain, opened.sure) == ("sketch", True)
