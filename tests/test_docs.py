"""The documents say what the program does."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGES = (
    "formats",
    "gdmh-pixel",
    "joint",
    "methods",
    "python",
    "reconstruction",
    "scale",
    "scale-out",
    "words",
)


@pytest.fixture(scope="module")
def made():
    spec = importlib.util.spec_from_file_location("make_cli", ROOT / "docs" / "make_cli.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_line_page_is_up_to_date(made):
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert text == made.page(), "run: python docs/make_cli.py"


@pytest.mark.parametrize(
    "page",
    ["README.md", "CONTRIBUTING.md", *(f"docs/{name}.md" for name in PAGES)],
)
def test_every_file_a_page_names_is_there(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", prose) if "://" not in link]
    names = re.findall(r"`((?:benchmarks|docs|configs|tests|tools|opensearch)/[\w./-]+)`", text)
    for name in names:
        assert (ROOT / name).exists(), name
    for link in links:
        assert ((ROOT / page).parent / link).exists(), link


def test_every_equation_names_a_function_and_a_test_that_are_there():
    text = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    rows = [row for row in text.splitlines() if row.startswith("| (")]
    named = [re.findall(r"`([\w/]+\.py):(\w+)`", row) for row in rows]
    assert len(rows) > 15
    for row, found in zip(rows, named, strict=True):
        assert {file.split("/")[0] for file, _ in found} == {"opensearch", "tests"}, row
        for file, name in found:
            code = (ROOT / file).read_text(encoding="utf-8")
            assert re.search(rf"^(?:def|class) {name}\b", code, re.MULTILINE), f"{file}: {name}"


def test_every_verb_in_the_readme_is_one_we_have(made):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    verbs = set(re.findall(r"^(?:\S*bin/)?opensearch ([a-z]+)", text, flags=re.MULTILINE))
    assert verbs <= set(made.VERBS)
    assert {"index", "query", "train"} <= verbs


def test_every_room_has_a_row_in_contributing():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = re.search(r"^\| room \|.*?\n\n", text, flags=re.MULTILINE | re.DOTALL)[0]
    told = [
        name
        for row in table.strip().splitlines()[2:]
        for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]
    package = ROOT / "opensearch"
    rooms = {p.stem for p in package.iterdir() if p.suffix == ".py" or any(p.glob("*.py"))}
    assert sorted(told) == sorted(rooms - {"__init__", "__main__"} | {"starter", "configs"})
