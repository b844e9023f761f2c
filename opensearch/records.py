"""The records that travel between rooms: found files, stored items, hits and reports."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias, TypeVar, get_args

Metadata: TypeAlias = dict[str, Any]
"""Declared fields of an item; values are what JSON can say."""

NESTED: Final = 500
"""How deep lists and dicts of metadata may lie in each other: msgpack goes to 511."""

FROM_PHOTOS: Final = ("taken", "camera")
"""Metadata that photos bring with them, where nobody declares them."""

Names: TypeAlias = list[str] | tuple[str, ...]
"""Several names. A bare string, which is a `Sequence[str]` of its letters, is none."""

T_co = TypeVar("T_co", covariant=True)


class Several(Protocol[T_co]):
    """A list, a tuple or another sequence, but no string and no bytes, to the type checker.

    A string is a `Sequence[str]` of its letters; it only ever contains strings, which tells it
    from others here.
    """

    def __contains__(self, value: object, /) -> bool: ...

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[T_co]: ...

    def count(self, value: Any, /) -> int:
        """How often a value is in it; arrays have no such method."""


def is_number(value: Any) -> bool:
    """Whether a value of metadata is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


Up: TypeAlias = Literal["x", "y", "z", "unknown"]
"""Which axis of a shape is up."""

UPS: Final[tuple[Up, ...]] = get_args(Up)


@dataclass(frozen=True, slots=True)
class Remote:
    """A file at an address such as s3://bucket/photos/a.png, as its folder lists it.

    `size` is in bytes. `mtime_ns` is its modification time or, where the listing has none, another
    number that changes with the file; 0 where it has neither.
    """

    address: str
    size: int
    mtime_ns: int


_ADDRESS: Final = re.compile("[A-Za-z][A-Za-z0-9+.-]+://")


def is_address(path: str) -> bool:
    """Whether what an item keeps as its path is an address, and no file of this machine."""
    return _ADDRESS.match(path) is not None


@dataclass(frozen=True, slots=True)
class Source:
    """A file found in a collection, before it is read.

    `key` is its posix path relative to the collection's root and names the item in an
    index. `part` is the line of a drawing in an .ndjson file, from 1, `None` for a whole
    file. `domain`, `category` and `split` are what the folder layout or the manifest
    declares, `None` where nothing does; `listed` by a manifest, it says all there is to say.
    Where the file lies at an address, `remote` says so, and
    `path` is its bare name.
    """

    path: Path
    key: str
    part: int | None = None
    domain: str | None = None
    category: str | None = None
    split: str | None = None
    metadata: Metadata = field(default_factory=dict)
    listed: bool = False
    remote: Remote | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """Size in bytes, time of change in ns and digest of a file: equal while it is unchanged."""

    size: int
    mtime_ns: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Item:
    """An item as the store keeps it; `id` is given by the store and never reused.

    `path` is empty for what was never a file: pictures, meshes and bytes that were handed over,
    whose `mtime_ns` is 0, and ready codes, which have no `size` and no `digest` (blake2b of the
    bytes) either. `reader` is the version of the reader that read the file, "" where unknown.
    """

    id: int
    key: str
    domain: str
    path: str = ""
    category: str | None = None
    size: int = 0
    mtime_ns: int = 0
    digest: bytes = b""
    metadata: Metadata = field(default_factory=dict)
    reader: str = ""


ScoreKind: TypeAlias = Literal["probability", "cosine", "asymmetric", "likeness"]
"""What a score is; `asymmetric`: the cosine of the query's logits and the signs of a code."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One result of a search.

    Attributes:
        distance: Hamming.
        score: what hits of several domains are merged by, `None` where there is none.
            `score_kind` says what it is: the probability that the hit is of what was asked
            where the model is calibrated, else a cosine.
        cosine: of the embeddings of the item and of the query as it was asked, `None` where
            that was not computed.
    """

    rank: int
    id: int
    key: str
    path: str
    domain: str
    category: str | None
    distance: int
    score: float | None
    metadata: Metadata = field(default_factory=dict)
    cosine: float | None = None
    score_kind: ScoreKind | None = None

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain JSON types, in the order of `query --json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be indexed, or not as a whole, with the reason in words."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Planned:
    """What a run would do with one file: the step by the name of its book, its key, and why."""

    step: Literal["added", "replaced", "moved", "ignored", "failed", "removed"]
    name: str
    reason: str = ""


GUESSED_TOLD: Final = 1000
"""How many files with a guessed domain a report names; a million names would fill memory."""


@dataclass(slots=True)
class Report:
    """The books of one `add`: its counts; `removed` stands apart, as such files were not seen.

    `relabelled` files are among the unchanged: their category or metadata were declared anew.
    `refused` says why nothing would be removed, in the books of a dry run.
    `reread` files are among the replaced: they did not change, but an older reader had read them.
    `guessed_files` names the first thousand files whose domain was guessed by a small margin.
    `unmatched` are the patterns of `exclude` that matched none of the files found.
    `damaged` names stored items that lack a part because their file does.
    `planned` names what a dry run would change, pass over or fail, in order; a run leaves it empty.

    The books close when seen = added + replaced + moved + unchanged + ignored + failed.
    """

    seen: int = 0
    added: int = 0
    replaced: int = 0
    moved: int = 0
    unchanged: int = 0
    ignored: int = 0
    failed: int = 0
    removed: int = 0
    guessed: int = 0
    guessed_files: list[str] = field(default_factory=list)
    relabelled: int = 0
    refused: str = ""
    reread: int = 0
    unmatched: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    damaged: list[Failure] = field(default_factory=list)
    ignored_suffixes: Counter[str] = field(default_factory=Counter)
    planned: list[Planned] = field(default_factory=list)

    def __repr__(self) -> str:
        """The books, without what did not happen, and the first failure."""
        names = [name for name in self.__slots__ if name not in ("guessed_files", "refused")]
        held = {name: getattr(self, name) for name in names}
        counts = {name: n if isinstance(n, int) else len(n) for name, n in held.items()}
        counts = {name: n for name, n in counts.items() if n and name != "failures"}
        said = [f"{n:,} {name}" for name, n in counts.items()] or ["nothing seen"]
        why = [f"first failure: {each.path}: {each.reason}" for each in self.failures[:1]]
        return f"<Report: {'; '.join([', '.join(said), *why])}>"

    def guess(self, name: str) -> None:
        """Count a file whose domain was guessed."""
        self.guessed += 1
        if self.guessed <= GUESSED_TOLD:
            self.guessed_files.append(name)

    @property
    def closes(self) -> bool:
        """Whether every file seen is accounted for exactly once."""
        parts = self.added + self.replaced + self.moved + self.unchanged
        return self.seen == parts + self.ignored + self.failed

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON types."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        fields["failures"] = [asdict(failure) for failure in self.failures]
        fields["damaged"] = [asdict(damaged) for damaged in self.damaged]
        fields["ignored_suffixes"] = dict(self.ignored_suffixes)
        fields["planned"] = [asdict(planned) for planned in self.planned]
        return fields


@dataclass(frozen=True, slots=True)
class Address:
    """The place of an index that is not in a folder: `scheme://authority/path`.

    `authority` is empty where a file is named.
    """

    scheme: str
    authority: str
    path: str

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}/{self.path}"

    @property
    def name(self) -> str:
        """The last part of the path, as of a folder."""
        return self.path.rpartition("/")[2]


Where: TypeAlias = Path | Address
"""Where an index lies: in a folder, or at an address."""
