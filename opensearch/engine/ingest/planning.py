"""Dry runs: what `add` would do, without reading or writing files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from opensearch.config import Limits
from opensearch.domains.excluding import Excluded
from opensearch.engine.ingest.adding import ALL, Adding, Choosing, Progress
from opensearch.engine.ingest.changes import BY_TIME, Comparing
from opensearch.engine.ingest.pruning import gone
from opensearch.engine.lifecycle.generations import open_bundle
from opensearch.model import Model
from opensearch.records import Planned, Report, Up
from opensearch.store import LmdbStore, Store

Prune = bool | Literal["force"]
"""Whether items whose files are gone are removed, and whether even if they are most of them."""


def plan(  # noqa: PLR0913 - what is said of a run
    store: Store,
    model: Model,
    roots: Sequence[Path],
    domain: str | None,
    prune: Prune,
    progress: Progress,
    comparing: Comparing = BY_TIME,
    up: Up | None = None,
    choosing: Choosing = ALL,
) -> Report:
    """What `Engine.add` would do; `refused` says why pruning would remove nothing.

    Raises:
        InvalidInput: a root does not exist, or the domain is unknown to the model.
    """
    adding = Adding(
        store,
        model,
        domain,
        False,
        progress,
        up=up,
        dry=True,
        comparing=comparing,
        choosing=choosing,
    )
    report = adding.plan(roots)
    if prune:
        lost = gone(store, roots, moved=adding.moved)
        report.refused = "" if prune == "force" else lost.refusal() or ""
        if not report.refused:
            report.removed = len(lost.keys)
            report.planned += [Planned("removed", key, "its file is gone") for key in lost.keys]
    return report


def plan_new(
    model: str | Path | None,
    roots: Sequence[Path],
    domain: str | None,
    progress: Progress,
    up: Up | None = None,
    exclude: Sequence[str] = (),
) -> Report:
    """As `plan`, for an index that does not exist and is not created.

    Raises:
        BundleError: `model` is no model.
    """
    bundle = open_bundle(model)
    choosing = Choosing(Excluded(exclude))
    with (
        tempfile.TemporaryDirectory() as nowhere,
        LmdbStore.create(Path(nowhere), bits=bundle.card.bits, dim=bundle.card.dim) as store,
    ):
        empty = Model(bundle, Limits())
        return plan(store, empty, roots, domain, False, progress, up=up, choosing=choosing)
