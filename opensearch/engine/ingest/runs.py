"""Runs of `add`, and dry runs: store what is new, prune what is gone, bring search up to date."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from opensearch.domains.collections.excluding import Excluded
from opensearch.encoders.bundle import Bundle
from opensearch.engine.ingest import left_out
from opensearch.engine.ingest.adding import Adding
from opensearch.engine.ingest.options import Run
from opensearch.engine.ingest.pruning import Prune, gone
from opensearch.engine.ingest.pruning import prune as prune_gone
from opensearch.engine.ingest.whereabouts import files_of
from opensearch.engine.lifecycle.generations import Generations, open_bundle
from opensearch.engine.lifecycle.places import kind_of
from opensearch.limits import Limits
from opensearch.model import Input, Model
from opensearch.progress import Count
from opensearch.records import Planned, Report, Source, Up, Where
from opensearch.remote import Root, look_at, root_of
from opensearch.store import LmdbStore, Store


def add_files(
    generations: Generations, model: Model, roots: Sequence[Root], run: Run, prune: Prune
) -> Report:
    """Bring an index up to date with files and folders; see `Engine.add`."""

    def add(store: Store) -> Report:
        model.check(generations.folder.graphs)
        before = store.meta().next_id
        ignored = left_out.read(generations.folder).keys()
        report = Adding(store, model, run, ignored).run(roots)
        if prune:
            books = {"before": before, "replaced": report.replaced}
            report.removed = prune_gone(store, roots, force=prune == "force", **books)
        return report

    return generations.write_and_settle(add)


def add_inputs(
    generations: Generations, model: Model, items: Sequence[tuple[Input, Source]], run: Run
) -> Report:
    """Add inputs under keys of the caller's; see `Engine.add_items`."""

    def add(store: Store) -> Report:
        model.check(generations.folder.graphs)
        return Adding(store, model, run).run_items(items)

    return generations.write_and_settle(add)


def plan_files(
    generations: Generations, model: Model, roots: Sequence[Root], run: Run, prune: Prune
) -> Report:
    """What `add_files` would do, as far as it is told without reading or writing files.

    `refused` of the report says why pruning would remove nothing.

    Raises:
        InvalidInput: a root does not exist, or the domain is unknown to the model.
    """
    store, ignored = generations.current().store, left_out.read(generations.folder).keys()
    adding = Adding(store, model, run, ignored, dry=True)
    report = adding.plan(roots)
    if prune:
        lost = gone(store, roots, moved=adding.moved)
        report.refused = "" if prune == "force" else lost.refusal() or ""
        if not report.refused:
            report.removed = len(lost.keys)
            report.planned += [Planned("removed", key, "its file is gone") for key in lost.keys]
    return report


def check_new(
    path: Where, model: str | Path | None, sources: Sequence[str | Path], domain: str | None
) -> tuple[Bundle, list[Root]]:
    """Refuse what an index that does not exist cannot be begun with, so that none is left behind.

    Raises:
        InvalidInput: a source is not there, or the model has no such domain.
        MissingExtra: what reads an address is not installed.
        StoreError: no index could be made at `path`.
        BundleError: `model` is no model.
    """
    kind_of(path).check_free(path)
    roots = [root_of(source) for source in sources]
    files_of(roots)
    for root in roots:
        if isinstance(root, str):
            look_at(root)
    bundle = open_bundle(model)
    if domain is not None:
        bundle.domain(domain)
    return bundle, roots


def plan_new(
    path: Where,
    model: str | Path | None,
    sources: Sequence[str | Path],
    domain: str | None,
    progress: Count,
    up: Up | None = None,
    exclude: Sequence[str] = (),
) -> Report:
    """As `plan_files`, for an index that does not exist and is not created.

    Raises:
        OpenSearchError: see `check_new`.
    """
    bundle, roots = check_new(path, model, sources, domain)
    run = Run(domain, up, excluded=Excluded(exclude), progress=progress)
    with (
        tempfile.TemporaryDirectory() as nowhere,
        LmdbStore.create(Path(nowhere), bits=bundle.card.bits, dim=bundle.card.dim) as store,
    ):
        return Adding(store, Model(bundle, Limits()), run, dry=True).plan(roots)
