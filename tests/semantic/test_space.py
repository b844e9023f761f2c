import hashlib
import json
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from opensearch.errors import BundleError, InvalidInput, UnknownWord
from opensearch.semantic import Space, Transform, open_provider, sentence, space, tables, unit
from opensearch.semantic.transform import KINDS

NAMES = ["red", "chair", "hot air balloon", "balloon", "wine glass", "hot", "lamp", "cup"]
SEEN = ["chair", "lamp", "cup", "red"]


@pytest.fixture
def vectors(tmp_path):
    def write(name="v.txt", seed=0):
        rows = np.random.default_rng(seed).normal(size=(len(NAMES), 6)) + 0.5
        lines = [
            f"{word.replace(' ', '_')} {' '.join(map(str, row))}"
            for word, row in zip(NAMES, rows, strict=True)
        ]
        (tmp_path / name).write_text("\n".join(lines))
        return f"vectors:{tmp_path / name}"

    return write


@pytest.fixture
def large(monkeypatch):
    """Make any file of more than two words a large one."""
    monkeypatch.setattr(tables, "KEPT_WORDS", 2)
    monkeypatch.setattr(space, "KEPT_WORDS", 2)


def through_disk(made, hint=None):
    tensors = {name: array.copy() for name, array in made.tensors().items()}
    return Space.restore(tensors, json.loads(json.dumps(made.settings())), hint)


def identity(made):
    digest = hashlib.sha256(json.dumps(made.settings(), sort_keys=True).encode())
    for name, array in sorted(made.tensors().items()):
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


@pytest.mark.parametrize("kind", KINDS)
def test_a_restored_space_answers_bit_for_bit_alike(vectors, kind):
    made = Space.fit(vectors(), SEEN, kind)
    again = through_disk(made)
    np.testing.assert_array_equal(made.prototypes(NAMES), again.prototypes(NAMES))
    np.testing.assert_array_equal(made.text("red cup").vector, again.text("red cup").vector)
    assert identity(made) == identity(again)
    assert again.dim == 6


@pytest.mark.parametrize("kind", KINDS)
def test_prototypes_are_unit_vectors_seen_or_not(vectors, kind):
    made = Space.fit(open_provider(vectors()), SEEN, kind).prototypes(["hot_air_balloons", "cup"])
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-6)


def test_without_a_transform_a_prototype_is_the_words_vector(vectors):
    provider = open_provider(vectors())
    made = Space.fit(provider, SEEN)
    np.testing.assert_allclose(made.prototypes(["lamp"])[0], provider.vector("lamp"), atol=1e-3)


def test_centring_takes_the_seen_mean_from_every_word(vectors):
    provider = open_provider(vectors())
    mean = np.mean([provider.vector(name) for name in SEEN], axis=0)
    made = Space.fit(provider, SEEN, "centre")
    wanted = unit(provider.vector("balloon") - mean)
    np.testing.assert_allclose(made.prototypes(["balloon"])[0], wanted, atol=2e-3)


def test_the_transform_does_not_change_with_unseen_words(vectors, tmp_path):
    small = tmp_path / "small.txt"
    lines = Path(vectors().partition(":")[2]).read_text().splitlines()
    small.write_text("\n".join(line for line in lines if line.split()[0] in SEEN))
    a, b = (Space.fit(spec, SEEN, "whiten") for spec in (vectors(), f"vectors:{small}"))
    for name, array in a.transform.tensors().items():
        np.testing.assert_array_equal(array, b.transform.tensors()[name])


def test_whitening_evens_out_the_axes():
    stretched = np.random.default_rng(0).normal(size=(4000, 3)) * [9, 3, 1] + [20, 0, 0]
    made = Transform.fit("whiten", stretched.astype(np.float32))
    centred = (stretched - made.mean) @ made.matrix
    spread = np.linalg.eigvalsh(np.cov(centred.T))
    assert spread[-1] / spread[0] < 1.1


def test_whitening_survives_fewer_categories_than_axes():
    few = unit(np.random.default_rng(0).normal(size=(5, 40)))
    assert np.isfinite(Transform.fit("whiten", few).apply(few)).all()


@pytest.mark.parametrize(
    ("kind", "count", "reason"),
    [
        ("pca", 3, "known: none, centre, whiten"),
        ("centre", 1, "wants two categories or more, got 1"),
    ],
)
def test_a_transform_that_cannot_be_fitted_is_refused(kind, count, reason):
    with pytest.raises(InvalidInput, match=reason):
        Transform.fit(kind, np.eye(3, dtype=np.float32)[:count])


def test_equal_prototypes_cannot_be_whitened():
    with pytest.raises(InvalidInput, match="all equal"):
        Transform.fit("whiten", np.ones((4, 3), np.float32))


def test_a_whole_phrase_goes_before_its_words(vectors):
    made = Space.fit(vectors(), SEEN)
    answer = made.text("Hot Air Balloons")
    assert answer.phrase.words == ["hot air balloon"]
    np.testing.assert_array_equal(answer.vector, made.prototypes(["hot_air_balloon"])[0])


def test_a_text_is_the_mean_of_its_longest_known_names(vectors):
    made = Space.fit(vectors(), SEEN)
    answer = made.text("a red hot air, balloon, zorble")
    assert answer.phrase.words == ["balloon"]
    assert answer.phrase.not_counted == ["red", "hot"]
    assert answer.phrase.unknown == ["air", "zorble"]
    answer = made.text("a red hot air balloon on a lamp")
    assert answer.phrase.words == ["hot air balloon", "lamp"]
    mean = unit(made.prototypes(["hot air balloon", "lamp"]).mean(axis=0))
    np.testing.assert_allclose(answer.vector, mean, atol=1e-6)


def test_what_is_to_be_left_out_has_points_of_its_own(vectors):
    made = Space.fit(vectors(), SEEN)
    answer = made.text("a lamp without a cup")
    np.testing.assert_array_equal(answer.points, made.prototypes(["lamp"]))
    np.testing.assert_array_equal(answer.against, made.prototypes(["cup"]))
    only = made.text("not a cup")
    assert only.points.shape == (0, 6)
    assert only.phrase.excluded == ["cup"]


def test_a_minus_before_a_listed_name_leaves_it_out(vectors):
    made = Space.fit(vectors(), SEEN)
    assert made.read("-lamp").excluded == ["lamp"]
    assert made.read("- lamp").words == ["lamp"]
    assert made.read("hot air -balloon").excluded == ["balloon"]
    assert made.read("hot-air-balloon").words == ["hot air balloon"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sofa", "no vector is known for 'sofa'"),
        ("chiar lmap", "no vector is known for 'chiar', 'lmap'; similar words: chair, lamp"),
        ("吉他", "no vector is known for '吉他'"),
        ("tiny, playing", "tiny, playing: no word of 'tiny, playing' names a thing"),
        ("", "'' holds no word that names a thing"),
        ("the", "'the' holds no word that names a thing"),
    ],
)
def test_a_text_without_a_known_name_says_what_is_known(vectors, words, said):
    with pytest.raises(UnknownWord) as told:
        Space.fit(vectors(), SEEN).text(words)
    assert str(told.value).startswith(said)
    assert "Known words are English names of things" in str(told.value)


def test_long_texts_are_read_in_seconds(vectors):
    made = Space.fit(vectors(), SEEN)
    asked = []
    near = made.vocabulary.near
    made.vocabulary.near = lambda *given: asked.append(given) or near(*given)
    phrase = made.read(" ".join(f"{chr(97 + n % 26)}{'xyz' * (n % 3)}ing" for n in range(900)))
    assert phrase.words == []
    assert len(asked) <= space.COMPARED


def test_words_near_to_a_text_are_near_to_what_it_names(vectors):
    made = Space.fit(vectors(), SEEN)
    near = made.near("red chairs", 3)
    cosines = made.points() @ made.prototypes(["chair"])[0]
    best = sorted(zip(cosines.tolist(), NAMES, strict=True), reverse=True)
    assert [word for word, _ in near] == [word for _, word in best if word != "chair"][:3]
    with pytest.raises(UnknownWord, match="only says what to leave out"):
        made.near("not a chair")


def test_unknown_categories_are_all_named(vectors):
    with pytest.raises(UnknownWord, match="'sofa', 'lampe'; similar words: lamp"):
        Space.fit(vectors(), SEEN).prototypes(["cup", "sofa", "lampe"])
    with pytest.raises(UnknownWord, match="'stool'"):
        Space.fit(vectors(), ["cup", "stool"])


def test_categories_are_known_by_what_data_sets_call_them(vectors):
    made = Space.fit(vectors(), SEEN)
    names = ["n04099969_chair", "001.lamp", "WineGlass", "cup2", "03_red_cup"]
    assert made.missing(names) == []
    plain = made.prototypes(["chair", "lamp", "wine glass", "cup", "red cup"])
    np.testing.assert_array_equal(made.prototypes(names), plain)
    assert made.missing(["n04099969", "42"]) == ["n04099969", "42"]


def test_a_space_of_nothing_is_refused(vectors):
    with pytest.raises(InvalidInput, match="one category or more"):
        Space.fit(vectors(), [])
    assert Space.fit(vectors(), SEEN).prototypes([]).shape == (0, 6)


def test_the_identity_holds_what_changes_answers_and_nothing_else(vectors):
    first = Space.fit(vectors("a.txt"), SEEN, "centre")
    assert identity(first) == identity(Space.fit(vectors("b.txt"), SEEN, "centre"))
    assert identity(first) != identity(Space.fit(vectors("c.txt", seed=1), SEEN, "centre"))
    assert identity(first) != identity(Space.fit(vectors("a.txt"), SEEN, "none"))
    assert identity(first) != identity(Space.fit(vectors("a.txt"), SEEN[:3], "centre"))


def test_of_a_large_vocabulary_only_trained_categories_are_kept(vectors, large):
    made = through_disk(Space.fit(vectors(), SEEN))
    assert made.settings()["vocabulary"] == "categories"
    assert set(made.vocabulary.words) == set(SEEN)
    assert made.missing(["cup", "balloon"]) == ["balloon"]
    with pytest.raises(UnknownWord, match="keeps only the words it was trained on"):
        made.prototypes(["balloon"])


def test_words_left_out_come_from_the_file_while_it_is_there(vectors, large, tmp_path):
    spec = vectors()
    made = Space.fit(spec, SEEN, "centre")
    again = through_disk(made, made.hint)
    whole = Space.fit(open_provider(spec), SEEN, "centre")
    np.testing.assert_allclose(
        again.prototypes(["balloon", "cup"]), whole.prototypes(["balloon", "cup"]), atol=2e-3
    )
    assert again.text("red balloon zzz").phrase.unknown == ["zzz"]
    assert again.text("red balloon zzz").phrase.words == ["balloon"]
    (tmp_path / "v.txt").unlink()
    assert again.missing(["balloon"]) == ["balloon"]


def test_a_file_that_changed_since_is_not_asked(vectors, large):
    made = Space.fit(vectors(), SEEN)
    vectors(seed=5)
    assert made.missing(["balloon", "cup"]) == ["balloon"]


def test_a_sentence_model_is_asked_for_words_not_kept(monkeypatch):
    class Model:
        def __init__(self, name, device, local_files_only):
            pass

        def encode(self, texts):
            return np.array([[len(text), ord(text[0]), 1.0] for text in texts])

    fake = types.SimpleNamespace(SentenceTransformer=Model)
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    made = Space.fit("sentence:mini", ["cup", "lamp"])
    assert made.text("a red chair").phrase.words == ["a red chair"]
    left = made.text("a red chair without wheels").phrase
    assert (left.words, left.excluded) == (["a red chair"], ["wheels"])
    sentence._sentence_model.cache_clear()
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    assert made.missing(["cup", "chair"]) == ["chair"]


@pytest.fixture
def of_sentences(monkeypatch, tmp_path):
    """The space of a sentence model in a folder, which was named from where it lies."""

    class Model:
        def __init__(self, name, device, local_files_only):
            if not Path(name).is_dir():
                raise OSError("no such model")

        def encode(self, texts):
            return np.array([[len(text), ord(text[0]), 1.0] for text in texts])

    fake = types.SimpleNamespace(SentenceTransformer=Model)
    monkeypatch.setitem(sys.modules, "sentence_transformers", fake)
    (tmp_path / "mini").mkdir()
    monkeypatch.chdir(tmp_path)
    yield through_disk(made := Space.fit("sentence:mini", ["cup", "lamp"]), made.hint)
    sentence._sentence_model.cache_clear()


def test_the_folder_of_a_sentence_model_is_found_from_anywhere(of_sentences, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert of_sentences.text("a red chair").phrase.words == ["a red chair"]
    assert str(tmp_path) not in json.dumps(of_sentences.settings())
    with pytest.raises(UnknownWord) as told:
        of_sentences.text("")
    assert str(told.value).endswith("such as cup or lamp (`Words.open(path=MODEL)` lists them)")


def test_why_a_space_of_a_sentence_model_takes_no_text_is_told(of_sentences, tmp_path, monkeypatch):
    def told():
        sentence._sentence_model.cache_clear()
        with pytest.raises(UnknownWord, match="such as cup or lamp") as complaint:
            of_sentences.text("perro")
        return str(complaint.value).partition(" lists them). ")[2]

    (tmp_path / "mini").rename(tmp_path / "moved")
    assert told() == (
        f"This model's own sentence model '{tmp_path / 'mini'}' cannot be loaded (there is no such"
        " folder); name its folder by `sentence`"
    )
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    assert told().startswith(f"This model was made by the sentence model '{tmp_path / 'mini'}': ")
    assert told().endswith("pip install 'opensearch-visual[sentence]'")


@pytest.mark.parametrize("lost", ["words", "vectors", "transform.mean"])
def test_a_space_that_lacks_a_tensor_is_damaged(vectors, lost):
    made = Space.fit(vectors(), SEEN, "centre")
    tensors = {name: array for name, array in made.tensors().items() if name != lost}
    with pytest.raises(BundleError):
        Space.restore(tensors, made.settings())


def test_a_space_whose_words_and_vectors_disagree_is_damaged(vectors):
    made = Space.fit(vectors(), SEEN)
    tensors = {**made.tensors(), "vectors": made.tensors()["vectors"][1:]}
    with pytest.raises(BundleError, match="8 words came with vectors"):
        Space.restore(tensors, made.settings())
    with pytest.raises(BundleError, match="damaged: 'transform'"):
        Space.restore(made.tensors(), {"provider": "vectors"})
    with pytest.raises(BundleError, match="damaged: unhashable"):
        Space.restore(made.tensors(), {**made.settings(), "transform": {"a": 1}})
