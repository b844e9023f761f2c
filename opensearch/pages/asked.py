"""What was asked, and how it was understood."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

from opensearch.domains import Reading, png
from opensearch.domains.opening.opener import Opened
from opensearch.engine.engine import Engine
from opensearch.engine.query import Query
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.parts import Part
from opensearch.model import Input
from opensearch.model.inputs import name_of
from opensearch.pages.markup import NO_PICTURE, figure, image, link_to

SCORES: Final = {
    "rescored": "by embeddings",
    "asymmetric": "by the query against codes",
    "hamming": "by codes alone",
}
"""How hits are put in order, by the name of a score."""


def parts(query: Query, answer: Answer, engine: Engine, page: Path) -> Iterator[str]:
    """Every part of a query as a figure, in the order in which `Query` lists them."""
    opened = iter(answer.opened)
    for given, weight in query.files:
        mark = "" if weight == 1 else f", weight {weight:g}"
        yield _input(given, next(opened), mark, page)
    if query.text:
        yield figure(f"<figcaption>the words <b>{escape(query.text)}</b></figcaption>")
    for key in query.keys:
        yield _stored(key, engine)
    for given in query.exclude:
        yield _input(given, next(opened), ", away from it", page, "against")
    for part, weight in query.parts:
        yield _part(part, weight, engine)


def understood(answer: Answer) -> list[str]:
    """How a query was read, in sentences."""
    read = answer.understood
    told = [
        f"{each.name}: read as {each.domain}" + ("" if each.sure else ", a guess from its content")
        for each in read.files
    ]
    if read.words:
        told.append(f"searched for the words: {', '.join(read.words)}")
    if read.excluded:
        told.append(f"away from the words: {', '.join(read.excluded)}")
    if read.not_counted:
        told.append(
            f"not counted: {', '.join(read.not_counted)} (things count, not how they look, how"
            " many they are or what they do)"
        )
    told += [f"{text}: taken for {word}" for text, word in read.taken_for.items()]
    for word, near in read.unknown.items():
        told.append(f"not known: {word}" + (f"; similar words: {', '.join(near)}" if near else ""))
    return told


def remarks(answer: Answer) -> list[str]:
    """What else should be known of an answer."""
    said = set(answer.understood.remarks())
    return [note for note in answer.notes if note not in said]


def settings(query: Query, answer: Answer) -> dict[str, str]:
    """Where was searched, and how."""
    refined = (
        f"on in {', '.join(answer.refined)}: within a domain, items near the query's nearest item"
        " there come first"
    )
    copies = query.like == "exact"
    return {
        "searched": ", ".join(query.targets) or "all domains",
        "order": "only copies, plain ones first, then the most alike"
        if copies
        else SCORES[query.score],
        "refinement": refined if answer.refined else "off",
        "hits wanted": str(query.k),
        "candidates compared": "" if copies or query.score == "hamming" else str(query.depth),
        "largest distance": "" if query.max_distance is None else f"{query.max_distance} bits",
        "least score": "" if query.min_score is None else f"{query.min_score:g}",
        "only items where": query.where or "",
        "structure": query.structure or "",
        "other texts read by": query.sentence or "",
    }


def _input(given: Input, opened: Opened, mark: str, page: Path, kind: str = "") -> str:
    """An input, with a link to its file."""
    name = name_of(given)
    address = link_to(str(given), page) if isinstance(given, Path) else None
    shown = f'<a href="{escape(address)}">{escape(name)}</a>' if address else escape(name)
    return _seen(name, f"<b>{shown}</b>, {escape(opened.domain)}{mark}", opened.reading, kind)


def _part(part: Part, weight: float, engine: Engine) -> str:
    """What was made ready before: a file, a stored item or words."""
    mark = "" if weight == 1 else f", weight {weight:g}" if weight > 0 else ", away from it"
    kind = "" if weight > 0 else "against"
    if part.item is not None:
        return _stored(part.item.key, engine, mark, kind)
    if part.opened is None:
        return figure(f"<figcaption>words prepared before{mark}</figcaption>", kind)
    name = part.taken.name if part.taken else "a file"
    caption = f"<b>{escape(name)}</b>, {escape(part.opened.domain)}{mark}"
    return _seen(name, caption, part.opened.reading, kind)


def _seen(name: str, caption: str, reading: Reading, kind: str) -> str:
    """A picture or shape as people see it, if that is another picture, and every view of it."""
    count = len(reading.views)
    views = [
        image("image/png", png(view), f"view {at} of {count} that the encoder saw of {name}")
        for at, view in enumerate(reading.views, start=1)
    ]
    whole = ""
    if reading.portrait is not None:
        portrait = image("image/png", png(reading.portrait), f"{name} from the front and above")
        whole = f'<div class="whole">{portrait}</div>'
    seen = f"as its encoder saw it, {count} view{'s' if count > 1 else ''}:"
    shown = f'<p class="note">{seen}</p><div class="views">{"".join(views)}</div>'
    return figure(f"<figcaption>{caption}</figcaption>{whole}{shown}", kind)


def _stored(key: str, engine: Engine, mark: str = "", how: str = "") -> str:
    """An item of the index that was searched by."""
    item = engine.get(key)
    picture = engine.thumbnail(item.id) if item else None
    shown = image("image/jpeg", picture, f"the stored item {key}") if picture else NO_PICTURE
    kind = f", {escape(item.domain)}" if item else ""
    caption = f"<figcaption>the stored item <b>{escape(key)}</b>{kind}{mark}</figcaption>"
    return figure(f'{caption}<div class="whole">{shown}</div>', how)
