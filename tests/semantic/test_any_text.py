"""Texts beyond the listed words, by a sentence model that stands in for a real one."""

import ssl
import sys
import types
from urllib.error import HTTPError, URLError

import numpy as np
import pytest

from opensearch.engine import Words
from opensearch.engine.query.sentences import text_points
from opensearch.errors import InvalidInput, MissingExtra, UnknownWord
from opensearch.semantic import Space, sentence, unit

WORDS = ["dog", "cat", "house", "wheel"]
AXES = np.eye(8)
OWN = {word: AXES[at] for at, word in enumerate(WORDS)}
MEANT = {"perro": "dog", "吉他猫": "cat", "haus": "house", "räder": "wheel"}


class Own:
    """The model that the words' vectors came from."""

    def __init__(self, name, device, local_files_only=False):
        if name == "lost":
            raise OSError("no such\nmodel")

    def encode(self, texts):
        return np.array([OWN.get(text, AXES[5] + 0.1 * len(text) * AXES[6]) for text in texts])


class Tongues(Own):
    """Another model, of two languages and other axes, that counts what it is asked."""

    asked = 0

    def encode(self, texts):
        Tongues.asked += len(texts)
        known = {word: np.roll(vector, 3)[:7] + 0.1 for word, vector in OWN.items()}
        known |= {text: known[word] + 0.05 for text, word in MEANT.items()}
        return np.array([known.get(text, -np.ones(7)) for text in texts])


@pytest.fixture
def space(tmp_path):
    lines = [f"{word},{','.join(map(str, vector))}" for word, vector in OWN.items()]
    (tmp_path / "words.csv").write_text("\n".join(lines))
    return Space.fit(f"attributes:{tmp_path / 'words.csv'}", WORDS)


@pytest.fixture
def install(monkeypatch, tmp_path):
    monkeypatch.setenv("OPENSEARCH_CACHE", str(tmp_path / "cache"))

    def installed(model):
        package = types.SimpleNamespace(SentenceTransformer=model) if model else None
        monkeypatch.setitem(sys.modules, "sentence_transformers", package)
        sentence._sentence_model.cache_clear()

    yield installed
    sentence._sentence_model.cache_clear()


def test_listed_words_are_read_as_without_a_model(space, install):
    install(Tongues)
    asked = Tongues.asked
    read = text_points(space, "two dogs without a house", "mini")
    assert (read.phrase.words, read.phrase.excluded) == (["dog"], ["house"])
    assert Tongues.asked == asked


def test_the_model_of_the_words_gives_a_point_for_any_text(space, install):
    install(Own)
    read = text_points(space, "a dog beside a brontosaurus", "mini")
    assert read.phrase.words == ["dog", "brontosaurus"]
    np.testing.assert_allclose(read.points, [AXES[0], unit(AXES[5] + 1.2 * AXES[6])], atol=1e-3)
    whole = text_points(space, "nothing of it is listed, no brontosaurus", "mini")
    assert whole.phrase.words == ["nothing of it is listed"]
    assert whole.phrase.excluded == ["brontosaurus"]


@pytest.mark.parametrize(("text", "word"), [("perro", "dog"), ("吉他猫", "cat"), ("Haus", "house")])
def test_another_model_says_which_listed_word_is_meant(space, install, text, word):
    install(Tongues)
    read = text_points(space, text, "mini")
    assert (read.phrase.words, read.phrase.taken_for) == ([word], {text.casefold(): word})
    np.testing.assert_array_equal(read.points, space.prototypes([word]))


def test_a_minus_leaves_out_in_any_language(space, install):
    install(Tongues)
    read = text_points(space, "haus -räder", "mini").phrase
    assert (read.words, read.excluded) == (["house"], ["wheel"])


@pytest.mark.parametrize("text", ["dog -perro", "house without perro", "cat, no perro or räder"])
def test_what_is_to_be_left_out_is_left_out_beside_listed_words(space, install, text):
    install(Tongues)
    read = text_points(space, text, "mini")
    assert read.phrase.words == [text.split()[0].rstrip(",")]
    assert read.phrase.excluded == ["dog", "wheel"][: 1 + ("räder" in text)]
    assert (read.phrase.unknown, read.phrase.taken_for["perro"]) == ([], "dog")
    np.testing.assert_array_equal(read.against, space.prototypes(read.phrase.excluded))


def test_the_model_of_the_words_leaves_out_what_is_not_listed(space, install):
    install(Own)
    read = text_points(space, "a dog without a brontosaurus", "mini")
    assert (read.phrase.words, read.phrase.excluded) == (["dog"], ["brontosaurus"])
    np.testing.assert_allclose(read.against, [unit(AXES[5] + 1.2 * AXES[6])], atol=1e-3)


def test_words_to_be_left_out_that_mean_nothing_known_are_told(space, install):
    install(Tongues)
    read = text_points(space, "dog -zorble", "mini").phrase
    assert (read.words, read.unknown, read.unknown_excluded) == (["dog"], ["zorble"], ["zorble"])


def test_a_text_without_words_is_read_as_without_a_model(space, install):
    install(Tongues)
    assert Words(space).read("!!!", "mini") == Words(space).read("!!!")
    with pytest.raises(UnknownWord, match=r"^'!!!' holds no word that names a thing\.") as told:
        text_points(space, "!!!", "mini")
    assert "sentence" not in str(told.value)  # no model finds a word there


@pytest.mark.parametrize("shown", [True, False])
def test_bars_of_progress_of_the_library_are_not_shown_and_stay_as_they_were(
    space, install, monkeypatch, shown
):
    now, seen = [shown], []
    logging = types.SimpleNamespace(
        is_progress_bar_enabled=lambda: now[0],
        disable_progress_bar=lambda: now.__setitem__(0, False),
        enable_progress_bar=lambda: now.__setitem__(0, True),
    )
    monkeypatch.setitem(sys.modules, "transformers", types.SimpleNamespace())
    monkeypatch.setitem(sys.modules, "transformers.utils", types.SimpleNamespace(logging=logging))
    monkeypatch.setattr(sentence, "installed", lambda name: name == "transformers")

    class Seeing(Tongues):
        def __init__(self, *words, **more):
            super().__init__(*words, **more)
            seen.append(now[0])

    install(Seeing)
    text_points(space, "perro", "mini")
    assert (seen, now) == ([False], [shown])


def test_what_means_no_listed_word_is_told(space, install):
    install(Tongues)
    with pytest.raises(UnknownWord, match="'zorble' means none of the 4 known words;"):
        text_points(space, "zorble", "mini")
    assert text_points(space, "zorble dog", "mini").phrase.unknown == ["zorble"]


def test_vectors_of_the_listed_words_are_made_once(space, install, tmp_path):
    install(Tongues)
    text_points(space, "perro", "mini")
    before = Tongues.asked
    text_points(space, "haus", "mini")
    assert Tongues.asked - before < len(WORDS) + 4
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(b"damaged")
    assert text_points(space, "haus", "mini").phrase.words == ["house"]


@pytest.mark.parametrize("cut", [b"", b"PK\x03\x04", b"\x93NUMPY", 40])
def test_vectors_that_a_full_disk_cut_short_are_made_again(space, install, tmp_path, cut):
    install(Tongues)
    wanted = text_points(space, "perro", "mini").phrase.words
    (kept,) = (tmp_path / "cache").glob("words-*.npy")
    whole = kept.read_bytes()
    kept.write_bytes(whole[:cut] if isinstance(cut, int) else cut)
    assert text_points(space, "perro", "mini").phrase.words == wanted
    assert kept.read_bytes() == whole


@pytest.mark.parametrize(
    "name", ["./mini", "../a/mini", "a/b/mini", "/a", "~/mini", "mini/", "..."]
)
def test_a_folder_that_is_not_there_is_told_before_anybody_is_asked(install, name, space):
    install(Own)
    with pytest.raises(InvalidInput, match=r"there is no such folder$"):
        text_points(space, "perro", name)


@pytest.fixture
def hub(monkeypatch):
    """A hub that does not answer: what it was asked for, and its settings."""
    asked, constants = [], types.SimpleNamespace(HF_HUB_OFFLINE=False)

    def refused(request, timeout):
        asked.append((request.get_method(), request.full_url, timeout))
        raise URLError("no network")

    monkeypatch.delenv("HF_ENDPOINT", raising=False)
    monkeypatch.setattr(sentence, "urlopen", refused)
    module = types.SimpleNamespace(constants=constants)
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    sentence._hub_answers.cache_clear()
    yield asked, constants
    sentence._hub_answers.cache_clear()


class Named(Own):
    """A model by name: "kept" is on this machine, the others are in the hub."""

    def __init__(self, name, device, local_files_only=False):
        if local_files_only and name != "kept":
            raise OSError("not here")
        super().__init__(name, device)


def test_a_name_of_this_machine_is_loaded_without_the_network(space, install, hub):
    install(Named)
    assert text_points(space, "perro", "kept").phrase.words == ["perro"]
    assert hub[0] == []


def test_a_hub_that_does_not_answer_is_asked_once(space, install, hub, monkeypatch):
    install(Named)
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    for _ in range(2):
        said = (
            "'lost' can be loaded: it is not on this machine, and https://huggingface.co does not"
        )
        with pytest.raises(InvalidInput, match=said):
            text_points(space, "perro", "lost")
    assert hub[0] == [("HEAD", "https://huggingface.co", 5)]
    monkeypatch.setenv("HF_ENDPOINT", "http://mirror")
    monkeypatch.setattr("time.monotonic", lambda: 200.0)
    with pytest.raises(InvalidInput, match="and http://mirror does not answer"):
        text_points(space, "perro", "lost")


def test_nobody_is_asked_where_the_user_said_so(space, install, hub):
    install(Named)
    hub[1].HF_HUB_OFFLINE = True
    with pytest.raises(InvalidInput, match="'far' can be loaded: not here"):
        text_points(space, "perro", "far")
    assert hub[0] == []


@pytest.mark.parametrize(
    "answer", [URLError(ssl.SSLError("unknown")), HTTPError("a", 404, "gone", None, None)]
)
def test_a_hub_that_answers_oddly_is_left_to_its_client(space, install, hub, monkeypatch, answer):
    def answered(request, timeout):
        raise answer

    install(Named)
    monkeypatch.setattr(sentence, "urlopen", answered)
    assert text_points(space, "perro", "far").phrase.words == ["perro"]


def test_errors_of_the_libraries_own_are_told(space, install, hub):
    class Torn(Own):
        def __init__(self, *_, **__):
            raise RuntimeError("header too small")

    install(Torn)
    with pytest.raises(InvalidInput, match="'torn' can be loaded: header too small"):
        text_points(space, "perro", "torn")


def test_a_long_reason_is_cut_at_a_word_and_ends_in_one_stop(space, install):
    class Broken(Own):
        def __init__(self, name, device, local_files_only=False):
            raise OSError("no config.json." if name == "short" else "word " * 100)

    install(Broken)
    with pytest.raises(InvalidInput, match=r"loaded: no config\.json\. Name the folder"):
        text_points(space, "perro", "short")
    with pytest.raises(InvalidInput, match=r"loaded: (word )+\(\.\.\.\)\. Name the folder"):
        text_points(space, "perro", "long")


def test_without_the_extra_or_the_model_the_way_out_is_told(space, install):
    install(Own)
    with pytest.raises(InvalidInput, match=r"'lost' can be loaded: no such model. Name the folder"):
        text_points(space, "perro", "lost")
    install(None)
    with pytest.raises(MissingExtra, match=r"pip install 'opensearch-visual\[sentence\]'"):
        text_points(space, "perro", "mini")
    with pytest.raises(UnknownWord, match="sentence='paraphrase-multilingual-MiniLM-L12-v2'"):
        text_points(space, "perro", None)
