"""Checks of what a caller hands to the store, once, where it enters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.errors import InvalidInput
from opensearch.records import Item
from opensearch.store.batch import Batch


def check_widths(bits: int, dim: int) -> None:
    """Refuse a store that could hold no code.

    Raises:
        InvalidInput: `bits` is not a positive multiple of 8, or `dim` is negative.
    """
    if bits <= 0 or bits % 8:
        raise InvalidInput(f"a hash code needs a positive multiple of 8 bits, got {bits}")
    if dim < 0:
        raise InvalidInput(f"an embedding needs a dimension of 0 or more, got {dim}")


def check_batch(
    items: Sequence[Item],
    codes: NDArray[np.uint8],
    embeddings: NDArray[np.floating[Any]] | None,
    thumbnails: Sequence[bytes] | None,
    widths: tuple[int, int],
    imprints: Sequence[bytes] | None = None,
) -> tuple[Batch, list[int]]:
    """Refuse what cannot be stored, and keep the last of the items that share a key.

    Args:
        items: n items.
        codes: shape (n, bits // 8).
        embeddings: shape (n, dim), or `None`.
        thumbnails: n pictures, or `None`.
        widths: bits and dim of the store.
        imprints: n imprints, or `None`.

    Returns:
        The batch, and for each item given its place in it.

    Raises:
        InvalidInput: shapes, types, keys or domains that the store cannot take.
    """
    bits, dim = widths
    _check_array("codes", codes, (len(items), bits // 8), np.uint8)
    if embeddings is not None:
        _check_array("embeddings", embeddings, (len(items), dim), np.floating)
    if thumbnails is not None and len(thumbnails) != len(items):
        raise InvalidInput(f"{len(items)} items came with {len(thumbnails)} thumbnails")
    if imprints is not None:
        check_imprints(len(items), imprints)
    for item in items:
        _check_item(item)
    last = {item.key: place for place, item in enumerate(items)}
    halves = None if embeddings is None or dim == 0 else _halves(embeddings)
    if len(last) == len(items):
        batch = Batch(items, np.ascontiguousarray(codes), halves, thumbnails, imprints)
        return batch, list(range(len(items)))
    kept = sorted(last.values())
    batch = Batch(
        [items[place] for place in kept],
        codes[kept],
        None if halves is None else halves[kept],
        None if thumbnails is None else [thumbnails[place] for place in kept],
        None if imprints is None else [imprints[place] for place in kept],
    )
    places = {items[place].key: number for number, place in enumerate(kept)}
    return batch, [places[item.key] for item in items]


def check_imprints(items: int, imprints: Sequence[bytes]) -> None:
    """Refuse imprints that are not one an item.

    Raises:
        InvalidInput: more or fewer.
    """
    if len(imprints) != items:
        raise InvalidInput(f"{items} items came with {len(imprints)} imprints")


def check_update(items: Sequence[Item]) -> None:
    """Refuse records that cannot stand together.

    Raises:
        InvalidInput: an empty key, or an id or key that comes twice.
    """
    for item in items:
        if not item.key:
            raise InvalidInput(f"item {item.id} needs a key that is not empty")
    if len({item.id for item in items}) < len(items) or len({i.key for i in items}) < len(items):
        raise InvalidInput("an id or a key comes twice in one update; give each item once")


def _check_array(
    name: str, array: NDArray[Any], shape: tuple[int, int], kind: type[np.generic]
) -> None:
    if array.shape != shape or not np.issubdtype(array.dtype, kind):
        raise InvalidInput(
            f"{name} must be {kind.__name__} of shape {shape},"
            f" got {array.dtype} of shape {array.shape}"
        )


def _check_item(item: Item) -> None:
    if not item.key or not item.domain:
        raise InvalidInput(
            f"an item needs a key and a domain, got key {item.key!r} and domain {item.domain!r}"
        )
    check_domain(item.domain)


def _halves(embeddings: NDArray[np.floating[Any]]) -> NDArray[np.float16]:
    with np.errstate(over="ignore"):
        halves = np.ascontiguousarray(embeddings, np.float16)
    if not np.isfinite(halves).all():
        row = int((~np.isfinite(halves)).any(axis=1).argmax())
        raise InvalidInput(f"embeddings row {row} holds NaN or numbers too large for float16")
    return halves


def check_domain(domain: str) -> None:
    """Refuse the name of a domain that is no text.

    Raises:
        InvalidInput: it holds half of a pair of surrogates.
    """
    try:
        domain.encode()
    except UnicodeEncodeError as error:
        raise InvalidInput(f"the name of a domain must be text in UTF-8, got {domain!r}") from error
