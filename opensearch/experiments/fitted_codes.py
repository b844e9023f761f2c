"""The codes that an experiment compares: a model's own, and those fitted on a train split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from opensearch.config import HashSettings
from opensearch.domains.collections.catalog import read_collection
from opensearch.errors import InvalidInput
from opensearch.experiments.embedded import EmbeddedCollection, EmbeddedSplit
from opensearch.hashing import HashData, Hasher, check_bits, fit_hasher
from opensearch.model import Model
from opensearch.progress import Progress, quiet, unheard
from opensearch.training.codes import hash_data

TRAIN = "train"


def fit_codes(
    model: Model,
    embedded: EmbeddedCollection,
    bits: Sequence[int],
    hashers: Sequence[str],
    seed: int,
    borrowed: Mapping[str, str] | None = None,
    progress: Progress = quiet,
) -> dict[str, Hasher]:
    """The model's own codes, and each hasher at each length fitted on the train split.

    Args:
        model: whose embeddings these are.
        embedded: a collection; without bits its train split is not wanted.
        bits: code lengths.
        hashers: names of `HASHERS`.
        seed: of the hashers.
        borrowed: domains of the collection that the encoder of another has embedded.

    Returns:
        By `model-<bits>` and `<hasher>-<bits>`.

    Raises:
        InvalidInput: bits with nothing to fit codes on, or no such hasher.
    """
    found: dict[str, Hasher] = {f"model-{model.hasher.bits}": model.hasher}
    if not bits:
        return found
    if TRAIN not in embedded.splits:
        raise _no_train(bits)
    data = training_items(model, [embedded.splits[TRAIN]], borrowed or {})
    for width in bits:
        check_bits(width)
        for name in hashers:
            settings = HashSettings(name=name, bits=width)
            found[f"{name}-{width}"] = fit_hasher(settings, data, seed, progress)
    return found


def check_has_train(data: Path, bits: Sequence[int]) -> None:
    """Refuse a collection without a train split before anything is embedded.

    Raises:
        InvalidInput: it has none.
    """
    if not any(source.split == TRAIN for source in read_collection(data, unheard)):
        raise _no_train(bits)


def _no_train(bits: Sequence[int]) -> InvalidInput:
    return InvalidInput(
        f"codes of {', '.join(map(str, bits))} bits are fitted on a train split, which the"
        " collection lacks; `split_collection(DIR)` makes one, or leave `bits` out to measure the"
        " model's own codes"
    )


def training_items(
    model: Model, trained: Sequence[EmbeddedSplit], borrowed: Mapping[str, str]
) -> HashData:
    """Training items, of one collection or several, of the categories the model was trained on.

    Raises:
        InvalidInput: there are none.
    """
    items = [
        (borrowed.get(domain, domain), embeddings, labels)
        for split in trained
        for domain, (embeddings, labels) in split.domains.items()
    ]
    categories = model.bundle.card.categories
    return hash_data(items, categories, model.seen_prototypes, model.space.points())
