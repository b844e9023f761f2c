"""What was found: hits with their pictures, links and numbers, and what the numbers say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

from opensearch.engine.engine import Engine
from opensearch.engine.query import Query
from opensearch.pages.markup import NO_PICTURE, image, link_to, terms
from opensearch.records import Hit, is_address

_SCORES: Final = {
    "probability": "How likely it is that the item shows what was asked for: 1 is certain. It"
    " was learnt from queries half of which asked for things that were not there.",
    "cosine": "Cosine of the embeddings of item and query: 1 for the same picture, about 0 for"
    " what has nothing to do with it. Only scores of one query can be compared: what counts as a"
    " high one differs from one kind of query to another.",
    "asymmetric": "Cosine of the query's unrounded code and the item's code: 1 where every bit"
    " agrees as clearly as can be, 0 where half of them do.",
    "likeness": "How much the item looks like what was asked for: 1 for the same picture or shape."
    " Only copies are shown, exact ones first; how the others were altered stands above.",
}


def hit_item(hit: Hit, engine: Engine, bits: int, page: Path) -> str:
    """A hit as an entry of the list of hits."""
    picture = engine.thumbnail(hit.id)
    what = hit.domain + (f", {hit.category}" if hit.category else "")
    shown = image("image/jpeg", picture, f"hit {hit.rank}: {what}") if picture else NO_PICTURE
    address, key = link_to(hit.path, page), escape(hit.key)
    named = f'{shown}<span class="key">{key}</span>'
    if address:
        named = f'<a href="{escape(address)}">{named}</a>'
    elif hit.path:
        where = f"at {hit.path}" if is_address(hit.path) else "not there any more"
        named += f'<p class="note">its file is {escape(where)}</p>'
    score = "" if hit.score is None else f"{hit.score:.4f}"
    if hit.score is not None and hit.score_kind == "probability":
        score = f"{hit.score:.2f}"
    numbers = terms({"score": score, "bits apart": f"{hit.distance} of {bits}"})
    said = terms({name: _plain(value) for name, value in hit.metadata.items()})
    return (
        f"<li><p><b>{hit.rank}</b> {escape(what)}</p>{named}{numbers}"
        + (f'<div class="said">{said}</div>' if hit.metadata else "")
        + "</li>"
    )


def explained(query: Query, hits: Sequence[Hit], bits: int) -> dict[str, str]:
    """What the numbers of some hits say."""
    scored = any(hit.score is not None for hit in hits)
    kinds = [hit.score_kind for hit in hits if hit.score_kind]
    usual = {"rescored": "cosine", "asymmetric": "asymmetric"}
    kind = kinds[0] if kinds else usual.get(query.score, "")
    found_by = (
        "Codes find the candidates" + (", scores" if scored else " and") + " put them in order."
    )
    if kind == "likeness":
        found_by = "Copies are known by how they look, not by codes."
    return {
        "score": _SCORES.get(kind, "") if scored else "",
        "bits apart": f"How many of the {bits} bits of the codes of item and query differ: 0 for"
        f" equal codes, about {bits // 2} for what has nothing to do with it. {found_by}",
        "order": "Best first. Where all numbers are equal, the item stored first comes first.",
    }


def _plain(value: Any) -> str:
    """A value of metadata as it was said."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
