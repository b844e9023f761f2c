"""Parts of a query that are points already: read, looked up or understood once, asked by often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.opening.opener import Opened
from opensearch.engine import arguments as must
from opensearch.engine.filters.naming import wanted_item
from opensearch.engine.query.as_stored import Embed, as_stored
from opensearch.engine.query.understood import TakenAs, understood_text
from opensearch.errors import InvalidInput, NotKept
from opensearch.model import Input, Model
from opensearch.model.inputs import drawings_in, name_of
from opensearch.records import Item, Up
from opensearch.semantic import unit
from opensearch.store import Store


@dataclass(frozen=True, eq=False)
class Part:
    """A point of the space, and what it was made of.

    Attributes:
        vector: (d,), unit.
        domain: of the file or item; `None` of words.
        opened: a file as its encoder saw it.
        item: the stored item; it is no hit of itself.
        notes: remarks for the user.
        taken: what a file was taken for.
    """

    vector: NDArray[np.float32]
    domain: str | None = None
    opened: Opened | None = None
    item: Item | None = None
    notes: tuple[str, ...] = ()
    taken: TakenAs | None = None

    def __post_init__(self) -> None:
        given: Any = self.vector
        if not isinstance(given, np.ndarray) or given.ndim != 1 or given.dtype.kind not in "fiu":
            wanted = "an array of floats of shape (d,)"
            must.refuse("the vector of a part", wanted, given, "; `Engine.part` makes parts")

    def __repr__(self) -> str:
        """What it was made of."""
        if self.item is not None:
            return f"<Part: item {self.item.key or self.item.id}>"
        return f"<Part: a {self.domain}>" if self.domain else "<Part: words>"


def file_part(embed: Embed, given: Input, domain: str | None, up: Up | None) -> Part:
    """A file, picture or mesh as a part, embedded as `Model.embed_one` does.

    Raises:
        UnreadableFile: it cannot be read.
        InvalidInput: the model has no encoder for its domain.
    """
    opened, vector = embed(given, domain, up)
    taken = TakenAs(name_of(given), opened.domain, opened.sure)
    guess = f"guessed that {taken.name} is a {opened.domain}; use `source` if it is not"
    notes = [] if opened.sure else [guess]
    if opened.doubt:
        notes.append(f"{taken.name} looks like a photo of a thing: if it is, use `source='photo'`")
    if opened.reading.lost:
        notes.append(f"{taken.name} is damaged: {opened.reading.lost}")
    if (lines := drawings_in(given)) > 1:
        notes.append(f"{taken.name} has {lines:,} drawings: the first one asks; name another by #n")
    return Part(vector, opened.domain, opened, notes=tuple(notes), taken=taken)


def stored_part(store: Store, key: str) -> Part:
    """A stored item as a part.

    Raises:
        InvalidInput: the key is unknown.
        NotKept: the item has no embedding.
    """
    item = wanted_item(store, key, several="keys")
    rows, present = store.embeddings([item.id])
    if not present[0]:
        raise NotKept(f"item {key!r} was added as a ready code, without an embedding to search by")
    return Part(unit(rows)[0], item.domain, item=item)


def word_part(model: Model, text: str) -> Part:
    """Words as a part.

    Raises:
        UnknownWord: no word is known.
        InvalidInput: the words say what to leave out.
    """
    found = model.space.text(text)
    if len(found.against) or not len(found.points):
        raise InvalidInput(
            f"{text!r} says what to leave out; make that a part of its own, with a weight below 0"
        )
    understood = understood_text(found.phrase, model.space.vocabulary.offers)
    return Part(model.asked(found.vector[None])[0], notes=tuple(understood.remarks()))


def made_part(
    model: Model,
    store: Store,
    asked: tuple[Input | None, str | None, str | None],
    domain: str | None,
    up: Up | None,
) -> Part:
    """A part of the one of input, key and words that is given; see `Engine.part`."""
    given, key, text = asked
    if sum(each is not None for each in asked) != 1:
        raise InvalidInput("a part is one of `given`, `key` and `text`; give one of them")
    if given is not None:
        return file_part(as_stored(model.embed_one, store, model.limits), given, domain, up)
    if key is not None:
        return stored_part(store, key)
    return word_part(model, text or "")
