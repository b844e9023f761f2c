"""Phrases: which words name things, which have no say, which are left out; nothing gets lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.semantic.lexicon import open_lexicon
from opensearch.semantic.phrases import classes, read_phrase

LEXICON = open_lexicon().vocabulary
WORDS = LEXICON.words
FILLERS = sorted(classes())


def read(text):
    phrase = read_phrase(text, LEXICON.listed, lambda word: bool(LEXICON.near(word, 1, 0.85)))
    return phrase.words, phrase.excluded, phrase.not_counted, phrase.unknown


@pytest.mark.parametrize(
    ("text", "words", "excluded", "not_counted"),
    [
        ("a man playing the guitar", ["man", "guitar"], [], ["playing"]),
        ("two red cars", ["car"], [], ["two", "red"]),
        ("not a dog", [], ["dog"], []),
        ("chair without wheels or arms, red", ["chair"], ["wheel", "arm"], ["red"]),
        ("a man without a hat on a horse", ["man", "horse"], ["hat"], []),
        ("animal -dog", ["animal"], ["dog"], []),
        ('vehicle -"fire truck" road', ["vehicle", "road"], ["fire truck"], []),
        ("a cat, not a dog but a mouse", ["cat", "mouse"], ["dog"], []),
        ("a car that is not red", ["car"], [], ["not red"]),
        ("a dog not wearing a collar", ["dog"], ["collar"], ["wearing"]),
        ("not without wheels", ["wheel"], [], []),
        ("red fire truck", ["fire truck"], [], ["red"]),
        ("salt and pepper shakers", ["salt and pepper shakers"], [], []),
        ("a st. bernard, a kite (bird)", ["st. bernard", "kite (bird)"], [], []),
        ("picture of a cup of tea", ["cup", "tea"], [], ["picture"]),
        ("a picture and a crowd", ["painting", "crowd"], [], []),
        ("3d model of a chair", ["chair"], [], ["3d", "model"]),
        ("blue-eyed cat", ["cat"], [], ["blue", "eyed"]),
        ("man's hat", ["man", "hat"], [], []),
        ("don’t show dogs. Cats!", ["cat"], ["dog"], []),
        ("don't show 'hot dogs', but food", ["food"], ["hot dog"], []),
        ("food -'hot dog'", ["food"], ["hot dog"], []),
        ("a chair w/o arms w/ a wheel", ["chair", "wheel"], ["arm"], []),
        (
            "non-fiction book, non-metallic spoon",
            ["book", "spoon"],
            [],
            ["not fiction", "not metallic"],
        ),
        ("a non-dog animal", ["animal"], ["dog"], []),
    ],
)
def test_known_phrases(text, words, excluded, not_counted):
    assert read(text) == (words, excluded, not_counted, [])


@pytest.mark.parametrize(
    ("text", "words", "not_counted"),
    [
        ("orange", ["orange"], []),
        ("an orange car", ["car"], ["orange"]),
        ("car, orange", ["car", "orange"], []),
        ("a rose and a violet", ["rose", "violet"], []),
        ("a violet dress", ["dress"], ["violet"]),
        ("rose gold ring", ["ring"], ["rose", "gold"]),
        ("a glass on a glass table", ["glass", "table"], ["glass"]),
        ("red", ["red"], []),
        ("big red", ["big", "red"], []),
    ],
)
def test_a_word_of_two_uses_is_a_thing_unless_it_stands_before_one(text, words, not_counted):
    assert read(text) == (words, [], not_counted, [])


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("men", "man"), ("Mice", "mouse"), ("wolves", "wolf"), ("knives", "knife"),
        ("café", "cafe"), ("wine-glasses", "wine glass"), ("ICE CREAM", "ice cream"),
        ("hot_air_balloon", "hot air balloon"), ("AlarmClock", "alarm clock"),
        ("flavour", None), ("ship’s wheel", "ship's wheel"), ("Tea Cup", "tea cup"),
        ("planes", "airplane"),
    ],
)  # fmt: skip
def test_spellings_of_one_word_are_one(text, word):
    words, _, _, unknown = read(text)
    assert (words, unknown) == (([word], []) if word else ([], [text]))


@pytest.mark.parametrize("text", ["001.ak47", "chair2", "02-chair", "chair_0017", "chair (3)"])
def test_numbers_beside_a_name_do_not_hide_it(text):
    words, excluded, not_counted, unknown = read(text)
    assert words == ["assault rifle" if "ak" in text else "chair"]
    assert not_counted
    assert not excluded
    assert not unknown


def test_every_listed_word_is_read_as_itself():
    lost = [word for word in WORDS if read(word) != ([word], [], [], [])]
    assert lost == []
    assert len(WORDS) > 15_000


def test_words_that_are_dropped_unsaid_name_no_thing():
    silent = [w for w, kind in classes().items() if kind in ("skip", "link", "turn", "none")]
    named = {word for word in silent if word in LEXICON.words}
    assert named == set()


def test_looks_stand_for_nothing_that_is_unknown():
    assert read("big bang") == ([], [], ["big"], ["bang"])


def test_capitals_and_digits_part_a_word_only_into_names():
    assert read("YouTube")[0::3] == ([], ["youtube"])
    assert read("WineGlass5")[0::2] == (["wine glass"], ["5"])


def test_a_near_misspelling_is_unknown_and_no_action():
    assert read("earing")[3] == ["earing"]
    assert read("galloping horse") == (["horse"], [], ["galloping"], [])


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    words, excluded, _, _ = read(text)
    assert all(LEXICON.listed(word) == word for word in words + excluded)


@given(st.lists(st.sampled_from(FILLERS) | st.sampled_from(["-", "--", '"', ",", "(", ")"])))
def test_no_mix_of_small_words_breaks_it(parts):
    words, excluded, _, _ = read(" ".join(parts))
    assert all(LEXICON.listed(word) == word for word in words + excluded)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.data())
def test_no_name_is_dropped_unsaid(names, data):
    """Each name is in what is searched, left out or not counted, whole or as part of a longer."""
    filler = st.lists(st.sampled_from(FILLERS), max_size=2).map(" ".join)
    text = " ".join(f"{data.draw(filler)} {name}" for name in names)
    words, excluded, not_counted, unknown = read(text)
    told = " | ".join([*words, *excluded, *not_counted, *unknown])
    for name in names:
        parts = [part for part in name.split() if part not in classes()]
        for part in parts:
            bare = part.strip("'().").removesuffix("'s")
            assert bare[:3] in told, (text, told)


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3))
def test_reading_what_was_read_changes_nothing(names):
    words = read(", ".join(names))[0]
    assert [read(word)[0] for word in words] == [[word] for word in words]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("dgo", "dog"),
        ("odg", "dog"),
        ("uitar", "guitar"),
        ("gguitar", "guitar"),
        ("vioin", "violin"),
    ],
)
def test_one_slip_of_the_hand_is_seen_through(typed, meant):
    assert LEXICON.listed(typed) is None
    assert meant in LEXICON.offers(typed)


def test_longer_names_are_offered_for_an_unknown_word():
    assert LEXICON.listed("elevation") is None
    assert LEXICON.offers("elevation") == ["natural elevation"]
    assert LEXICON.offers("truk") == ["truck", "trunk"]  # the one of one slip first
    assert LEXICON.offers("bycicle")[0] == "bicycle"  # the same letters before "bile"
    assert LEXICON.offers("") == LEXICON.offers("-") == []
