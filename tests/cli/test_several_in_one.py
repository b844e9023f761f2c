"""Several values given as one, joined by commas: each option that takes more says how."""

import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def toy_index(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("several") / "index"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection)
    return path


@pytest.mark.parametrize(
    ("words", "told"),
    {
        "targets": (["query", "I", "--text", "disc", "--to", "photo,sketch"],
                    "one by one: --to photo --to sketch"),
        "source": (["query", "I", "F", "--from", "photo,sketch"], "; name one of them alone"),
        "keys": (["query", "I", "--id", "photo/disc/01.jpg,photo/disc/02.jpg"],
                 "one by one: --id photo/disc/01.jpg --id photo/disc/02.jpg"),
        "files": (["query", "I", "F,F"], "these are 2 paths in one: give each on its own"),
        "where in": (["list", "I", "--where", "domain in photo,sketch"],
                     "put several values in brackets, as in domain in (photo, sketch)"),
        "where =": (["list", "I", "--where", "domain = photo,sketch"],
                    "put several values in brackets, as in domain in (photo, sketch)"),
        "a domain": (["duplicates", "I", "--domain", "photo,sketch"], "; name one of them alone"),
        "index": (["index", "F", "--to", "I", "--domain", "photo,sketch"],
                  "; name one of them alone"),
        "sources": (["index", "F,F", "--to", "I"], "these are 2 paths in one"),
        "patterns": (["index", "C", "--to", "I", "--exclude", "*.jpg, *.png"],
                     "one by one: --exclude '*.jpg' --exclude '*.png'; write a comma in a name"),
        "removed": (["remove", "I", "a,b"], "separate keys by spaces"),
        "render": (["render", "F", "--out", "O", "--domain", "photo,sketch"],
                   "--domain must be one name, got 'photo,sketch'"),
        "hashers": (["evaluate", "M", "--data", "C", "--bits", "16", "--hasher", "itq,lsh"],
                    "one by one: --hasher itq --hasher lsh"),
        "scores": (["evaluate", "M", "--data", "C", "--score", "asymmetric,hamming"],
                   "Give several one by one: --score asymmetric --score hamming"),
        "data": (["train", "prototype", "--data", "C,C", "--out", "O"],
                 "Give several one by one: --data "),
        "models": (["calibrate", "M,M", "--data", "C"], "Separate several by spaces: "),
    }.values(),
)  # fmt: skip
def test_each_option_says_how_several_are_given(
    toy_index, toy_model, toy_collection, tmp_path, words, told
):
    at = {"I": toy_index, "M": toy_model, "C": toy_collection, "O": tmp_path / "out"}
    at["F"] = toy_collection / "photo" / "disc" / "01.jpg"
    at |= {f"{name},{name}": f"{at[name]},{at[name]}" for name in ("F", "C", "M")}
    done = run(*(at.get(word, word) for word in words))
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())


def test_an_option_of_one_value_is_left_as_it_is(toy_index):
    done = run("query", toy_index, "--text", "disc", "--like", "exact,meaning")
    assert "is not one of" in done.stderr
    assert "one by one" not in done.stderr


def test_a_comma_of_a_name_may_be_written(toy_collection, toy_index):
    done = run(
        "index", toy_collection, "--to", toy_index, "--exclude", r"*.jpg\,*.png", "--dry-run"
    )
    assert done.exit_code == 0
