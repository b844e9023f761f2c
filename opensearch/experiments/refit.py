"""New codes for a model: its hasher is fitted again on its training files, all else stays.

It is a bundle with the encoders and the space of the old one. An index made with that does not fit
it: the collection is indexed again. Of the `train` splits of the collections the files of the
model's categories are taken, through the cache of features.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from opensearch.config import HashSettings
from opensearch.encoders.bundle import Bundle, only_parts, write_bundle
from opensearch.encoders.card import CARD
from opensearch.engine import arguments as must
from opensearch.errors import InvalidInput
from opensearch.experiments.embedded import EmbeddedSplit, embed_collection
from opensearch.experiments.fitted_codes import TRAIN, training_items
from opensearch.hashing import check_fit, fit_hasher
from opensearch.model import Model
from opensearch.progress import Progress, quiet
from opensearch.training.cache import cache_folder
from opensearch.training.codes import write_codes


def refit(
    model: Bundle,
    out: Path,
    data: Sequence[Path],
    settings: HashSettings,
    seed: int = 0,
    progress: Progress = quiet,
) -> Bundle:
    """Write a bundle like `model` with a hasher fitted anew.

    Args:
        data: collections; each has a split `train`.

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
    items = training_items(Model(model), [_train(model, path, progress) for path in data], {})
    hasher = fit_hasher(settings, items, seed, progress)
    model.copy_files(out)
    codes = write_codes(out, model.card.domains, hasher)
    card = model.card.model_copy(
        update={
            "domains": codes.domains,
            "hash": codes.part,
            "bits": hasher.bits,
            "calibration": None,  # its curves over codes were those of the old ones
            "identities": {**model.card.identities, **codes.identities},
        }
    )
    return write_bundle(out, card)


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


def _train(model: Bundle, folder: Path, progress: Progress) -> EmbeddedSplit:
    embedded = embed_collection(
        model, folder, cache_folder(), progress, keep=lambda split: split == TRAIN
    )
    return embedded.split(TRAIN)
