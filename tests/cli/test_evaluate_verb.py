"""The verb `evaluate` shows words beside the directions, and takes encoders for other domains."""

import json
import shutil

import pytest
from click.testing import CliRunner

from opensearch.cli import main


def run(*words):
    return CliRunner().invoke(main, ["evaluate", *map(str, words), "-q"])


@pytest.fixture(scope="module")
def split(toy_model, toy_collection):
    return [toy_model, "--data", toy_collection, "--split", "train"]


def test_words_are_in_the_json_and_both_tables(split):
    found = json.loads(run(*split, "--json").stdout)
    assert found["as"] == {}
    assert all(len(row["words"]["cells"]) == 3 for row in found["rows"])
    first = found["rows"][0]
    line = run(*split).stdout.splitlines()[1]
    assert line.split()[8] == f"{first['words']['mean']['map_all']:.4f}"
    assert line.endswith(" 3 of 3")
    assert (first["trained"], first["untrained"]) == (["cube", "disc", "pyramid"], [])
    assert line.split()[3] == f"{first['cross']['map_all']:.4f}"
    full = run(*split, "--full").stdout
    assert full.count("word → sketch ") == full.count("mean of words ") == len(found["rows"])


def test_a_hasher_without_lengths_is_told_what_it_lacks(split):
    refused = run(*split, "--hasher", "itq")
    assert refused.exit_code == 2
    assert "--hasher names codes to fit: say how long with --bits" in refused.stderr
    assert run(*split, "--hasher", "itq", "--bits", 16).exit_code == 0


def test_a_split_called_unseen_is_not_believed(toy_model, toy_collection, tmp_path):
    """`bar` was never trained on, `disc` was; a row of the collection's split says neither."""
    data = tmp_path / "c"
    shutil.copytree(toy_collection, data)
    text = (data / "split.csv").read_text()
    (data / "split.csv").write_text(text.replace("disc,test", "disc,unseen"))
    asked = [toy_model, "--data", data, "--split", "unseen"]
    done = run(*asked)
    assert "split unseen is not unseen by this model" in done.stderr
    assert "trained on 1 of its 2 categories: disc" in done.stderr
    assert all(line.endswith(" 1 of 2") for line in done.stdout.splitlines()[1:4])
    full = run(*asked, "--full").stdout
    assert "unseen (trained on 1 of 2 categories), real" in full
    assert full.endswith("\n\nunseen: trained on disc; not trained on bar\n")
    row = json.loads(run(*asked, "--json").stdout)["rows"][0]
    assert (row["trained"], row["untrained"]) == (["disc"], ["bar"])


def test_files_that_the_model_was_trained_on_are_told(split, tmp_path):
    told = "split train holds the files that this model was trained on"
    model, *asked = split
    assert told in run(model, *asked).stderr
    assert told not in run(model, *asked[:2], "--split", "test").stderr
    shutil.copytree(model, tmp_path / "m", ignore=shutil.ignore_patterns("training"))
    assert told not in run(tmp_path / "m", *asked).stderr


def test_too_few_items_are_told_and_measure_nothing(toy_model, toy_collection, tmp_path):
    data = tmp_path / "few"
    for domain in ("photo", "sketch"):
        (data / domain / "disc").mkdir(parents=True)
        for number in range(2):
            name = f"0{number}{'.jpg' if domain == 'photo' else '.png'}"
            shutil.copy(toy_collection / domain / "disc" / name, data / domain / "disc" / name)
    done = run(toy_model, "--data", data, "--split", "all")
    assert done.exit_code == 0, done.output
    assert "nothing could be measured between domains in 'all': a category" in done.stderr
    assert "nan" not in done.stdout
    found = json.loads(run(toy_model, "--data", data, "--split", "all", "--json").stdout)
    assert found["rows"][0]["cross"]["map_all"] is None


def test_nothing_is_said_of_a_split_that_is_unseen(toy_model, toy_collection):
    done = run(toy_model, "--data", toy_collection, "--split", "unseen")
    assert done.stderr == ""
    assert done.stdout.splitlines()[1].endswith(" 0 of 1")


def test_scores_of_codes_are_repeatable_and_fill_a_wider_column(split):
    lines = run(*split, "--score", "asymmetric", "--score", "hamming").stdout.splitlines()
    names = ["as", *["real"] * 3, *["model-16-asymmetric"] * 3, *["model-16"] * 3]
    assert [line.split()[1] for line in lines[:10]] == names
    assert len({line.index(line.split()[2]) for line in lines[:10]}) == 1
    result = run(*split, "--score", "rescored")
    assert result.exit_code == 2
    assert "'rescored' is not one of 'hamming', 'asymmetric'" in result.output


def test_an_encoder_is_named_for_a_domain(split):
    lent = ["--as", "sketch=photo", "--as", "photo=photo"]
    assert json.loads(run(*split, *lent, "--json").stdout)["as"] == {
        "sketch": "photo",
        "photo": "photo",
    }
    text = run(*split, *lent).stdout
    assert text.endswith("photo is embedded by the encoder of photo\n")
    assert "sketch is embedded by the encoder of photo\n" in text


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        (["--as", "cartoon"], 2, "expected DOMAIN=ENCODER like cartoon=photo, got 'cartoon'"),
        (["--as", "=photo"], 2, "expected DOMAIN=ENCODER"),
        (["--as", "cartoon=photo"], 2, "no labelled files of domain 'cartoon'"),
        (
            ["--as", "sketch=foto"],
            2,
            "error: --as sketch=foto: the model has no encoder 'foto'; it has photo",
        ),
    ],
)
def test_a_bad_encoder_is_one_line(split, words, code, reason):
    result = run(*split, *words)
    assert result.exit_code == code
    assert reason in " ".join(result.output.split())


def test_a_model_ties_with_itself(split, toy_model):
    done = run(*split, "--against", toy_model)
    lines = done.stdout.splitlines()
    assert lines[0] == "train, real, refinement none"
    assert [line.split("  ")[-1].strip() for line in lines[2:13]] == ["tie"] * 11
    assert lines[2].startswith("cross-domain mean mAP@all ")
    assert "refinement rule" not in done.stdout
    full = run(*split, "--against", toy_model, "--full").stdout
    assert "train, model-16, refinement oracle" in full
    assert "photo → sketch" in full


def test_a_comparison_in_json_holds_every_direction(split, toy_model):
    found = json.loads(run(*split, "--against", toy_model, "--json").stdout)
    assert (found["model"], found["against"]) == (str(toy_model), str(toy_model))
    real = found["rows"][0]
    assert (real["split"], real["representation"], real["refinement"]) == ("train", "real", "none")
    assert len(real["cells"]) == 9
    assert real["cross"]["first_tier"]["tie"] is True
    plain = json.loads(run(*split, "--json").stdout)["rows"][0]
    assert real["cross"]["map_all"]["first"] == pytest.approx(plain["cross"]["map_all"])
    assert real["cells"][1]["dcg"]["second"] == pytest.approx(plain["cells"][1]["dcg"])


def test_a_folder_that_is_no_model_is_one_line(split, tmp_path):
    result = run(*split, "--against", tmp_path)
    assert result.exit_code != 0
    assert result.output.startswith("error: ")
    assert len(result.output.splitlines()) == 1
