"""No line of a library reaches the terminal."""

import subprocess
import sys

import pytest

NOISE = """
import logging, sys, warnings
from opensearch.cli import main

@main.command()
def noise():
    warnings.warn("a library's own affair")
    logging.getLogger("library").warning("a library's own affair")
    print("done")

main.list_commands = lambda context: ["noise"]
main.get_command = lambda context, name: noise
main(sys.argv[1:])
"""


def run(*options, python=()):
    made = subprocess.run(
        [sys.executable, *python, "-c", NOISE, *options, "noise"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert made.stdout == "done\n"
    return made.stderr


def test_warnings_and_logs_of_libraries_are_dropped():
    assert run() == ""


@pytest.mark.parametrize(("options", "python"), [(["-v"], []), ([], ["-W", "default"])])
def test_who_asks_for_them_gets_them(options, python):
    assert "a library's own affair" in run(*options, python=python)
