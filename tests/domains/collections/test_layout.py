"""What a path says: a drawing's line behind a #, which is plain digits or part of the name."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.layout import part_key, placed, split_part
from opensearch.errors import UnreadableFile


@pytest.mark.parametrize(
    ("path", "file", "part"),
    [
        ("a.ndjson#3", "a.ndjson", 3),
        ("b/A.NDJSON#007", "b/A.NDJSON", 7),
        ("x#1/a.ndjson#2#12", "x#1/a.ndjson#2#12", None),
        ("x#1/a\nb.ndjson#12", "x#1/a\nb.ndjson", 12),
        ("a.ndjson", "a.ndjson", None),
        ("a.png#3", "a.png#3", None),
        ("#3", "#3", None),
        *((f"a.ndjson#{odd}", f"a.ndjson#{odd}", None) for odd in ["", "0", "-1", "1.5", " 2"]),
        *((f"a.ndjson#{odd}", f"a.ndjson#{odd}", None) for odd in ["²", "٣", "１", "3\n", "00"]),
        ("a.ndjson#" + "9" * 5000, "a.ndjson#" + "9" * 5000, None),
    ],
)
def test_a_line_is_plain_digits_behind_the_last_mark(path, file, part):
    assert split_part(path) == (file, part)


@given(st.text(), st.integers(1, 10**17))
def test_what_part_key_joins_is_split_again(name, part):
    assert split_part(part_key(f"{name}.ndjson", part)) == (f"{name}.ndjson", part)


@given(st.text())
def test_any_text_is_split_without_an_error(text):
    for path in (text, f"a.ndjson#{text}"):
        file, part = split_part(path)
        assert file == path if part is None else path.startswith(f"{file}#")


def test_there_is_no_line_0(tmp_path):
    strokes = [[[0, 10], [0, 10]]]
    (tmp_path / "a.ndjson").write_text(json.dumps({"word": "line", "drawing": strokes}) + "\n")
    read = open_reader(ReaderSettings(reader="sketch", size=32))
    assert read(tmp_path / "a.ndjson", 1).views.shape == (1, 32, 32, 3)
    with pytest.raises(UnreadableFile, match="has 1 lines; there is no line 0"):
        read(tmp_path / "a.ndjson", 0)


def test_a_place_has_one_name(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "a" / "b")
    monkeypatch.chdir(tmp_path / "a")
    assert placed(Path("b/../../a/x.png")) == tmp_path / "a" / "x.png"
    assert placed(Path("../link/x.png")) == tmp_path / "link" / "x.png"
    assert placed(Path("../link/../x.png")) == tmp_path / "a" / "x.png"
    assert placed(Path("gone/../x.png")) == tmp_path / "a" / "x.png"
