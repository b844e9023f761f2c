"""Pictures packed as runs in ways that Pillow does not know: Targa and BMP files."""

import struct

import numpy as np
import pytest

from opensearch.domains.pictures import tga
from opensearch.domains.pictures.opening import opened
from opensearch.errors import OverLimit, UnreadableFile
from opensearch.limits import Limits

WIDE, HIGH = 8, 6
TABLE = np.array([(16 * at, 255 - 16 * at, at * 37 % 256) for at in range(16)], np.uint8)


def seen(path, data, **limits):
    path.write_bytes(data)
    with opened(path, Limits(**limits), 64) as image:
        return np.asarray(image.convert("RGB"))


def targa(values, *, down, table=None):
    """A Targa file of values (h, w, bytes) in runs that know no rows, the first row first."""
    flat = (values if down else values[::-1]).reshape(-1, values.shape[2])
    body, at = b"", 0
    while at < len(flat):
        same = next((n for n in range(1, 128) if (flat[at : at + 1 + n] != flat[at]).any()), 128)
        same = min(same, len(flat) - at)
        body += bytes([127 + same]) + flat[at].tobytes() if same > 1 else b"\0" + flat[at].tobytes()
        at += same
    kind = {1: 11, 3: 10, 4: 10}[values.shape[2]]
    head = struct.pack(
        "<BBBHHBHHHHBB", 3, table is not None, 9 if table is not None else kind, 0,
        len(table or b"") // 3, 24 if table else 0, 0, 0, values.shape[1], len(values),
        8 * values.shape[2], 0x20 * down,
    )  # fmt: skip
    return head + b"why" + (table or b"") + body


@pytest.mark.parametrize("down", [False, True])
@pytest.mark.parametrize("samples", [1, 3, 4])
def test_runs_of_a_targa_file_cross_its_rows(tmp_path, samples, down):
    colours = np.zeros((20, 13, 3), np.uint8)
    colours[7:, 5:] = (250, 120, 30)
    colours[12, :] = (1, 2, 3)
    if samples == 1:
        values, wanted = colours[..., :1], np.repeat(colours[..., :1], 3, axis=2)
    else:
        opaque = np.full((20, 13, 1), 255, np.uint8)
        values, wanted = np.dstack([colours[..., ::-1], opaque])[..., :samples], colours
    data = targa(values, down=down)
    np.testing.assert_array_equal(seen(tmp_path / "a.tga", data), wanted)
    with pytest.raises((OSError, UnreadableFile), match=r"cut short|truncated"):
        seen(tmp_path / "a.tga", data[:-5])
    assert tga.without_runs(data, most=20 * 13 - 1) is None


def test_runs_of_a_targa_file_with_a_table_cross_its_rows(tmp_path):
    numbers = np.zeros((20, 13, 1), np.uint8)
    numbers[7:, 5:] = 9
    data = targa(numbers, down=False, table=TABLE[:, ::-1].tobytes())
    np.testing.assert_array_equal(seen(tmp_path / "a.tga", data), TABLE[numbers[..., 0]])


def bitmap(body, bits, kind, *, size=40):
    table = np.pad(TABLE[:, ::-1], ((0, 0), (0, 1))).tobytes() if bits <= 8 else b""
    start = 14 + size + len(table)
    head = struct.pack("<IiiHHIIiiII", size, WIDE, HIGH, 1, bits, kind, len(body), 0, 0, 16, 0)
    whole = struct.pack("<2sI4xI", b"BM", start + len(body), start) + head.ljust(size, b"\0")
    return whole + table + body


END_OF_ROW, END = b"\0\0", b"\0\1"
EIGHT = [
    *(b"\x08\3", END_OF_ROW, END_OF_ROW, b"\0\5\1\2\3\4\5\0", b"\3\6", END_OF_ROW),
    *(b"\2\1", b"\0\2\2\1", b"\3\7", END_OF_ROW, b"\0\3\x09\x09\x09\0", END),
]
FOUR = [
    *(b"\x08\x33", END_OF_ROW, END_OF_ROW, b"\0\5\x12\x34\x50\0", b"\3\x66", END_OF_ROW),
    *(b"\2\x11", b"\0\2\2\1", b"\3\x77", END_OF_ROW, b"\0\3\x99\x90", END),
]


def numbers():
    """What both of these show, the second row from below empty, the fourth left by a jump."""
    wanted = np.zeros((HIGH, WIDE), int)
    wanted[5] = 3
    wanted[3] = (1, 2, 3, 4, 5, 6, 6, 6)
    wanted[2, :2] = 1
    wanted[1, 4:7] = 7
    wanted[0, :3] = 9
    return wanted


@pytest.mark.parametrize(("body", "bits", "kind"), [(EIGHT, 8, 1), (FOUR, 4, 2)])
def test_runs_jumps_and_empty_rows_of_a_bmp_are_kept(tmp_path, body, bits, kind):
    data = bitmap(b"".join(body), bits, kind)
    np.testing.assert_array_equal(seen(tmp_path / "a.bmp", data), TABLE[numbers()])
    early = bitmap(b"".join(body[:2]) + END, bits, kind)  # rows above are of the first colour
    wanted = np.zeros((HIGH, WIDE), int)
    wanted[5] = 3
    np.testing.assert_array_equal(seen(tmp_path / "a.bmp", early), TABLE[wanted])
    with pytest.raises(UnreadableFile, match="is cut short: it ends in row 4 of 6"):
        seen(tmp_path / "a.bmp", bitmap(b"".join(body[:6]) + b"\2", bits, kind))
    with pytest.raises(OverLimit):
        seen(tmp_path / "a.bmp", data, pixels=47)


def test_runs_of_whole_colours_are_read(tmp_path):
    body = b"\x08\1\2\3" + END_OF_ROW * 2 + b"\0\3" + bytes(range(10, 100, 10)) + b"\0" + END
    wanted = np.zeros((HIGH, WIDE, 3), int)
    wanted[5] = (3, 2, 1)
    wanted[3, :3] = [(30, 20, 10), (60, 50, 40), (90, 80, 70)]
    shown = seen(tmp_path / "a.bmp", bitmap(body, 24, 4, size=64))
    np.testing.assert_array_equal(shown, wanted)
