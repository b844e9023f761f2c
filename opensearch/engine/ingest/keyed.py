"""Items under keys of the caller's: what is said of each, in lists of one length."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from opensearch.config import check_domain
from opensearch.errors import InvalidInput
from opensearch.model import Input
from opensearch.records import Item, Metadata, Source


def keyed(
    inputs: Sequence[Input],
    keys: Sequence[str],
    metadata: Sequence[Metadata] | None,
    categories: Sequence[str | None] | None,
) -> list[tuple[Input, Source]]:
    """Inputs with the sources of their keys, for `Adding.run_items`.

    Raises:
        InvalidInput: lengths do not agree, or a key is empty or comes twice.
    """
    _check("inputs", len(inputs), keys, metadata, categories)
    return [
        (given, Source(Path(), key, category=category, metadata=dict(said)))
        for given, key, said, category in zip(
            inputs,
            keys,
            metadata or [{}] * len(inputs),
            categories or [None] * len(inputs),
            strict=True,
        )
    ]


def described(
    count: int,
    domain: str,
    keys: Sequence[str],
    metadata: Sequence[Metadata] | None,
    categories: Sequence[str | None] | None,
) -> list[Item]:
    """Records of embeddings that have no file.

    Raises:
        InvalidInput: lengths do not agree, or a key is empty or comes twice.
    """
    check_domain(domain)
    _check("embeddings", count, keys, metadata, categories)
    said = zip(keys, metadata or [{}] * count, categories or [None] * count, strict=True)
    return [
        Item(-1, key, domain, category=category, metadata=dict(fields))
        for key, fields, category in said
    ]


def _check(
    what: str,
    count: int,
    keys: Sequence[str],
    metadata: Sequence[Metadata] | None,
    categories: Sequence[str | None] | None,
) -> None:
    """Refuse keys, metadata or categories that do not go with `count` of something.

    Raises:
        InvalidInput: lengths do not agree, or a key is empty or comes twice.
    """
    rows = {"keys": keys, "metadata": metadata, "categories": categories}
    for name, given in rows.items():
        if given is not None and len(given) != count:
            raise InvalidInput(f"there must be as many {name} as {what}: {count}, got {len(given)}")
    check_different(keys)
    if "" in keys:
        raise InvalidInput("an item needs a key, got an empty one")


def check_different(keys: Sequence[str]) -> None:
    """Refuse keys of which one comes twice.

    Raises:
        InvalidInput: it does.
    """
    twice = next((key for key, times in Counter(keys).items() if times > 1), None)
    if twice is not None:
        raise InvalidInput(f"keys must all be different, got {str(twice)!r} twice")
