import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.semantic.names import (
    normalise,
    plural,
    singular,
    spellings,
    variants,
    without_codes,
    words_of,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Hot-Air_Balloon", "hot air balloon"),
        ("  wine   glass ", "wine glass"),
        ("t-shirt", "t shirt"),
        ("bat_(animal)", "bat (animal)"),
        ("keyboard (computer)", "keyboard (computer)"),
        ("Car(Sedan)", "car (sedan)"),
        ("wine–glass", "wine glass"),
        ("_-_", ""),
    ],
)
def test_one_spelling(written, normal):
    assert normalise(written) == normal


@given(st.text(max_size=30))
def test_normalising_twice_changes_nothing(name):
    assert normalise(normalise(name)) == normalise(name)


@given(st.text(max_size=30))
def test_a_name_is_looked_for_as_written_first(name):
    assert spellings(name)[:1] == ([normalise(name)] if normalise(name) else [])


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("chairs", "chair"),
        ("wine glasses", "wine glass"),
        ("berries", "berry"),
        ("boxes", "box"),
        ("benches", "bench"),
        ("keys", "key"),
    ],
)
def test_regular_plurals_go_both_ways(many, one):
    assert singular(many) == one
    assert plural(one) == many


@pytest.mark.parametrize("word", ["bus", "glass", "octopus", "grass", "iris"])
def test_singulars_that_end_in_s_stay(word):
    assert singular(word) == word


def test_the_plural_of_a_word_with_a_sense_is_before_the_sense():
    assert "bat (animal)" in spellings("bats (animal)")


def test_the_words_of_a_name_include_its_sense():
    assert words_of("keyboard_(computer)") == ["keyboard", "computer"]


@pytest.mark.parametrize(
    ("name", "bare"),
    [
        ("n02123045_tabby_cat", "tabby cat"), ("001.ak47", "ak47"), ("02-chair", "chair"),
        ("AlarmClock2", "alarm clock"), ("chair_0017", "chair"),
        ("Hot-Air_Balloon", "hot air balloon"),
        ("7", ""), ("", ""), ("bat (animal)", "bat (animal)"), ("mp3 player", "mp3 player"),
    ],
)  # fmt: skip
def test_what_a_data_set_numbers_its_categories_by_is_no_part_of_a_name(name, bare):
    assert without_codes(name) == bare


@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("men", "man"),
        ("wine glasses", "wine glass"),
        ("tyre swing", "tire swing"),
        ("café", "cafe"),
    ],
)
def test_variants_hold_other_spellings(name, variant):
    assert variant in [*spellings(name), *variants(name)]
