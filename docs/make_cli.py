"""Write docs/cli.md from the verbs' own help; tests/test_docs.py fails when it lags behind.

python docs/make_cli.py
"""

from __future__ import annotations

from pathlib import Path

import click

from opensearch.cli.group import VERBS, main

PAGE = Path(__file__).with_name("cli.md")


def page() -> str:
    """The whole page."""
    parts = ["# The command line", "", "Made by `python docs/make_cli.py` from the help texts."]
    for verb in ("", *VERBS):
        command = main if not verb else main.get_command(click.Context(main), verb)
        assert command is not None
        name = f"opensearch {verb}".strip()
        context = click.Context(command, info_name=name, max_content_width=96, terminal_width=96)
        parts += ["", f"## {name}", "", "```", command.get_help(context), "```"]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
