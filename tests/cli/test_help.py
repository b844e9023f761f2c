"""The list of verbs is whole, and help and `info` start fast."""

import subprocess
import sys

import pytest
from click.testing import CliRunner

from opensearch.cli.group import VERBS, main
from opensearch.methods import METHODS
from opensearch.methods.starting import FromStarter

HEAVY = ("torch", "torchvision", "faiss", "onnxruntime", "trimesh", "sklearn", "scipy")


def test_the_group_lists_every_verb_and_the_exit_codes():
    output = CliRunner().invoke(main, ["--help"]).output
    assert all(f"  {verb} " in output for verb in VERBS)
    assert "130 interrupted" in output


@pytest.mark.parametrize("words", [["--help"], ["info", "--help"], ["query", "--help"]])
def test_help_loads_no_heavy_package(words):
    code = (
        "import sys; from opensearch.cli import main\n"
        f"try: main({words!r})\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


def test_info_of_an_index_loads_no_heavy_package(toy_model, tmp_path):
    from opensearch.engine import Engine

    Engine.create(tmp_path / "index", toy_model).close()
    code = (
        "import sys; from opensearch.cli import main\n"
        f"try: main(['info', {str(tmp_path / 'index')!r}])\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "bits" in done.stdout


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("qurey", "query"),
        ("Index", "index"),
        ("duplicate", "duplicates"),
        ("indx", "index?"),
        ("search", "query?"),
        ("help", "--help?"),
        ("delete", "remove?"),
    ],
)
def test_a_misspelt_verb_is_answered_with_the_one_meant(typed, meant):
    refused = CliRunner().invoke(main, [typed, "x"])
    assert refused.exit_code == 2
    assert f"No such command {typed!r}; did you mean {meant}" in refused.output


def test_train_names_the_methods_that_do_not_start_from_the_shipped_backbone():
    others = [name for name, one in METHODS.items() if not issubclass(one.config, FromStarter)]
    shown = " ".join(CliRunner().invoke(main, ["train", "--help"]).output.split())
    assert f"All methods but {' and '.join(others)} start from the shipped model's" in shown
