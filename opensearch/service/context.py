"""What all routes share: the index, the lanes of work, the meters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias, TypeVar

from fastapi import Depends, Request

from opensearch.engine import Engine
from opensearch.errors import OpenSearchError
from opensearch.records import Item
from opensearch.service.failures import ErrorBody, missing
from opensearch.service.lanes import Lane
from opensearch.service.meters import Meters
from opensearch.service.served import Served
from opensearch.service.settings import Serving

T = TypeVar("T")

ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    status: {"model": ErrorBody, "description": text}
    for status, text in {
        400: "It is not a request",
        401: "The token is missing or wrong",
        403: "A page of another site asks, or the service is read-only",
        404: "There is no such thing",
        408: "The body came too slowly",
        409: "It does not fit the index",
        413: "Too large",
        421: "Called by an unknown host name",
        422: "What was sent cannot be used",
        431: "Too many headers",
        429: "Too many requests of one client",
        500: "A fault of the service",
        503: "Busy, or the index is gone; see Retry-After",
    }.items()
}
"""What every route may answer besides."""


_OF_ITEMS: Final = ("by_id", "thumbnail", "file", "views", "mesh", "near", "copies")


def links(pointer: str, operations: tuple[str, ...] = _OF_ITEMS) -> dict[str, Any]:
    """Links of OpenAPI: what can be asked of the item whose id an answer has at `pointer`."""
    id_ = {"parameters": {"id": f"$response.body#{pointer}"}}
    return {f"{name} of it": {"operationId": name, **id_} for name in operations}


@dataclass
class Context:
    """What a service holds while it runs.

    Attributes:
        served: the index.
        serving: its settings.
        encode: where inputs are read and encoded.
        search: where the index is searched and read.
        make: where 3D models are made, one at a time.
        meters: what is counted.
        ready: whether the model is loaded.
    """

    served: Served
    serving: Serving
    encode: Lane
    search: Lane
    make: Lane
    meters: Meters
    ready: bool = False

    async def read(self, request: Request, work: Callable[[Engine], T]) -> T:
        """What `work` makes of the engine, in the lane of searches."""
        return await self.search.run(lambda: self.served.work(work), request.is_disconnected)

    def items(self) -> dict[str, int]:
        """Items by domain; none while the index cannot be read."""
        try:
            return dict(self.served.engine.info()["items"])
        except OpenSearchError:
            return {}


async def of(request: Request) -> Context:
    """The context of the service that a request came to."""
    context: Context = request.app.state.context
    return context


Shared: TypeAlias = Annotated[Context, Depends(of)]


def item_of(engine: Engine, which: int | str) -> Item:
    """The item of an id or a key.

    Raises:
        ServiceError: 404, there is none.
    """
    item = engine.get(which) if isinstance(which, str) else engine.item(which)
    if item is None:
        raise missing(f"the index has no item {which!r}", "hits show the ids and keys there are")
    return item
