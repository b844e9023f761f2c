"""What can be asked: words, fields to filter by, the index itself."""

from __future__ import annotations

from bisect import bisect_left
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from opensearch import __version__
from opensearch.engine import Engine
from opensearch.reconstruction import is_possible
from opensearch.semantic.names import normalise
from opensearch.service.context import Shared
from opensearch.service.models import Fields, FieldSeen, Info, Value, Words

router = APIRouter(prefix="/v1", tags=["index"])


@router.get("/words", summary="Words that begin with a prefix")
async def words(
    request: Request,
    shared: Shared,
    prefix: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 20,
) -> Words:
    """Words the model knows, in order of the alphabet."""

    def work(engine: Engine) -> Words:
        space = engine.model.space
        return Words(words=_beginning(space.vocabulary.words, prefix, limit), whole=space.whole)

    return await shared.read(request, work)


@router.get("/fields", summary="Fields and values to filter by")
async def fields(
    request: Request, shared: Shared, values: Annotated[int, Query(ge=1, le=500)] = 50
) -> Fields:
    """Fields that `where` may name, those that most items have first."""
    found = await shared.read(request, lambda engine: engine.fields(values))
    return Fields(
        fields=[
            FieldSeen(
                name=each.name,
                kind=each.kind,
                values=[Value(value=value, count=count) for value, count in each.values],
                distinct=each.distinct,
                low=each.low,
                high=each.high,
                sampled=each.sampled,
            )
            for each in found
        ]
    )


@router.get("/info", summary="The index and what the service allows")
async def info(request: Request, shared: Shared) -> Info:
    """Items by domain, the model, and the bounds of requests."""

    def work(engine: Engine) -> dict[str, Any]:
        made = is_possible(engine)
        return {**engine.info(), "name": engine.path.name, "reconstructs": made}

    said = await shared.read(request, work)
    bounds = shared.serving.bounds
    kept = (
        "name",
        "items",
        "reconstructs",
        "domains",
        "bits",
        "method",
        "generation",
        "last_transaction",
    )
    return Info(
        **{name: said[name] for name in kept},
        writable=shared.serving.writable,
        limits={
            "body": bounds.body,
            "parts": bounds.parts,
            "hits": bounds.hits,
            "text": bounds.text,
        },
        version=__version__,
    )


def _beginning(known: tuple[str, ...], prefix: str, limit: int) -> list[str]:
    """The first words of a listing that begin with a prefix, in any spelling."""
    wanted = normalise(prefix) if prefix.strip() else ""
    listed = known if list(known[:2]) == sorted(known[:2]) else tuple(sorted(known))
    start = bisect_left(listed, wanted)
    return [word for word in listed[start : start + limit] if word.startswith(wanted)]
