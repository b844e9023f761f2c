"""The whole job: a sketch, the shapes of an index that are like it, a model made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.reading import View
from opensearch.engine import Engine
from opensearch.engine import arguments as must
from opensearch.engine.checking import checked
from opensearch.engine.input_checks import one_input
from opensearch.errors import InvalidInput, MissingExtra
from opensearch.model import InputLike, Mesh
from opensearch.progress import Progress, quiet
from opensearch.reconstruction.making import Maker, Mode
from opensearch.reconstruction.retrieval import (
    By,
    Retrieved,
    Weights,
    ask_for_shapes,
    laid_alike,
    near_by_meaning,
    near_in_latent,
    read_nearest,
    shape_domains,
)
from opensearch.reconstruction.shapes import file_of
from opensearch.reconstruction.surfaces import check_extra, sized, surface
from opensearch.records import Item, ScoreKind

MODES: Final[tuple[Mode, ...]] = get_args(Mode)
WEIGHTS: Final[tuple[Weights, ...]] = get_args(Weights)
BY: Final[tuple[By, ...]] = get_args(By)
MOST: Final = 50
"""Shapes that a model may be made of."""


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A model made from a sketch.

    Attributes:
        mesh: closed, facing outward; y up, front towards +z, as large as `box_of` says.
        grid: the probability that a voxel is filled, shape (32, 32, 32), axes x, y, z.
        level: the probability at which the surface lies.
        mode: what it was made by.
        retrieved: the shapes that are like the sketch, nearest first.
        confidence: mean of their scores by their weights, of those that it was made of; `None`
            where there are no scores.
        confidence_kind: what the scores are.
        sketch: as the encoder saw it, shape (s, s, 3).
        notes: remarks for the user.
    """

    mesh: Mesh
    grid: NDArray[np.float32]
    level: float
    mode: Mode
    retrieved: list[Retrieved]
    confidence: float | None
    confidence_kind: ScoreKind | None
    sketch: View
    notes: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """What is said of it, as plain JSON types."""
        points = self.mesh.vertices
        return {
            "mode": self.mode,
            "level": self.level,
            "vertices": len(points),
            "faces": len(self.mesh.faces),
            "box": [round(float(side), 4) for side in np.ptp(points, axis=0)],
            "confidence": self.confidence,
            "confidence_kind": self.confidence_kind,
            "retrieved": [_told(rank, each) for rank, each in enumerate(self.retrieved, start=1)],
            "notes": self.notes,
        }


def is_possible(engine: Engine) -> bool:
    """Whether models can be made here: the packages are there, and the index holds shapes."""
    try:
        check_extra()
        shape_domains(engine)
    except (InvalidInput, MissingExtra):
        return False
    return True


@checked(
    engine=must.a(Engine, "an Engine"),
    sketch=one_input,
    mode=must.text,
    align=must.flag,
    by=must.text,
    weights=must.text,
    source=must.text,
    file_of=must.called,
)
def reconstruct(  # noqa: PLR0913 - one job, all that may be said of it by name
    engine: Engine,
    sketch: InputLike,
    *,
    k: int = 5,
    mode: Mode = "auto",
    align: bool = True,
    by: By = "semantic",
    weights: Weights | None = None,
    source: str | None = None,
    model: str | Path | None = None,
    file_of: Callable[[Item], Path] = file_of,
    progress: Progress = quiet,
) -> Reconstruction:
    """Make a 3D model of a sketch out of the shapes of an index that are like it.

    Args:
        engine: an index that holds shapes, whose files lie where they were indexed.
        sketch: a drawing, see `opensearch.model`.
        k: how many shapes it is made of.
        mode: `nearest` is the nearest shape's voxels, `mean` the mean of all k by their weights,
            `generator` what the model makes of their codes, `blend` half of each of these two,
            `auto` what the model says is best, and the mean where there is no model.
        align: turn the shapes so that they lie and face alike; else each stays as posed by itself.
        by: what is near: `semantic` by the embeddings of the index's model, `latent` by the
            renders of shapes in the latent space of the adaptation.
        weights: see `falling_weights`; when `None`, those that the generator learnt with if it
            takes part and learnt with k of them, and else as printed.
        source: the domain of the drawing; told from it when `None`, and then it must be a sketch.
        model: folder of a reconstruction model; the shipped one, if there is one, when `None`.
        file_of: the file of an item; it raises `UnreadableFile` where there is none.
        progress: called with shapes drawn and shapes in all, when their latent codes are made.

    Raises:
        InvalidInput: no sketch, or an index without shapes.
        UnreadableFile: a blank or damaged sketch, or no shape that can be read.
        BundleError: no model where one is needed, or a damaged one.
        MissingExtra: the extra `reconstruction` is not installed.

    Source:
        Wang et al. 2018; nearest and mean are what a generator has to beat.
    """
    check_extra()
    _check_known(k, mode, by, weights)
    maker = Maker.open(mode, by, None if model is None else Path(model))
    shares = maker.shares(k, weights)
    answer = ask_for_shapes(engine, sketch, source, k)  # type: ignore[arg-type]  # checked
    notes, kind = list(answer.notes), answer.score_kind
    near = near_by_meaning(engine, answer)
    if by == "latent":
        near = near_in_latent(engine, maker.folder, sketch, file_of, progress)  # type: ignore[arg-type]
        kind = "probability"
    retrieved = read_nearest(engine, near, shares, file_of, notes)
    if align and maker.mode != "nearest":
        retrieved = laid_alike(retrieved)
    return _made(maker, retrieved, kind, answer.opened[0].reading.views[0], notes)


def _made(
    maker: Maker,
    retrieved: list[Retrieved],
    kind: ScoreKind | None,
    sketch: View,
    notes: list[str],
) -> Reconstruction:
    """The model of the shapes that were found."""
    used = retrieved[:1] if maker.mode == "nearest" else retrieved
    grid = maker.grid(used)
    level = maker.level if grid.max() > maker.level else float(grid.max()) / 2
    _note_shapes(used, notes)
    shares = np.array([each.weight for each in used])
    box = shares @ np.stack([each.shape.box for each in used]) / shares.sum()
    scores = [each.near.score for each in used]
    confidence = None
    if None not in scores:
        confidence = round(float(shares @ np.array(scores, np.float64) / shares.sum()), 4)
    return Reconstruction(
        mesh=sized(surface(grid, level), box),
        grid=grid,
        level=level,
        mode=maker.mode,
        retrieved=retrieved,
        confidence=confidence,
        confidence_kind=None if confidence is None else kind,
        sketch=sketch,
        notes=notes,
    )


def _note_shapes(used: list[Retrieved], notes: list[str]) -> None:
    hollow = sum(not each.shape.voxels.solid for each in used)
    if hollow:
        notes.append(
            f"{hollow} of {len(used)} shapes without a clear inside: only their surface is used"
        )
    lying = sum(each.shape.up == "unknown" for each in used)
    if lying:
        notes.append(
            f"nothing tells which axis is up in {lying} of {len(used)} shapes: y was taken"
        )


def _told(rank: int, found: Retrieved) -> dict[str, Any]:
    item, shape = found.near.item, found.shape
    return {
        "rank": rank,
        "id": item.id,
        "key": item.key,
        "path": item.path,
        "category": item.category,
        "weight": round(found.weight, 4),
        "score": found.near.score,
        "distance": None if np.isnan(found.near.distance) else round(found.near.distance, 4),
        "solid": shape.voxels.solid,
        "up": shape.up,
    }


def _check_known(k: int, mode: str, by: str, weights: str | None) -> None:
    _one_of("mode", mode, MODES)
    _one_of("by", by, BY)
    if weights is not None:
        _one_of("weights", weights, WEIGHTS)
    if k > MOST:
        raise InvalidInput(f"`k` must be at most {MOST}, got {k}")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise InvalidInput(f"unknown `{name}` {value!r}; known: {', '.join(known)}")
