"""The verbs as a user runs them: output, JSON and exit codes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from opensearch.cli import main


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def index(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "index"
    result = run("index", toy_collection, "--to", path, "--model", toy_model)
    assert result.exit_code == 0, result.output
    return path


def test_index_prints_books_that_close_and_what_it_ignored(index, toy_collection):
    result = run("index", toy_collection, "--to", index, "--json")
    report = json.loads(result.stdout)
    parts = ("added", "replaced", "moved", "unchanged", "ignored", "failed")
    assert report["seen"] == sum(report[part] for part in parts)
    assert report["added"] == 0
    text = run("index", toy_collection, "--to", index).stdout
    assert text.startswith(f"{report['seen']} seen = 0 added + 0 replaced + 0 moved")
    assert "ignored: 1 .csv, 1 manifest" in text


def test_query_prints_one_json_object_a_hit_under_the_documented_names(index, toy_collection):
    file = toy_collection / "sketch" / "disc" / "08.png"
    result = run("query", index, file, "--to", "photo", "-k", 3, "--json")
    hits = [json.loads(line) for line in result.stdout.splitlines()]
    names = ["rank", "id", "key", "path", "domain", "category", "distance", "score", "metadata"]
    names += ["cosine", "score_kind", "understood"]
    assert [list(hit) for hit in hits] == [names] * 3
    assert [hit["rank"] for hit in hits] == [1, 2, 3]
    assert {hit["domain"] for hit in hits} == {"photo"}


def test_query_orders_by_the_unrounded_query_against_codes(index):
    words = ["--text", "disc", "--score", "asymmetric", "-k", 4, "--json"]
    hits = [json.loads(line) for line in run("query", index, *words).stdout.splitlines()]
    order = [(-hit["score"], hit["distance"], hit["id"]) for hit in hits]
    assert len(order) == 4
    assert order == sorted(order)
    assert all(-1 <= hit["score"] <= 1 for hit in hits)


def test_query_takes_weights_words_negatives_and_filters(index, toy_collection):
    file = toy_collection / "sketch" / "disc" / "08.png"
    other = toy_collection / "photo" / "cube" / "08.jpg"
    words = [f"{file}:0.5", other, "--text", "disc", "--not", other, "--where", "year > 2001"]
    result = run("query", index, *words, "--score", "hamming", "--no-refine", "-k", 2)
    assert result.exit_code == 0, result.output
    assert len(result.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["query", "{index}"], 2, "a file, words (--text) or the key of a stored item (--id)"),
        (["query", "{index}", "--text", "zorble"], 2, "zorble"),
        (["query", "{index}", "--text", "disc", "--where", "a >"], 2, "a value"),
        (["query", "{index}", "--text", "disc", "--score", "dot"], 2, "'asymmetric', 'hamming'"),
        (["query", "{index}", "nowhere.png"], 2, "is not a file"),
        (["query", "{model}", "--text", "disc"], 1, "is not an index: it is a model"),
        (["index", "{index}/nowhere", "--to", "{index}"], 2, "does not exist"),
        (["index", "{model}", "--to", "{tmp}/new", "--model", "{tmp}"], 1, "is not a model"),
        (["train", "nothing", "--data", "{model}", "--out", "{tmp}/m"], 2, "no config 'nothing'"),
        (["remove", "{index}", "nokey"], 2, "1 of 1 keys is not stored"),
        (["info", "{tmp}"], 1, "is not an index"),
        (["evaluate", "{model}", "--data", "{tmp}"], 2, "holds no item"),
    ],
)
def test_errors_are_one_line_with_their_exit_code(words, code, text, index, toy_model, tmp_path):
    places = {"index": index, "model": toy_model, "tmp": tmp_path}
    result = run(*(word.format(**places) for word in words))
    assert result.exit_code == code, result.output
    assert text in result.output
    assert "Traceback" not in result.output


def test_a_source_named_for_a_domain_is_told_that_its_name_says_none(
    toy_model, toy_collection, tmp_path
):
    shutil.copytree(toy_collection / "sketch", tmp_path / "in" / "Sketches")
    shutil.copytree(tmp_path / "in" / "Sketches", tmp_path / "said" / "Sketches")
    (tmp_path / "said/Sketches/split.csv").write_text("path,domain\ndisc/00.png,sketch\n")
    shutil.copytree(tmp_path / "in" / "Sketches", tmp_path / "apart" / "Sketches" / "Photo")
    told = "the name of Sketches/ itself says no domain"
    for source, options, said in (
        ("in/Sketches", (), True),
        ("said/Sketches", (), False),
        ("apart/Sketches", (), False),
        ("in/Sketches", ("--domain", "sketch"), False),
        ("in", (), False),
    ):
        to = tmp_path / f"index {source.replace('/', ' ')}{len(options)}"
        done = run("index", tmp_path / source, "--to", to, "--model", toy_model, *options)
        assert done.exit_code == 0, done.output
        assert (told in done.stderr) == said
        assert ("say --domain sketch" in done.stderr) == said


@pytest.mark.parametrize("verb", ["list", "info", "verify", "index C --to"])
def test_an_export_in_place_of_an_index_is_told_and_left_alone(index, tmp_path, verb):
    out = tmp_path / "out"
    assert run("export", index, out, "-q").exit_code == 0
    before = sorted(file.read_bytes() for file in out.iterdir())
    (tmp_path / "C").mkdir()
    result = run(*(str(tmp_path / "C") if word == "C" else word for word in verb.split()), out)
    assert result.exit_code == 1
    assert f"opensearch import {out} --to INDEX" in result.stderr
    assert "upgrade" not in result.stderr
    assert sorted(file.read_bytes() for file in out.iterdir()) == before


def test_verbose_adds_the_traceback(index):
    assert "Traceback" in run("-v", "query", index, "--text", "zorble").output


def test_a_skipped_file_is_exit_three_and_named(toy_model, toy_collection, tmp_path):
    files = tmp_path / "files"
    shutil.copytree(toy_collection / "photo" / "disc", files)
    (files / "broken.png").write_bytes(b"\x89PNG broken")
    result = run("index", files, "--to", tmp_path / "i", "--model", toy_model, "--domain", "photo")
    assert result.exit_code == 3
    assert "skipped broken.png:" in result.stderr
    words = ["index", files, "--to", tmp_path / "i", "--domain", "photo", "--on-error", "fail"]
    assert run(*words).exit_code == 1


def test_a_shape_that_lost_faces_is_stored_and_told_everywhere(toy_model, tmp_path):
    corners = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "v 0 0 1", "v nan 0 0"]
    faces = ["f 1 2 3", "f 1 2 4", "f 1 3 4", "f 2 3 4", "f 1 2 5", ""]
    shape, told = tmp_path / "a.obj", "1 of its 5 faces are missing"
    shape.write_text("\n".join(corners + faces))
    result = run("index", shape, "--to", tmp_path / "i", "--model", toy_model, "--json")
    assert (result.exit_code, json.loads(result.stdout)["added"]) == (0, 1)
    assert json.loads(result.stdout)["damaged"][0]["reason"].startswith(told)
    assert f"damaged a.obj: {told}" in result.stderr
    for words in (("query", tmp_path / "i", shape), ("render", shape, "--out", tmp_path / "r")):
        assert f"a.obj is damaged: {told}" in run(*words).stderr


def test_a_model_that_does_not_fit_is_exit_four(index, toy_collection, toy_config, tmp_path):
    from opensearch.methods import Training, train

    config = toy_config.model_copy(update={"seed": 9})
    train(Training(config, [toy_collection], tmp_path / "other"))
    result = run("query", index, "--text", "disc", "--model", tmp_path / "other")
    assert result.exit_code == 4
    assert "Leave --model out" in result.output
    result = run("index", toy_collection, "--to", index, "--model", tmp_path / "other")
    assert result.exit_code == 4


def test_remove_verify_and_info(toy_model, toy_collection, tmp_path):
    path = tmp_path / "index"
    run("index", toy_collection / "photo", "--to", path, "--model", toy_model, "--domain", "photo")
    before = json.loads(run("info", path, "--json").stdout)["items"]["photo"]
    result = run("remove", path, "disc/00.jpg", "disc/01.jpg")
    assert (result.exit_code, result.stdout) == (0, "2 removed\n")
    assert json.loads(run("info", path, "--json").stdout)["items"]["photo"] == before - 2
    assert run("verify", path).stdout == "whole\n"
    (path / "manifest.json").unlink()
    assert f"opensearch verify {path} --repair" in run("verify", path).stdout
    assert f"opensearch verify {path} --repair" in run("verify", path, "--json").stdout
    assert json.loads(run("info", toy_model, "--json").stdout)["bits"] == 16


def test_evaluate_prints_every_number_as_json(toy_model, toy_collection):
    words = ["evaluate", toy_model, "--data", toy_collection, "--bits", "16", "--json"]
    result = json.loads(run(*words).stdout)
    assert result["protocol"] == "any-to-any"
    kinds = {(row["split"], row["representation"], row["refinement"]) for row in result["rows"]}
    for representation in ("real", "model-16", "lsh-16", "itq-16"):
        for refinement in ("none", "rule", "oracle"):
            assert ("unseen", representation, refinement) in kinds
    assert len(result["rows"][0]["cells"]) == 9
    table = run("evaluate", toy_model, "--data", toy_collection, "--split", "test").stdout
    assert "model-16" in table


def test_an_interrupted_index_is_exit_130_and_goes_on(toy_model, toy_collection, tmp_path):
    path = tmp_path / "index"
    command = [sys.executable, "-m", "opensearch", "index", str(toy_collection)]
    command += ["--to", str(path), "--model", str(toy_model), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        while not (path / "manifest.json").exists() and child.poll() is None:
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        _, errors = child.communicate(timeout=60)
    if child.returncode == 130:  # else it was done before the signal came
        assert b"run the same command again" in errors
        assert b"Traceback" not in errors
    done = subprocess.run(command, capture_output=True, check=True, env=dict(os.environ))
    report = json.loads(done.stdout)
    assert report["added"] + report["unchanged"] == 111
    assert run("verify", path).stdout == "whole\n"
