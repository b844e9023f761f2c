"""What holds for every verb: its own help with an example, a summary, JSON where it prints results.

A toy verb, made of a module and a line, keeps the same contract and runs like the others.
"""

import sys
from types import ModuleType

import click
import pytest
from click.testing import CliRunner

from opensearch.cli.group import VERBS, main
from opensearch.cli.verb import PATHS, Verb
from opensearch.errors import InvalidInput

WITHOUT_JSON = ("train", "train-3d", "refit", "demo", "serve")
"""Verbs whose result is a folder, or that answer to others."""


def keeps_the_contract(verb):
    command = main.get_command(None, verb)
    assert command.name == verb
    assert VERBS[verb] == command.get_short_help_str(limit=200), "the first sentence of its help"
    assert len(f"  {verb:<10}  {VERBS[verb]}") <= 79, "the list of verbs has a line for each"
    shown = CliRunner().invoke(main, [verb, "--help"])
    assert shown.exit_code == 0
    assert "Example:" in shown.output
    assert f"opensearch {verb}" in shown.output
    for name, below in getattr(command, "commands", {verb: command}).items():
        words = [verb] if below is command else [verb, name]
        assert "Example:" in CliRunner().invoke(main, [*words, "--help"]).output
        options = [each for each in below.params if isinstance(each, click.Option)]
        assert all(each.help for each in options)
        for each in options:
            if not (each.multiple or each.is_flag or each.count):
                flag = max(each.opts, key=len)
                twice = CliRunner().invoke(main, [*words, f"{flag}", "1", f"{flag}", "2"])
                assert twice.exit_code == 2
                assert f"{flag} takes one value, but is given 2 times" in twice.stderr
        for each in below.params:
            if each.type.name in PATHS and not isinstance(each.type, click.Choice):
                given = [max(each.opts, key=len), ""] if isinstance(each, click.Option) else [""]
                empty = CliRunner().invoke(main, [*words, *given])
                assert empty.exit_code == 2
                assert "is empty" in empty.stderr or "Missing argument" in empty.stderr
        assert verb in WITHOUT_JSON or any(each.name == "as_json" for each in options)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_keeps_the_contract(verb):
    keeps_the_contract(verb)


@click.command(cls=Verb)
@click.argument("word")
@click.option("--loud", "loudness", type=int, default=0, help="How loud.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def toy(word, loudness, as_json):
    """Say a WORD.

    \b
    Example:
        opensearch toy hello
    """
    if loudness < 0:
        raise InvalidInput("`loudness` must be 0 or more; `Engine.compact()` is quiet")
    click.echo(word.upper() if loudness else word)


@pytest.fixture
def with_toy(monkeypatch):
    module = ModuleType("opensearch.cli.toy")
    module.toy = toy
    monkeypatch.setitem(sys.modules, "opensearch.cli.toy", module)
    monkeypatch.setitem(VERBS, "toy", "Say a WORD.")


def test_a_new_verb_keeps_the_contract_and_runs(with_toy):
    keeps_the_contract("toy")
    run = CliRunner().invoke
    assert "  toy " in run(main, ["--help"]).output
    assert run(main, ["toy", "hello", "--loud", "1"]).output == "HELLO\n"
    refused = run(main, ["toy", "hello", "--loud", "-1"])
    assert refused.exit_code == 2
    assert refused.stderr == (
        "error: --loud must be 0 or more; opensearch compact INDEX is quiet\n"
    )


def test_a_verb_that_is_not_there_is_refused_by_name():
    result = CliRunner().invoke(main, ["toy", "hello"])
    assert result.exit_code == 2
    assert "No such command 'toy'" in result.output


def test_a_summary_that_is_not_the_verbs_own_breaks_the_contract(with_toy, monkeypatch):
    monkeypatch.setitem(VERBS, "toy", "Say something else.")
    with pytest.raises(AssertionError, match="first sentence"):
        keeps_the_contract("toy")
