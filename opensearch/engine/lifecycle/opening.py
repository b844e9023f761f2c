"""Creating and opening an index: its folder, newest generation and model."""

from __future__ import annotations

from pathlib import Path

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine.exchange.importing import Export
from opensearch.engine.lifecycle.folder import IndexFolder, check_fits, folder_errors, is_index
from opensearch.engine.lifecycle.generations import Generations
from opensearch.engine.lifecycle.mending import adopt as adopt_model


def open_bundle(model: str | Path | None) -> Bundle:
    """The bundle at a path, the shipped starter when there is none.

    Raises:
        BundleError: `model` is no model.
    """
    return Bundle.open(starter_model() if model is None else Path(model))


def create_index(path: Path, model: str | Path | None) -> tuple[Generations, Bundle]:
    """Make an empty index around a model; see `Engine.create`."""
    bundle = open_bundle(model)
    with folder_errors(path):
        folder = IndexFolder.create(path, bundle, bundle.best_precision())
        folder.create_store(bundle.card.bits, bundle.card.dim)
        folder.finish(bundle)
    return Generations(folder), folder.open_model()


def open_index(path: Path, model: str | Path | None, adopt: bool) -> tuple[Generations, Bundle]:
    """Open an index, with a model in place of its own if one is given; see `Engine.open`."""
    folder = IndexFolder.open(path)
    if model is not None and adopt:
        adopt_model(folder, folder.open_model(Path(model)))
        folder, model = IndexFolder.open(folder.path), None
    bundle = folder.open_model()
    generations = Generations(folder)
    if model is None:
        return generations, bundle
    try:
        given = folder.open_model(Path(model))
        counts = generations.current().store.meta().counts
        check_fits(folder.path, bundle, given, [name for name in counts if counts[name]])
    except BaseException:
        generations.close()
        raise
    return generations, given


def open_for_export(
    export: Path, path: Path, model: str | Path | None
) -> tuple[Generations, Bundle]:
    """Open the index that an export will be imported into, or make it; see `Engine.open_for`."""
    if is_index(path):
        return open_index(path, model, adopt=False)
    identities = open_bundle(model).card.identities
    Export.open(export).check_fits(str(path), identities)
    return create_index(path, model)
