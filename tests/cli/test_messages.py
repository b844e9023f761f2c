"""The library names its arguments and calls; the command line turns them into its own words."""

import ast
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import opensearch
from opensearch.cli.group import VERBS, main
from opensearch.cli.messages import CALLS, in_flags, json_line, say, visible

PACKAGE = Path(opensearch.__file__).parent
FLAG = re.compile(rf"(?<![\w-])--[a-z][a-z-]*\b(?!:)|\bopensearch (?:{'|'.join(VERBS)})\b")


def verb(name):
    return main.get_command(None, name)


def messages():
    """Texts of the library that are no docstrings, with the files they stand in."""
    for file in sorted(PACKAGE.rglob("*.py")):
        place = file.relative_to(PACKAGE)
        if place.parts[0] in ("cli", "service"):  # who serves reads flags, over HTTP, too
            continue
        tree = ast.parse(file.read_text("utf-8"))
        prose = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            if id(node) not in prose and not node.value.startswith("<!DOCTYPE"):
                yield str(place), node.value


def test_no_message_of_the_library_names_a_flag_or_a_verb():
    found = list(messages())
    assert len(found) > 1000
    ours = [(place, re.sub(r"`ray start[^`]*`", "", text)) for place, text in found]
    assert [(place, text) for place, text in ours if FLAG.search(text)] == []


@pytest.mark.parametrize(
    ("name", "said", "shown"),
    [
        ("query", "words (`text`) or (`keys`)", "words (--text) or (--id)"),
        ("query", "`exclude`, `source`, `targets`, `k`", "--not, --from, --to, -k"),
        ("query", "give `refine=False`", "give --no-refine"),
        ("query", "the files: `files`", "the files: [FILES]..."),
        ("index", "`prune='force'` or `dry_run=True`", "--prune=force or --dry-run"),
        ("evaluate", "`splits=['train']` measures", "--split train measures"),
        ("evaluate", "`borrowed={'a b': ENCODER}`", "--as a b=ENCODER"),
        ("demo", "another by `folder`", "another by --keep"),
        ("train", "`overrides=['a.b=1']` in another `out`", "--set a.b=1 in another --out"),
        ("query", "`Engine.compact()` makes it", "opensearch compact INDEX makes it"),
        ("info", "`Engine.create('my index', model)`",
         "opensearch index SOURCE --to 'my index'"),
        ("info", "`verify_index('i', repair=True)`", "opensearch verify i --repair"),
        ("query", "`Training(config, data, out, extend=MODEL, domain='a b')`",
         "opensearch train CONFIG --extend MODEL --domain 'a b'"),
        ("query", "`text=f(x)`, `Engine.create()`", "`text=f(x)`, `Engine.create()`"),
        ("info", "`where` and `Engine.ask(query)`", "`where` and `Engine.ask(query)`"),
        ("query", "`a b`, `git pull`, `(`, ``, `x\ny`", "`a b`, `git pull`, `(`, ``, `x\ny`"),
        ("query", "`2+`, `k`.png of 'text'", "`2+`, -k.png of 'text'"),
    ],
)  # fmt: skip
def test_arguments_and_calls_are_said_in_the_words_of_the_verb(name, said, shown):
    assert in_flags(said, verb(name)) == shown


def test_without_a_verb_only_calls_are_translated():
    assert in_flags("`text`: `Engine.compact()`") == "`text`: opensearch compact INDEX"


@pytest.mark.parametrize("call", CALLS)
def test_every_call_exists_and_its_line_is_a_verb_with_these_options(call):
    from opensearch import engine
    from opensearch.domains.collections import splitting
    from opensearch.methods import trainer
    from opensearch.reconstruction.training import fitting

    *owner, name = call.partition("(")[0].split(".")
    rooms = [engine.Engine] if owner else [engine, trainer, splitting, fitting]
    assert any(callable(getattr(room, name, None)) for room in rooms)
    words = CALLS[call].split()
    command = verb(words[1])
    known = {option for each in command.params for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["query", "{index}"], "needs a file, words (--text) or the key of a stored item (--id)"),
        (["query", "{index}", "--text", "disc", "--where", "a >"], "--where 'a >': expected a"),
        (["query", "{index}", "a.png:-1"], "must be above 0, got -1.0; --not moves away from"),
        (["query", "{tmp}", "--text", "disc"], "opensearch index SOURCE --to INDEX"),
        (["import", "{tmp}", "--to", "{tmp}/new"], "opensearch export INDEX OUT"),
        (
            ["train", "prototype", "--data={tmp}", "--out={tmp}/m", "--set=joint.steps=3"],
            "leave it out, or give --set method=joint",
        ),
        (["demo", "--keep", "{index}"], "holds files already; name another by --keep"),
    ],
)
def test_errors_name_the_flags_of_the_verb_that_ran(words, text, tmp_path):
    from opensearch.engine import Engine

    golden = Path(__file__).parents[1] / "golden" / "model"
    Engine.create(tmp_path / "index", golden).close()
    (tmp_path / "empty").mkdir()
    places = {"index": tmp_path / "index", "tmp": tmp_path / "empty"}
    result = CliRunner().invoke(main, [word.format(**places) for word in words])
    assert result.exit_code in (1, 2)
    assert text.format(**places) in result.output


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nbreak.png", r"line\nbreak.png"),
        ("red\x1b[31m\x07.png", r"red\x1b[31m\x07.png"),
        ("gnp.\u202egpj.exe", r"gnp.\u202egpj.exe"),
        ("half\udcff.png", r"half\udcff.png"),
        ("ü 椅子 👩\u200d🔧 a\u00a0b.png", "ü 椅子 👩\u200d🔧 a\u00a0b.png"),
    ],
)
def test_a_name_is_one_line_that_moves_nothing(name, shown, capsys):
    assert visible(name) == shown
    say(f"skipped {name}:\nit is damaged".replace(name, shown))
    assert capsys.readouterr().err == f"skipped {shown}:\nit is damaged\n"


def test_a_line_of_json_says_what_older_metadata_hold_in_words_that_json_knows():
    held = {"x": float("nan"), "y": [float("-inf"), b"a"], 1: "é"}
    assert json.loads(json_line(held)) == {"x": None, "y": [None, "b'a'"], "1": "é"}
    assert json_line({"x": 1.5, "y": "é"}) == '{"x": 1.5, "y": "é"}'


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("no room"),
        ImportError("x.so: failed to map segment from shared object"),
        ImportError("x.so: cannot allocate memory in static TLS block"),
    ],
)
def test_a_limit_of_memory_is_told_as_one(error, monkeypatch, tmp_path):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("opensearch.engine.Engine.open", fails)
    result = CliRunner().invoke(main, ["list", str(tmp_path)])
    assert result.exit_code == 1
    assert result.output.startswith("error: there is not enough memory for this")
