"""From fitted encoders to a bundle: embed the items, fit the codes, write `model.json`."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray
from torch import nn

from opensearch import __version__
from opensearch.config import TrainConfig
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import DomainCard, ModelCard, PartCard, Published
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.hashing import HashData, fit_hasher
from opensearch.refinement import LAMBDA_SEEN, LAMBDA_UNSEEN, LambdaRule
from opensearch.semantic import Space
from opensearch.training.alignment import with_alignment
from opensearch.training.appearance import with_appearance
from opensearch.training.class_names import with_class_names
from opensearch.training.codes import hash_data, write_codes
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, embed_domain, even_sample
from opensearch.training.view_pooling import with_pooling


@dataclass(frozen=True)
class FittedModel:
    """What a method returns; the rest of a bundle is made in the same way for all.

    Attributes:
        domains: the encoder of each domain.
        rule: for λ; `None` to take it from the settings, see `given_rule`.
        space: if the method learnt the points of its categories itself.
        published: how the method's paper ranks, if not by cosines of pooled views.
    """

    domains: Mapping[str, FittedDomain]
    rule: LambdaRule | None = None
    space: Space | None = None
    published: Published | None = None


@dataclass(frozen=True)
class TrainedDomain:
    """A domain whose files are written: its card, and the items that codes are fitted on.

    Attributes:
        categories: all that it was trained on.
        labels: category of each embedding.
        embeddings: shape (n, d), of all its training items or an even sample.
    """

    card: DomainCard
    categories: list[str]
    labels: list[str]
    embeddings: NDArray[np.float32]


def assemble(
    context: Context[TrainConfig],
    domains: Sequence[DomainData],
    fitted: FittedModel,
    classifier: nn.Linear | None = None,
) -> Bundle:
    """Embed the training items, fit the codes on them and write the bundle.

    Args:
        classifier: that the backbone was pretrained with, of which the encoders may keep names.
    """
    context = replace(context, space=fitted.space or context.space)
    encoders = {
        data.name: with_pooling(context, data, fitted.domains[data.name]) for data in domains
    }
    encoders, named = with_class_names(context, encoders, classifier)
    encoders = with_alignment(context, domains, with_appearance(context, domains, encoders))
    trained = {data.name: write_domain(context, data, encoders[data.name]) for data in domains}
    config, space = context.config, context.space
    rule = given_rule(context) if fitted.rule is None else fitted.rule
    hasher = fit_hasher(config.hash, items_to_hash(space, trained), config.seed, context.progress)
    if hasher.note:
        context.note(hasher.note)
    codes = write_codes(context.out, {name: d.card for name, d in trained.items()}, hasher)
    tensors, settings = space.tensors(), space.settings()
    part = PartCard(tensors=save_tensors(context.out, "space", tensors), settings=settings)
    card = ModelCard(
        domains=codes.domains,
        space=part,
        hash=codes.part,
        method=config.method,
        bits=config.hash.bits,
        dim=space.dim,
        seed=config.seed,
        categories=sorted({c for domain in trained.values() for c in domain.categories}),
        refinement={"seen": rule.seen, "unseen": rule.unseen, "threshold": rule.threshold},
        identities={"space": identity(tensors, settings), **codes.identities},
        versions=_versions(),
        named=named,
        published=fitted.published,
        hint=space.hint,
    )
    return write_bundle(context.out, card)


def write_domain(
    context: Context[TrainConfig], data: DomainData, fitted: FittedDomain
) -> TrainedDomain:
    """Write a domain's projector, shared tensors only once, and embed its items."""
    fitted = with_pooling(context, data, fitted)
    own = {k: v for k, v in fitted.projector.items() if k not in fitted.shared}
    shared = {k: v for k, v in fitted.projector.items() if k in fitted.shared}
    name = save_tensors(context.out, f"projector-{data.name}", own)
    names = {"projector": name}
    if shared:
        names = {"projector": save_tensors(context.out, "projector", shared), "norms": name}
    card = DomainCard(reader=data.reader, backbone=fitted.backbone, pooling=fitted.pooling, **names)
    some = even_sample(len(data.rows), context.config.hash.items)
    labels = [data.categories[i] for i in some]
    embeddings = embed_domain(context, data, fitted, some)
    return TrainedDomain(card, sorted(set(data.categories)), labels, embeddings)


def items_to_hash(space: Space, trained: Mapping[str, TrainedDomain]) -> HashData:
    """The training embeddings of all domains, to fit codes on."""
    categories = sorted({c for domain in trained.values() for c in domain.categories})
    items = [(name, domain.embeddings, domain.labels) for name, domain in trained.items()]
    return hash_data(items, categories, space.prototypes(categories), space.points())


def given_rule(context: Context[TrainConfig]) -> LambdaRule:
    """The λ rule that needs no training: fixed, or with a threshold found in another run."""
    settings = context.config.refinement
    if settings.rule == "auto" and settings.threshold is not None:
        return LambdaRule(LAMBDA_SEEN, LAMBDA_UNSEEN, settings.threshold)
    if settings.rule == "auto":
        context.note(
            f"λ is fixed at {settings.fixed}: method {context.config.method} fits no threshold;"
            " give one found on a validation cut with refinement.threshold"
        )
    return LambdaRule.fixed(settings.fixed)


def _versions() -> dict[str, str]:
    versions = {"opensearch-visual": __version__, "python": platform.python_version()}
    for package in ("torch", "torchvision", "onnxruntime", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
