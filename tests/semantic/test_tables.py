import sys
import types

import numpy as np
import pytest

from opensearch.errors import InvalidInput, MissingExtra, UnknownWord, UnreadableFile
from opensearch.semantic import PROVIDERS, missing, open_provider, sentence


@pytest.fixture(autouse=True)
def no_model_left():
    yield
    sentence._sentence_model.cache_clear()


def attributes(tmp_path, content):
    path = tmp_path / "attributes.csv"
    path.write_text(content)
    return f"attributes:{path}"


def test_an_unknown_kind_lists_the_known_ones():
    with pytest.raises(
        InvalidInput, match=f"no semantic provider 'glove'; known: {', '.join(PROVIDERS)}"
    ):
        open_provider("glove:x.txt")


@pytest.mark.parametrize("kind", [kind for kind in PROVIDERS if kind not in ("lexicon", "onehot")])
def test_a_kind_without_what_to_open_is_refused(kind):
    with pytest.raises(InvalidInput, match=f"provider '{kind}' needs what to open after a colon"):
        open_provider(kind)


@pytest.mark.parametrize("head", ["", "category,furry,tall\n"])
def test_attributes_become_unit_vectors(tmp_path, head):
    provider = open_provider(attributes(tmp_path, head + "Polar-Bear,3,4\ngiraffe,0,2\n"))
    np.testing.assert_allclose(provider.vector("polar bear"), [0.6, 0.8], atol=1e-3)
    assert list(provider.words()) == ["polar bear", "giraffe"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("bear,1,2\ncat,1\n", r"row 2 \('cat', 1 numbers\): wanted .* 2 numbers"),
        ("bear,1,2\nBear,1,3\n", "not named before"),
        ("bear,1,2\n,1,3\n", "wanted a category"),
        ("bear\n", "some numbers"),
        ("bear,1,2\ncat,x,1\n", "the row of 'cat' holds no numbers"),
        ("bear,1,2\ncat,0,0\n", "'cat' is zero or not finite"),
        ("bear,inf,2\n", "'bear' is zero or not finite"),
        ("name,size\n", "holds no category"),
        ("", "holds no category"),
    ],
)
def test_what_is_wrong_with_attributes_is_said(tmp_path, content, reason):
    with pytest.raises(UnreadableFile, match=reason):
        open_provider(attributes(tmp_path, content))


def test_attributes_of_another_encoding_are_unreadable(tmp_path):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfeb\x00")
    with pytest.raises(UnreadableFile, match="cannot be read as CSV"):
        open_provider(f"attributes:{tmp_path / 'a.csv'}")


def test_onehot_gives_each_category_its_axis():
    provider = open_provider("onehot", ["Cat", "wine_glass"])
    np.testing.assert_array_equal(provider.vector("wine glass"), [0, 1])
    with pytest.raises(UnknownWord):
        provider.vector("dog")


@pytest.mark.parametrize("names", [None, [], ["cat", "Cat"]])
def test_onehot_wants_distinct_categories(names):
    with pytest.raises(InvalidInput, match="onehot wants distinct category names"):
        open_provider("onehot", names)


def test_missing_keeps_the_order_and_the_spelling():
    provider = open_provider("onehot", ["cat", "dog"])
    assert missing(provider, ["Yak", "dogs", "ant_eater", "cat"]) == ["Yak", "ant_eater"]


def test_a_phrase_is_the_mean_of_its_words_only_if_all_are_known():
    provider = open_provider("onehot", ["wine", "glass", "mug"])
    np.testing.assert_allclose(provider.vector("wine_glass"), unit_of(1, 1, 0), atol=1e-6)
    assert missing(provider, ["beer mug"]) == ["beer mug"]


def test_a_sense_without_a_row_of_its_own_counts_as_a_word():
    provider = open_provider("onehot", ["keyboard", "computer"])
    np.testing.assert_allclose(provider.vector("keyboard (computer)"), unit_of(1, 1), atol=1e-6)


def unit_of(*numbers):
    return np.array(numbers) / np.linalg.norm(numbers)


def test_the_sentence_extra_is_named_when_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"opensearch-visual\[sentence\]"):
        open_provider("sentence:mini")


class FakeModel:
    """Embeds a text by its length and its first letter."""

    def __init__(self, name, device, local_files_only):
        if name == "nowhere":
            raise OSError("no such model")

    def encode(self, texts):
        return np.array([[len(text), ord(text[0]), 1.0] for text in texts])


@pytest.fixture
def fake_package(monkeypatch):
    fake = types.SimpleNamespace(SentenceTransformer=FakeModel)
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)


def test_a_sentence_model_knows_every_name(fake_package):
    provider = open_provider("sentence:mini")
    assert provider.dim == 3
    assert not provider.whole
    np.testing.assert_allclose(provider.vector("Hot-Air"), unit_of(7, ord("h"), 1), atol=1e-6)
    assert missing(provider, ["anything", "_"]) == ["_"]


def test_a_sentence_model_that_is_nowhere_is_refused(fake_package):
    with pytest.raises(InvalidInput, match="no sentence model 'nowhere' can be loaded"):
        open_provider("sentence:nowhere")
