"""An answer as one HTML page: the query as the encoder saw it, the settings, the hits."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from string import Template
from typing import Final

from opensearch.domains import png
from opensearch.domains.opening import Opened
from opensearch.encoders.tensors import write_atomic
from opensearch.engine.engine import Engine
from opensearch.engine.query import Query
from opensearch.engine.query.ranking import Answer
from opensearch.errors import InvalidInput, system_reason
from opensearch.model import Input
from opensearch.model.inputs import name_of
from opensearch.records import Hit

_NO_PICTURE: Final = '<div class="blank">no picture</div>'

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
:root { color-scheme: light dark; --line: #8886; --soft: #8882; }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 70rem; }
h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin: 1.6rem 0 .6rem; }
figure { margin: 0; padding: .5rem; border: 1px solid var(--line); border-radius: .5rem; }
figcaption { font-size: .85rem; overflow-wrap: anywhere; }
img { display: block; width: 100%; height: 9rem; object-fit: contain; background: #fff; }
.views { display: flex; flex-wrap: wrap; gap: .3rem; }
.views img { width: 7rem; height: 7rem; image-rendering: pixelated; }
.parts { display: flex; flex-wrap: wrap; gap: .7rem; }
.against { border-style: dashed; }
.hits { display: grid; gap: .7rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
.blank { display: grid; place-items: center; height: 9rem; background: var(--soft); }
.key { opacity: .75; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; }
dt { opacity: .75; } dd { margin: 0; overflow-wrap: anywhere; }
</style>
</head>
<body>
<h1>$title</h1>
<h2>Query</h2>
<div class="parts">
$query
</div>
<h2>Settings</h2>
<dl>
$settings
</dl>
$notes
<h2>Hits</h2>
<div class="hits">
$hits
</div>
</body>
</html>
""")


def write_page(path: Path, engine: Engine, query: Query, answer: Answer) -> None:
    """Write one self-contained page with pictures; a file of that name is replaced.

    Args:
        path: the page; its folder must be there.
        engine: the index that answered.
        query: what was asked.
        answer: what came of it.

    Raises:
        InvalidInput: the page cannot be written there.
    """
    page = _PAGE.substitute(
        title=f"{len(answer.hits)} hits in {escape(engine.path.name)}",
        query="\n".join(_query(query, answer)),
        settings="\n".join(_settings(query)),
        notes=_notes(answer.notes),
        hits="\n".join(_hit(engine, hit) for hit in answer.hits) or "none",
    )
    try:
        write_atomic(path, page.encode("utf-8", "replace"))
    except OSError as error:
        raise InvalidInput(f"page {path} cannot be written: {system_reason(error)}") from error


def _query(query: Query, answer: Answer) -> Iterator[str]:
    """Every part of the query as a figure, in the order in which `Query` lists them."""
    opened = iter(answer.opened)
    for given, weight in query.files:
        mark = "" if weight == 1 else f", weight {weight:g}"
        yield _input(given, next(opened), mark)
    if query.text:
        yield _figure(f"words: <b>{escape(query.text)}</b>")
    for key in query.keys:
        yield _figure(f"stored item: <b>{escape(key)}</b>")
    for given in query.exclude:
        yield _input(given, next(opened), ", away from it", "against")


def _input(given: Input, opened: Opened, mark: str, kind: str = "") -> str:
    """An input as its encoder saw it: every view, pixel for pixel."""
    shown = [_image("image/png", png(view), "view of the query") for view in opened.reading.views]
    caption = f"<b>{escape(name_of(given))}</b>, {escape(opened.domain)}{mark}"
    return _figure(f'{caption}<div class="views">{"".join(shown)}</div>', kind)


def _figure(content: str, kind: str = "") -> str:
    return f'<figure class="{kind}"><figcaption>{content}</figcaption></figure>'


def _settings(query: Query) -> Iterator[str]:
    shown = {
        "targets": ", ".join(query.targets) or "all domains",
        "refinement": "on" if query.refine else "off",
        "score": query.score,
        "hits wanted": str(query.k),
        "depth": "" if query.score == "hamming" else str(query.depth),
        "largest distance": "" if query.max_distance is None else str(query.max_distance),
        "where": query.where or "",
    }
    for name, value in shown.items():
        if value:
            yield f"<dt>{name}</dt><dd>{escape(value)}</dd>"


def _notes(notes: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h2>Notes</h2><ul>{items}</ul>" if items else ""


def _hit(engine: Engine, hit: Hit) -> str:
    """A hit as a figure, its metadata as the tooltip."""
    picture = engine.thumbnail(hit.id)
    shown = _image("image/jpeg", picture, hit.key) if picture else _NO_PICTURE
    score = "" if hit.score is None else f" · score {hit.score:.4f}"
    label = escape(hit.domain) + (f" · {escape(hit.category)}" if hit.category else "")
    tooltip = json.dumps(hit.metadata, ensure_ascii=False) if hit.metadata else hit.path
    return (
        f'<figure title="{escape(tooltip)}">{shown}<figcaption><b>{hit.rank}</b> · {label}<br>'
        f'distance {hit.distance}{score}<br><span class="key">{escape(hit.key)}</span>'
        "</figcaption></figure>"
    )


def _image(kind: str, content: bytes, alt: str) -> str:
    return f'<img alt="{escape(alt)}" src="data:{kind};base64,{b64encode(content).decode()}">'
