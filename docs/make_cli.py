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
    group = click.Context(main, info_name="opensearch", terminal_width=96, **main.context_settings)
    parts += _section(main, group)
    for verb in VERBS:
        command = main.get_command(group, verb)
        assert command is not None
        context = click.Context(command, group, info_name=verb)
        parts += _section(command, context)
        for name, below in sorted(getattr(command, "commands", {}).items()):
            parts += _section(below, click.Context(below, context, info_name=name))
    return "\n".join(parts) + "\n"


def _section(command: click.Command, context: click.Context) -> list[str]:
    return ["", f"## {context.command_path}", "", "```", command.get_help(context), "```"]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
