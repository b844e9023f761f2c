"""Patterns leave out what git would; held against `git ls-files --exclude-standard` by hand."""

import unicodedata

import pytest

from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.excluding import Excluded
from opensearch.domains.collections.walk import Ignored
from opensearch.errors import InvalidInput
from opensearch.records import Source

KEYS = ["a.png", "b.tmp", "x/a.png", "x/y/a.png", "x/y/é ü.png", "drafts/b.png", "x/drafts/c.png"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ([], KEYS),
        (["*.png"], ["b.tmp"]),
        (["/*.png"], KEYS[1:]),
        (["drafts/"], KEYS[:5]),
        (["drafts"], KEYS[:5]),
        (["a.png/"], KEYS),  # a folder of that name there is not
        (["/drafts/"], [*KEYS[:5], "x/drafts/c.png"]),
        (["x/*.png"], [key for key in KEYS if key != "x/a.png"]),
        (["x/**/a.png"], [key for key in KEYS if key not in ("x/a.png", "x/y/a.png")]),
        (["**/y"], [key for key in KEYS if "/y/" not in key]),
        (["x/**"], ["a.png", "b.tmp", "drafts/b.png"]),
        (["*.png", "!a.png"], ["a.png", "b.tmp", "x/a.png", "x/y/a.png"]),
        (["!a.png", "*.png"], ["b.tmp"]),
        (["x/", "!x/a.png"], ["a.png", "b.tmp", "drafts/b.png"]),  # what lies in x stays out
        (["[ab].png"], ["b.tmp", "x/y/é ü.png", "x/drafts/c.png"]),
        (["[!a].png"], [key for key in KEYS if key not in ("drafts/b.png", "x/drafts/c.png")]),
        (["? ?.png"], [key for key in KEYS if "é" not in key]),
        (["é*"], [key for key in KEYS if "é" not in key]),
        ([unicodedata.normalize("NFD", "é*")], [key for key in KEYS if "é" not in key]),
        (["", "#a.png", "   "], KEYS),
        (["\\#a.png", "[a"], KEYS),
        (["A.PNG"], KEYS),
        (["y/y/**/**/a*"], KEYS),
    ],
)
def test_patterns_leave_out_what_git_ignores(patterns, left):
    assert [key for key in KEYS if not Excluded(patterns).holds(key)] == left


def test_a_pattern_that_cannot_be_understood_is_named():
    with pytest.raises(InvalidInput, match=r"the pattern '\[z-a\]' cannot be understood"):
        Excluded(["[z-a]"])


def test_a_pattern_of_many_stars_takes_no_time():
    assert not Excluded(["*a" * 30 + "b"]).holds("a" * 200)
    assert not Excluded(["**/" * 12 + "b"]).holds("a/" * 40 + "a")


def found(root, *patterns):
    each = list(find_sources(root, excluded=Excluded(patterns)))
    kept = [item.key for item in each if isinstance(item, Source)]
    out = sorted((item.path.name, item.label) for item in each if isinstance(item, Ignored))
    return kept, out


def test_folders_that_are_left_out_are_not_walked_into(tmp_path):
    for name in ("a.png", "drafts/b.png", "drafts/deep/c.png", "x/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    kept, out = found(tmp_path, "drafts/", "d.*")
    assert kept == ["a.png"]
    assert out == [("d.png", "excluded"), ("drafts", "excluded folder")]
    assert found(tmp_path / "a.png", "*.png") == ([], [("a.png", "excluded")])


def test_rows_of_a_manifest_are_left_out_and_counted_once(tmp_path):
    for name in ("a.png", "b.png", "c.png"):
        (tmp_path / name).touch()
    (tmp_path / "split.csv").write_text("path\na.png\nb.png\n")
    kept, out = found(tmp_path, "b*")
    assert kept == ["a.png"]
    assert out == [
        ("b.png", "excluded"),
        ("c.png", "not in split.csv"),
        ("split.csv", "manifest"),
    ]


def test_patterns_that_speak_of_nothing_are_known():
    patterns = ["*.png", "a.png", "!x/a.png", "photos/x", "./drafts", "*.PNG", "drafts/", "#a", ""]
    excluded = Excluded(patterns)
    assert excluded.unmatched == patterns[:-2]
    for key in KEYS:
        excluded.holds(key)
    assert excluded.unmatched == ["photos/x", "./drafts", "*.PNG"]
