"""The verb `words`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.messages import say
from opensearch.cli.options import json_option, model_option, sentence_option
from opensearch.cli.verb import Verb
from opensearch.errors import InvalidInput, UnknownWord, brief

if TYPE_CHECKING:
    from opensearch.engine import Words


@click.command(cls=Verb)
@click.argument("prefix", default="")
@click.option("--near", metavar="WORD", help="List the words nearest to WORD instead.")
@click.option("--read", metavar="TEXT", help="Say how `query --text TEXT` is understood instead.")
@model_option("Model or index whose words are meant. Default: the shipped starter.")
@sentence_option(
    "Sentence model that is asked for words of a TEXT that are not listed, see `query`."
)
@click.option(
    "--limit",
    default=50,
    show_default=True,
    type=click.IntRange(min=1),
    help="List at most this many words.",
)
@json_option("Print one JSON object.")
def words(
    prefix: str,
    near: str | None,
    read: str | None,
    model: Path | None,
    sentence: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """List the words to search for that begin with PREFIX.

    If none does, PREFIX is read as a text. Words near in meaning come with their cosines.

    \b
    Example:
        opensearch words guit
        opensearch words --near guitar --limit 5
        opensearch words --read "a man playing the guitar, no drums"
    """
    if sum([bool(prefix), near is not None, read is not None]) > 1:
        raise InvalidInput("PREFIX, `near` and `read` exclude each other; give one of them")
    from opensearch.engine import Words

    known = Words.open(model)
    if near is not None:
        _near(known, near, limit, as_json)
    elif read is not None:
        _read(known, read, sentence, as_json)
    else:
        _starting(known, prefix, sentence, limit, as_json)


def _starting(known: Words, prefix: str, sentence: str | None, limit: int, as_json: bool) -> None:
    found = known.starting(prefix)
    if not found:
        if not as_json:
            say(f"none of {len(known):,} words begins with {prefix!r}; read as a text:")
        _read(known, prefix, sentence, as_json)
        return
    understood = known.read(prefix) if len(prefix.split()) > 1 else None
    if as_json:
        told = {"understood": understood.to_dict()} if understood else {}
        _print({"words": found[:limit], "of": len(found), **told})
        return
    for word in found[:limit]:
        click.echo(word)
    for remark in understood.remarks() if understood else []:
        say(f"as a text: {remark}")
    if len(found) > limit:
        say(f"{len(found) - limit:,} more; --limit {len(found)} lists all")


def _near(known: Words, word: str, limit: int, as_json: bool) -> None:
    alike = known.alike(word, limit)
    try:
        near = known.near(word, limit)
    except UnknownWord:
        if not alike:
            raise
        near = []
    if as_json:
        by_meaning = [{"word": name, "score": round(score, 4)} for name, score in near]
        _print({"by_meaning": by_meaning, "by_spelling": alike})
        return
    if not near:
        say(f"{word!r} is not known; these are spelt like it:")
    for name, score in near:
        click.echo(f"{score:.4f}  {name}")
    for name in [] if near else alike:
        click.echo(name)


def _read(known: Words, text: str, sentence: str | None, as_json: bool) -> None:
    understood = known.read(text, sentence)
    if as_json:
        fields = understood.to_dict(whole=True)
        del fields["files"]  # a text has none
        _print(fields)
        return
    rows = {
        "searched for": understood.words,
        "left out": understood.excluded,
        "not counted": understood.not_counted,
        "unknown": [
            word + (f" (similar words: {', '.join(near)})" if near else "")
            for word, near in understood.unknown.items()
        ],
        "taken for": [f"{text} = {word}" for text, word in understood.taken_for.items()],
    }
    for name, told in rows.items():
        if told or name == "searched for":
            click.echo(brief(f"{name:<14}{', '.join(told) or 'nothing'}"))


def _print(fields: dict[str, Any]) -> None:
    click.echo(json.dumps(fields, ensure_ascii=False))
