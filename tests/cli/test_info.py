"""The verb `info`, as people read it: no line is longer than what one can read."""

import json

from click.testing import CliRunner

import opensearch
from opensearch.cli import main


def told(*words):
    ran = CliRunner().invoke(main, ["info", *map(str, words)])
    assert ran.exit_code == 0
    return ran.output


def test_a_model_is_told_in_short_lines():
    lines = told(opensearch.starter_model()).splitlines()
    assert max(map(len, lines)) < 250
    found = {line[:18].strip(): line[18:] for line in lines}
    assert found["domains"] == "cartoon, icon, photo, shape, sketch"
    assert found["categories"].endswith(" more")
    assert found["calibration"].startswith("last on ")
    assert found["identities"].startswith("space ")
    assert len(found["identities"].split(", ")[0]) == len("space ") + 12


def test_json_has_all_of_it():
    fields = json.loads(told(opensearch.starter_model(), "--json"))
    assert len(fields["categories"]) > 800
    assert len(fields["identities"]["space"]) == 64


def test_an_index_is_told_in_short_lines(toy_model, toy_collection, tmp_path):
    given = ["index", toy_collection, "--to", tmp_path / "i", "--model", toy_model]
    assert CliRunner().invoke(main, list(map(str, given))).exit_code == 0
    lines = told(tmp_path / "i").splitlines()
    assert max(map(len, lines)) < 300
    found = {line[:18].strip(): line[18:] for line in lines}
    assert found["items"].startswith("photo ")
    assert "{" not in "".join(lines)
