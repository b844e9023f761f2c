"""Pieces of HTML that several parts of the page are made of; all that is given is escaped."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

from opensearch.model.inputs import file_and_part

NO_PICTURE: Final = '<div class="blank">no picture</div>'


def image(kind: str, content: bytes, alt: str) -> str:
    """A picture that the page itself holds, of a media type such as `image/png`."""
    return f'<img alt="{escape(alt)}" src="data:{kind};base64,{b64encode(content).decode()}">'


def figure(content: str, kind: str = "") -> str:
    """A frame around finished markup."""
    return f'<figure class="{kind}">{content}</figure>' if kind else f"<figure>{content}</figure>"


def terms(pairs: Mapping[str, str]) -> str:
    """Names and what they stand for; pairs without a value are left out."""
    rows = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in pairs.items()
        if value
    )
    return f"<dl>{''.join(rows)}</dl>"


def listed(sentences: Iterable[str]) -> str:
    """Sentences, one below the other; nothing for none."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
    return f"<ul>{items}</ul>" if items else ""


def link_to(path: str, page: Path) -> str | None:
    """The address that opens a file from a page, `None` where there is no such file.

    Relative where the file lies beside the page or below it, so that both may be moved together.

    Args:
        path: as items have it, `#n` behind it for one drawing of a file.
        page: the page.
    """
    if not path:
        return None
    file = file_and_part(Path(path))[0]
    try:
        if not file.is_file():
            return None
    except (OSError, ValueError):
        return None
    folder = page.absolute().parent
    around = folder.parent if folder.parent != Path(folder.anchor) else folder
    if not file.is_relative_to(around):
        return file.absolute().as_uri()
    return quote(os.fsencode(os.path.relpath(file, folder)))
