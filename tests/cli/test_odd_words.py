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


@pytest.mark.parametrize("words", [["index", ".", "--to=~/mine"], ["list", "~/mine"]])
def test_a_home_folder_that_no_shell_has_read_is_refused(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert f"~ stands for the home folder in shells alone: name '{tmp_path}/mine'" in result.output
    assert not Path("~").exists()
