"""Errors as one JSON shape: what was wanted, what came, the way out; no traceback ever leaves."""

from __future__ import annotations

import logging
import re
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from opensearch.errors import (
    IndexMismatch,
    InvalidInput,
    MissingExtra,
    NotKept,
    OpenSearchError,
    OverLimit,
    Refused,
    StoreError,
    UnreadableFile,
)
from opensearch.semantic.lookup import without_ways_out
from opensearch.service.wording import WAY_OUT, told

_log = logging.getLogger(__name__)

_STATUS: Final[tuple[tuple[type[OpenSearchError], int], ...]] = (
    (OverLimit, 413),
    (UnreadableFile, 422),
    (InvalidInput, 422),
    (IndexMismatch, 409),
    (Refused, 409),
    (NotKept, 409),
    (StoreError, 503),
    (MissingExtra, 501),
)
"""The first that an error is an instance of tells its status; any other is 500."""

_WAYS: Final[tuple[tuple[type[OpenSearchError], str], ...]] = (
    (OverLimit, "send a smaller one"),
    (UnreadableFile, "send the whole file, or save it in another format"),
    (StoreError, "ask again in a second"),
)

_DETAILS: Final = {"There was an error parsing the body": "the body is not JSON in UTF-8"}
"""What the libraries say, in other words."""

_KINDS: Final = {400: "BadRequest", 404: "NotFound", 405: "MethodNotAllowed"}
_SHOWN: Final = 200


class Failure(BaseModel):
    """What went wrong."""

    status: int = Field(description="the HTTP status")
    kind: str = Field(description="a name for programs, such as InvalidInput or Busy")
    message: str = Field(description="one line for people")
    wanted: str | None = Field(default=None, description="what would have been right")
    came: str | None = Field(default=None, description="what came instead")
    way_out: str | None = Field(default=None, description="what to do about it")


class ErrorBody(BaseModel):
    """The body of every answer whose status is 400 or more."""

    error: Failure


class ServiceError(HTTPException):
    """An error of the service itself."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        *,
        wanted: str | None = None,
        came: str | None = None,
        way_out: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        super().__init__(status, message, headers)
        self.failure = Failure(
            status=status, kind=kind, message=message, wanted=wanted, came=came, way_out=way_out
        )

    def response(self) -> JSONResponse:
        """The error as an answer."""
        return answer_of(self.failure, dict(self.headers or {}))


def refusal(
    status: int,
    kind: str,
    what: str,
    way_out: str,
    *,
    wanted: str | None = None,
    came: str | None = None,
    retry_after: int | None = None,
) -> ServiceError:
    """An error whose message ends with its way out."""
    return ServiceError(
        status,
        kind,
        f"{what}; {way_out}",
        wanted=wanted,
        came=came,
        way_out=way_out,
        retry_after=retry_after,
    )


def busy(what: str) -> ServiceError:
    """Too much is asked for at once; nothing was done."""
    return ServiceError(
        503,
        "Busy",
        f"{what}; nothing was done, ask again in a second",
        way_out="ask again in a second",
        retry_after=1,
    )


def missing(what: str, way_out: str) -> ServiceError:
    """There is no such thing."""
    return refusal(404, "NotFound", what, way_out)


def answer_of(failure: Failure, headers: dict[str, str] | None = None) -> JSONResponse:
    """A failure as an answer."""
    body = ErrorBody(error=failure).model_dump()
    return JSONResponse(body, failure.status, headers)


def failure_of(error: Exception) -> Failure:
    """An error of the library as a failure; any other error shows no details."""
    if isinstance(error, OpenSearchError):
        status = next((code for kind, code in _STATUS if isinstance(error, kind)), 500)
        message = " ".join(without_ways_out(str(error), "; /v1/words lists them").split())
        way_out = message.rpartition("; ")[2] if "; " in message else _way_out(error)
        return Failure(status=status, kind=type(error).__name__, message=message, way_out=way_out)
    _log.error("a request failed", exc_info=error)
    return Failure(
        status=500,
        kind="Unexpected",
        message="this should not have happened; the service's log says more",
        way_out="look at the log of the service, and report it",
    )


def _way_out(error: OpenSearchError) -> str:
    """What to do about an error whose text does not say it."""
    return next((way for kind, way in _WAYS if isinstance(error, kind)), WAY_OUT)


def install(app: FastAPI) -> None:
    """Answer every error in the one shape."""

    @app.exception_handler(ServiceError)
    async def of_service(request: Request, error: ServiceError) -> JSONResponse:
        return error.response()

    @app.exception_handler(OpenSearchError)
    async def of_library(request: Request, error: OpenSearchError) -> JSONResponse:
        failure = failure_of(error)
        return answer_of(failure, {"Retry-After": "1"} if failure.status == 503 else None)

    @app.exception_handler(RequestValidationError)
    async def of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
        return answer_of(_invalid(error.errors()))

    @app.exception_handler(HTTPException)
    async def of_http(request: Request, error: HTTPException) -> JSONResponse:
        failure = Failure(
            status=error.status_code,
            kind=_KINDS.get(error.status_code, "Refused"),
            message=f"{_DETAILS.get(str(error.detail), str(error.detail))[:_SHOWN]}; {WAY_OUT}",
            way_out=WAY_OUT,
        )
        headers = dict(error.headers or {})
        methods = _methods(app, request.url.path) if error.status_code == 405 else []
        if methods:  # the first route of a path tells its own method alone
            headers["Allow"] = ", ".join(methods)
        return answer_of(failure, headers)


def _methods(app: FastAPI, path: str) -> list[str]:
    """The methods that the document of the service has for a path."""
    found = set[str]()
    for template, operations in app.openapi()["paths"].items():
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path):
            found |= {method.upper() for method in operations}
    return sorted(found)


def _invalid(errors: Any) -> Failure:
    """What the first of the errors of validation says."""
    wrong = told(errors[0] if errors else {})
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return Failure(
        status=422, kind="InvalidRequest", message=wrong.message + more, **wrong._asdict()
    )
