"""The rule for λ: a threshold between seen and unseen queries, fitted on held-out categories.

A tenth of the categories, and a tenth of the files of the others, are held out; projectors trained
on the rest embed both; the threshold on the cosine to the nearest seen prototype that tells them
apart best becomes the model's rule. Nothing of a test or unseen split is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from opensearch.methods.prototype.fitting import fit_domain
from opensearch.methods.prototype.settings import PrototypeConfig
from opensearch.refinement import LAMBDA_SEEN, LAMBDA_UNSEEN, LambdaRule, fit_threshold
from opensearch.training.assemble import given_rule
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, embed_domain


def fit_rule(context: Context[PrototypeConfig], domains: Sequence[DomainData]) -> LambdaRule:
    """The λ rule of the config: fixed, given, or with a threshold fitted as the module says."""
    settings = context.config.refinement
    if settings.rule == "fixed" or settings.threshold is not None:
        return given_rule(context)
    if context.config.appearance.width:
        context.note(
            f"λ is fixed at {settings.fixed}: cosines still change, when appearance completes the"
            " embeddings; give a threshold found on a validation cut with refinement.threshold"
        )
        return LambdaRule.fixed(settings.fixed)
    held = _held_out(context, domains)
    if not held:
        context.note(f"too few categories to fit λ on: it is fixed at {settings.fixed}")
        return LambdaRule.fixed(settings.fixed)
    # The softmax may not hold the held-out prototypes either: they stand for unseen categories.
    context = replace(context, categories=sorted(set(context.categories) - held))
    cosines = [_cosines(context, data, held) for data in domains]
    seen, unseen = (np.concatenate(part) for part in zip(*cosines, strict=True))
    if not len(seen) or not len(unseen):
        context.note(f"too few files to fit λ on: it is fixed at {settings.fixed}")
        return LambdaRule.fixed(settings.fixed)
    threshold = float(np.clip(fit_threshold(seen, unseen), -1, 1))
    return LambdaRule(LAMBDA_SEEN, LAMBDA_UNSEEN, threshold)


def _held_out(context: Context[PrototypeConfig], domains: Sequence[DomainData]) -> set[str]:
    names = sorted({category for data in domains for category in data.categories})
    count = round(len(names) * context.config.refinement.held_out)
    rng = np.random.default_rng([context.config.seed, 1])
    return set(rng.permutation(names)[:count].tolist())


def _cosines(
    context: Context[PrototypeConfig], data: DomainData, held: set[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Cosines to the nearest trained prototype: of held-out files, of held-out categories."""
    is_held = np.array([category in held for category in data.categories])
    chosen = np.random.default_rng([context.config.seed, 2]).random(len(is_held)) < 0.1
    train = np.flatnonzero(~is_held & ~chosen)
    seen, unseen = np.flatnonzero(~is_held & chosen), np.flatnonzero(is_held)
    if len(train) * data.views < 2:
        return np.zeros(0, np.float32), np.zeros(0, np.float32)
    fitted = fit_domain(context, data, train, f"{data.name}.validation")
    trained = sorted({data.categories[i] for i in train})
    prototypes = context.space.prototypes(trained)

    def nearest(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        if not len(rows):
            return np.zeros(0, np.float32)
        cosines = embed_domain(context, data, fitted, rows) @ prototypes.T
        top: NDArray[np.float32] = cosines.max(axis=1)
        return top

    return nearest(seen), nearest(unseen)
