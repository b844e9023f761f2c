"""Words that no verb can use: told shortly, and none is taken for a folder to make."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from opensearch.cli.group import main

LONG = "x" * 10_000


@pytest.mark.parametrize(
    "words",
    [[LONG], ["info", LONG], ["query", ".", f"--{LONG}"], ["query", ".", "-k", LONG],
     ["query", ".", "--like", LONG], ["render", LONG], ["words", "--near", LONG],
     ["words", LONG]],
)  # fmt: skip
def test_a_very_long_word_is_told_by_its_beginning(words):
    told = CliRunner().invoke(main, words).output
    assert "x" * 57 + "... (10,00" in told
    assert max(map(len, told.splitlines())) < 600


@pytest.mark.parametrize("name", ["-dash.jpg", "--to.jpg"])
def test_a_file_named_like_an_option_is_told_how_to_be_named(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(name).touch()
    told = CliRunner().invoke(main, ["query", ".", name])
    assert told.exit_code == 2
    assert f"The file of this name is './{name}'." in told.output
    assert "The file" not in CliRunner().invoke(main, ["query", ".", "-x.jpg"]).output


@pytest.mark.parametrize("words", [["index", ".", "--to=~/mine"], ["list", "~/mine"]])
def test_a_home_folder_that_no_shell_has_read_is_refused(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert f"only a shell reads ~ as the home folder: write '{tmp_path}/mine'" in result.output
    assert not Path("~").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["query", ".", "--text", "a", "--text", "b"], "put several words in one"),
        (["remove", ".", "--where", "id=1", "--where=id=2"], "join filters with and, or"),
        (["index", ".", "--to", "i", "--prune", "--prune=force"], "--prune takes one value"),
        (["query", ".", "--text", "dog", "--from", "photo"], "--from says what FILES are"),
        (["query", ".", "--id", "a", "--up", "z"], "--up says what FILES are"),
        (["query", ".", "--id", "a", "--sentence", "m"], "--sentence reads the words of --text"),
        (["query", ".", "--text", "a", "--sentence", ""], "the name is empty; is it a variable"),
        (["words", "--read", "a", "--sentence="], "'--sentence': the name is empty; is it a"),
        (["words", "guit", "--sentence="], "'--sentence': the name is empty"),
        (["render", "a.png", "--out", "o", "--part", "2"], "--part is a line of an .ndjson file"),
        (["render", "a.ndjson#2", "--out", "o", "--part", "3"], "--part 3 and #2 name two"),
        (["render", "b.ndjson#2", "--out", "o"], "File 'b.ndjson' does not exist"),
        (["render", "a.png", "--out", "o", "--domain", "skecth"], "did you mean 'sketch'?"),
        (
            ["render", "a.png", "--out", "o", "--model", ".", "--size", "32", "--line-views", "0"],
            "--size and --line-views would be other than what --model sees",
        ),
    ],
)
def test_what_would_go_unheard_is_refused(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "a.ndjson"):
        Path(name).touch()
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2, result.output
    assert told in result.output
    assert not Path("o").exists()


def test_render_takes_the_name_of_a_drawing_as_query_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [[[0, 90], [0, 90]]], [[[0, 90], [90, 0]]]
    Path("a.ndjson").write_text("".join(f'{{"drawing": {each}}}\n' for each in rows))
    for words in (["a.ndjson#2", "--out", "o"], ["a.ndjson", "--part", "2", "--out", "p"]):
        assert CliRunner().invoke(main, ["render", *words]).exit_code == 0
    assert Path("o", "view-01.png").read_bytes() == Path("p", "view-01.png").read_bytes()
