"""Dry runs: what `add` would do, without reading or writing files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from opensearch.config import Limits
from opensearch.engine.ingest.adding import Adding, Progress
from opensearch.engine.ingest.changes import BY_TIME, Comparing
from opensearch.engine.ingest.pruning import gone
from opensearch.engine.lifecycle.generations import open_bundle
from opensearch.model import Model
from opensearch.records import Report, Up
from opensearch.store import LmdbStore, Store

Prune = bool | Literal["force"]
"""Whether items whose files are gone are removed, and whether even if they are most of them."""


def plan(
    store: Store,
    model: Model,
    roots: Sequence[Path],
    domain: str | None,
    prune: Prune,
    progress: Progress,
    comparing: Comparing = BY_TIME,
    up: Up | None = None,
) -> Report:
    """What `Engine.add` would do; `refused` says why pruning would remove nothing.

    Raises:
        InvalidInput: a root does not exist, or the domain is unknown to the model.
    """
    adding = Adding(store, model, domain, False, progress, up=up, comparing=comparing, dry=True)
    report = adding.plan(roots)
    if prune:
        lost = gone(store, roots, moved=adding.moved)
        report.refused = "" if prune == "force" else lost.refusal() or ""
        report.removed = 0 if report.refused else len(lost.keys)
    return report


def plan_new(
    model: str | Path | None,
    roots: Sequence[Path],
    domain: str | None,
    progress: Progress,
    up: Up | None = None,
) -> Report:
    """As `plan`, for an index that does not exist and is not created.

    Raises:
        BundleError: `model` is no model.
    """
    bundle = open_bundle(model)
    with (
        tempfile.TemporaryDirectory() as nowhere,
        LmdbStore.create(Path(nowhere), bits=bundle.card.bits, dim=bundle.card.dim) as store,
    ):
        return plan(store, Model(bundle, Limits()), roots, domain, False, progress, up=up)
