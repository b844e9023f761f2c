"""Adding to an index: what is new or changed is read, encoded and stored in whole batches."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Final

from opensearch import remote
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.walk import Found, Ignored
from opensearch.domains.files import printable
from opensearch.domains.opening.guess import domain_by_suffix
from opensearch.domains.shapes.upright import with_axis
from opensearch.engine.ingest.batches import Batch, Work, item_of
from opensearch.engine.ingest.changes import Change, Changes
from opensearch.engine.ingest.encoding import Done
from opensearch.engine.ingest.listing import Listing
from opensearch.engine.ingest.options import Run
from opensearch.engine.ingest.whereabouts import address, files_of, once, overlap, stamp_of
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Input, Model
from opensearch.model.inputs import check_is_file, content_of, file_and_part
from opensearch.records import Failure, Planned, Report, Source, Stamp
from opensearch.remote import Root
from opensearch.store import Store

TOLD: Final = "told to be ignored"


class Adding:
    """One run of `add`: files or items in, a report out.

    Args:
        store: what is added to.
        model: what reads and encodes.
        run: its options.
        left_out: paths to skip: their items were removed with `ignore`.
        dry: nothing will be written; see `plan`.
    """

    def __init__(
        self,
        store: Store,
        model: Model,
        run: Run,
        left_out: Container[str] = frozenset(),
        *,
        dry: bool = False,
    ) -> None:
        if not dry:
            store.prepare()
        self._store = store
        self._model = model
        self._run = run
        self._left_out = left_out
        self._dry = dry
        self._changes = Changes(store, run.comparing, dry=dry, limits=model.limits)
        if run.domain is not None:
            model.bundle.domain(run.domain)
        self.report = Report()

    def run(self, roots: Sequence[Root]) -> Report:
        """Bring the index up to date with files and folders.

        Raises:
            InvalidInput: a root does not exist, or the domain is unknown to the model.
            MissingExtra: a root is an address, and what reads it is not installed.
            UnreadableFile: a file failed and `strict` was asked for.
        """
        with self._listing(roots) as listing:
            report = self._encode(self._works(listing))
        report.unmatched = self._run.excluded.unmatched
        return report

    def run_items(self, items: Sequence[tuple[Input, Source]]) -> Report:
        """Add inputs under keys of the caller's; see `Engine.add_items`.

        Args:
            items: inputs, and for each a source of its key and what is said of it.

        Raises:
            InvalidInput: a path of no file.
            UnreadableFile: one of them failed and `strict` was asked for.
        """
        for given, _ in items:
            if isinstance(given, Path):
                check_is_file(file_and_part(given)[0], "input")
        return self._encode(self._works_of_items(items))

    def plan(self, roots: Sequence[Root]) -> Report:
        """The report of a run, as far as it is known without reading files or writing.

        What a reader would refuse is among the added or replaced here.

        Raises:
            InvalidInput, MissingExtra: as `run`.
        """
        with self._listing(roots) as listing:
            for work in self._works(listing):
                self.report.replaced += work.replaces
                self.report.reread += work.reread
                self.report.added += not work.replaces
                self._plan(Planned("replaced" if work.replaces else "added", work.key))
        self.report.relabelled = self._changes.relabelled
        self.report.unmatched = self._run.excluded.unmatched
        return self.report

    @property
    def moved(self) -> Container[int]:
        """Ids of the items that `plan` found in other places, or touched where they were."""
        return self._changes.updated

    def _listing(self, roots: Sequence[Root]) -> Listing:
        """What lies under the roots, which must be there."""
        here = files_of(roots)

        def found(root: Root) -> Iterator[Found]:
            said, excluded = (self._run.domain, self._run.up), self._run.excluded
            if isinstance(root, str):
                return remote.find_sources(root, *said, excluded)
            return find_sources(root, *said, here, excluded)

        everything = (each for root in roots for each in found(root))
        return Listing(once(everything) if overlap(roots) else everything)

    def _encode(self, works: Iterable[Work]) -> Report:
        """Read, encode and store in batches what `works` gives."""
        pending = Batch()
        with closing(self._run.encoding.encode_works(self._model, works)) as encoded:
            for done in encoded:
                self._take(done, pending)
                if pending.due():
                    pending = self._commit(pending)
        self._commit(pending)
        self.report.relabelled = self._changes.relabelled
        return self.report

    def _works(self, listing: Listing) -> Iterator[Work]:
        """Files that must be encoded; all others are counted in the report here."""
        for found in listing:
            self.report.seen += 1
            self._run.progress(self.report.seen, len(listing))
            if isinstance(found, Source):
                if address(found) in self._left_out:
                    self._ignore(found.key, TOLD, TOLD)
                    continue
                work = self._work(found)
                if work is not None:
                    yield work
            elif isinstance(found, Ignored):
                self._ignore(printable(found.path), found.label, found.reason)
            else:
                self._fail(found.path, found.reason)

    def _work(self, source: Source) -> Work | None:
        """Compare a file with what is stored; `None` when nothing is left to do."""
        try:
            change = self._changes.of_file(source)
        except UnreadableFile as error:
            self._fail(source.key, str(error))
            return None
        source = change.source or source
        if change.domain:
            source = replace(source, domain=change.domain)
        work = self._changed(change, with_axis(source, change.up), address(source))
        return work if work is None or self._can_encode(work) else None

    def _can_encode(self, work: Work) -> bool:
        """Whether the model has the domain that the file is of, as far as no content tells it."""
        domain = work.source.domain or domain_by_suffix(work.source.path)
        try:
            if domain is not None:
                self._model.bundle.domain(domain)
        except InvalidInput as error:
            self._changes.forget(work.key)
            self._fail(work.key, str(error))
            return False
        return True

    def _works_of_items(self, items: Sequence[tuple[Input, Source]]) -> Iterator[Work]:
        for given, said in items:
            self.report.seen += 1
            self._run.progress(self.report.seen, len(items))
            try:
                given, source, stamp = self._looked_at(given, said)
            except UnreadableFile as error:
                self._fail(said.key, str(error))
                continue
            path = address(source) if isinstance(given, Path) else ""
            change = self._changes.of_item(source, stamp, path)
            source = replace(source, domain=change.domain or source.domain)
            work = self._changed(change, with_axis(source, change.up), path)
            if work is not None:
                work.given = given
                yield work

    def _looked_at(self, given: Input, said: Source) -> tuple[Input, Source, Stamp]:
        """An input as a file or its bytes, its source, and its stamp."""
        if isinstance(given, Path):
            file, part = file_and_part(given)
            stamp = stamp_of(Source(file, file.name, part))
        else:
            given = content_of(given, self._model.limits)
            file, part = file_and_part(Path(given.name))
            stamp = Stamp(len(given.data), 0, given.digest())
        source = replace(said, path=file, part=part, domain=self._run.domain)
        return given, with_axis(source, self._run.up), stamp

    def _changed(self, change: Change, source: Source, path: str) -> Work | None:
        if change.state == "unchanged":
            self.report.unchanged += 1
            return None
        if change.state == "moved":
            self.report.moved += 1
            self._plan(Planned("moved", change.key))
            return None
        replaces = change.state == "replaced"
        stamp, given = change.stamp, source.remote
        return Work(source, change.key, path, replaces, change.reread, given, stamp=stamp)

    def _take(self, done: Done, pending: Batch) -> None:
        work = done.source
        if done.features is None:
            self._changes.forget(work.key)
            self._fail(work.key, str(done.error))
            return
        pending.features.append(done.features)
        pending.thumbnails.append(work.thumbnail)
        pending.imprints.append(work.imprint)
        pending.replaced.append(work.replaces)
        pending.reread.append(work.reread)
        pending.items.append(item_of(work, self._model.version(work.domain)))
        if not work.sure:
            self.report.guess(work.key)
        if work.lost:
            self.report.damaged.append(Failure(work.key, work.lost))

    def _commit(self, pending: Batch) -> Batch:
        self._changes.flush()
        if pending.items:
            self._put(pending)
        return Batch()

    def _put(self, pending: Batch) -> None:
        """Store a batch; if the store refuses it, halve it until the bad item fails alone."""
        count = len(pending.items)
        try:
            domains = [item.domain for item in pending.items]
            embeddings, codes = self._model.encode(pending.features, domains)
            self._store.put(
                pending.items, codes, embeddings, pending.thumbnails, imprints=pending.imprints
            )
        except InvalidInput as error:
            if count > 1:
                self._put(pending.part(slice(count // 2)))
                self._put(pending.part(slice(count // 2, count)))
            else:
                self._changes.forget(pending.items[0].key)
                self._fail(pending.items[0].key, str(error))
            return
        self._changes.stored(pending.items)
        self.report.replaced += sum(pending.replaced)
        self.report.reread += sum(pending.reread)
        self.report.added += count - sum(pending.replaced)

    def _fail(self, path: str, reason: str) -> None:
        if self._run.strict:
            raise UnreadableFile(f"{path}: {reason}")
        self.report.failed += 1
        self.report.failures.append(Failure(path, reason))
        self._plan(Planned("failed", path, reason))

    def _ignore(self, name: str, label: str, reason: str) -> None:
        self.report.ignored += 1
        self.report.ignored_suffixes[label] += 1
        self._plan(Planned("ignored", name, reason))

    def _plan(self, planned: Planned) -> None:
        if self._dry:
            self.report.planned.append(planned)
