"""Messages on stderr, and what the library says of its arguments in the words of the command line.

Messages of the library name its own arguments and calls, in backticks: `where`, `prune='force'`,
`Engine.compact()`. An argument becomes the option of the verb at hand that carries its name, a
call the command line that makes it; all else stays as it is. What a line of JSON says is named by
its field.
"""

from __future__ import annotations

import ast
import json
import logging
import math
import re
import sys
import warnings
from collections.abc import Collection, Mapping
from contextlib import suppress
from shlex import quote
from typing import Any, Final

import click

from opensearch.errors import brief

_QUOTED: Final = re.compile(r"`([^`\n]+)`")
# Control characters, ends of lines, marks that turn the direction of writing, and halves of pairs.
_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_REFUSED: Final = re.compile(r"(?:(?<=^each of )|^)(\w+)(?= must (?:be|hold) )")
"""The argument that a message begins with, where a value of it is refused."""
CALLS: Final[dict[str, str]] = {
    "Engine.add(domain)": "opensearch index {0} --to INDEX --domain {domain}",
    "Engine.add(reread)": "opensearch index SOURCE --to INDEX --reread",
    "Engine.build_structure": "opensearch structure INDEX {0}",
    "Engine.compact": "opensearch compact INDEX",
    "Engine.create": "opensearch index SOURCE --to {0}",
    "Engine.create(model)": "opensearch index SOURCE --to {0} --model {model}",
    "Engine.export_to": "opensearch export INDEX {0}",
    "Engine.import_from": "opensearch import {0} --to INDEX",
    "Engine.open": "opensearch index SOURCE --to {0} --model MODEL",
    "Engine.open_for": "opensearch import DIR --to NEW --model MODEL",
    "Engine.verify": "opensearch verify INDEX --repair",
    "Task": "opensearch train-3d --data DIR --out MODEL",
    "Training": "opensearch train CONFIG --data DIR --out MODEL",
    "Training(domain)": "opensearch train CONFIG --extend MODEL --domain {domain}",
    "Words.open": "opensearch words",
    "Words.open(path)": "opensearch words --model {path}",
    "split_collection": "opensearch dataset split {0}",
    "verify_index": "opensearch verify {0} --repair",
}
"""The command line that makes a call, told by its keywords where they matter; its arguments
stand in the places."""


def in_flags(text: str, command: click.Command | None = None, fields: Collection[str] = ()) -> str:
    """A message of the library as the command line says it.

    Args:
        text: the message.
        command: the verb at hand; the one that runs when `None`.
        fields: arguments that are fields of a line of JSON, not options.
    """
    if command is None:
        context = click.get_current_context(silent=True)
        command = context.command if context else None
    options = {each.name: each for each in command.params if each.name} if command else {}
    for pattern in (_QUOTED, _REFUSED):
        text = pattern.sub(lambda found: _said(found[1], options, fields) or found[0], text)
    return text


def _said(code: str, options: Mapping[str, click.Parameter], fields: Collection[str]) -> str | None:
    """An argument or a call in the words of the command line, None for anything else."""
    try:
        match ast.parse(f"_({code})", mode="eval").body:
            case ast.Call(args=[ast.Name(name)], keywords=[]) if name in fields:
                return json.dumps(name)
            case ast.Call(args=[], keywords=[ast.keyword(arg=str(name), value=value)]) if (
                name in fields
            ):
                return f"{json.dumps(name)}: {json_line(_plain(value))}"
            case ast.Call(args=[ast.Name(name)], keywords=[]) if name in options:
                return _flag(options[name])
            case ast.Call(args=[], keywords=[ast.keyword(arg=str(name), value=value)]) if (
                name in options
            ):
                return _with_value(options[name], _plain(value))
            case ast.Call(args=[ast.Call() as call], keywords=[]):
                return _command_line(call)
    except (SyntaxError, ValueError, IndexError):
        pass
    return None


def _command_line(call: ast.Call) -> str | None:
    given = [quote(str(_plain(each))) for each in call.args]
    named = {each.arg or "": quote(str(_plain(each.value))) for each in call.keywords}
    called = ast.unparse(call.func)
    special = (line for name in named if (line := CALLS.get(f"{called}({name})")))
    line = next(special, CALLS.get(called))
    return None if line is None else line.format(*given, **named)


def _plain(value: ast.expr) -> Any:
    """A literal; a name stands for itself, as a place to fill in."""
    match value:
        case ast.Name(name):
            return name
        case ast.List(items):
            return [_plain(item) for item in items]
        case ast.Dict([ast.expr() as key], [item]):
            return {_plain(key): _plain(item)}
    return ast.literal_eval(value)


def _flag(option: click.Parameter) -> str:
    if isinstance(option, click.Argument):
        return option.make_metavar(click.Context(click.Command("")))
    return max(option.opts, key=len)


def _with_value(option: click.Parameter, value: Any) -> str:
    flag = _flag(option)
    match value:
        case True:
            return flag
        case False:
            return max(option.secondary_opts, key=len, default=flag)
        case list():
            return " ".join(f"{flag} {quote(str(each))}" for each in value)
        case dict():
            return " ".join(f"{flag} {key}={each}" for key, each in value.items())
    return f"{flag}={value}"


def visible(name: str) -> str:
    """A name in one line that moves and colours nothing on a terminal; escapes stand for that."""
    return _UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), name)


def json_line(value: Any) -> str:
    """A value in a line of JSON.

    Metadata that older versions stored may hold what JSON has no word for: NaN and infinity become
    null, bytes and the like the text that Python shows of them.
    """
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError):
        return json.dumps(_sayable(value), ensure_ascii=False, default=repr)


def _sayable(value: Any) -> Any:
    match value:
        case dict():
            return {str(name): _sayable(inside) for name, inside in value.items()}
        case list() | tuple():
            return [_sayable(inside) for inside in value]
        case float() if not math.isfinite(value):
            return None
    return value


def say(text: str) -> None:
    """Print a text on stderr; failing to is no reason to end a run."""
    with suppress(OSError):
        click.echo("\n".join(visible(brief(line)) for line in text.split("\n")), err=True)


def silence_libraries() -> None:
    """Drop warnings and log lines of libraries for this process.

    Whoever asks Python for warnings, by `-W` or PYTHONWARNINGS, still gets them. What is wrong
    with a file is in the report; processes that read files write to no terminal at all.
    """
    if not sys.warnoptions:
        warnings.simplefilter("ignore")
    # Without a handler Python itself prints what is logged as a warning.
    logging.getLogger().addHandler(logging.NullHandler())
