"""`calibrate`: curves from scores to probabilities, fitted on categories that models do not know.

Files of categories that a model was not trained on serve as queries, beside the words of these, and
as what is searched, see `asking`. Files it was trained on take no part: they lie closer to their
words than anything that a user brings. Such files are of a few dozen kinds, and a user's of many
more, so the curves are moved to a collection of `kinds`. For a model that was trained on
everything, curves come from models of the same recipe for which some categories were held out.
Directions from which nothing is learnt keep the curves that the bundle has for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from opensearch.calibration import Calibration, Direction, ScoreName
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.errors import InvalidInput
from opensearch.experiments import directions
from opensearch.experiments.asking import ABSENT, Asked, Gains, Hits, first_hits, gains
from opensearch.experiments.directions import NAMES, Fitted, Key, Looked, fit_directions
from opensearch.experiments.held_out import Calibrating, sides_of
from opensearch.experiments.recipes import check_alike
from opensearch.model import Model
from opensearch.progress import Progress, quiet
from opensearch.records import Failure


@dataclass(frozen=True)
class Calibrated:
    """All directions looked at, the bundle that was written, and files that were not read.

    Attributes:
        kept: directions whose curves are those that the bundle had before.
        dropped: those whose curves it had before and has no longer, as what they assume is not
            what the new ones do.
    """

    fitted: list[Fitted]
    categories: list[str]
    kinds: int
    bundle: Bundle
    failures: list[Failure]
    kept: list[Key]
    dropped: list[Key]


def calibrate(wanted: Calibrating, progress: Progress = quiet) -> Calibrated:
    """Fit curves and write them into a bundle; they are in no identity, so indexes fit as before.

    Raises:
        InvalidInput: no files of categories that a model does not know, nothing to learn from,
            or `into` is no model of the same recipe.
        BundleError: a model is none.
    """
    models = [Model(Bundle.open(path)) for path in wanted.models]
    into = Bundle.open(wanted.into or wanted.models[0])
    for model in models:
        check_alike(model.bundle, into)
    failures: list[Failure] = []
    asked = [sides_of(model, wanted, progress, failures) for model in models]
    looked = {
        key: _looked(key, models, asked, wanted)
        for key in _each(asked, progress)
        if key[1] in into.card.domains and (key[0] is None or key[0] in into.card.domains)
    }
    found = fit_directions(looked, wanted.kinds)
    sides = [side for domains, words in asked for side in (words, *domains.values())]
    categories = sorted({str(name) for side in sides for name in side.labels})
    made = _calibration(found, len(categories), wanted)
    old = into.card.calibration
    # of what was fitted before and not now
    others = [key for key in old.directions() if made.direction(*key) is None] if old else []
    kept, dropped = (others, []) if old and made.holds_beside(old) else ([], others)
    into.copy_files(into.folder)
    card = into.card.model_copy(update={"calibration": made.over(old) if old and kept else made})
    bundle = write_bundle(into.folder, card)
    return Calibrated(found, categories, wanted.kinds, bundle, failures, kept, dropped)


def _each(asked: Sequence[tuple[dict[str, Asked], Asked]], progress: Progress) -> list[Key]:
    """Every direction that some model has both sides of."""
    found: dict[Key, None] = {}
    for domains, _ in asked:
        for target in domains:
            found |= dict.fromkeys([*((source, target) for source in domains), (None, target)])
    progress("directions", 0, len(found))
    return list(found)


def _looked(
    key: Key,
    models: Sequence[Model],
    asked: Sequence[tuple[dict[str, Asked], Asked]],
    wanted: Calibrating,
) -> Looked:
    source, target = key
    sides = [
        (model, words if source is None else domains[source], domains[target])
        for model, (domains, words) in zip(models, asked, strict=True)
        if target in domains and (source is None or source in domains)
    ]
    hits: dict[ScoreName, Hits] = {
        name: _hits([first_hits(*side, name, wanted.first) for side in sides]) for name in NAMES
    }
    kinds = round(np.mean([len(np.unique(side[2].labels)) for side in sides]))
    return Looked(hits, kinds, *_gain([gains(*side, wanted.first) for side in sides]))


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
            f"too little to learn from: a direction wants {directions.CATEGORIES} categories"
            " or more that the model does not know, with right hits and wrong ones"
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
        "failures": [asdict(failure) for failure in made.failures],
        "kept": _named(made.kept),
        "dropped": _named(made.dropped),
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


def _named(keys: Sequence[Key]) -> list[dict[str, str]]:
    return [{"source": source or "word", "target": target} for source, target in keys]
