"""What every registered semantic provider keeps, shown for one that the test adds as well."""

import sys
import types

import numpy as np
import pytest
from toy_files import FIGURES, toy_overrides

from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput, UnknownWord
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.semantic import (
    PROVIDERS,
    ProviderKind,
    Space,
    missing,
    normalise,
    open_provider,
    sentence,
    unit,
)

NAMES = ["Polar-Bear", "cup", "dog"]
OPEN = ("sentence",)
"""Kinds that know every name and list none."""


class Letters:
    """A vector that counts the letters of a name; a word with a digit is unknown."""

    name, spec, whole, dim = "letters", "letters", False, 26

    def words(self):
        return ()

    def vector(self, word):
        text = normalise(word)
        counts = np.array([text.count(chr(at)) for at in range(ord("a"), ord("z") + 1)])
        if any(letter.isdigit() for letter in text) or not counts.any():
            raise UnknownWord(f"{word!r} is not of letters; near spellings: none")
        return unit(counts.astype(np.float32))


LETTERS = ProviderKind(lambda argument, wanted: Letters())


class Model3:
    """A sentence model of three numbers a text."""

    def __init__(self, name, device, local_files_only):
        self.name = name

    def encode(self, texts):
        return np.array([[len(text), ord(text[0]), 1.0] for text in texts])


@pytest.fixture(params=[*PROVIDERS, "letters"])
def kind(request, monkeypatch):
    if request.param == "letters":
        monkeypatch.setitem(PROVIDERS, "letters", LETTERS)
    fake = types.SimpleNamespace(SentenceTransformer=Model3)
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    yield request.param
    sentence._sentence_model.cache_clear()


@pytest.fixture
def spec(kind, tmp_path):
    """A spec of the kind that knows `NAMES`."""
    (tmp_path / "vectors.txt").write_text("polar 1 0 0\nbear 0 1 0\ncup 3 0 4\ndog 1 1 1\n")
    (tmp_path / "attributes.csv").write_text("polar bear,1,2\ncup,3,4\ndog,1,0\n")
    follows = {
        "vectors": tmp_path / "vectors.txt",
        "attributes": tmp_path / "attributes.csv",
        "sentence": "mini",
    }
    return f"{kind}:{follows[kind]}" if kind in follows else kind


def test_vectors_are_of_length_one_whatever_the_spelling(kind, spec):
    provider = open_provider(spec, NAMES)
    for name in NAMES:
        vector = provider.vector(name)
        assert (vector.shape, vector.dtype) == ((provider.dim,), np.float32)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-3)
        for spelled in (name.upper(), name.replace("-", "_"), name.replace("-", " ")):
            np.testing.assert_array_equal(provider.vector(spelled), vector)


def test_different_words_have_different_vectors(kind, spec):
    provider = open_provider(spec, NAMES)
    cup, dog = provider.vector("cup"), provider.vector("dog")
    assert not np.allclose(cup, dog)


def test_listed_words_are_known_in_normal_spelling(kind, spec):
    provider = open_provider(spec, NAMES)
    words = list(provider.words())[:50]
    assert missing(provider, words) == []
    assert words == [normalise(word) for word in words]
    assert bool(words) == (kind not in (*OPEN, "letters"))


def test_an_unknown_word_is_told_so(kind, spec):
    provider = open_provider(spec, NAMES)
    unknown = "_" if kind in OPEN else "qqxz7"
    with pytest.raises(UnknownWord):
        provider.vector(unknown)
    assert missing(provider, [*NAMES, unknown]) == [unknown]


def test_a_spec_opens_the_same_again(kind, spec):
    provider = open_provider(spec, NAMES)
    again = open_provider(provider.spec, NAMES)
    assert (again.name, again.spec, again.dim) == (kind, provider.spec, provider.dim)
    for name in NAMES:
        np.testing.assert_array_equal(again.vector(name), provider.vector(name))


def test_a_space_is_fitted_and_restored_to_the_bit(kind, spec):
    space = Space.fit(spec, NAMES, "none" if kind == "onehot" else "centre")
    again = Space.restore(space.tensors(), space.settings(), space.hint)
    points = space.prototypes(NAMES)
    np.testing.assert_array_equal(again.prototypes(NAMES), points)
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, atol=1e-5)


def test_what_follows_the_colon_is_there_where_it_is_wanted_and_only_there(kind, spec):
    wants = PROVIDERS[kind].wants
    if wants:
        with pytest.raises(InvalidInput, match=rf"{kind}' needs what to open .*: {kind}:{wants}$"):
            open_provider(kind)
    else:
        with pytest.raises(InvalidInput, match=rf"provider '{kind}' takes nothing after it"):
            open_provider(f"{kind}:more")


def test_an_unknown_kind_lists_the_known(kind):
    with pytest.raises(InvalidInput, match=f"provider 'none'; known: {', '.join(PROVIDERS)}$"):
        open_provider("none:x")


def test_an_added_provider_trains_and_searches_by_word(monkeypatch, toy_collection, tmp_path):
    monkeypatch.setitem(PROVIDERS, "letters", LETTERS)
    quick = ["loop.epochs=1", "hash={name: itq, bits: 16}", "space.provider=letters"]
    config = load_train_config("prototype", [*toy_overrides(toy_collection), *quick])
    train(Training(config, [toy_collection], tmp_path / "model"))
    space = Model(Bundle.open(tmp_path / "model")).space
    assert (space.provider, space.dim) == ("letters", 26)
    known = space.prototypes(["bar", *FIGURES])
    assert known.shape == (5, 26), "the unseen, too: the provider is asked again"
    np.testing.assert_array_equal(space.text("disc").vector, known[1])
