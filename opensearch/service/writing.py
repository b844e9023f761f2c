"""Changes of the index; refused unless the service was started to allow them."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, UploadFile
from pydantic import TypeAdapter, ValidationError

from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.model import Content
from opensearch.service import originals
from opensearch.service.context import Context, Shared, item_of, links
from opensearch.service.failures import refusal
from opensearch.service.items import Id
from opensearch.service.models import Books, ItemEdit, ItemRecord, Removed
from opensearch.service.values import Metadata

router = APIRouter(prefix="/v1/items", tags=["writing"])

_THEN: Final[dict[int | str, dict[str, Any]]] = {
    201: {"links": links("/id", ("by_id", "thumbnail", "near", "edit", "remove"))}
}
_METADATA: TypeAdapter[Metadata] = TypeAdapter(Metadata)


def _check_writable(shared: Context) -> None:
    """Refuse to write.

    Raises:
        ServiceError: 403, the service only reads.
    """
    if not shared.serving.writable:
        way_out = "start it by `opensearch serve INDEX --writable`"
        raise refusal(403, "ReadOnly", "this service only reads", way_out)


@router.post("", status_code=201, summary="Add a file", responses=_THEN)
async def add(
    shared: Shared,
    file: Annotated[UploadFile, File(description="a picture, drawing or mesh")],
    key: Annotated[str, Form(min_length=1, max_length=4096)],
    domain: Annotated[str | None, Form(max_length=64)] = None,
    category: Annotated[str | None, Form(max_length=1000)] = None,
    metadata: Annotated[str, Form(description="a JSON object", max_length=100_000)] = "{}",
) -> Books:
    """Add an item under a key; one that has it already is replaced.

    The index keeps code, embedding and thumbnail. The file itself is not kept.
    """
    _check_writable(shared)
    fields = _metadata(metadata)
    content = Content(await file.read(), (file.filename or "")[-200:])

    def work(engine: Engine) -> Books:
        report = engine.add_items(
            [content], [key], domain, [fields], [category or None], strict=True
        )
        item = item_of(engine, key)
        return Books(
            key=key,
            id=item.id,
            domain=item.domain,
            replaced=bool(report.replaced or report.unchanged),
            guessed=bool(report.guessed),
            damaged=report.damaged[0].reason if report.damaged else None,
        )

    return await shared.encode.run(lambda: shared.served.work(work))


@router.patch("/{id}", summary="Change an item's category or metadata")
async def edit(shared: Shared, id: Id, said: ItemEdit) -> ItemRecord:  # noqa: A002
    """Give an item another category or other metadata; what is absent stays."""
    _check_writable(shared)

    def work(engine: Engine) -> ItemRecord:
        item = item_of(engine, id)
        category = said.category if "category" in said.model_fields_set else item.category
        metadata = said.metadata if "metadata" in said.model_fields_set else None
        edited = engine.relabel(item.key, category or None, metadata)
        return ItemRecord.of(edited, originals.can_open(edited))

    return await shared.encode.run(lambda: shared.served.work(work))


@router.delete("/{id}", summary="Remove an item")
async def remove(shared: Shared, id: Id) -> Removed:  # noqa: A002
    """Remove an item from the index; its file stays where it is."""
    _check_writable(shared)

    def work(engine: Engine) -> Removed:
        return Removed(removed=engine.remove([item_of(engine, id).key]))

    return await shared.encode.run(lambda: shared.served.work(work))


def _metadata(text: str) -> Metadata:
    try:
        return _METADATA.validate_json(text)
    except ValidationError as error:
        raise InvalidInput(
            "metadata must be a JSON object of texts, numbers, true, false and null, got"
            f' {text[:60]!r}; e.g. {{"year": 2011}}'
        ) from error
