import csv
import hashlib
import io
import os
from collections import defaultdict
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from opensearch import semantic
from opensearch.config import SpaceSettings
from opensearch.errors import InvalidInput, UnknownWord, UnreadableFile
from opensearch.semantic import Space, missing, open_provider, space, unit
from opensearch.semantic.lexicon import (
    Entry,
    LexiconProvider,
    quantise,
    read_entries,
    read_rows,
    shipped_entries,
    write_rows,
)
from opensearch.semantic.names import normalise
from opensearch.semantic.vocabulary import Vocabulary
from tools import make_lexicon as script

HERE = Path(__file__).parent
SYNONYMS = {"triad": [{"cougar", "cougar_body"}]}
"""Categories of one collection that mean the same."""


@pytest.fixture(scope="module")
def lexicon():
    return open_provider("lexicon")


def standard_lists():
    lines = (HERE / "standard_lists.txt").read_text("utf-8").splitlines()
    parts = [line.split(": ", 1) for line in lines if not line.startswith("#")]
    return {name: names.split(", ") for name, names in parts}


def test_the_lexicon_is_large_in_words_and_small_on_disk(lexicon):
    assert len(lexicon.words()) >= 15_000
    assert lexicon.dim == 384
    sizes = [files("opensearch.semantic").joinpath(f).stat().st_size for f in ("lexicon.tsv",)]
    sizes += [files("opensearch.semantic").joinpath("lexicon.npz").stat().st_size]
    assert sum(sizes) <= 6_100_000


SCENES = ["wedding", "birthday party", "football match", "sunset", "kitchen", "living room"]
PARTS = ["gear", "ball bearing", "bracket", "flange", "hex bolt", "helix", "hoodie", "granite"]


@pytest.mark.parametrize("name", SCENES + PARTS)
def test_parts_scenes_events_and_clothing_are_listed(lexicon, name):
    assert lexicon.vocabulary.find(name) is not None


def test_every_vector_is_a_unit_vector(lexicon):
    vectors = np.stack([lexicon.vector(word) for word in lexicon.words()[::50]])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)


def test_rows_point_where_the_sentence_model_does(lexicon):
    with np.load(HERE / "lexicon_reference.npz", allow_pickle=False) as reference:
        words, wanted = reference["words"].tolist(), unit(reference["vectors"])
    assert len(words) == 64
    given = np.stack([lexicon.vector(word) for word in words])
    assert np.einsum("nd,nd->n", given, wanted).min() >= 0.999


def test_the_listing_is_sorted_normal_and_free_of_clashes():
    entries = shipped_entries()
    words = [entry.word for entry in entries]
    assert words == sorted(set(words))
    names = words + [alias for entry in entries for alias in entry.aliases]
    assert len(names) == len(set(names))
    assert [name for name in names if normalise(name) != name] == []


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("aeroplane", "airplane"),
        ("Sofas", "couch"),
        ("cellphone", "cell_phone"),
        ("TV", "television"),
        ("hot-air_balloon", "hot air balloon"),
        ("car_(sedan)", "sedan"),
        ("AK47", "assault rifle"),
        ("jack-o-lantern", "jack o' lantern"),
        ("grapes", "grape"),
        ("keyboard (computer)", "computer keyboard"),
        ("keyboard", "computer keyboard"),
        ("bat_(animal)", "bat"),
        ("crane (machine)", "crane"),
        ("drum kit", "drums"),
        ("eyeglasses", "glasses"),
        ("mouse (animal)", "mouse"),
    ],
)
def test_other_names_share_the_vector_of_their_word(lexicon, name, word):
    np.testing.assert_array_equal(lexicon.vector(name), lexicon.vector(word))


@pytest.mark.parametrize(
    ("name", "near", "far"),
    [
        ("bat", "mammal", "baseball"),
        ("mouse", "rat", "computer keyboard"),
        ("computer mouse", "desktop computer", "rat"),
        ("keyboard", "desktop computer", "piano"),
        ("crane", "building", "flamingo"),
        ("crane (bird)", "heron", "bulldozer"),
        ("drums", "snare drum", "oil drum"),
        ("glasses", "sunglasses", "wine glass"),
        ("glass", "cup", "sunglasses"),
        ("bass", "trout", "guitar"),
        ("nail", "hammer", "finger"),
        ("seal", "walrus", "postage stamp"),
        ("tank", "soldier", "aquarium"),
    ],
)
def test_a_bare_name_has_the_sense_of_collections(lexicon, name, near, far):
    point = lexicon.vector(name)
    assert point @ lexicon.vector(near) > point @ lexicon.vector(far)


@pytest.mark.parametrize(("name", "names"), standard_lists().items())
def test_the_names_of_public_collections_are_listed(lexicon, name, names):
    sizes = {"quickdraw": 345, "tuberlin": 250, "sketchy": 125, "modelnet40": 40}
    sizes |= {"shapenet55": 55, "imagenet": 1000}
    assert len(names) == sizes[name]
    assert [one for one in names if lexicon.vocabulary.find(one) is None] == []


def test_what_is_not_listed_gives_near_spellings(lexicon):
    with pytest.raises(UnknownWord, match="'violinn'; similar words: violin"):
        lexicon.vector("violinn")
    assert missing(lexicon, ["zzyzx", "violin"]) == ["zzyzx"]


def test_the_lexicon_takes_no_argument():
    with pytest.raises(InvalidInput, match="takes nothing after it, got 'x'"):
        open_provider("lexicon:x")


def test_training_takes_the_lexicon_unless_told_otherwise():
    assert SpaceSettings().provider == "lexicon"


@pytest.fixture(scope="module")
def made():
    return Space.fit("lexicon", ["chair", "aeroplane", "hot-air_balloon"], "centre")


def test_a_text_is_the_phrase_or_the_mean_of_its_known_words(made):
    assert made.text("hot air balloons").phrase.words == ["hot air balloon"]
    answer = made.text("the zzyzx violin next to fire hydrants")
    assert answer.phrase.words == ["violin", "fire hydrant"]
    assert answer.phrase.unknown == ["zzyzx"]
    mean = unit(made.prototypes(["violin", "fire hydrant"]).mean(axis=0))
    np.testing.assert_allclose(answer.vector, mean, atol=1e-6)


def test_a_text_without_a_known_word_is_a_usage_error(made):
    with pytest.raises(UnknownWord, match="similar words: violin") as caught:
        made.text("violinn")
    assert caught.value.exit_code == 2


def restored(made):
    return Space.restore(made.tensors(), made.settings(), made.hint)


def test_a_model_keeps_its_categories_and_borrows_the_rest(made):
    assert made.tensors()["vectors"].shape == (3, 384)
    again = restored(made)
    names = ["chair", "violin", "airplane", "sedan"]
    np.testing.assert_array_equal(made.prototypes(names), again.prototypes(names))
    np.testing.assert_array_equal(
        made.text("red fire hydrant").vector, again.text("red fire hydrant").vector
    )
    assert again.settings() == made.settings()
    assert again.tensors().keys() == made.tensors().keys()
    np.testing.assert_array_equal(again.tensors()["vectors"], made.tensors()["vectors"])


def small_lexicon(seed, words=("chair", "aeroplane", "hot air balloon", "violin")):
    rows = quantise(np.random.default_rng(seed).normal(size=(len(words), 384)))
    entries, file = [Entry(word, word) for word in words], io.BytesIO()
    write_rows(file, entries, rows)
    return read_rows(io.BytesIO(file.getvalue()), entries)


def install(monkeypatch, provider):
    monkeypatch.setattr(space, "open_lexicon", lambda: provider)
    kind = semantic.ProviderKind(lambda argument, wanted: provider)
    monkeypatch.setitem(semantic.PROVIDERS, "lexicon", kind)


def test_another_lexicon_is_another_space(made):
    others = [Space.fit(small_lexicon(seed), ["chair"]) for seed in (0, 1)]
    digests = [made.settings()["lexicon"], *(other.settings()["lexicon"] for other in others)]
    assert len(set(digests)) == 3


def test_a_larger_lexicon_that_agrees_lends_its_words(monkeypatch):
    words = ("chair", "aeroplane", "hot air balloon", "violin")
    made = Space.fit(small_lexicon(3, words), ["chair", "violin"], "centre")
    install(monkeypatch, small_lexicon(3, (*words, "wedding")))
    again = restored(made)
    assert again.text("hot air balloon wedding").phrase.words == ["hot air balloon", "wedding"]
    np.testing.assert_array_equal(again.prototypes(words), made.prototypes(words))
    assert again.settings() == made.settings(), "the space is the one it was made as"


def test_a_lexicon_that_disagrees_leaves_a_model_its_categories(made, monkeypatch):
    install(monkeypatch, small_lexicon(0))
    again = restored(made)
    names = ["chair", "aeroplane"]
    np.testing.assert_allclose(again.prototypes(names), made.prototypes(names), atol=2e-3)
    assert again.settings() == made.settings()
    with pytest.raises(UnknownWord, match="keeps only the words it was trained on"):
        again.text("violin")


def test_a_lexicon_that_has_grown_still_serves_older_models(made, lexicon, monkeypatch):
    words = [*lexicon.words(), "zzyzx"]
    vectors = np.concatenate([lexicon.vocabulary.vectors, lexicon.vocabulary.vectors[:1]])
    install(monkeypatch, LexiconProvider(Vocabulary(words, vectors), "grown"))
    again = restored(made)
    np.testing.assert_allclose(again.prototypes(["violin"]), made.prototypes(["violin"]), atol=1e-6)
    assert again.missing(["zzyzx", "zzyzxx"]) == ["zzyzxx"]


def test_an_alias_does_not_change_the_identity():
    entries = [Entry("cup", "cup")]
    file = io.BytesIO()
    write_rows(file, entries, quantise(np.ones((1, 3))))
    named = [replace(entries[0], aliases=("mug",))]
    a, b = (read_rows(io.BytesIO(file.getvalue()), e) for e in (entries, named))
    assert a.identity == b.identity
    np.testing.assert_array_equal(b.vector("mugs"), a.vector("cup"))


def test_rows_of_another_listing_are_refused():
    file = io.BytesIO()
    write_rows(file, [Entry("cup", "cup")], quantise(np.ones((1, 3))))
    with pytest.raises(UnreadableFile, match=r"made of another lexicon\.tsv"):
        read_rows(io.BytesIO(file.getvalue()), [Entry("cup", "trophy cup")])


def test_a_listing_line_has_a_word_and_perhaps_a_text_and_aliases():
    lines = ["# a comment\n", "cup\n", "bat\tbat animal\n", "car\t\tauto; motor car\n"]
    assert read_entries(lines) == [
        Entry("cup", "cup"),
        Entry("bat", "bat animal"),
        Entry("car", "car", ("auto", "motor car")),
    ]


def test_quantised_rows_keep_their_direction():
    assert quantise(np.array([[1.0, -2.0, 0.5]])).tolist() == [[64, -127, 32]]
    vectors = unit(np.random.default_rng(0).normal(size=(50, 384)))
    assert np.einsum("nd,nd->n", unit(quantise(vectors).astype(float)), vectors).min() > 0.9999


class FakeProvider:
    """Any text has a vector, told from its bytes."""

    def vector(self, text):
        seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")
        return unit(np.random.default_rng(seed).normal(size=16))


def test_the_script_writes_the_same_bytes_from_the_same_vectors(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "open_provider", lambda spec: FakeProvider())
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        reference = tmp_path / name / "reference.npz"
        script.main(["fake", "--folder", str(tmp_path / name), "--reference", str(reference)])
    for file in ("lexicon.npz", "reference.npz"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    with (tmp_path / "a" / "lexicon.npz").open("rb") as file:
        made = read_rows(file, shipped_entries())
    assert made.vector("bat") @ FakeProvider().vector("bat flying mammal") > 0.999
    with np.load(tmp_path / "a" / "reference.npz") as reference:
        assert reference["vectors"].shape == (64, 16)


def test_the_script_refuses_rows_that_stray(tmp_path, monkeypatch):
    monkeypatch.setattr(script, "LEAST", 1.1)
    with pytest.raises(InvalidInput, match=r"wanted 1\.1; use more bits"):
        script.make_lexicon(FakeProvider(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.realdata
@pytest.mark.parametrize("collection", ["triad", "sketchy", "tuberlin", "pacs"])
def test_every_category_of_the_collections_has_a_point_of_its_own(lexicon, collection):
    path = Path(os.environ["OPENSEARCH_DATA"]) / collection / "split.csv"
    with path.open(newline="") as file:
        categories = sorted({row["category"] for row in csv.DictReader(file)})
    assert [name for name in categories if lexicon.vocabulary.find(name) is None] == []
    points = defaultdict(set)
    for name in categories:
        points[lexicon.vector(name).tobytes()].add(name)
    assert [p for p in points.values() if len(p) > 1] == SYNONYMS.get(collection, [])
