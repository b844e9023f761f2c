"""What a search may not ask for."""

from __future__ import annotations

from pydantic import ValidationError

from opensearch.service.context import Context
from opensearch.service.failures import ServiceError, refusal
from opensearch.service.models import DrawingPart, FilePart, SearchAsked, WordsPart
from opensearch.service.wording import told


def check(asked: SearchAsked, files: int, shared: Context) -> None:
    """Hold a query against the files that came and the bounds.

    Raises:
        ServiceError: it asks for more.
    """
    bounds = shared.serving.bounds
    named = max((part.file for part in asked.parts if isinstance(part, FilePart)), default=-1)
    if named >= files:
        raise refusal(
            422,
            "InvalidInput",
            f"no file {named} was sent: {files} came, counted from 0",
            "send it to /v1/search/files",
            came=f"{files} files",
        )
    if len(asked.parts) > bounds.parts:
        raise over("parts of a query", bounds.parts, len(asked.parts))
    if asked.k + asked.offset > bounds.hits:
        raise over("hits of a search (k + offset)", bounds.hits, asked.k + asked.offset)
    if len(asked.targets) > bounds.parts:
        raise over("targets", bounds.parts, len(asked.targets))
    texts = [part.text for part in asked.parts if isinstance(part, WordsPart)]
    longest = max(map(len, [*texts, asked.where or "", *asked.targets]), default=0)
    if longest > bounds.text:
        raise over("characters of words, filters and names", bounds.text, longest)
    drawn = [part.strokes for part in asked.parts if isinstance(part, DrawingPart)]
    points = sum(len(stroke) for strokes in drawn for stroke in strokes)
    if points > bounds.strokes:
        raise over("points of drawings", bounds.strokes, points)
    if not any(part.weight > 0 for part in asked.parts):
        raise refusal(
            422,
            "InvalidInput",
            "a query needs a part with a weight above 0",
            "add a file, a drawing, words or an item",
            wanted="a part with a weight above 0",
        )
    if any(part.weight == 0 for part in asked.parts):
        raise ServiceError(422, "InvalidInput", "a weight of 0 says nothing; leave the part out")


def over(what: str, most: int, came: int) -> ServiceError:
    """More was asked for than a bound allows."""
    return refusal(
        422,
        "OverLimit",
        f"{what} are at most {most:,}, got {came:,}",
        "ask for less at once",
        wanted=f"at most {most:,}",
        came=f"{came:,}",
    )


def bad_query(error: ValidationError) -> ServiceError:
    """What is wrong with a query that is no `SearchAsked`."""
    first = error.errors()[0]
    wrong = told({**first, "loc": ("body", "query", *first["loc"])})
    return ServiceError(422, "InvalidRequest", wrong.message, **wrong._asdict())
