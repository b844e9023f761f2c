"""The verb `words`: known words by beginning, meaning and spelling, and how a text is read."""

import json

import pytest
from click.testing import CliRunner

from opensearch.cli.group import main
from opensearch.engine import Engine, Words


def run(*arguments, code=0):
    done = CliRunner().invoke(main, ["words", *arguments])
    assert done.exit_code == code, done.output
    return done


def test_words_by_their_beginning():
    assert run("guitar").stdout.split() == ["guitar", "guitarist"]
    some = run("Fire_", "--limit", "2")
    assert some.stdout.splitlines() == ["fire alarm", "fire ant"]
    assert some.stderr.endswith("lists all\n")
    told = json.loads(run("guitar", "--limit", "1", "--json").stdout)
    assert told == {"words": ["guitar"], "of": 2}


def test_a_word_is_near_others_by_meaning_and_by_spelling():
    first = run("--near", "violin", "--limit", "3").stdout.splitlines()
    assert len(first) == 3
    told = json.loads(run("--near", "violin", "--limit", "3", "--json").stdout)
    assert [f"{each['score']:.4f}  {each['word']}" for each in told["by_meaning"]] == first
    assert told["by_spelling"][0] == "violin"


def test_an_unknown_word_is_near_others_by_spelling_alone():
    done = run("--near", "gitar", "--limit", "1")
    assert done.stdout == "guitar\n"
    assert "'gitar' is not known" in done.stderr
    assert json.loads(run("--near", "gitar", "--json").stdout)["by_meaning"] == []
    refused = run("--near", "吉他", code=2)
    assert "Known words are English names of things" in refused.stderr
    assert "(opensearch words lists them)" in refused.stderr


def test_a_text_is_read_as_a_query_would():
    done = run("--read", "a red car, no wheels, zorble")
    assert [line.split(maxsplit=2) for line in done.stdout.splitlines()] == [
        ["searched", "for", "car"],
        ["left", "out", "wheel"],
        ["not", "counted", "red"],
        ["unknown", "zorble"],
    ]
    told = json.loads(run("--read", "dogs", "--json").stdout)
    assert told == {
        "words": ["dog"],
        "excluded": [],
        "not_counted": [],
        "unknown": {},
        "taken_for": {},
    }


def test_what_is_no_prefix_is_read_as_a_text():
    done = run("two dogs")
    assert done.stdout.split() == ["searched", "for", "dog", "not", "counted", "two"]
    assert "none of 15,208 words begins with 'two dogs'" in done.stderr
    assert "as a text: searched for car; not counted: red" in run("red car").stderr


def test_one_question_at_a_time():
    assert "PREFIX, --near and --read exclude each other" in run("a", "--near", "b", code=2).stderr


def test_the_words_of_a_model_and_of_an_index_are_its_own(toy_model, tmp_path):
    Engine.create(tmp_path / "index", toy_model).close()
    listed = run("--model", str(toy_model)).stdout.split()
    assert "pyramid" in listed
    assert run("--model", str(tmp_path / "index")).stdout.split() == listed
    unknown = run("--model", str(toy_model), "--near", "zzkj", code=2).stderr
    assert "(opensearch words --model MODEL lists them)" in unknown
    examples = unknown.partition("such as ")[2].partition(" (")[0].replace(",", " or").split(" or ")
    assert set(examples) <= {
        each.strip() for each in run("--model", str(toy_model)).stdout.splitlines()
    }
    refused = run("--model", str(tmp_path), code=1)
    assert "is not a model" in refused.stderr


def test_python_answers_the_same():
    words = Words.open()
    assert len(words) == 15_208
    assert words.starting("guitar") == ["guitar", "guitarist"]
    assert words.near("guitar", 2)[0][0] == "acoustic guitar"
    assert words.alike("gitar")[0] == "guitar"
    assert words.read("two cats without hats").excluded == ["hat"]
    assert words.starting() == sorted(words.starting())


@pytest.mark.parametrize("asked", [{"prefix": 5}, {"prefix": None}])
def test_odd_arguments_are_refused(asked):
    with pytest.raises(Exception, match="must be a text"):
        Words.open().starting(**asked)
