"""The application: routes, the guard before them, and the life of what they share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import numpy as np
from fastapi import FastAPI
from fastapi.routing import APIRoute

from opensearch import __version__
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
from opensearch.service.guard import Guard
from opensearch.service.lanes import Lane
from opensearch.service.meters import Meters
from opensearch.service.served import Served
from opensearch.service.settings import Serving

_log = logging.getLogger(__name__)

_MODELS_WAITING: Final = 8
"""3D models that may wait to be made: each takes seconds."""
_ABOUT: Final = (
    "One index over sketches, photos and 3D shapes, searched from any domain to any domain."
    ' Every error is one JSON shape: `{"error": {"status", "kind", "message", "wanted",'
    ' "came", "way_out"}}`. Where the service wants a token, send'
    " `Authorization: Bearer TOKEN`."
)


def create_app(served: Served, serving: Serving) -> FastAPI:
    """The service over an index; it closes the index when it shuts down."""
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
        lifespan=_life,
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
async def _life(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    task = asyncio.ensure_future(context.encode.run(lambda: _warm(context)))
    try:
        yield
    finally:
        task.cancel()
        for lane in (context.encode, context.search, context.make):
            lane.close()
        context.served.close()


def _warm(context: Context) -> None:
    """Load and start what the first searches would wait for, and go through it once."""
    try:
        start_ahead(context.serving.bounds.encoders)
        engine = context.served.engine
        engine.model.load_backbone(None)
        for domain, card in engine.model.bundle.card.domains.items():
            blank = np.zeros((1, card.reader.size, card.reader.size, 3), np.uint8)
            engine.model.bundle.encoder(domain).backbone.features(blank)
        if any(engine.info()["items"].values()):
            for word in engine.model.space.vocabulary.words[:1]:
                engine.search(text=word, k=1)
    except OpenSearchError as error:
        _log.warning("the model cannot be loaded yet: %s", error)
    context.ready = True


def _operation(route: APIRoute) -> str:
    """Short names of operations, for clients that are made from the document."""
    return route.name
