"""The page as a whole, written to a file."""

from __future__ import annotations

import os
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Final

from opensearch.encoders.tensors import write_out
from opensearch.engine.engine import Engine
from opensearch.engine.query import Query
from opensearch.engine.query.answers import Answer
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.pages import asked, found
from opensearch.pages.markup import listed, terms

# The policy lets nothing load, so that a page stays silent whatever a key holds.
_PAGE: Final = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>$title</title>
<style>
$look
.reading h2 { margin-top: 1.8rem; }
.parts { display: flex; flex-wrap: wrap; gap: .7rem; }
.whole img, .whole .blank { width: 9rem; height: 9rem; margin-top: .4rem; }
.views { display: flex; flex-wrap: wrap; gap: .3rem; max-width: 38rem; }
.views img { width: 5.5rem; height: 5.5rem; }
.views img:only-child { width: 9rem; height: 9rem; }
.reading ol.hits { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.reading ol.hits img, .reading ol.hits .blank { aspect-ratio: auto; height: 9rem; margin: .3rem 0; }
.reading .key { color: inherit; }
.note { color: var(--faint); font-size: .9rem; margin: .4rem 0 .2rem; }
ol.hits a { display: block; }
.said { border-top: 1px solid var(--line); margin-top: .4rem; }
ol.hits dl { font-size: .9rem; }
section > dl > div { gap: 0 1rem; } section > dl dt { min-width: 11rem; }
section > dl dd { flex: 1 1 16rem; }
</style>
</head>
<body class="reading">
<main>
<h1>$title</h1>
<section aria-labelledby="asked"><h2 id="asked">Asked</h2><div class="parts">
$query
</div></section>
$understood
$notes
<section aria-labelledby="hits"><h2 id="hits">Hits, best first</h2>
$hits
</section>
$numbers
<section aria-labelledby="how"><h2 id="how">How it was searched</h2>
$settings
</section>
</main>
</body>
</html>
""")


_HEAD: Final = 256


def write_page(path: Path, engine: Engine, query: Query, answer: Answer) -> None:
    """Write one self-contained page with pictures; a page of that name is replaced.

    Args:
        path: the page; its folder must be there.
        engine: the index that answered.
        query: what was asked.
        answer: what came of it.

    Raises:
        InvalidInput: the page cannot be written there, or a file that is no page lies there.
        OpenSearchError: the disk is full.
    """
    if not path.name:
        raise InvalidInput(f"page {path} is a folder; name a file in it")
    if _is_another_file(path):
        raise InvalidInput(f"{path} is there already and is no page; name another file")
    bits = engine.model.bundle.card.bits
    hits = "\n".join(found.hit_item(hit, engine, bits, path) for hit in answer.hits)
    numbers = terms(found.explained(query, answer.hits, bits)) if hits else ""
    count = len(answer.hits)
    page = _PAGE.substitute(
        look=(files(__package__) / "look.css").read_text("utf-8"),
        title=f"{count} hit{'' if count == 1 else 's'} in {escape(engine.path.name)}",
        query="\n".join(asked.parts(query, answer, engine, path)),
        understood=_section("understood", "Understood", listed(asked.understood(answer))),
        notes=_section("notes", "Remarks", listed(asked.remarks(answer))),
        hits=f'<ol class="hits" role="list">\n{hits}\n</ol>' if hits else "<p>No item fits.</p>",
        numbers=_section("numbers", "What the numbers say", numbers),
        settings=terms(asked.settings(query, answer)),
    )
    try:
        write_out(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise unwritable(error)(f"page {path} cannot be written: {system_reason(error)}") from error


def _is_another_file(path: Path) -> bool:
    """Whether what lies there is the user's, such as the picture asked with, and would be lost."""
    try:
        if not os.path.isfile(path):
            return False
        with path.open("rb") as file:
            head = file.read(_HEAD).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    except OSError:  # which writing it will tell
        return False
    return bool(head) and not head.startswith((b"<!doctype html", b"<html"))


def _section(name: str, title: str, content: str) -> str:
    """A part of the page with its heading; nothing where there is nothing to say."""
    if not content:
        return ""
    return f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>\n{content}\n</section>'
