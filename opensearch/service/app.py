"""The application: routes, the guard before them, and the life of what they share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import numpy as np
from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute

from opensearch import __version__
from opensearch.encoders.joining import SIZES
from opensearch.errors import OpenSearchError
from opensearch.processes.pool import start_ahead
from opensearch.service import (
    catalogue,
    failures,
    items,
    pages,
    reconstructing,
    searching,
    upkeep,
    writing,
)
from opensearch.service.context import ERRORS, Context
from opensearch.service.fields import known_fields
from opensearch.service.guard import Guard
from opensearch.service.lanes import Lane
from opensearch.service.meters import Meters
from opensearch.service.served import Served
from opensearch.service.settings import Serving

_log = logging.getLogger(__name__)

_MODELS_WAITING: Final = 8
"""3D models that may wait to be made: each takes seconds."""
_SCORED: Final = 10_000
"""Items of each domain whose embeddings are read before the first search asks for them."""
_ABOUT: Final = (
    "One index over sketches, photos and 3D shapes, searched from any domain to any domain."
    ' Every error is one JSON shape: `{"error": {"status", "kind", "message", "wanted",'
    ' "came", "way_out"}}`. Where the service wants a token, send'
    " `Authorization: Bearer TOKEN`."
)


def create_app(
    served: Served, serving: Serving, loaded: Callable[[], None] = lambda: None
) -> FastAPI:
    """The service over an index; it closes the index when it shuts down.

    `loaded` is called once in a thread, when all is there that searches need.
    """
    bounds = serving.bounds
    encode = Lane("encode", bounds.encoders, bounds.queue)
    search = Lane("search", bounds.searches, bounds.queue)
    make = Lane("reconstruct", 1, min(bounds.queue, _MODELS_WAITING))
    meters = Meters((encode, search, make), lambda: context.items())
    context = Context(served, serving, encode, search, make, meters)
    app = FastAPI(
        title="opensearch",
        version=__version__,
        description=_ABOUT,
        docs_url=None,  # those of FastAPI load their scripts from elsewhere
        redoc_url=None,
        responses=ERRORS,
        dependencies=[Depends(known_fields)],
        lifespan=partial(_life, loaded=loaded),
        generate_unique_id_function=_operation,
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    app.state.context = context
    app.add_middleware(Guard, serving=serving, meters=meters)
    failures.install(app)
    for module in (searching, items, writing, catalogue, upkeep, pages, reconstructing):
        app.include_router(module.router)
    return app


@asynccontextmanager
async def _life(app: FastAPI, loaded: Callable[[], None]) -> AsyncIterator[None]:
    context: Context = app.state.context
    task = asyncio.ensure_future(context.encode.run(lambda: _warm(context, loaded)))
    try:
        yield
    finally:
        task.cancel()
        for lane in (context.encode, context.search, context.make):
            lane.close()
        context.served.close()


def _warm(context: Context, loaded: Callable[[], None]) -> None:
    """Load and start what the first searches would wait for, and go through it once."""
    try:
        start_ahead(context.serving.bounds.encoders)
        engine = context.served.engine
        bundle = engine.model.bundle
        engine.model.load_backbone(None)
        sides = {bundle.encoder(n).backbone: c.reader.size for n, c in bundle.card.domains.items()}
        for backbone, side in sides.items():
            for count in SIZES:  # for each of which a runtime prepares itself
                backbone.features(np.zeros((count, side, side, 3), np.uint8))
        if any(engine.info()["items"].values()):
            for word in engine.model.space.vocabulary.words[:1]:
                engine.search(text=word, k=1, depth=_SCORED)
    except OpenSearchError as error:
        _log.warning("the model cannot be loaded yet: %s", error)
    except Exception:  # searches load what they need, and say what is wrong with it
        _log.exception("warming up failed")
    context.ready = True
    loaded()


def _operation(route: APIRoute) -> str:
    """Short names of operations, for clients that are made from the document."""
    return route.name
