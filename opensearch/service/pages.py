"""The page and what it is made of: a few files of the package, and no other."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from opensearch.service.docs import docs_page
from opensearch.service.failures import missing

router = APIRouter(include_in_schema=False)

_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}


def _load() -> dict[str, tuple[bytes, str]]:
    """All files of the page by name, with their content types, read once."""
    found = {}
    look = files("opensearch.pages") / "look.css"
    for file in (look, *(files("opensearch.service") / "web").iterdir()):
        kind = _KINDS.get("." + file.name.rpartition(".")[2])
        if kind is not None and file.is_file():
            found[file.name] = (file.read_bytes(), kind)
    return found


_FILES: Final = _load()


@router.get("/")
async def page() -> Response:
    """The page."""
    content, kind = _FILES["index.html"]
    return Response(content, media_type=kind)


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """A file of the page; names are looked up among those read at the start."""
    if name not in _FILES:
        raise missing(f"the page has no file {name[:100]!r}", "open /")
    content, kind = _FILES[name]
    return Response(content, media_type=kind)


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """What can be asked, as a page that loads nothing from elsewhere."""
    return HTMLResponse(docs_page(request.app.openapi()))
