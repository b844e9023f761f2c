"""Whatever is nearly an input is refused with what to do, and that works."""

import re
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from opensearch.engine import Engine, Query, Words, verify_index
from opensearch.engine.input_checks import one_input
from opensearch.engine.query.parts import Part
from opensearch.engine.query.query import weighted
from opensearch.errors import InvalidInput

MODEL = Path(__file__).parents[1] / "golden" / "model"
PICTURE = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
GREY = PICTURE[..., 0]
OPAQUE = np.full((6, 7, 1), 255, np.uint8)
ARRAYS = {
    "of 16 bits": (PICTURE.astype(np.uint16) * 257, PICTURE),
    "of 16 bits, big end first": (PICTURE.astype(">u2") * 257, PICTURE),
    "of bytes in 16 bits": (PICTURE.astype(np.uint16), PICTURE),
    "of bytes in 64 bits": (PICTURE.astype(int), PICTURE),
    "of floats to 1": (PICTURE / 255, PICTURE),
    "of half floats to 1": (np.float16([[0, 0.5, 1]]), np.uint8([[0, 128, 255]])),
    "of floats to 255": (PICTURE.astype(np.float32), PICTURE),
    "of flags": (GREY > 127, (GREY > 127) * np.uint8(255)),
    "of one channel": (GREY[..., None], GREY),
    "of channels first": (PICTURE.transpose(2, 0, 1), PICTURE),
    "of one channel first, floats": (GREY[None] / 255, GREY),
    "a batch of one": (PICTURE[None], PICTURE),
    "a batch of one, channels first, floats": (PICTURE.transpose(2, 0, 1)[None] / 255, PICTURE),
    "grey with opacity": (np.dstack([GREY, OPAQUE]), np.dstack([GREY, OPAQUE])),
    "with opacity": (np.dstack([PICTURE, OPAQUE]), np.dstack([PICTURE, OPAQUE])),
    "with opacity, floats": (np.dstack([PICTURE, OPAQUE]) / 255, np.dstack([PICTURE, OPAQUE])),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_that_is_nearly_a_picture_becomes_one_as_the_message_says(name):
    array, meant = ARRAYS[name]
    with pytest.raises(InvalidInput, match="it becomes one by") as refused:
        one_input("query", array)
    said = re.search("by `(.*)`$", str(refused.value))[1]
    made = eval(said, {"array": array, "numpy": np, "PIL": PIL})
    taken = one_input("query", made)
    assert np.abs(np.asarray(taken).astype(int) - meant).max() <= 1


@pytest.mark.parametrize(
    ("array", "way"),
    [
        (np.full((4, 4), np.nan), "NaN or infinity: `numpy.nan_to_num`"),
        (np.array([[-1.0, 1.0]]), r"its values, -1\.0 to 1\.0, have to be brought to 0 to 255"),
        (np.array([[70_000]]), "its values, 70000 to 70000, have to be brought to 0 to 255"),
        (
            np.zeros((2, 4, 4, 3), np.uint8),
            r"several pictures .* as a list: `list\(array\)`",
        ),
        (np.array(["a.png", "b.png"]), r"several inputs are given as a list: `list\(array\)`"),
        (np.zeros(5), r"of shape \(5,\)$"),
        (np.zeros((5, 6, 7)), r"of shape \(5, 6, 7\)$"),
        (np.zeros((4, 4), complex), r"of shape \(4, 4\)$"),
    ],
)
def test_an_array_of_which_more_must_be_known_is_told_what(array, way):
    with pytest.raises(InvalidInput, match=way):
        one_input("query", array)


class Tensor:
    """An array of another library."""

    def __array__(self):
        return PICTURE


@pytest.mark.parametrize(
    ("query", "way"),
    [
        (Tensor(), r"`numpy\.asarray\(value\)`"),
        ((path for path in ["a.png"]), r"given as a list: `list\(value\)`"),
        ({"a.png", "b.png"}, r"given as a list: `list\(value\)`"),
        ({"a.png": 2.0}, r"given as pairs: `list\(value\.items\(\)\)`"),
        (PICTURE.tolist(), r"given as an array: `numpy\.array\(pixels, 'uint8'\)`"),
        (__file__.encode(), "contents of a file, got .*; `os.fsdecode` makes it a path"),
    ],
)
def test_what_is_no_query_is_told_what_is_one(query, way):
    with pytest.raises(InvalidInput, match=way) as refused:
        weighted(query)
    assert "\n" not in str(refused.value)


@pytest.fixture
def engine(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        yield engine


@pytest.mark.parametrize(
    ("source", "way"),
    [
        (["a.png", "b.png"], r"give several one by one: `add\(\*sources\)`"),
        ((path for path in ["a.png"]), r"one by one: `add\(\*sources\)`"),
        (PICTURE, "add what is not a file with `add_items`"),
        (PIL.Image.fromarray(PICTURE), "add what is not a file with `add_items`"),
        (b"\x89PNG", "add what is not a file with `add_items`"),
        (__file__.encode(), "`os.fsdecode` makes a text of it"),
    ],
)
def test_what_is_no_source_is_told_how_it_is_added(engine, source, way):
    with pytest.raises(InvalidInput, match=way):
        engine.add(source)


@pytest.mark.parametrize(
    ("query", "way"),
    [
        ("https://a.org/b.png", r"query https://a.org/b.png is .*address: download what lies"),
        ("s3://bucket/b.png", "query s3://bucket/b.png is .* and give the file"),
        ("file:///p/a.png", "query file:///p/a.png is .* give the path, '/p/a.png'"),
        ("data:image/png;base64,AAAA", "decode it and give the bytes"),
        (".", r"query \. is a folder; give a file in it"),
        ("/dev/null", "query /dev/null is not a file, but a device"),
        ("dog", "to search for words, use `text`"),
        ("x" * 10_000, r"query x{60}\.\.\. \(10,000 characters\) cannot be opened"),
    ],
)
def test_a_path_of_no_file_is_told_what_to_give(engine, query, way):
    for given in (query, Path(query)):
        with pytest.raises(InvalidInput, match=way):
            engine.search(given)


def test_an_input_to_be_added_is_called_no_query(engine):
    with pytest.raises(InvalidInput, match=r"^input no\.png is not a file"):
        engine.add_items(["no.png"], ["key"])


@pytest.mark.parametrize("place", ["~/x", "~"])
def test_the_sign_of_the_home_folder_is_not_the_name_of_a_new_folder(
    engine, place, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    meant = re.escape(f"only a shell reads ~ as the home folder: write '{tmp_path}")
    for call in (Engine.create, Engine.open, engine.add, engine.search, engine.export_to):
        with pytest.raises(InvalidInput, match=meant):
            call(place)
    assert not Path("~").exists()
    Path("~").mkdir()  # by whoever wants one
    with Engine.create("~/x", MODEL) as other:
        assert len(other) == 0


def test_classes_that_are_made_by_calls_say_which():
    with pytest.raises(InvalidInput, match=r"`Engine\.open\(path\)` opens an index"):
        Engine("indexes/mine")
    with pytest.raises(InvalidInput, match=r"`Engine\.create\(path\)` makes a new one"):
        Engine()
    with pytest.raises(InvalidInput, match=r"`Words\.open\(path\)`"):
        Words("indexes/mine")
    with pytest.raises(InvalidInput, match=r"must be an array of floats.*`Engine\.part`"):
        Part([0.5, 0.5])


def test_a_part_of_another_space_is_refused(engine):
    with pytest.raises(InvalidInput, match="a vector of 3 numbers and the model's space has 4"):
        engine.ask(Query(parts=[(Part(np.eye(3)[0]), 1.0)]))


def test_many_queries_may_come_one_by_one(engine):
    assert len(list(engine.ask_many(Query(text="disc") for _ in range(2)))) == 2
    with pytest.raises(InvalidInput, match="for a single one, use `ask`"):
        engine.ask_many(Query(text="disc"))


def test_what_checks_an_index_checks_its_arguments(engine):
    with pytest.raises(InvalidInput, match="repair must be True or False"):
        verify_index(engine.path, "yes")
    with pytest.raises(InvalidInput, match="path must be a path"):
        verify_index(5, False)
