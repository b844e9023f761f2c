"""What may be meant by a name that is not known."""

import pytest

from opensearch.spelling import hint, names_in, several_in, several_paths

KNOWN = ["photo", "sketch", "shape"]


@pytest.mark.parametrize("text", ["photo,sketch", "photo, sketch", "photo sketch", "photo;sketch"])
def test_several_in_one_are_told_one_by_one_where_a_list_is_taken(text):
    wanted = "; give several one by one: `targets=['photo', 'sketch']`"
    assert hint(text, KNOWN, "targets") == wanted
    assert hint(text, KNOWN) == "; name one of them alone"


def test_a_misspelt_one_among_several_stays_as_it_is():
    assert hint("photo,skech", KNOWN, "targets").endswith("`targets=['photo', 'skech']`")


def test_one_is_held_against_those_spelt_alike():
    assert hint("skech", KNOWN, "targets") == "; did you mean 'sketch'?"
    assert hint("PHOTO", KNOWN) == hint("Photos", KNOWN) == "; did you mean 'photo'?"
    assert hint("zebra", KNOWN) == ""
    assert names_in("photo") == []


def test_keys_that_hold_commas_are_no_lists():
    held = {"a", "b", "c,d"}
    wanted = "; give several one by one: `keys=['a', 'b']`"
    assert several_in("a,b", "keys", held.__contains__) == wanted
    assert several_in("c,e", "keys", held.__contains__) == ""
    assert several_in("a", "keys", held.__contains__) == ""


def test_paths_that_are_there_are_told(tmp_path):
    one, two = tmp_path / "a.png", tmp_path / "b.png"
    one.touch()
    assert several_paths(f"{one},{two}") == ""
    two.touch()
    assert several_paths(f"{one},{two}") == "; these are 2 paths in one: give each on its own"
