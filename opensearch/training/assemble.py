"""From trained parts to a bundle: codes fitted, identities taken, `model.json` written."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

import numpy as np
from numpy.typing import NDArray

from opensearch import __version__
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import DomainCard, ModelCard, PartCard
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.hashing import HashData, fit_hasher
from opensearch.refinement import LambdaRule
from opensearch.training.codes import write_codes
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, FittedDomain, embed_domain


@dataclass(frozen=True)
class TrainedDomain:
    """A finished domain: its card, and what codes are fitted on.

    Attributes:
        categories: all that it was trained on.
        labels: category of each embedding.
        embeddings: shape (n, d), of all its training items or an even sample.
    """

    card: DomainCard
    categories: list[str]
    labels: list[str]
    embeddings: NDArray[np.float32]


def finish_domain(context: Context, data: DomainData, fitted: FittedDomain) -> TrainedDomain:
    """Write a domain's projector, what it shares with others once, and embed its items."""
    own = {k: v for k, v in fitted.projector.items() if k not in fitted.shared}
    shared = {k: v for k, v in fitted.projector.items() if k in fitted.shared}
    name = save_tensors(context.out, f"projector-{data.name}", own)
    names = {"projector": name}
    if shared:
        names = {"projector": save_tensors(context.out, "projector", shared), "norms": name}
    card = DomainCard(reader=data.reader, backbone=fitted.backbone, pooling=fitted.pooling, **names)
    some = _sample(len(data.rows), context.config.hash.items)
    labels = [data.categories[i] for i in some]
    embeddings = embed_domain(context, data, fitted, some)
    return TrainedDomain(card, sorted(set(data.categories)), labels, embeddings)


def _sample(count: int, most: int | None) -> NDArray[np.int64]:
    """Numbers of at most `most` of `count` items, evenly spread; of all without a bound."""
    most = count if most is None else most
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def assemble(context: Context, trained: dict[str, TrainedDomain], rule: LambdaRule) -> Bundle:
    """Fit the codes on all training embeddings and write the bundle."""
    config, space = context.config, context.space
    data = hash_data(context, trained)
    hasher = fit_hasher(config.hash, data, config.seed, context.progress)
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
        hint=space.hint,
    )
    return write_bundle(context.out, card)


def hash_data(context: Context, trained: dict[str, TrainedDomain]) -> HashData:
    """What codes are fitted on: the domains' training embeddings."""
    categories = sorted({c for domain in trained.values() for c in domain.categories})
    place = {category: i for i, category in enumerate(categories)}
    return HashData(
        embeddings=np.concatenate([domain.embeddings for domain in trained.values()]),
        domains=np.array([name for name, d in trained.items() for _ in d.labels]),
        labels=np.array([place[c] for d in trained.values() for c in d.labels], np.int64),
        prototypes=context.space.prototypes(categories),
        words=context.space.points(),
    )


def _versions() -> dict[str, str]:
    versions = {"opensearch-visual": __version__, "python": platform.python_version()}
    for package in ("torch", "torchvision", "onnxruntime", "numpy"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
