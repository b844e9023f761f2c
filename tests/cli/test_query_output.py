"""`query` as lines of hits, paths, opened files, and many queries from a file."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from opensearch.cli import main, many, tables
from opensearch.cli.hits import on_scores
from opensearch.cli.lines import Line, read_lines
from opensearch.engine import Engine, Query
from opensearch.engine.query import Answer
from opensearch.records import Hit


def run(*words, **more):
    return CliRunner().invoke(main, [str(word) for word in words], **more)


@pytest.fixture(scope="module")
def index(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("cli") / "index"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection)
        engine.add_codes(engine.codes(engine.embed([], "photo")), "photo")
    return path


@pytest.fixture
def photo(toy_collection):
    return toy_collection / "photo" / "disc" / "08.jpg"


def test_people_are_told_what_a_file_was_taken_for_and_programs_too(index, photo):
    plain = run("query", index, photo, "-k", 1, "--from", "photo")
    assert plain.stderr.splitlines()[0] == "08.jpg taken as photo"
    hit = json.loads(run("query", index, photo, "-k", 1, "--from", "photo", "--json").stdout)
    assert hit["understood"]["files"] == [{"name": "08.jpg", "domain": "photo", "sure": True}]


def test_paths_alone_one_a_line_or_ended_by_nul(index, photo):
    asked = ["query", index, photo, "-k", 2, "--no-refine"]
    first, second = run(*asked, "--paths").stdout.splitlines()
    assert first == str(photo)
    assert run(*asked, "-0").stdout == f"{first}\0{second}\0"


def test_a_header_stands_where_people_read_and_not_in_pipes(index, monkeypatch):
    words = ["query", index, "--text", "disc", "-k", 1]
    assert len(run(*words).stdout.splitlines()) == 1
    monkeypatch.setattr(tables, "on_terminal", lambda: True)
    assert run(*words).stdout.splitlines()[0].split()[:4] == ["rank", "score", "bits", "domain"]
    assert run("list", index, "--limit", 1).stdout.splitlines()[0].split()[:2] == ["domain", "key"]
    assert run(*words, "--json").stdout.startswith("{")


@pytest.fixture
def opener(tmp_path, monkeypatch):
    """A program in the place of the system's, which notes what it opens."""
    name = "open" if sys.platform == "darwin" else "xdg-open"
    script, told = tmp_path / "bin" / name, tmp_path / "told"
    script.parent.mkdir()

    def make(code=0):
        script.write_text(f'#!/bin/sh\nprintf %s "$1" > {told}\nexit {code}\n')
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(script.parent), prepend=":")
        return told

    return make


def test_the_first_hit_or_the_page_is_opened(index, photo, tmp_path, opener):
    told = opener()
    asked = ["query", index, photo, "-k", 1, "--no-refine", "--open"]
    assert run(*asked).exit_code == 0
    assert told.read_text() == str(photo)
    page = tmp_path / "hits.html"
    assert run(*asked, "--html", page).exit_code == 0
    assert told.read_text() == str(page)


@pytest.mark.parametrize("page", [".", "/"])
def test_a_page_that_is_a_folder_is_told(index, photo, page):
    refused = run("query", index, photo, "--html", page)
    assert refused.exit_code == 2
    assert "is a folder; name a file in it" in refused.stderr


def test_what_cannot_be_opened_is_told_and_no_failure(index, photo, tmp_path, opener, monkeypatch):
    asked = ["query", index, photo, "-k", 1, "--no-refine", "--open"]
    opener(code=3)
    failed = run(*asked)
    assert failed.exit_code == 0
    assert f"open could not open {photo}" in failed.stderr
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    assert f"here to open {photo}" in run(*asked).stderr
    nothing = run(*asked, "--where", "id < 0")
    assert "no item passes the filter" in nothing.stderr


@pytest.fixture
def lines(photo, tmp_path):
    file = tmp_path / "fragen é.txt"
    said = [
        f"{photo}\r",
        "disc",
        "",
        "zorble",
        json.dumps({"file": str(photo), "k": 1, "targets": ["sketch"]}),
        '{"txt": "disc"}',
        "missing.png",
        "{",
        '{"files": 5}',
    ]
    file.write_text("\n".join(said), encoding="utf-8-sig")
    return file


def test_lines_are_answered_in_order_and_bad_ones_told_by_number(index, lines, photo):
    done = run("query", index, "--queries", lines, "-k", 2, "--no-refine")
    assert done.exit_code == 3
    blocks = done.stdout.strip().split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        f"1: {photo}",
        "2: disc",
        f"5: {lines.read_text('utf-8-sig').splitlines()[4]}",
    ]
    assert [len(block.splitlines()) for block in blocks] == [3, 3, 2]
    told = {line.split(":")[0] for line in done.stderr.splitlines()}
    assert {"line 4", "line 6", "line 7", "line 8", "line 9"} <= told
    assert "line 6: asks for 'txt', which no query has; did you mean 'text'?" in done.stderr
    assert "5 of 8 lines failed" in done.stderr


def test_lines_as_json_and_as_paths(index, lines, photo):
    done = run("query", index, "--queries", lines, "-k", 1, "--no-refine", "--json")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["line"] for each in told] == [1, 2, 4, 5, 6, 7, 8, 9]
    assert [("hits" in each, "error" in each) for each in told[:3]] == [
        (True, False),
        (True, False),
        (False, True),
    ]
    assert told[0]["hits"][0]["path"] == str(photo)
    paths = run(
        "query", index, "--queries", "-", "-k", 1, "--no-refine", "--paths", input=f"{photo}\n"
    )
    assert (paths.exit_code, paths.stdout) == (0, f"{photo}\n")


def test_lines_go_without_what_is_of_one_query(index, lines, photo):
    refused = run("query", index, photo, "--queries", lines, "--text", "disc", "--open")
    assert refused.exit_code == 2
    assert "--queries takes no FILES, --text, --open" in refused.stderr
    assert run("query", index, "--queries", lines.parent / "none.txt").exit_code == 2
    lines.write_text("")
    assert run("query", index, "--queries", lines).exit_code == 0


def _hits(*scores):
    return [
        Hit(rank, rank, f"{rank}", "", "photo", None, 0, score, {}, score, "probability")
        for rank, score in enumerate(scores, start=1)
    ]


def test_refinement_is_told_where_it_shows():
    even = Answer(_hits(0.9, 0.5), [], score_kind="probability", refined={"photo": []})
    assert not list(on_scores(even))
    (uneven,) = on_scores(replace(even, hits=_hits(0.5, 0.9)))
    assert uneven.startswith("refinement ordered the hits, so scores may rise again")
    (brought,) = on_scores(replace(even, refined={"photo": [1, 2], "sketch": []}))
    assert brought.startswith("refinement brought hits forward: 2 in photo (--no-refine")


def test_an_array_is_no_query_and_a_file_without_lines_is_told(index, tmp_path):
    lines = tmp_path / "lines.txt"
    lines.write_text("[1]\ndisc\n-\n")
    done = run("query", index, "--queries", lines, "-k", 1)
    assert done.exit_code == 3
    assert "line 3: is -, a file piped in, which only the command line takes" in done.stderr
    assert "line 1: is an array; a line is an object of JSON, a path or words" in done.stderr
    lines.write_text("\n")
    empty = run("query", index, "--queries", lines)
    assert empty.stderr == f"{lines} holds no queries\n"


def test_a_line_of_other_bytes_fails_alone_and_a_folder_is_no_word(tmp_path):
    lines, folder = tmp_path / "lines.txt", tmp_path / "some folder"
    folder.mkdir()
    odd = tmp_path / "caf\udce9.jpg"
    odd.touch()
    lines.write_bytes(b"disc\n\xe9t\xe9\n" + os.fsencode(odd) + b"\n" + os.fsencode(folder))
    disc, bad, *named = [line.query for line in read_lines(many._read(lines), {})]
    assert disc.text == "disc"
    assert str(bad) == "is not UTF-8, and no file has this name"
    assert [query.files for query in named] == [[(odd, 1.0)], [(folder, 1.0)]]
    lines.write_text("disc", "utf-16")
    assert [line.query.text for line in read_lines(many._read(lines), {})] == ["disc"]


def test_the_heading_of_a_line_shows_odd_bytes_as_elsewhere(monkeypatch, capsys):
    monkeypatch.setattr(many, "print_hits", lambda hits: None)
    line = Line(8, "bad\udcff\udcfe.jpg", Query(text="disc"), ())
    many._tell(line, Answer([], []), as_json=False, paths=None)
    assert capsys.readouterr().out.startswith("8: bad\\xff\\xfe.jpg\n")


def test_a_line_is_a_path_with_blanks_quotes_or_a_weight_around_it(tmp_path):
    file, other = tmp_path / "two cats.dat", tmp_path / "b.png:2"
    file.touch()
    other.touch()
    said = [f"  {file}\t", f'"{file}"', f"'{file}' ", f"{file}:0.5", f"{other}", "gone.png:3"]
    asked = [line.query for line in read_lines("\n".join(said), {})]
    assert [query.files for query in asked] == [
        *[[(file, 1.0)]] * 3,
        [(file, 0.5)],
        [(other, 1.0)],
        [(Path("gone.png"), 3.0)],
    ]
    words = ['"fire truck"', '"fire" and "truck"', "x" * 5000, "ratio: 2", '"']
    assert [line.query.text for line in read_lines("\n".join(words), {})] == words


def test_odd_names_are_escaped_for_people_alone(toy_model, toy_collection, tmp_path):
    name = "line\nbreak \x1b[31m.jpg"
    folder = tmp_path / "photo"
    folder.mkdir()
    (folder / name).write_bytes((toy_collection / "photo" / "disc" / "08.jpg").read_bytes())
    (folder / f"bad {name}").write_bytes(b"")
    made = run("index", folder, "--to", tmp_path / "index", "--model", toy_model, "--domain=photo")
    for plain in (
        made,
        run("list", tmp_path / "index"),
        run("query", tmp_path / "index", "--text=disc"),
    ):
        assert "\x1b" not in plain.output
        assert r"line\nbreak \x1b[31m.jpg" in plain.output
    assert json.loads(run("list", tmp_path / "index", "--json").stdout)["key"] == name
    assert name in run("list", tmp_path / "index", "--paths").stdout


NAMED = {  # by the field that is at fault
    "text": ({"text": 5}, '"text" must be a text, got 5 (int)'),
    "sentence": ({"text": "disc", "sentence": 4}, '"sentence" must be a text'),
    "no sentence": ({"text": "disc", "sentence": ""}, '"sentence" must be a folder or a name'),
    "keys": ({"keys": "a"}, '"keys" must be a list of texts'),
    "each key": ({"keys": [3]}, '"keys" must hold texts, got 3 (int) among them'),
    "source": ({"text": "disc", "source": 3}, '"source" must be a text'),
    "up": ({"text": "disc", "up": "q"}, '"up" must be x, y, z or unknown'),
    "targets": ({"text": "disc", "targets": "photo"}, '"targets" must be a list of texts'),
    "k": ({"text": "disc", "k": "3"}, '"k" must be a whole number of 1 or more'),
    "refine": ({"text": "disc", "refine": "yes"}, '"refine" must be True or False'),
    "score": ({"text": "disc", "score": "x"}, "unknown \"score\" 'x'"),
    "like": ({"text": "disc", "like": "x"}, "unknown \"like\" 'x'"),
    "depth": ({"text": "disc", "depth": 0}, '"depth" must be a whole number'),
    "max_distance": ({"text": "disc", "max_distance": -1}, '"max_distance" must be a whole'),
    "min_score": ({"text": "disc", "min_score": "a"}, '"min_score" must be a number'),
    "where": ({"text": "disc", "where": "year >"}, "\"where\" 'year >': expected a value"),
    "structure": ({"text": "disc", "structure": 3}, '"structure" must be a text'),
    "compared": ({"text": "disc", "compared": 0}, '"compared" must be a whole number'),
    "exclude": ({"text": "disc", "exclude": [3]}, 'each of "exclude" must be a path, got 3'),
    "files": ({"files": {"a": 1}}, '"files" must be a list of paths, got {"a": 1}'),
    "a file": ({"files": [3]}, 'each of "files" must be a path, got 3'),
    "a weight": ({"files": [["a", "x"]]}, 'each of "files" must be a path or [path, weight]'),
    "a sign": ({"files": [["a", -1]]}, '"exclude" moves away from a file'),
    "file": ({"file": ["a", "b"]}, '"file" must be a path or [path, weight], got ["a", "b"]'),
    "none": ({}, 'words ("text") or the key of a stored item ("keys")'),
    "a name of a flag": ({"to": ["photo"]}, "did you mean 'targets'?"),
    "ready parts": ({"text": "disc", "parts": [1]}, "asks for 'parts', which no query has; there"),
}


@pytest.mark.parametrize(("line", "told"), NAMED.values(), ids=NAMED)
def test_errors_of_a_line_name_its_fields_and_no_flags(index, tmp_path, line, told):
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps(line))
    done = run("query", index, "--queries", file)
    said = next(each for each in done.stderr.splitlines() if each.startswith("line 1: "))
    assert told in said
    assert "--" not in said
    assert done.exit_code == 3


def test_a_flag_at_fault_in_a_line_that_does_not_set_it_is_named(index, tmp_path):
    file = tmp_path / "lines.jsonl"
    file.write_text('{"text": "disc"}\n{"text": "disc", "where": "year <"}\ndisc\n')
    done = run("query", index, "--queries", file, "--where", "year >")
    told = [line[:26] for line in done.stderr.splitlines()[:3]]
    assert told == [
        "line 1: --where 'year >': ",
        "line 2: \"where\" 'year <': ",
        "line 3: --where 'year >': ",
    ]


def test_a_line_may_look_away_from_one_file(index, tmp_path, photo):
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps({"text": "disc", "exclude": str(photo)}))
    assert run("query", index, "--queries", file).exit_code == 0
