"""Items of the index: records, pictures, files, and what is nearly the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any, BinaryIO, Final

import numpy as np
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response, StreamingResponse

from opensearch.domains import Reading, png
from opensearch.domains.collections.layout import split_part
from opensearch.domains.opening.solid import Solid
from opensearch.domains.shapes.upright import declared, is_mesh
from opensearch.engine import Engine
from opensearch.engine import Query as Search
from opensearch.engine.query.grouping import COSINE, RADIUS
from opensearch.errors import InvalidInput
from opensearch.records import UPS, Item, Source
from opensearch.service import originals
from opensearch.service.context import Context, Shared, item_of
from opensearch.service.failures import missing
from opensearch.service.models import Copies, HitFound, ItemRecord, Near, Views

router = APIRouter(prefix="/v1/items", tags=["items"])

Id = Annotated[int, Path(ge=0, lt=2**63, description="as hits name it")]
_KEPT: Final = "private, max-age=3600"
_CHUNK: Final = 2**16
MOST_COPIES: Final = 100
COMPARED: Final = 30_000
"""Items among which copies are looked for: some two seconds of a core."""
MOST_FACES: Final = 500_000
"""Faces of a shape that a browser is given; larger ones are shown by their views."""
_PNG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/png": {}}, "description": "A PNG picture"}
}
_JPEG: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"image/jpeg": {}}, "description": "A JPEG picture"}
}
_BYTES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "Triangles"}
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"application/octet-stream": {}, "image/*": {}}, "description": "The file"}
}


@router.get("", summary="The record of an item by its key")
async def by_key(
    request: Request, shared: Shared, key: Annotated[str, Query(min_length=1, max_length=4096)]
) -> ItemRecord:
    """The record of the item that has a key."""
    return await shared.read(request, lambda engine: _record(engine, key))


@router.get("/{id}", summary="The record of an item")
async def by_id(request: Request, shared: Shared, id: Id) -> ItemRecord:  # noqa: A002
    """The record of an item."""
    return await shared.read(request, lambda engine: _record(engine, id))


@router.get("/{id}/thumbnail", summary="A small picture", responses=_JPEG, response_class=Response)
async def thumbnail(request: Request, shared: Shared, id: Id) -> Response:  # noqa: A002
    """The picture that the index keeps of an item."""

    def work(engine: Engine) -> bytes:
        picture = engine.thumbnail(id)
        if picture is None:
            raise missing(f"no picture is kept of item {id}", "show its key in its place")
        return picture

    content = await shared.read(request, work)
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": _KEPT})


@router.get("/{id}/file", summary="The original file", responses=_FILE, response_class=Response)
async def file(request: Request, shared: Shared, id: Id) -> Response:  # noqa: A002
    """The file that was indexed, while it lies where it was and has not changed.

    Pictures that hold no program come as such, anything else as bytes to save.
    """

    def work(engine: Engine) -> tuple[Item, BinaryIO, bytes]:
        item = item_of(engine, id)
        original, _ = originals.open_original(item)
        return item, original, original.read(_CHUNK)

    item, original, head = await shared.read(request, work)
    kind = originals.content_type(head)
    shown = "inline" if kind.startswith("image/") else "attachment"
    headers = {
        "Content-Disposition": f'{shown}; filename="{originals.file_name(item)}"',
        "Content-Length": str(item.size),
        "Cache-Control": _KEPT,
    }
    return StreamingResponse(_chunks(head, original), media_type=kind, headers=headers)


@router.get("/{id}/views", summary="How many views an item has")
async def views(request: Request, shared: Shared, id: Id) -> Views:  # noqa: A002
    """Read the item's file again, as its encoder does; of a shape all views are drawn."""
    reading = await _reading(request, shared, id)
    return Views(count=len(reading.views), size=reading.views.shape[1], up=reading.up)


@router.get(
    "/{id}/views/{number}", summary="A view of an item", responses=_PNG, response_class=Response
)
async def view(
    request: Request,
    shared: Shared,
    id: Id,  # noqa: A002
    number: Annotated[int, Path(ge=0, le=1000)],
) -> Response:
    """One of the item's views, counted from 0."""
    reading = await _reading(request, shared, id)
    if number >= len(reading.views):
        raise missing(f"item {id} has {len(reading.views)} views", "they count from 0")
    content = await shared.search.run(lambda: png(reading.views[number]))
    return Response(content, media_type="image/png", headers={"Cache-Control": _KEPT})


@router.get(
    "/{id}/mesh", summary="The triangles of a shape", responses=_BYTES, response_class=Response
)
async def mesh(request: Request, shared: Shared, id: Id) -> Response:  # noqa: A002
    """A shape within the unit sphere, to be drawn.

    Little-endian: four uint32 (vertices, faces, axis that is up: 0 x, 1 y, 2 z, 3 unknown, and 0),
    float32 x y z of each vertex, three uint32 of each face.
    """
    item = await shared.read(request, lambda engine: item_of(engine, id))
    if item.path and not is_mesh(FilePath(item.path)):
        raise InvalidInput(f"item {id} is a {item.domain}, without triangles; use its views")
    solid = await shared.encode.run(lambda: _solid(shared, item), request.is_disconnected)
    if len(solid.faces) > MOST_FACES:
        raise missing(f"item {id} has {len(solid.faces):,} faces, too many", "use its views")
    head = np.array([len(solid.vertices), len(solid.faces), UPS.index(solid.up), 0], "<u4")
    content = head.tobytes() + solid.vertices.astype("<f4").tobytes()
    content += solid.faces.astype("<u4").tobytes()
    headers = {"Cache-Control": _KEPT}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/{id}/near", summary="Items that are nearly the same")
async def near(request: Request, shared: Shared, id: Id) -> Near:  # noqa: A002
    """Items of the same domain whose codes and embeddings are nearly those of this one."""

    def work(engine: Engine) -> Near:
        item = item_of(engine, id)
        search = Search(
            keys=[item.key],
            targets=[item.domain],
            k=24,
            refine=False,
            max_distance=RADIUS,
        )
        hits = [hit for hit in engine.ask(search).hits if (hit.cosine or 0.0) >= COSINE]
        return Near(hits=[HitFound.of(hit) for hit in hits])

    return await shared.read(request, work)


@router.get("/{id}/copies", summary="Copies of an item")
async def copies(request: Request, shared: Shared, id: Id) -> Copies:  # noqa: A002
    """Items that show the same picture or shape, resized, cropped, turned or in another format.

    Items are compared by what is kept of them: all, or in a large index those with the nearest
    codes, as a note then says. The command `query --id KEY --like exact` compares all of any.
    """

    def work(engine: Engine) -> Copies:
        search = Search(
            keys=[item_of(engine, id).key], like="exact", k=MOST_COPIES, compared=COMPARED
        )
        found = engine.ask(search)
        return Copies(hits=[HitFound.of(hit) for hit in found.hits], notes=found.notes)

    return await shared.read(request, work)


def _record(engine: Engine, which: int | str) -> ItemRecord:
    item = item_of(engine, which)
    return ItemRecord.of(item, originals.can_open(item))


async def _reading(request: Request, shared: Context, id_: int) -> Reading:
    item = await shared.read(request, lambda engine: item_of(engine, id_))
    kept = shared.served.readings.get(id_)
    if kept is None:
        kept = await shared.encode.run(lambda: _read(shared, item), request.is_disconnected)
        shared.served.readings.put(id_, kept)
    return kept


def _chunks(head: bytes, file: BinaryIO) -> Iterator[bytes]:
    """The rest of a file after its head; closed at the end."""
    with file:
        while head:
            yield head
            head = file.read(_CHUNK)


def _solid(shared: Context, item: Item) -> Solid:
    """The triangles of the item's file, standing as it stood when it was indexed."""
    with shared.served.engine.model.readers() as readers:
        return readers.solid(originals.path_of(item), declared(item.metadata))


def _read(shared: Context, item: Item) -> Reading:
    """The item's file read again, standing as it stood when it was indexed."""
    path, part = originals.path_of(item), split_part(item.path)[1]
    source = Source(path, path.name, part, item.domain, metadata=item.metadata)
    model = shared.served.engine.model
    with model.readers() as readers:
        return model.opened(readers, source).reading
