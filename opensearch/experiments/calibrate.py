"""`calibrate`: curves from scores to probabilities, fitted on categories that models do not know.

Files of categories that a model was not trained on ask, domain by domain and by word, see
`asking`, and are searched among each other. What a model was trained on takes no part: it lies
closer to its words than anything that a user brings. Such files are of a few dozen kinds, where a
user's are of many more; the curves are moved to a collection of `kinds`. The curves of a model
that was trained on everything come of models of the same recipe that were kept from some
categories.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from opensearch.calibration import (
    Calibration,
    Curve,
    Direction,
    Reliability,
    ScoreName,
    fit_curve,
    reliability,
)
from opensearch.domains.catalog import read_collection
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput
from opensearch.experiments.asking import ABSENT, Asked, Gains, Hits, asking, first_hits, gains
from opensearch.experiments.embedded import WHOLE, embed_sources
from opensearch.model import Model
from opensearch.progress import Progress, quiet
from opensearch.records import Names, Source
from opensearch.semantic import normalise
from opensearch.training.cache import cache_folder

CATEGORIES: Final = 5
"""Categories that must ask in a direction before anything is fitted on them."""
NAMES: Final = get_args(ScoreName)

Key = tuple[str | None, str]


@dataclass(frozen=True)
class Calibrating:
    """What curves are fitted on.

    Attributes:
        models: bundles of one recipe; what all of them found is put together.
        data: labelled collections.
        split: of the collections whose files count, `all` for every file.
        into: the bundle that the curves are written into; the one model when `None`.
        exclude: categories to leave out, in any spelling.
        omit: patterns (`openmoji-*`) of names of files to leave out.
        rename: other names for the domains of a collection, by the name of its folder.
        first: hits of a query that are looked at.
        files: of a category and a domain at most.
        kinds: of things in the collection that probabilities are for.
        seed: of which files count.
    """

    models: Sequence[Path]
    data: Sequence[Path]
    split: str = "train"
    into: Path | None = None
    exclude: Names = ()
    omit: Names = ()
    rename: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    first: int = 10
    files: int = 20
    kinds: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("exclude", "omit"):
            object.__setattr__(self, name, must.texts(name, getattr(self, name)))
        for name in ("models", "data"):
            object.__setattr__(self, name, must.paths(name, getattr(self, name)))
        if not self.models or not self.data:
            raise InvalidInput("a calibration wants a model and a collection (`data`)")
        if len(self.models) > 1 and self.into is None:
            raise InvalidInput(
                f"curves of {len(self.models)} models: `into` says which bundle they are for"
            )


@dataclass(frozen=True)
class Fitted:
    """What came of one direction.

    Attributes:
        source, target: domains; the source `None` for words.
        categories: that asked.
        measured: probabilities of cosines by curves fitted on the other half of the categories.
        cosine: right told from wrong by the cosine itself, as `Reliability.auroc`.
        right: of the first hits, share right as asked, where there are right ones.
        gain: of that share by refinement.
        sure: half the width of the 99 % interval of the gain over categories.
        direction: `None` where there was too little to learn from.
    """

    source: str | None
    target: str
    categories: int
    measured: Reliability | None
    right: float
    gain: float
    sure: float
    direction: Direction | None


@dataclass(frozen=True)
class Calibrated:
    """The result: all directions looked at, and the bundle that was written."""

    fitted: list[Fitted]
    categories: list[str]
    kinds: int
    bundle: Bundle
    notes: list[str]


def calibrate(wanted: Calibrating, progress: Progress = quiet) -> Calibrated:
    """Fit curves and write them into a bundle; they are in no identity, so indexes fit as before.

    Raises:
        InvalidInput: no files of categories that a model does not know, nothing to learn from,
            or `into` has codes of another length.
        BundleError: a model is none.
    """
    models = [Model(Bundle.open(path)) for path in wanted.models]
    into = Bundle.open(wanted.into or wanted.models[0])
    for model in models:
        if model.bundle.card.bits != into.card.bits:
            raise InvalidInput(
                f"{model.bundle.folder} has codes of {model.bundle.card.bits} bits,"
                f" {into.folder} of {into.card.bits}; curves of codes want the same"
            )
    notes: list[str] = []
    asked = [sides_of(model, wanted, progress, notes) for model in models]
    found = [
        _fitted(key, models, asked, wanted)
        for key in _each(asked, progress)
        if key[1] in into.card.domains and (key[0] is None or key[0] in into.card.domains)
    ]
    categories = sorted({str(name) for _, words in asked for name in words.labels})
    made = _calibration(found, len(categories), wanted)
    into.copy_files(into.folder)
    card = into.card.model_copy(update={"calibration": made})
    return Calibrated(found, categories, wanted.kinds, write_bundle(into.folder, card), notes)


def sides_of(
    model: Model,
    wanted: Calibrating,
    progress: Progress,
    notes: list[str],
    *,
    unknown: bool = True,
) -> tuple[dict[str, Asked], Asked]:
    """What asks and is searched: items by domain, and words for the categories that ask.

    Args:
        model: what embeds them.
        wanted: which files.
        progress: of reading them.
        notes: takes a line for each file that cannot be read.
        unknown: leave out categories that the model was trained on.

    Raises:
        InvalidInput: none asks.
    """
    known = {normalise(name) for name in model.bundle.card.categories} if unknown else set()
    sources = [
        source
        for source in labelled(wanted)
        if source.domain in model.bundle.domains and source.category not in known
    ]
    if not sources:
        raise InvalidInput(
            f"{', '.join(map(str, wanted.data))}: no files in split {wanted.split!r} of categories"
            f" that {model.bundle.folder} was not trained on, in domains"
            f" {', '.join(model.bundle.domains)}. Train a model of the same recipe with some"
            " categories left out (`exclude` of its config), and give that one, with `into`"
        )
    items = {}
    for domain, own in few_of_each(sources, wanted.files, wanted.seed).items():
        kept, rows, failures = embed_sources(model.bundle, domain, own, cache_folder(), progress)
        items[domain] = (rows, [source.category or "" for source in kept])
        notes += [f"skipped {failure.path}: {failure.reason}" for failure in failures]
    return asking(model, items, {source.category or "" for source in sources})


def few_of_each(sources: Sequence[Source], count: int, seed: int) -> dict[str, list[Source]]:
    """At most `count` files of each category in each domain, by chance; by domain."""
    groups: dict[tuple[str, str], list[Source]] = {}
    for source in sources:
        groups.setdefault((source.domain or "", source.category or ""), []).append(source)
    rng = np.random.default_rng(seed)
    kept: dict[str, list[Source]] = {}
    for (domain, _), own in sorted(groups.items(), key=lambda group: group[0]):
        chosen = np.sort(rng.permutation(len(own))[:count])
        kept.setdefault(domain, []).extend(own[row] for row in chosen)
    return kept


def labelled(wanted: Calibrating) -> list[Source]:
    """The files that count, their categories in one spelling.

    What is `unseen` in any of the collections stays out of the other splits, as in training.
    """
    found = []
    for folder in wanted.data:
        names = wanted.rename.get(folder.resolve().name, {})
        for source in read_collection(folder):
            if source.domain and source.category:
                domain = names.get(source.domain, source.domain)
                category = normalise(source.category)
                found.append(replace(source, domain=domain, category=category))
    out = {normalise(name) for name in wanted.exclude}
    if wanted.split not in ("unseen", WHOLE):
        out |= {source.category or "" for source in found if source.split == "unseen"}
    return [
        source
        for source in found
        if wanted.split in (WHOLE, source.split or WHOLE)
        and source.category not in out
        and not any(fnmatch(source.path.name, pattern) for pattern in wanted.omit)
    ]


def _each(asked: Sequence[tuple[dict[str, Asked], Asked]], progress: Progress) -> list[Key]:
    """Every direction that some model has both sides of."""
    found: dict[Key, None] = {}
    for domains, _ in asked:
        for target in domains:
            found |= dict.fromkeys([*((source, target) for source in domains), (None, target)])
    progress("directions", 0, len(found))
    return list(found)


def _fitted(
    key: Key,
    models: Sequence[Model],
    asked: Sequence[tuple[dict[str, Asked], Asked]],
    wanted: Calibrating,
) -> Fitted:
    source, target = key
    sides = [
        (model, words if source is None else domains[source], domains[target])
        for model, (domains, words) in zip(models, asked, strict=True)
        if target in domains and (source is None or source in domains)
    ]
    hits = {
        name: _hits([first_hits(*side, name, wanted.first) for side in sides]) for name in NAMES
    }
    cosines = hits["cosine"]
    categories = len(np.unique(cosines.categories))
    right, gain, sure = _gain([gains(*side, wanted.first) for side in sides])
    kinds = round(np.mean([len(np.unique(side[2].labels)) for side in sides]))
    fitted = {name: fit_curve(each.scores, each.right) for name, each in hits.items()}
    curves = {name: each and each.among(kinds, wanted.kinds) for name, each in fitted.items()}
    direction = None
    if categories >= CATEGORIES and curves["cosine"] is not None:
        direction = Direction(
            cosine=curves["cosine"],
            distance=curves["distance"],
            asymmetric=curves["asymmetric"],
            refine=gain - sure > 0,
        )
    measured = across_halves(cosines) if direction else None
    return Fitted(source, target, categories, measured, right, gain, sure, direction)


def across_halves(hits: Hits) -> Reliability | None:
    """Each half of the categories measured by the curve of the other half."""
    names = np.unique(hits.categories)
    half = np.isin(hits.categories, names[::2])
    said = np.zeros(len(hits.scores))
    for here in (half, ~half):
        curve: Curve | None = fit_curve(hits.scores[~here], hits.right[~here])
        if curve is None or not here.any():
            return None
        said[here] = curve(hits.scores[here])
    return reliability(said, hits.right)


def _hits(parts: Sequence[Hits]) -> Hits:
    return Hits(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.right for part in parts]),
        np.concatenate([part.categories for part in parts]),
    )


def _gain(parts: Sequence[Gains]) -> tuple[float, float, float]:
    """Share right, mean gain over categories, and half the width of its 99 % interval.

    Not of 95 %: some thirty directions are looked at, each of which may seem to gain by chance.
    Nor are the gains of all sources of a target put together: the files that are looked at have
    about as many others of their kind in each target, and where there are few, as in triad's
    test files, refinement loses right hits (`benchmarks.mixed`).
    """
    names = np.concatenate([part.categories for part in parts])
    if not len(names):
        return 0.0, 0.0, 0.0
    right, more = (np.concatenate([getattr(p, of) for p in parts]) for of in ("right", "gains"))
    means = np.array([more[names == name].mean() for name in np.unique(names)])
    sure = 2.576 * means.std(ddof=1) / np.sqrt(len(means)) if len(means) > 1 else np.inf
    return float(right.mean()), float(means.mean()), float(sure)


def _calibration(found: Sequence[Fitted], categories: int, wanted: Calibrating) -> Calibration:
    domains: dict[str, dict[str, Direction]] = {}
    words: dict[str, Direction] = {}
    for each in found:
        if each.direction is not None:
            own = words if each.source is None else domains.setdefault(each.source, {})
            own[each.target] = each.direction
    if not domains and not words:
        raise InvalidInput(
            f"too little to learn from: a direction wants {CATEGORIES} categories or more that the"
            " model does not know, with right hits and wrong ones"
        )
    return Calibration(
        domains=domains,
        words=words,
        hits=wanted.first,
        absent=ABSENT,
        categories=categories,
        kinds=wanted.kinds,
    )


def to_dict(made: Calibrated) -> dict[str, Any]:
    """Plain JSON types."""
    return {
        "model": str(made.bundle.folder),
        "categories": made.categories,
        "absent": ABSENT,
        "kinds": made.kinds,
        "directions": [
            {
                "source": each.source or "word",
                "target": each.target,
                "categories": each.categories,
                "measured": each.measured.to_dict() if each.measured else None,
                "right": each.right,
                "gain": each.gain,
                "gain_interval": each.sure if np.isfinite(each.sure) else None,
                "curves": each.direction.model_dump() if each.direction else None,
            }
            for each in made.fitted
        ],
    }
