import csv
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from opensearch.errors import UnknownWord, UnreadableFile
from opensearch.semantic import missing, open_provider, tables

WORDS = ["chair", "hot_air_balloon", "beer-mug", "Paris"]
VECTORS = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)


def lines(words=WORDS, vectors=VECTORS):
    return "".join(
        f"{word} {' '.join(f'{x:.6f}' for x in row)}\n"
        for word, row in zip(words, vectors, strict=True)
    )


def text(path):
    path.write_text("4 5\n" + lines())


def glove(path):
    path.write_text(lines())


def binary(path, gap=b"\n"):
    rows = zip(WORDS, VECTORS, strict=True)
    path.write_bytes(b"4 5\n" + b"".join(w.encode() + b" " + v.tobytes() + gap for w, v in rows))


def binary_without_line_ends(path):
    binary(path, b"")


def npz(path):
    with path.open("wb") as file:
        np.savez(file, words=np.array(WORDS), vectors=VECTORS)


FORMATS = [text, glove, binary, binary_without_line_ends, npz]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "vectors.dat"


def read(path, wanted=None):
    return open_provider(f"vectors:{path}", wanted)


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_is_told_by_its_content(write, path):
    write(path)
    provider = read(path)
    assert list(provider.words()) == ["chair", "hot air balloon", "beer mug", "paris"]
    assert provider.dim == 5
    for word, vector in zip(WORDS, VECTORS, strict=True):
        wanted = vector / np.linalg.norm(vector)
        np.testing.assert_allclose(provider.vector(word), wanted, atol=1e-3)


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("kept", [0.3, 0.7, 0.97])
def test_a_cut_off_file_is_unreadable(write, kept, path):
    write(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    if (
        write in (text, glove) and kept > 0.9
    ):  # only digits of the last number are gone: still a table
        return
    with pytest.raises(UnreadableFile, match=r"vectors\.dat"):
        read(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no word-vector file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "is no word-vector file"),
        (b"hello world again\n", "is no word-vector file"),
        (b"9" * 5000 + b" 2\na 1 2\n", "is no word-vector file"),
        (b"3 2\na 1 2\nb 1 2\n", "promises 3 words but holds 2"),
        (b"1 2\na 1 2\nb 1 2\n", "promises 1 words but holds 2"),
        (b"2 2\na 1 2\nb 1\n", "line 3 holds 1 numbers, wanted 2"),
        (b"2 3\na 1 2\nb 1 2\n", "line 2 holds 2 numbers, wanted 3"),
        (b"a 1 2\nb x 2\n", "the row of 'b' holds no numbers"),
        (b"a 1 2\nb 0 0\n", "the vector of 'b' is zero or not finite"),
        (b"a 1 2\nb nan 0\n", "the vector of 'b' is zero or not finite"),
        (b"a 1 2\nb 1e99 0\n", "the vector of 'b' is zero or not finite"),
        (b"9 999999999\na 1", "promises vectors of 999999999 numbers"),
        (b"999999999999 2\na 1 2\n", "holds 1; fetch it again"),
        (b"5 2\n" + bytes(3_000_000), "promises 5 words but holds 0"),
        (b"PK\x03\x04 and then nothing", "is no npz"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(content, reason, path):
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match=reason):
        read(path)


@pytest.mark.parametrize(
    "arrays",
    [
        {"words": np.array(["a"]), "vectors": np.ones((2, 3))},
        {"words": np.array(["a"]), "vectors": np.ones(3)},
        {"words": np.array([1]), "vectors": np.ones((1, 3))},
        {"words": np.array(["a"]), "vectors": np.array([["x"]])},
        {"words": np.array(["a"])},
        {"words": np.array(["a"], dtype=object), "vectors": np.ones((1, 3))},
    ],
)
def test_an_npz_of_other_arrays_is_unreadable(arrays, path):
    with path.open("wb") as file:
        np.savez(file, **arrays)
    with pytest.raises(UnreadableFile, match=r"npz|wanted"):
        read(path)


def test_a_zip_that_is_no_npz_is_unreadable(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("words.npy", "nothing of numpy")
    with pytest.raises(UnreadableFile, match="no npz"):
        read(path)


def test_a_missing_file_is_named(path):
    with pytest.raises(UnreadableFile, match=r"vectors\.dat cannot be opened: No such file"):
        read(path)


def test_a_glove_word_may_hold_spaces(path):
    path.write_text("the 1 2\nat name@domain.com 3 4\n. . . 5 6\n")
    assert list(read(path).words()) == ["the", "at name@domain.com", ". . ."]


def test_of_words_that_differ_in_case_the_plain_one_is_kept(path):
    path.write_text("Apple 1 0\napple 0 1\nAPPLE 1 1\nTurkey 1 0\n")
    provider = read(path)
    np.testing.assert_array_equal(provider.vector("Apple"), [0, 1])
    np.testing.assert_array_equal(provider.vector("turkey"), [1, 0])


def test_of_a_large_file_only_wanted_rows_are_kept(path, monkeypatch):
    monkeypatch.setattr(tables, "KEPT_WORDS", 2)
    text(path)
    provider = read(path, ["beer mugs", "hot air balloon"])
    assert list(provider.words()) == ["hot air balloon", "beer mug"]
    assert not provider.whole
    assert read(path).whole


def test_the_words_of_a_wanted_phrase_are_kept_too(path, monkeypatch):
    monkeypatch.setattr(tables, "KEPT_WORDS", 1)
    path.write_text("other 1 1\nwine 1 0\nglass 0 1\n")
    np.testing.assert_allclose(read(path, ["wine-glass"]).vector("wine_glass"), [0.5**0.5] * 2)


def test_a_small_file_is_kept_whole_whatever_is_wanted(path):
    text(path)
    provider = read(path, ["chair"])
    assert provider.whole
    assert len(provider.words()) == 4


def test_binary_rows_may_cross_blocks(path):
    rng = np.random.default_rng(1)
    names, rows = [f"word{i}" for i in range(400)], rng.normal(size=(400, 1000))
    body = b"".join(
        name.encode() + b" " + row.astype("<f4").tobytes() + b"\n"
        for name, row in zip(names, rows, strict=True)
    )
    assert len(body) > 1 << 20
    path.write_bytes(b"400 1000\n" + body)
    provider = read(path)
    assert list(provider.words()) == names
    for at in (0, 261, 262, 263, 399):
        wanted = rows[at] / np.linalg.norm(rows[at])
        np.testing.assert_allclose(provider.vector(names[at]), wanted, atol=1e-3)


def test_an_unknown_word_names_the_nearest_spellings(path):
    text(path)
    with pytest.raises(UnknownWord, match=r"no vector is known for 'chiar'; similar words: chair$"):
        read(path).vector("chiar")


@pytest.mark.realdata
def test_the_published_vectors_cover_the_triad_as_its_page_says():
    data = Path(os.environ["OPENSEARCH_DATA"])
    provider = open_provider(f"vectors:{data / 'vectors' / 'word2vec-450.txt'}")
    with (data / "triad" / "split.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    categories = sorted({row["category"] for row in rows})
    unseen = sorted({row["category"] for row in rows if row["split"] == "unseen"})
    assert (len(categories), len(unseen)) == (470, 13)
    assert len(categories) - len(missing(provider, categories)) == 336
    assert missing(provider, unseen) == []
