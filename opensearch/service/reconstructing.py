"""From a drawing to a 3D model, in a lane of its own: it takes seconds, and searches go on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, File, Form, Request, UploadFile
from fastapi.responses import Response

from opensearch.engine import Engine
from opensearch.errors import UnreadableFile
from opensearch.model import Content
from opensearch.reconstruction import mesh_file, reconstruct
from opensearch.records import Item
from opensearch.service import originals
from opensearch.service.context import Shared
from opensearch.service.failures import ErrorBody, ServiceError

router = APIRouter(prefix="/v1", tags=["reconstruction"])

MOST: Final = 20
"""Shapes that a model may be made of here: each of them is a file to read."""
_KIND: Final = "model/gltf-binary"
_GLB: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {_KIND: {}}, "description": "A binary glTF"},
    501: {"model": ErrorBody, "description": "The packages for it are not installed here"},
}


@router.post(
    "/reconstruct", summary="A 3D model of a drawing", responses=_GLB, response_class=Response
)
async def make(
    request: Request,
    shared: Shared,
    file: Annotated[UploadFile, File(description="a drawing")],
    k: Annotated[int, Form(ge=1, le=MOST, description="shapes that it is made of")] = 5,
    mode: Annotated[Literal["auto", "nearest", "mean", "generator", "blend"], Form()] = "auto",
    source: Annotated[
        str | None, Form(max_length=64, description="its domain; told from it when absent")
    ] = None,
) -> Response:
    """A model made of the shapes of the index that are like a drawing, y up, as binary glTF.

    `asset.extras` of its JSON says what it was made of and how sure that is. Where the service
    lacks the packages for it, the answer is 501.
    Example: `curl -F file=@chair.png URL -o chair.glb`
    """
    content = Content(await file.read(), (file.filename or "")[-200:])

    def work(engine: Engine) -> bytes:
        made = reconstruct(engine, content, k=k, mode=mode, source=source, file_of=_file_of)
        told = made.to_dict()
        for each in told["retrieved"]:
            del each["path"]  # of this machine
        return mesh_file(made.mesh, ".glb", told)

    glb = await shared.make.run(lambda: shared.served.work(work), request.is_disconnected)
    headers = {"Content-Disposition": 'attachment; filename="model.glb"'}
    return Response(glb, media_type=_KIND, headers=headers)


def _file_of(item: Item) -> Path:
    """The item's file without links, while it lies where it was indexed, as it was."""
    try:
        return originals.path_of(item)
    except ServiceError as error:
        raise UnreadableFile(error.failure.message) from error
