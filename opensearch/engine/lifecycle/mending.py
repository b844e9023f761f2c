"""Checking and repairing what an index keeps beside its store: CURRENT, manifest and model.

Each can be restored from the others while the store and the model are sound: CURRENT from the
generations on disk, the manifest from the model, and the model, if it is the shipped one, from
the package.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from opensearch.encoders import integrity
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.engine.lifecycle.current import check_there, mend_current
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.engine.lifecycle.layout import holds_store
from opensearch.engine.lifecycle.matching import check_fits, check_same
from opensearch.errors import BundleError, OpenSearchError, StoreError, system_reason
from opensearch.files import is_file


def check_folder(path: Path, repair: bool) -> tuple[list[str], list[str]]:
    """What is wrong around the store of an index.

    Args:
        path: its folder.
        repair: make anew what can be made anew.

    Returns:
        Problems that were there, and those of them that are left.

    Raises:
        StoreError: the folder holds no store, so that it is no index.
    """
    if not holds_store(path):
        IndexFolder.open(path)
    found: list[str] = []
    left: list[str] = []
    for look, mend in (
        (_current, mend_current),
        (model_problems, _copy_starter),
        (_manifest, _rewrite),
    ):
        problems = look(path)
        found += problems
        if problems and repair:
            problems = _mended(path, look, mend) or look(path)
        left += problems
    return found, left


def _mended(
    path: Path, look: Callable[[Path], list[str]], mend: Callable[[Path], None]
) -> list[str]:
    """Try a repair; return nothing if it worked, else what is wrong and why."""
    try:
        mend(path)
    except (OpenSearchError, OSError) as error:
        return [*look(path), str(error)]
    return []


def _current(path: Path) -> list[str]:
    try:
        folder = IndexFolder(path, {})
        check_there(path, folder.generation)
        if not is_file(folder.store / "data.mdb"):
            return [f"the store of index {path} is gone: {folder.store} lacks data.mdb"]
    except StoreError as error:
        return [str(error)]
    except OSError as error:
        return [f"the store of index {path} cannot be read: {system_reason(error)}"]
    return []


def model_problems(path: Path) -> list[str]:
    """What is wrong with the model inside an index."""
    graphs: dict[str, str] = {}
    with suppress(StoreError):
        graphs = IndexFolder.open(path).graphs
    try:
        return integrity.problems(IndexFolder(path, {}).open_model(), graphs)
    except BundleError as error:
        return [str(error)]


def adopt(folder: IndexFolder, given: Bundle) -> None:
    """Replace the index's own model, which may be damaged, by another that fits.

    Raises:
        IndexMismatch: it does not fit.
        BundleError: it is damaged itself.
    """
    integrity.check(given)
    try:
        inside = Bundle.open(folder.model)
    except BundleError:
        check_same(folder.path, folder.identities, given)
    else:
        with folder.open_store(readonly=True) as store:
            held = store.meta().held
        check_fits(folder.path, inside, given, held)
    folder.finish(given.copy_to(folder.model))


def _copy_starter(path: Path) -> None:
    """Put the shipped model in place of a damaged one, if it is the same."""
    folder = IndexFolder.open(path)
    starter = Bundle.open(starter_model())
    check_same(folder.path, folder.identities, starter)
    integrity.check(starter)
    folder.finish(starter.copy_to(folder.model))


def _manifest(path: Path) -> list[str]:
    try:
        folder = IndexFolder.open(path)
    except StoreError as error:
        return [str(error)]
    with suppress(BundleError):
        card = Bundle.open(folder.model).card
        for part in ("space", "hash"):
            if folder.identities.get(part) != card.identities.get(part):
                return [f"the manifest of index {path} names another {part} than its model has"]
    return []


def _rewrite(path: Path) -> None:
    """Write the manifest again from the model, which must fit the store."""
    bundle = Bundle.open(path / "model")
    integrity.check(bundle)
    folder = IndexFolder(path, {}, bundle.best_precision())
    with folder.open_store(readonly=True) as store:
        meta = store.meta()
    if (meta.bits, meta.dim) != (bundle.card.bits, bundle.card.dim):
        raise BundleError(
            f"the model in index {path} makes codes of {bundle.card.bits} bits and embeddings of"
            f" {bundle.card.dim} numbers, its store holds {meta.bits} and {meta.dim}; restore the"
            " model that made it"
        )
    folder.finish(bundle)
