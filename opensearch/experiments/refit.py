"""New codes for a model: its hasher is fitted again on its training files, all else stays.

The result is a bundle with the encoders and the space of the old one; the last map of each encoder
may be learnt anew, too, see `encoders.alignment`. Indexes made with the old model do not fit it and
must be rebuilt. Codes are fitted on files of the model's categories in the `train` splits of the
collections, through the cache of features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from opensearch.calibration import Calibration
from opensearch.config import HashSettings
from opensearch.encoders.alignment import MAP, Alignment, fit_maps, stored
from opensearch.encoders.bundle import Bundle, only_parts, write_bundle
from opensearch.encoders.card import CARD, DomainCard
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.tensors import load_tensors, save_tensors
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput
from opensearch.experiments.embedded import Embed, EmbeddedCollection, embed_collection
from opensearch.experiments.fitted_codes import TRAIN, training_items
from opensearch.hashing import HashData, check_fit, fit_hasher
from opensearch.model import Model
from opensearch.progress import Failed, Progress, quiet, unheard
from opensearch.training.cache import cache_folder
from opensearch.training.codes import write_codes

Maps: TypeAlias = Mapping[str, NDArray[np.floating]]


def refit(
    model: Bundle,
    out: Path,
    data: Sequence[Path],
    settings: HashSettings,
    seed: int = 0,
    progress: Progress = quiet,
    freedom: float | None = None,
    failed: Failed = unheard,
) -> Bundle:
    """Write a bundle like `model` with a hasher fitted anew.

    Its calibration keeps the curves of cosines and the choice of refinement, not those of codes;
    with other maps of the encoders it is left out.

    Args:
        data: collections; each has a split `train`.
        freedom: of each domain's last map, which is learnt anew; 0 for none, and `None` leaves
            the encoders as they are.
        failed: called with each file that cannot be read.

    Raises:
        InvalidInput: a collection without train files of the model's domains, no files of its
            categories, no such hasher, or `out` is the model itself, another model, or holds other
            files.
        MissingExtra: the hasher trains a network, and torch is not installed.
    """
    data = must.paths("data", data)
    check_fit(settings.name)
    if out.resolve() == model.folder.resolve():
        raise InvalidInput(f"{out} is the model itself; its new codes need another folder")
    _check_place(out, model)
    embed = Encoder.embed_features if freedom is None else Encoder.unaligned
    trained = []
    for path in data:
        own = _train(model, path, progress, embed)
        for failure in own.failures:
            failed(failure)
        trained.append(own.split(TRAIN))
    items = training_items(Model(model), trained, {})
    maps: Maps = {}
    if freedom:
        maps = fit_maps(items.embeddings, items.domains, items.labels, freedom)
        items = replace(items, embeddings=_aligned(items, maps))
    hasher = fit_hasher(settings, items, seed, progress)
    model.copy_files(out)
    domains = model.card.domains if freedom is None else _with_maps(model, out, maps)
    codes = write_codes(out, domains, hasher)
    card = model.card.model_copy(
        update={
            "domains": codes.domains,
            "hash": codes.part,
            "bits": hasher.bits,
            "calibration": _still_holding(model, freedom),
            "identities": {**model.card.identities, **codes.identities},
        }
    )
    return write_bundle(out, card)


def _still_holding(model: Bundle, freedom: float | None) -> Calibration | None:
    """What of a calibration holds with new codes: nothing where the embeddings are new, too."""
    old = model.card.calibration
    return None if old is None or freedom is not None else old.without_codes()


def _aligned(items: HashData, maps: Maps) -> NDArray[np.float32]:
    rows = items.embeddings.copy()
    for name, onto in maps.items():
        own = items.domains == name
        rows[own] = Alignment({MAP: stored(onto)})(rows[own])
    return rows


def _with_maps(model: Bundle, out: Path, maps: Maps) -> dict[str, DomainCard]:
    """The model's domains with these last maps and no others, their tensors written to `out`."""
    found = {}
    for name, card in model.card.domains.items():
        field = "norms" if card.norms else "projector"
        own = load_tensors(model.folder / getattr(card, field))
        kept = {key: tensor for key, tensor in own.items() if key != MAP}
        if name in maps:
            kept[MAP] = stored(maps[name])
        file = save_tensors(out, f"projector-{name}", kept)
        found[name] = card.model_copy(update={field: file})
    return found


def _check_place(out: Path, model: Bundle) -> None:
    """Refuse a folder whose files are of something else than a refitting of the model."""
    if (out / CARD).exists():
        if _encoders(Bundle.open(out)) != _encoders(model):
            raise InvalidInput(f"{out} holds another model; name a new folder")
    elif out.is_dir() and not only_parts(out):
        raise InvalidInput(f"{out} holds other files; name a new folder")


def _encoders(model: Bundle) -> dict[str, tuple[str | None, ...]]:
    """Names of the tensors of each domain that a refitting keeps; a name tells its content."""
    cards = model.card.domains.items()
    return {name: (card.backbone.tensors, card.projector, card.norms) for name, card in cards}


def _train(model: Bundle, folder: Path, progress: Progress, embed: Embed) -> EmbeddedCollection:
    return embed_collection(
        model, folder, cache_folder(), progress, keep=lambda split: split == TRAIN, embed=embed
    )
