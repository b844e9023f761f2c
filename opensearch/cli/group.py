"""The group of verbs, loaded one at a time, and the exit codes of what can go wrong."""

from __future__ import annotations

import difflib
import importlib
import os
import re
import sys
import traceback
from contextlib import suppress
from shlex import quote
from typing import Any, Final

import click

from opensearch import __version__
from opensearch.cli.messages import in_flags, say, silence_libraries
from opensearch.cli.stopping import explain_stop
from opensearch.errors import FULL, OpenSearchError, brief
from opensearch.spelling import of_home

VERBS = {
    "train": "Train a model on labelled collections.",
    "train-3d": "Train a model for `reconstruct` on the shapes of collections.",
    "refit": "Fit the codes of MODEL anew.",
    "calibrate": "Teach a model what its scores are worth.",
    "index": "Create an index of files and folders, or bring it up to date.",
    "query": "Find the items of INDEX nearest to files, words or stored items.",
    "reconstruct": "Make a 3D model of SKETCH from similar shapes in INDEX.",
    "words": "List the words to search for that begin with PREFIX.",
    "serve": "Serve INDEX as a page to draw on, and over HTTP for programs.",
    "dataset": "Prepare a collection for training and evaluation.",
    "evaluate": "Measure MODEL on a collection with known categories.",
    "list": "List the items of INDEX, in the order they were added.",
    "remove": "Remove items from INDEX by key, filter or folder.",
    "info": "Show what an index or a model at PATH holds.",
    "verify": "Check INDEX for damage.",
    "compact": "Drop removed items of INDEX for good.",
    "export": "Write the items of INDEX as JSON lines and arrays.",
    "import": "Add an export to an index of the same model, new or old.",
    "copy": "Copy INDEX to another place, a folder or a server.",
    "structure": "Build a search structure over INDEX, and measure it.",
    "duplicates": "Find copies in INDEX: items that show one picture or one shape.",
    "render": "Show what an encoder sees of FILE.",
    "demo": "Index the shipped collection and search it, with pages of hits.",
}
"""The verbs in the order of a user's first day, and the first sentence of each one's help."""

_CALLED: Final = {
    "add": "index",
    "delete": "remove",
    "find": "query",
    "help": "--help",
    "ls": "list",
    "rm": "remove",
    "search": "query",
    "update": "index",
    "version": "--version",
}
"""The verbs that other programs call otherwise; those of a like spelling would mislead."""
_WITH_COMMAS: Final = re.compile(r"'([^',]*,[^']*)'")
_UNMAPPED: Final = re.compile("failed to map segment|[Cc]annot allocate memory")
"""What the loader says of a package that a limit of memory leaves no room for."""
_OPTION: Final = re.compile("^--[a-z-]+=")
_MODULES = {"import": "importing", "list": "listing", "train-3d": "train_3d"}
"""Modules of verbs whose names Python cannot give them."""


class VerbGroup(click.Group):
    """Imports a verb when it is run, so that `--help` never waits for heavy packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Their names."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb of that name."""
        if cmd_name not in VERBS:
            return None
        name = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = getattr(importlib.import_module(f"opensearch.cli.{name}"), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that is asked for; a misspelt one is answered with those spelt nearly so."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            asked = args[0].lower()
            near = difflib.get_close_matches(asked, known, n=3)
            near = [_CALLED[asked]] if asked in _CALLED else near
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise click.UsageError(f"No such command {args[0]!r}{hint}", ctx)
        _refuse_home(args)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their summaries, none of them imported."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the verb; `--help` and `--version` print here and end."""
        try:
            return super().parse_args(ctx, args)
        except OSError as error:
            broken = isinstance(error, BrokenPipeError)
            if not broken:
                _explain(ctx, f"error: {_in_words(error)}")
            _drop_output()
            ctx.exit(0 if broken else 1)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; every error becomes one line and an exit code."""
        try:
            return super().invoke(ctx)
        except OpenSearchError as error:
            verb = ctx.invoked_subcommand
            command = self.get_command(ctx, verb) if verb else None
            _explain(ctx, f"error: {in_flags(str(error), command)}")
            ctx.exit(error.exit_code)
        except KeyboardInterrupt as stop:
            ctx.exit(explain_stop(stop, ctx.invoked_subcommand))
        except BrokenPipeError:
            _drop_output()  # the reader of a pipe has seen enough
            ctx.exit(0)
        except click.ClickException as error:
            more = _several(error) if isinstance(error, click.BadParameter) else ""
            object.__setattr__(error, "message", brief(error.message + more))  # final to mypy
            raise
        except (click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            _explain(ctx, f"error: {_in_words(error)}")
            _drop_output()
            ctx.exit(1)


def _refuse_home(args: list[str]) -> None:
    """Refuse a `~` that no shell expanded, in quotes or after a `=`: it would make a folder `~`."""
    for given in args:
        name = _OPTION.sub("", given)
        if (meant := of_home(name)) and not os.path.lexists("~"):
            raise click.UsageError(f"{given!r} is taken literally{meant}")


def _several(error: click.BadParameter) -> str:
    """What to do where several values are given as one, to what may be given again and again."""
    found = _WITH_COMMAS.search(error.message)
    if found is None or not isinstance(error.param, click.Parameter):
        return ""
    parts = [part.strip() for part in found[1].split(",") if part.strip()]
    if error.param.nargs == -1:
        return f" Separate several by spaces: {' '.join(map(quote, parts))}"
    if not getattr(error.param, "multiple", False):
        return ""
    flag = max(error.param.opts, key=len)
    return f" Give several one by one: {' '.join(f'{flag} {quote(each)}' for each in parts)}"


def _in_words(error: Exception) -> str:
    """An unforeseen error, in one line."""
    text = " ".join(str(error).split())[:300]
    if isinstance(error, OSError):
        where = f"{error.filename!r}: " if error.filename else "the output cannot be written: "
        full = "the disk is full: " if error.errno in FULL else ""
        return f"{full}{where}{error.strerror or text}"
    short = isinstance(error, ImportError) and _UNMAPPED.search(text)
    if short or isinstance(error, MemoryError):
        return f"there is not enough memory for this: {text}; ask for less at once"
    return (
        f"this should not have happened: {type(error).__name__}: {text}; run"
        " `opensearch -v ...` for the place, and report it"
    )


def _explain(ctx: click.Context, text: str) -> None:
    with suppress(OSError):  # a full disk may be where stderr goes, too
        if ctx.params.get("verbose"):
            traceback.print_exc()
    say(text)


def _drop_output() -> None:
    """Keep Python from trying again at exit to flush what stdout did not take."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=VerbGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="opensearch")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks of errors.")
def main(verbose: bool) -> None:
    """Search sketches, photos and 3D shapes from any domain to any domain.

    \b
    Example:
        opensearch index collection/ --to indexes/mine --model MODEL
        opensearch query indexes/mine chair.png --to shape

    Exit codes: 0 done, 1 failed, 2 usage, 3 done with some items skipped,
    4 model and index do not match, 130 interrupted, 143 terminated, 129 hung up, 131 quit.
    """
    if not verbose:
        silence_libraries()
