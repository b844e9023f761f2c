"""Whether the service is up, what it counts, and the token for a cookie."""

from __future__ import annotations

from fastapi import APIRouter, Response

from opensearch.service.context import Shared
from opensearch.service.failures import refusal
from opensearch.service.guard import COOKIE, same, session_of
from opensearch.service.meters import CONTENT_TYPE
from opensearch.service.models import Session, State

router = APIRouter(tags=["upkeep"])


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> State:
    """It does if this comes back."""
    return State(status="ok")


@router.get("/readyz", summary="Whether the model is loaded")
async def readyz(shared: Shared) -> State:
    """503 until searches are answered without waiting for the model."""
    if not shared.ready:
        way_out = "ask again in a second"
        raise refusal(503, "Starting", "the model is being loaded", way_out, retry_after=1)
    return State(status="ok")


@router.get(
    "/metrics",
    summary="Counters for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {}}, "description": "Prometheus' text format"}},
)
async def metrics(shared: Shared) -> Response:
    """Requests, stages of searches, queues, items."""
    content = await shared.search.run(shared.meters.page)
    return Response(content, headers={"Content-Type": CONTENT_TYPE})


@router.post("/v1/session", status_code=204, summary="Give the token, once, for a cookie")
async def session(shared: Shared, response: Response, said: Session) -> None:
    """The page does this, since pictures carry no header; the cookie is of no use elsewhere."""
    token = shared.serving.token
    if token is None:
        return
    if not same(said.token, token):
        way_out = "look into the file that `--token-file` names"
        raise refusal(401, "WrongToken", "this is not the token", way_out)
    response.set_cookie(COOKIE, session_of(token), httponly=True, samesite="strict", path="/")
