"""JPEG files whose middle is damaged: told, or refused where many pixels are lacking."""

import io

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.pictures.opening import opened
from opensearch.errors import UnreadableFile
from opensearch.limits import Limits

HIGH, WIDE = 350, 530
TOLD = "bytes in its middle are wrong"


def picture(mode="RGB"):
    """Slopes and grain, which take some bytes everywhere."""
    rng = np.random.default_rng(3)
    down, right = np.mgrid[:HIGH, :WIDE]
    slopes = np.stack([right / WIDE, down / HIGH, (right // 40 + down // 40) % 2 * 0.7], axis=-1)
    values = (200 * slopes + rng.integers(0, 40, slopes.shape)).astype(np.uint8)
    return Image.fromarray(values).convert(mode)


def jpeg(mode="RGB", **options):
    buffer = io.BytesIO()
    picture(mode).save(buffer, "JPEG", quality=75, **options)
    return buffer.getvalue()


def lost(path, data, side=4096):
    """What is said of a picture, or why it is refused."""
    path.write_bytes(data)
    try:
        with opened(path, Limits(), side) as image:
            return image.info.get("opensearch_lost", "")
    except UnreadableFile as error:
        return f"refused: {error}"


def damaged(data, kind, at, count=2000):
    start = int(len(data) * at)
    if kind == "dropped":
        return data[:start] + data[start + count :]
    if kind == "twice":
        return data[:start] + data[start - count : start] + data[start:]
    return data[:start] + bytes(count) + data[start + count :]


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("side", [4096, 60])
def test_whole_files_are_whole(tmp_path, mode, side):
    for options in ({}, {"subsampling": 0}, {"progressive": True}, {"restart_marker_rows": 2}):
        whole = jpeg(mode, **options)
        assert lost(tmp_path / "a.jpg", whole, side) == ""
        assert lost(tmp_path / "a.jpg", whole + b"a trailer" * 90, side) == ""
        assert lost(tmp_path / "a.jpg", whole[:-2] + bytes(300) + whole[-2:], side) == ""


@pytest.mark.parametrize("kind", ["dropped", "zeros", "twice"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("side", [4096, 60])
def test_damage_in_the_middle_is_told_or_refused(tmp_path, kind, mode, side):
    for at in (0.2, 0.5, 0.8):
        said = lost(tmp_path / "a.jpg", damaged(jpeg(mode), kind, at), side)
        assert "in its middle are wrong" in said


def test_what_has_bytes_left_over_is_told_and_shown(tmp_path):
    assert lost(tmp_path / "a.jpg", damaged(jpeg(), "twice", 0.5)).startswith(TOLD)


def test_what_lacks_pixels_is_refused_by_the_rule_of_files_cut_short(tmp_path):
    said = lost(tmp_path / "a.jpg", damaged(jpeg(), "dropped", 0.5))
    assert said.startswith("refused: is damaged")


def test_restarts_out_of_order_are_told(tmp_path):
    whole = jpeg(restart_marker_rows=1)
    fifth, sixth = whole.index(b"\xff\xd4"), whole.index(b"\xff\xd5")
    assert lost(tmp_path / "a.jpg", whole[:fifth] + whole[sixth:]).startswith(TOLD)


def test_a_black_end_is_not_taken_for_pixels_that_are_lacking(tmp_path):
    for shade in (0, 128, 255):
        buffer = io.BytesIO()
        Image.new("RGB", (640, 480), (shade,) * 3).save(buffer, "JPEG")
        assert lost(tmp_path / "a.jpg", buffer.getvalue()) == ""
