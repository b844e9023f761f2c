"""Searches: parts read in one lane, hits found in another."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Final

from fastapi import APIRouter, File, Form, Request, Response, UploadFile
from pydantic import ValidationError

from opensearch.engine import Answer, Engine, Query
from opensearch.engine.query.parts import Part
from opensearch.model import Content
from opensearch.records import Hit, Up
from opensearch.service.context import Context, Shared, links
from opensearch.service.models import (
    DrawingPart,
    FilePart,
    HitFound,
    ItemPart,
    PartTaken,
    SearchAnswer,
    SearchAsked,
    TextUnderstood,
    WordsPart,
)
from opensearch.service.search_bounds import bad_query, check, over
from opensearch.stages import stage, timed

router = APIRouter(prefix="/v1", tags=["search"])

_THEN: Final[dict[int | str, dict[str, Any]]] = {200: {"links": links("/hits/0/id")}}


@dataclass
class _Job:
    """A search under way: what was asked, the parts read so far, thumbnails, seconds by stage.

    `queue` among the stages is the time it waited for threads.
    """

    asked: SearchAsked
    contents: Sequence[Content] = ()
    read: dict[int, Part] = field(default_factory=dict)
    pictures: dict[int, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def begun(self, asked_at: float) -> None:
        """A thread begins on what was asked for at `asked_at`, by `time.perf_counter`."""
        self.count({"queue": time.perf_counter() - asked_at})

    def count(self, seconds: dict[str, float]) -> None:
        for name, spent in seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + spent


@router.post(
    "/search",
    summary="Search by drawings, words and stored items",
    response_model=SearchAnswer,
    responses=_THEN,
)
async def search(request: Request, shared: Shared, asked: SearchAsked) -> Response:
    """A search in which no file is sent.

    Example: `{"parts": [{"kind": "words", "text": "chair"}], "targets": ["shape"], "k": 5}`
    """
    return await _answered(request, shared, _Job(asked))


@router.post(
    "/search/files",
    summary="Search by files, and all the rest",
    response_model=SearchAnswer,
    responses=_THEN,
)
async def search_files(
    request: Request,
    shared: Shared,
    file: Annotated[list[UploadFile], File(description="pictures, drawings, meshes; repeatable")],
    query: Annotated[str, Form(description="a search as JSON; see SearchAsked")] = "{}",
) -> Response:
    """A search with files of any domain.

    A file that no part of `query` names joins it with weight 1.
    Example: `curl -F file=@chair.png -F 'query={"targets": ["shape"], "k": 5}' URL`
    """
    try:
        asked = SearchAsked.model_validate_json(query)
    except ValidationError as error:
        raise bad_query(error) from error
    if len(file) > shared.serving.bounds.parts:
        raise over("files of a query", shared.serving.bounds.parts, len(file))
    named = {part.file for part in asked.parts if isinstance(part, FilePart)}
    rest = [FilePart(kind="file", file=at) for at in range(len(file)) if at not in named]
    asked = asked.model_copy(update={"parts": [*asked.parts, *rest]})
    contents = [Content(await each.read(), (each.filename or "")[-200:]) for each in file]
    return await _answered(request, shared, _Job(asked, contents))


async def _answered(request: Request, shared: Context, job: _Job) -> Response:
    """The answer, written at once: FastAPI would check and walk through it once more."""
    check(job.asked, len(job.contents), shared)
    start = time.perf_counter()
    for at, part in enumerate(job.asked.parts):
        if isinstance(part, FilePart | DrawingPart):
            said = (*_content(part, job, shared), time.perf_counter())
            job.read[at] = await shared.encode.run(
                lambda said=said: _read(shared, job, *said),  # type: ignore[misc]
                request.is_disconnected,
            )
    asked, taken, asked_at = job.asked, list[PartTaken](), time.perf_counter()
    answer = await shared.read(request, lambda engine: _asked(engine, job, taken, asked_at))
    total = time.perf_counter() - start
    shared.meters.searched(job.seconds)
    hits = answer.hits[asked.offset :]
    told = SearchAnswer(
        hits=[_hit(hit, job) for hit in hits],
        more=len(hits) >= asked.k and asked.offset + asked.k < shared.serving.bounds.hits,
        likely=answer.likely,
        notes=list(dict.fromkeys(answer.notes)),
        parts=taken,
        understood=TextUnderstood.model_validate(asdict(answer.understood)),
        took_ms={
            name: round(1000 * spent, 3) for name, spent in {**job.seconds, "total": total}.items()
        },
    )
    return Response(told.model_dump_json(), media_type="application/json")


def _hit(hit: Hit, job: _Job) -> HitFound:
    found = HitFound.of(hit)
    found.thumbnail = job.pictures.get(hit.id)
    return found


def _content(
    part: FilePart | DrawingPart, job: _Job, shared: Context
) -> tuple[Content, str | None, Up | None]:
    """The bytes of a part, the domain it is said to be of, and the axis that is up."""
    if isinstance(part, FilePart):
        return job.contents[part.file], part.domain, part.up
    strokes = [stroke for stroke in part.strokes if stroke]
    drawing = [[[x for x, _ in stroke], [y for _, y in stroke]] for stroke in strokes]
    content = Content(json.dumps({"drawing": drawing}).encode(), "drawing.ndjson#1")
    known = shared.served.engine.model.bundle.domains
    return content, "sketch" if "sketch" in known else None, None


def _read(
    shared: Context,
    job: _Job,
    content: Content,
    domain: str | None,
    up: Up | None,
    asked_at: float,
) -> Part:
    job.begun(asked_at)
    with timed() as seconds:
        part = shared.served.file_part(content, domain, up)
    job.count(seconds)
    return part


def _stored_domain(engine: Engine, given: object) -> str | None:
    """The domain of an item that is asked by its key; `None` of words, and where there is none."""
    keys = [given.key] if isinstance(given, ItemPart) else []
    found = engine.iter_items(engine.find(keys=keys).ids) if keys else []
    return next((item.domain for item in found), None)


def _asked(engine: Engine, job: _Job, taken: list[PartTaken], asked_at: float) -> Answer:
    """Ask the engine; `taken` tells how the parts were understood.

    Words and items of weight 1 are asked as such, so that the engine knows them for what they
    are; others are points with their weights.
    """
    job.begun(asked_at)
    taken.clear()
    text, keys, parts = None, list[str](), list[tuple[Part, float]]()
    with timed() as seconds:
        for at, given in enumerate(job.asked.parts):
            part = job.read.get(at)
            match given:
                case WordsPart(text=words, weight=1.0) if text is None:
                    text = words
                case WordsPart(text=words):
                    part = engine.part(text=words)
                case ItemPart(key=key, weight=1.0):
                    keys.append(key)
                case ItemPart(key=key):
                    part = engine.part(key=key)
            if part is not None:
                parts.append((part, given.weight))
            opened = part.opened if part else None
            domain = part.domain if part else _stored_domain(engine, given)
            taken.append(PartTaken(kind=given.kind, domain=domain, sure=not opened or opened.sure))
        answer = engine.ask(_query(job.asked, text, keys, parts))
        first = answer.hits[job.asked.offset :][: job.asked.thumbnails]
        with stage("fetch"):
            job.pictures = _pictures(engine, [hit.id for hit in first])
    job.count(seconds)
    return answer


def _pictures(engine: Engine, ids: list[int]) -> dict[int, str]:
    """Thumbnails of items as `data:` addresses, of those that have one."""
    kept = {id_: engine.thumbnail(id_) for id_ in ids}
    return {
        id_: "data:image/jpeg;base64," + base64.b64encode(picture).decode()
        for id_, picture in kept.items()
        if picture is not None
    }


def _query(
    asked: SearchAsked, text: str | None, keys: list[str], parts: list[tuple[Part, float]]
) -> Query:
    return Query(
        text=text,
        keys=keys,
        parts=parts,
        targets=asked.targets,
        k=asked.k + asked.offset,
        refine=asked.refine,
        score=asked.score,
        depth=asked.depth,
        max_distance=asked.max_distance,
        min_score=asked.min_score,
        where=asked.where,
        structure=asked.structure,
    )
