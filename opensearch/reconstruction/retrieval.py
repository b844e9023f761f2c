"""Which shapes of an index are like a sketch, and how much each of them counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.domains import READERS
from opensearch.domains.opening.workers import Readers
from opensearch.engine import Answer, Engine, Query
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Input
from opensearch.model.inputs import on_disk
from opensearch.progress import Progress, quiet
from opensearch.reconstruction.aligning import alike
from opensearch.reconstruction.latent import SKETCH, LineEncoder, ink
from opensearch.reconstruction.latent_index import shape_codes
from opensearch.reconstruction.shapes import Shape, read_shape
from opensearch.records import Item

By: TypeAlias = Literal["semantic", "latent"]
Weights: TypeAlias = Literal["printed", "normalised"]

_MORE: Final = 4
"""Nearest shapes that are asked for, in multiples of those wanted: files of some may be gone."""


@dataclass(frozen=True, eq=False)
class Near:
    """A shape found near a sketch.

    Attributes:
        item: its record.
        score: the probability that it is of what was drawn, or a cosine; see `Hit.score`.
        distance: Euclidean, in the space it was found in.
    """

    item: Item
    score: float | None
    distance: float


@dataclass(frozen=True, eq=False)
class Retrieved:
    """A shape that a model is made of: which, its form, and how much it counts."""

    near: Near
    shape: Shape
    weight: float


def falling_weights(k: int, how: Weights = "printed") -> NDArray[np.float64]:
    """Weights (k,) of the nearest shapes: .5, .4, .3, .2, .1 of five.

    They sum to 1.5 as printed, to one if `normalised`. For other numbers than five, which the
    paper does not use, they fall from .5 in k equal steps, too.

    Source:
        Wang et al. 2018, the pooling layer.
    """
    printed = 0.5 * (k - np.arange(k)) / k
    return printed if how == "printed" else printed / printed.sum()


def shape_domains(engine: Engine) -> list[str]:
    """Domains of meshes that an index holds items of.

    Raises:
        InvalidInput: there is none.
    """
    held = engine.info()["items"]
    found = [name for name in _domains(engine, "mesh") if held.get(name)]
    if not found:
        counted = ", ".join(f"{count} {name}" for name, count in held.items() if count)
        raise InvalidInput(
            f"a model is made of shapes, and index {engine.path} holds none"
            f" (it holds {counted or 'nothing'}); add meshes with"
            f" `Engine.add('MESHES', domain='shape')`"
        )
    return found


def ask_for_shapes(engine: Engine, sketch: Input, source: str | None, k: int) -> Answer:
    """The nearest shapes of an index, by the embeddings of its model, more than k of them.

    What may be a photo or a drawing is taken for a drawing here.

    Raises:
        InvalidInput: the index holds no shapes, or the file is certainly no sketch.
        UnreadableFile: a blank sheet, or a file that cannot be read.
    """
    domains = shape_domains(engine)
    query = Query(files=[(sketch, 1.0)], source=source, targets=domains, k=max(_MORE * k, 20))
    answer = engine.ask(query)
    taken = answer.understood.files[0]
    sketches = _domains(engine, "sketch")
    if source is not None or taken.domain in sketches:
        return answer
    if taken.sure or not sketches:
        raise InvalidInput(
            f"wanted a sketch, but {taken.name} looks like a {taken.domain}; say `source='sketch'`"
            f" if it is a drawing, or `source='{taken.domain}'` to use it all the same"
        )
    answer = engine.ask(replace(query, source=sketches[0]))
    answer.notes.append(
        f"took {taken.name} for a {sketches[0]}; if it is not, use `source='{taken.domain}'`"
    )
    return answer


def _domains(engine: Engine, looks: str) -> list[str]:
    """Domains of the model whose reader gives such views, the one of that name first."""
    cards = engine.model.bundle.card.domains
    found = [name for name, card in cards.items() if READERS[card.reader.reader].looks == looks]
    return sorted(found, key=lambda name: name != looks)


def near_by_meaning(engine: Engine, answer: Answer) -> Iterator[Near]:
    """The hits of an answer as shapes that are near."""
    for hit in answer.hits:
        item = engine.item(hit.id)
        if item is not None:
            distance = float("nan") if hit.cosine is None else (max(0.0, 2 - 2 * hit.cosine)) ** 0.5
            yield Near(item, hit.score, distance)


def near_in_latent(
    engine: Engine,
    folder: Path,
    sketch: Input,
    file_of: Callable[[Item], Path],
    progress: Progress = quiet,
) -> Iterator[Near]:
    """The shapes of an index by the distance of their nearest render in the latent space.

    Args:
        folder: of the reconstruction model.
        sketch: a drawing.
        file_of: see `reconstruct`.

    Raises:
        BundleError: a model that has no latent space.
        InvalidInput: the index holds too many shapes.
    """
    encoder = LineEncoder.open(folder)
    limits = engine.model.limits
    with on_disk(sketch, limits) as (path, part), Readers({"sketch": SKETCH}, limits) as readers:
        views = readers.open(path, part, "sketch").reading.views
    codes = shape_codes(engine, shape_domains(engine), encoder, file_of, progress)
    for id_, distance in codes.nearest(encoder(ink(views[..., 0]))[0]):
        item = engine.item(id_)
        if item is not None:
            yield Near(item, encoder.likelihood(distance), distance)


def read_nearest(
    engine: Engine,
    found: Iterator[Near],
    weights: NDArray[np.float64],
    file_of: Callable[[Item], Path],
    notes: list[str],
) -> list[Retrieved]:
    """The first shapes found whose files can be read, one for each weight.

    Args:
        file_of: the file of an item; it raises `UnreadableFile` where there is none.
        notes: is told of those that were passed over.

    Raises:
        UnreadableFile: not one of them can be read.
    """
    taken: list[Retrieved] = []
    lost: list[str] = []
    with engine.model.readers() as readers:
        for near in found:
            if len(taken) == len(weights):
                break
            try:
                shape = read_shape(engine.model, readers, near.item, file_of(near.item))
            except UnreadableFile as error:
                lost.append(str(error))
                continue
            taken.append(Retrieved(near, shape, float(weights[len(taken)])))
    if not (taken or lost):
        raise UnreadableFile("no shape was found to make a model of")
    if not taken:
        raise UnreadableFile(
            f"none of the {len(lost)} nearest shapes can be read ({lost[0]}); a model is made of"
            " their files: put them back, or index them where they lie now"
        )
    if lost:
        shapes = "shape was" if len(lost) == 1 else "shapes were"
        notes.append(f"{len(lost)} nearer {shapes} passed over: {lost[0]}")
    if len(taken) < len(weights):
        shapes = f"shape{'s' * (len(taken) != 1)}"
        notes.append(f"made of {len(taken)} {shapes}: there are no more to read")
    return taken


def laid_alike(found: list[Retrieved]) -> list[Retrieved]:
    """The shapes turned to lie and face as the first does of which it is known what is up."""
    grids = [each.shape.voxels.grid for each in found]
    weights = np.array([each.weight for each in found])
    turns = alike(grids, weights, [each.shape.up != "unknown" for each in found])
    return [
        replace(each, shape=each.shape.turned(turn))
        for each, turn in zip(found, turns, strict=True)
    ]
