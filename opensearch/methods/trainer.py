"""Training by any method: from collections to a bundle, or to one more domain of a model."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opensearch.config import TrainConfig, check_domain
from opensearch.domains import reader_settings
from opensearch.encoders.backbones import Backbone
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import BackboneCard, DomainCard, domain_identity
from opensearch.encoders.starter import STARTER
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import BundleError, InvalidInput
from opensearch.hashing import HASHERS, restore_hasher
from opensearch.hashing.sign import SignHasher
from opensearch.loop import RunFolder, alone
from opensearch.methods import METHODS, Method, find_method
from opensearch.progress import Failed, Note, Progress, quiet, silent, unheard
from opensearch.records import Source
from opensearch.semantic import Space, missing, open_provider
from opensearch.training.alignment import with_inherited_alignment
from opensearch.training.appearance import check_appearance, with_inherited_appearance
from opensearch.training.assemble import TrainedDomain, assemble, items_to_hash, write_domain
from opensearch.training.backbone import (
    donor_of,
    inherited_projector,
    initial_backbone,
    settled_by,
    write_backbone,
    write_tensors,
)
from opensearch.training.cache import cache_folder
from opensearch.training.class_names import check_class_names, with_inherited_class_names
from opensearch.training.codes import with_migration
from opensearch.training.collection import TrainingPart, categories_of, training_part
from opensearch.training.context import Context
from opensearch.training.domain import DomainData, load_domain
from opensearch.training.staying import tell_what_stays
from opensearch.training.view_pooling import pooled_before


@dataclass(frozen=True)
class Training:
    """What a training run is asked to do.

    Attributes:
        config: the settings of its method.
        data: collections to train on.
        out: folder of the model; checkpoints lie in `out/training`.
        extend: a model to add one domain to; everything else of it stays bit-identical.
        domain: the domain to train, with `extend`.
        cache: folder of cached rows; the user's cache when `None`.
    """

    config: TrainConfig
    data: Sequence[Path]
    out: Path
    extend: Path | None = None
    domain: str | None = None
    cache: Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.data, str | os.PathLike):
            raise InvalidInput(
                f"data must be a list of folders, as in [{str(self.data)!r}], got {self.data!r}"
            )


def train(
    training: Training,
    progress: Progress = quiet,
    note: Note = silent,
    failed: Failed = unheard,
) -> Bundle:
    """Train a model, or resume a run that was interrupted.

    Args:
        progress: called with a stage's name, steps done, steps in all.
        note: called with one line on what the user should know.
        failed: called with each file that cannot be read.

    Raises:
        InvalidInput: nothing to train on, a domain most of whose files cannot be read, settings
            that do not fit, or another run that is training into the same folder.
        UnknownWord: no category has a vector.
        BundleError: the model to extend, or the backbone's weights, cannot be read.
    """
    config = training.config
    method = find_method(config.method)
    _check(training, method)
    left_out = (config.exclude, config.omit, config.rename)
    part = training_part(training.data, training.domain, *left_out, failed)
    if part.unseen:
        note(f"left out, unseen in the data or excluded: {len(part.unseen)} categories")
    told = _Told(progress, note, failed)
    if training.extend is None:
        return _train_new(training, method, part, told)
    return _extend(training, method, Bundle.open(training.extend), part, told)


@dataclass(frozen=True)
class _Told:
    """Whom a run tells."""

    progress: Progress
    note: Note
    failed: Failed


def _train_new(training: Training, method: Method[Any], part: TrainingPart, told: _Told) -> Bundle:
    config, out, note = training.config, training.out, told.note
    spec = config.space.provider
    part = part.with_vectors(missing(open_provider(spec, part.categories), part.categories), note)
    space = Space.fit(spec, part.categories, transform=config.space.transform)
    check_appearance(config.appearance, space)
    method.check_data(config, {d: categories_of(s) for d, s in part.domains.items()})
    start = initial_backbone(config, note)
    backbones = {name: method.backbone(config, name, start.backbone) for name in part.domains}
    # Everything wrong with the settings was found above; from here on files are written.
    with alone(out):
        run = RunFolder(out, _settings(training, part), _settings(training, part, given=True))
        if finished := _finished(run, out, note):
            return finished
        cache = training.cache or cache_folder()
        context = Context(config, out, space, part.categories, run, cache, **vars(told))
        context = replace(context, unseen=tuple(part.unseen))
        cards = {one: _written(context, method, one) for one in set(backbones.values())}
        domains = [
            _load(context, method, n, files, cards[backbones[n]])
            for n, files in part.domains.items()
        ]
        return assemble(context, domains, method.fit(context, domains, start), start.classifier)


def _check(training: Training, method: Method[Any]) -> None:
    """Refuse settings that would only fail after hours."""
    hasher = training.config.hash.name
    if hasher not in HASHERS:
        raise InvalidInput(f"hash.name: no hasher {hasher!r}; known: {', '.join(HASHERS)}")
    for name in training.config.domains:
        reader_settings(training.config, name)
    if hasher == SignHasher.name and not method.makes_bits:
        makers = " and ".join(name for name, one in METHODS.items() if one.makes_bits)
        raise InvalidInput(
            f"hash.name: {hasher} is for method {makers}, whose embeddings are bits already;"
            " give gdmh"
        )
    if training.extend is None:
        check_class_names(training.config)
    if training.extend is not None and not method.extends:
        apart = " or ".join(name for name, one in METHODS.items() if one.extends)
        raise InvalidInput(
            f"method {method.name} trains all domains together and cannot extend a model; train a"
            f" new one on all domains, or extend it with the config {apart}"
        )
    method.check(training.config)
    if training.extend is None and training.domain is None:
        return
    if training.extend is None or training.domain is None:
        raise InvalidInput(
            "`extend` and `domain` go together: a model, and the domain to add to it"
        )
    check_domain(training.domain)
    if training.extend.resolve() == training.out.resolve():
        raise InvalidInput(
            f"{training.out} is the model to extend; the longer one needs another `out`"
        )


def _finished(run: RunFolder, out: Path, note: Note) -> Bundle | None:
    """The model, if the run was finished before; a damaged one is made again."""
    if not run.finished:
        return None
    try:
        bundle = Bundle.open(out)
    except BundleError:
        return None
    note(
        f"{out} was finished before, with these settings and these files; there is nothing left"
        " to train. Another `seed` trains another model, into another `out`"
    )
    return bundle


def _written(context: Context[Any], method: Method[Any], backbone: Backbone) -> BackboneCard:
    """Write the backbone that all domains start from; one that will learn needs no graph."""
    config = context.config
    if method.learns(config):
        tensors = write_tensors(context.out, backbone)
        return backbone.card(tensors)
    half = config.backbone.half or config.backbone.weights == STARTER  # which is in float16
    return write_backbone(context.out, backbone, config.size, context.note, half)


def _extend(
    training: Training,
    method: Method[Any],
    base: Bundle,
    part: TrainingPart,
    told: _Told,
) -> Bundle:
    name, config, out, note = training.domain or "", training.config, training.out, told.note
    if name in base.domains:
        raise InvalidInput(f"model {base.folder} already has a domain {name!r}; train a new model")
    space = Space.restore(base.tensors("space"), base.card.space.settings, base.card.hint)
    part = part.with_vectors(space.missing(part.categories), note)
    learns = method.learns(config)
    donor = donor_of(base, reader_settings(config, name), learns)
    config = settled_by(donor, config, name, learns, note)
    tell_what_stays(base.card, config, note)
    settled = replace(training, config=config)
    with alone(out):
        run = RunFolder(out, _settings(settled, part), _settings(settled, part, given=True))
        if finished := _finished(run, out, note):
            return finished
        base.copy_files(out)
        seen = sorted({*base.card.categories, *part.categories})
        cache = training.cache or cache_folder()
        inherited = inherited_projector(base, donor)
        context = Context(config, out, space, seen, run, cache, **vars(told), inherited=inherited)
        data = _load(context, method, name, part.domains[name], donor.backbone)
        fitted = method.extend(context, data)
        if fitted.backbone == donor.backbone:
            shared = load_tensors(base.folder / donor.projector)
            fitted = with_inherited_class_names(fitted, shared)
            fitted = with_inherited_appearance(context, data, fitted, shared)
            alike = [n for n in base.domains if base.domain(n).backbone == donor.backbone]
            fitted = with_inherited_alignment(fitted, [base.projector(name) for name in alike])
        trained = write_domain(context, data, fitted)
        added = _with_generator(context, base, name, trained)
        card = base.card.model_copy(
            update={
                "domains": {**base.card.domains, name: added},
                "categories": sorted({*base.card.categories, *trained.categories}),
                "identities": {
                    **base.card.identities,
                    f"encoder/{name}": domain_identity(out, added),
                },
            }
        )
        return write_bundle(out, card)


def _with_generator(
    context: Context[Any], base: Bundle, name: str, trained: TrainedDomain
) -> DomainCard:
    """The new domain's card, with a generator of its own if the model's codes migrate."""
    hasher = restore_hasher(base.card.hash.settings, base.tensors("hash"), {})
    data = items_to_hash(context.space, {name: trained})
    settings = context.config.hash.model_copy(update={"bits": hasher.bits})
    adapted = hasher.adapted(name, data, settings, context.config.seed, context.progress)
    return with_migration(context.out, name, trained.card, adapted)


def _load(
    context: Context[Any],
    method: Method[Any],
    name: str,
    files: Sequence[Source],
    card: BackboneCard,
) -> DomainData:
    learns, lines = method.learns(context.config), method.line_views(context.config)
    data = load_domain(context, name, files, card, learns, lines)
    if len(data.rows) * data.views < 2:
        raise InvalidInput(f"domain {name!r} has a single picture to train on; give it more")
    return pooled_before(context, data)


def _settings(training: Training, part: TrainingPart, given: bool = False) -> dict[str, object]:
    """What a resumed run must agree on; with `given`, without config values at their default."""
    return {
        "config": training.config.model_dump(mode="json", exclude_defaults=given),
        "data": [str(folder.absolute()) for folder in training.data],
        "files": {name: _summary(sources) for name, sources in part.domains.items()},
        "extend": str(training.extend.absolute()) if training.extend else None,
        "domain": training.domain,
    }


def _summary(sources: Sequence[Source]) -> str:
    """How many files, and a digest of their keys and categories."""
    lines = "\n".join(f"{source.key}|{source.category}" for source in sources)
    digest = hashlib.blake2b(lines.encode(errors="replace"), digest_size=6).hexdigest()
    return f"{len(sources)} files, {digest}"
