"""Adding to an index: what is new or changed is read, encoded and stored in whole batches."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.domains.catalog import find_sources
from opensearch.domains.upright import saying
from opensearch.domains.walk import Ignored
from opensearch.domains.workers import Readers
from opensearch.encoders.pipeline import Encoded, encode_stream, read_ahead
from opensearch.encoders.runtime import Trunk
from opensearch.engine.known import BY_TIME, Books, Comparing, address
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Model
from opensearch.records import Failure, Item, Report, Source, Up
from opensearch.store import Store

Progress = Callable[[int, int], None]
COMMIT_ITEMS = 512
COMMIT_SECONDS = 2.0


@dataclass(slots=True)
class Work:
    """One file on its way into the index; the reading thread fills in the rest."""

    source: Source
    key: str
    replaces: bool
    domain: str = ""
    sure: bool = True
    size: int = 0
    mtime_ns: int = 0
    digest: bytes = b""
    thumbnail: bytes = b""
    reread: bool = False


@dataclass(slots=True)
class _Pending:
    """What the next transaction will store."""

    items: list[Item] = field(default_factory=list)
    features: list[NDArray[np.float32]] = field(default_factory=list)
    thumbnails: list[bytes] = field(default_factory=list)
    replaced: list[bool] = field(default_factory=list)
    reread: list[bool] = field(default_factory=list)
    since: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        """Whether enough items or time have gathered for a transaction."""
        late = time.monotonic() - self.since > COMMIT_SECONDS
        return len(self.items) >= COMMIT_ITEMS or (late and bool(self.items))

    def part(self, places: slice) -> _Pending:
        """Some of them."""
        lists = (self.items, self.features, self.thumbnails, self.replaced, self.reread)
        return _Pending(*(each[places] for each in lists))  # type: ignore[arg-type]


class Adding:
    """One run of `add`: sources in, books out.

    Args:
        domain: what every file is taken for, or `None` to tell from folder or content.
        up: which axis is up in every mesh, or `None` to tell from manifest or format.
        strict: stop at the first file that fails.
        progress: called with files settled and files in all.
        dry: nothing will be written; see `plan`.
        comparing: what makes a file a changed one.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        domain: str | None,
        strict: bool,
        progress: Progress,
        *,
        up: Up | None = None,
        dry: bool = False,
        comparing: Comparing = BY_TIME,
    ) -> None:
        self._up: Up | None = up
        self._store = store
        self._model = model
        self._domain = domain
        self._strict = strict
        self._progress = progress
        self._books = Books(store, comparing, dry=dry)
        self._total = 0
        self.report = Report()

    def run(self, roots: Iterable[Path]) -> Report:
        """Bring the index up to date with files and folders.

        Raises:
            InvalidInput: a root does not exist, or the domain is unknown to the model.
            UnreadableFile: a file failed and `strict` was asked for.
        """
        roots = self._counted(roots)
        pending = _Pending()
        with self._model.readers() as readers, ThreadPoolExecutor(1) as pool:
            read = partial(self._read, readers)
            reads = read_ahead(self._loading(self._work(roots), pool), read, readers.count)
            for done in encode_stream(reads, self._trunk):
                self._take(done, pending)
                if pending.due():
                    pending = self._commit(pending)
        self._commit(pending)
        self.report.relabelled = self._books.relabelled
        return self.report

    def plan(self, roots: Iterable[Path]) -> Report:
        """The books of a run as far as they can be told without reading and writing files.

        What a reader would refuse is among the added or replaced here.

        Raises:
            InvalidInput: as `run`.
        """
        for work in self._work(self._counted(roots)):
            self.report.replaced += work.replaces
            self.report.reread += work.reread
            self.report.added += not work.replaces
        self.report.relabelled = self._books.relabelled
        return self.report

    @property
    def moved(self) -> Container[int]:
        """Ids of the items that `plan` found in other places, or touched where they were."""
        return self._books.updated

    def _counted(self, roots: Iterable[Path]) -> list[Path]:
        """The roots, which must be there; their files are counted."""
        roots = list(roots)
        if self._domain is not None:
            self._model.bundle.domain(self._domain)
        for root in roots:
            if not os.path.lexists(root):
                raise InvalidInput(f"{root} does not exist")
            self._total += sum(1 for _ in find_sources(root, domain=self._domain, beside=roots))
        return roots

    def _loading(self, works: Iterable[Work], pool: ThreadPoolExecutor) -> Iterator[Work]:
        """The files, while a trunk for the first of them loads in a thread of `pool`."""
        for place, work in enumerate(works):
            if place == 0:  # what goes wrong is told to whoever asks for the trunk
                pool.submit(self._model.load_trunk, self._domain or work.source.domain)
            yield work

    def _work(self, roots: list[Path]) -> Iterator[Work]:
        """Files that must be encoded; all others are entered into the books here."""
        for root in roots:
            for found in find_sources(root, domain=self._domain, up=self._up, beside=roots):
                self.report.seen += 1
                self._progress(self.report.seen, self._total)
                if isinstance(found, Source):
                    work = self._classify(found)
                    if work is not None:
                        yield work
                elif isinstance(found, Ignored):
                    self.report.ignored += 1
                    self.report.ignored_suffixes[found.label] += 1
                else:
                    self._fail(found.path, found.reason)

    def _classify(self, source: Source) -> Work | None:
        """Compare a file with what is stored; `None` when nothing is left to do."""
        try:
            verdict = self._books.judge(source, self._domain)
        except UnreadableFile as error:
            self._fail(source.key, str(error))
            return None
        if verdict.state == "unchanged":
            self.report.unchanged += 1
            return None
        if verdict.state == "moved":
            self.report.moved += 1
            return None
        if verdict.domain:
            source = replace(source, domain=verdict.domain)
        source = saying(source, verdict.up)
        return Work(source, verdict.key, verdict.state == "replaced", reread=verdict.reread)

    def _read(self, readers: Readers, work: Work) -> NDArray[np.uint8]:
        """In a thread: everything about a file that needs its bytes."""
        try:
            opened = self._model.opened(readers, work.source, books=True)
        except InvalidInput as error:  # a domain that the model has no encoder for
            raise UnreadableFile(str(error)) from error
        work.domain, work.sure = opened.domain, opened.sure
        work.size, work.mtime_ns, work.digest = opened.size, opened.mtime_ns, opened.digest
        work.thumbnail = opened.thumbnail
        return opened.reading.views

    def _trunk(self, work: Work) -> Trunk:
        return self._model.bundle.trunk(work.domain)

    def _take(self, done: Encoded[Work], pending: _Pending) -> None:
        work = done.source
        if done.features is None:
            self._books.forget(work.key)
            self._fail(work.key, str(done.error))
            return
        pending.features.append(done.features)
        pending.thumbnails.append(work.thumbnail)
        pending.replaced.append(work.replaces)
        pending.reread.append(work.reread)
        pending.items.append(_item(work, self._model.version(work.domain)))
        self.report.guessed += not work.sure

    def _commit(self, pending: _Pending) -> _Pending:
        self._books.flush()
        if pending.items:
            self._put(pending)
        return _Pending()

    def _put(self, pending: _Pending) -> None:
        """Store a batch; what the store refuses of it is found by halves, and fails alone."""
        count = len(pending.items)
        try:
            domains = [item.domain for item in pending.items]
            embeddings, codes = self._model.encode(pending.features, domains)
            self._store.put(pending.items, codes, embeddings, pending.thumbnails)
        except InvalidInput as error:
            if count > 1:
                self._put(pending.part(slice(count // 2)))
                self._put(pending.part(slice(count // 2, count)))
            else:
                self._books.forget(pending.items[0].key)
                self._fail(pending.items[0].key, str(error))
            return
        self._books.stored(pending.items)
        self.report.replaced += sum(pending.replaced)
        self.report.reread += sum(pending.reread)
        self.report.added += count - sum(pending.replaced)

    def _fail(self, path: str, reason: str) -> None:
        if self._strict:
            raise UnreadableFile(f"{path}: {reason}")
        self.report.failed += 1
        self.report.failures.append(Failure(path, reason))


def _item(work: Work, reader: str) -> Item:
    source = work.source
    return Item(
        id=-1,
        key=work.key,
        domain=work.domain,
        path=address(source),
        category=source.category,
        size=work.size,
        mtime_ns=work.mtime_ns,
        digest=work.digest,
        metadata=source.metadata,
        reader=reader,
    )
