"""Messages: what a user gave is told as far as it helps."""

import copy

import pytest

from opensearch.errors import InvalidInput, UnknownWord, brief, shortened

LONG = "x" * 10_000
PATH = "/".join(["a" * 200] * 10)


def test_a_very_long_word_is_told_by_its_beginning_and_its_length():
    said = str(UnknownWord(f"no vector is known for {LONG!r}; near is nothing"))
    assert said == f"no vector is known for '{'x' * 60}... (10,000 characters)'; near is nothing"
    assert brief(f"not stored: {LONG}; see") == f"not stored: {shortened(LONG)}; see"


def test_a_long_quote_of_many_words_is_too():
    said = brief(f"no item {'x y ' * 3000!r}; it holds 'photo', 'sketch'")
    assert said.endswith("... (12,000 characters)'; it holds 'photo', 'sketch'")
    assert len(said) < 150


@pytest.mark.parametrize(
    "text",
    [
        f"{PATH} is not a file",
        f"{PATH!r} is not a file",
        f"unknown 'x'; known: {', '.join(['photo'] * 100)}; did you mean 'y'?",
        "it's " + "a message of many short words " * 20 + "that isn't short",
        "",
    ],
)
def test_paths_lists_and_plain_words_stay(text):
    assert brief(text) == text == str(InvalidInput(text))


def test_an_error_that_is_made_anew_says_the_same():
    error = copy.copy(InvalidInput(f"no {LONG}"))
    assert str(error) == str(InvalidInput(f"no {LONG}"))
