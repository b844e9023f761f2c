"""A store over dictionaries, as plainly as the protocol can be kept: a reference for others."""

import threading
from contextlib import contextmanager, nullcontext
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace

import numpy as np

from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item
from opensearch.store import Block, Mark, Meta, Store, implied_key
from opensearch.store.bulk import Bulk, check_bulk
from opensearch.store.checks import check_batch, check_imprints, check_update


@dataclass
class Moment:
    """All that a memory store holds; a write makes a new one."""

    meta: Meta
    items: dict = field(default_factory=dict)
    codes: dict = field(default_factory=dict)
    vectors: dict = field(default_factory=dict)
    pictures: dict = field(default_factory=dict)
    imprints: dict = field(default_factory=dict)
    marks: dict = field(default_factory=dict)
    dead: dict = field(default_factory=dict)
    bare: set = field(default_factory=set)


class MemoryStore(Store):
    """Keeps everything in one `Moment`, which a write replaces."""

    def __init__(self, bits, dim):
        self._now = Moment(Meta("memory", bits, dim, origin="memory"))
        self._local = threading.local()
        self._closed = False

    # What is there

    @contextmanager
    def snapshot(self):
        held = getattr(self._local, "seen", None)
        self._local.seen = held or self._seen
        try:
            yield self
        finally:
            self._local.seen = held

    @property
    def _seen(self):
        if self._closed:
            raise StoreError("this store is closed; open it again.")
        return getattr(self._local, "seen", None) or self._now

    def meta(self):
        return deepcopy(self._seen.meta)

    def readers(self):
        files = [item.reader for item in self._seen.items.values() if item.path]
        return {version: files.count(version) for version in set(files)}

    def by_key(self, key):
        return next((item for item in self._seen.items.values() if item.key == key), None)

    def by_keys(self, keys):
        found = {key: self.by_key(key) for key in keys}
        return {key: item for key, item in found.items() if item}

    def by_path(self, path):
        return next((i for i in self._seen.items.values() if path and i.path == path), None)

    def by_digest(self, digest):
        return [item for item in self._seen.items.values() if digest and item.digest == digest]

    def items(self, ids):
        held = self._seen.items
        wanted = [int(id_) for id_ in ids]
        for id_ in wanted:
            if id_ not in held:
                raise StoreError(f"no item has the id {id_}; it was removed or replaced.")
        return [held[id_] for id_ in wanted]

    def thumbnail(self, id_):
        return self._seen.pictures.get(id_)

    def thumbnails(self, ids):
        return [self.thumbnail(int(id_)) or b"" for id_ in ids]

    def imprints(self, ids):
        return [self._seen.imprints.get(int(id_), b"") for id_ in ids]

    def embeddings(self, ids, *, check=False):
        ids = [int(id_) for id_ in ids]
        rows = [self._seen.vectors.get(id_, np.zeros(self._seen.meta.dim)) for id_ in ids]
        present = [id_ in self._seen.vectors for id_ in ids]
        width = self._seen.meta.dim
        return np.array(rows, np.float16).reshape(-1, width), np.array(present, np.bool_)

    def walk(self, prefix=""):
        found = [item for item in self._seen.items.values() if item.key.startswith(prefix)]
        domains, bare = self._seen.meta.domains, self._seen.bare
        recorded = [item for item in found if item.id not in bare]
        yield from sorted(recorded, key=lambda item: item.key.encode("utf-8", "surrogatepass"))
        rest = [item for item in found if item.id in bare]
        yield from sorted(rest, key=lambda item: (domains.index(item.domain), item.id))

    def every(self):
        moment = self._seen  # which a write leaves as it is
        order = moment.meta.domains.index
        recorded = (item for id_, item in moment.items.items() if id_ not in moment.bare)
        yield from sorted(recorded, key=lambda item: item.id)
        rest = (item for id_, item in moment.items.items() if id_ in moment.bare)
        yield from sorted(rest, key=lambda item: (order(item.domain), item.id))

    def blocks(self, domain, after=-1):
        rows = [(id_, code) for id_, code in self._seen.codes.get(domain, ()) if id_ > after]
        for at in range(0, len(rows), 5):
            ids, codes = zip(*rows[at : at + 5], strict=True)
            yield Block(np.array(ids), np.stack(codes))

    def live(self, domain):
        for block in self.blocks(domain):
            keep = ~np.isin(block.ids, self.tombstones(domain))
            if keep.any():
                yield Block(block.ids[keep], block.codes[keep])

    def tombstones(self, domain):
        return np.array(sorted(self._seen.dead.get(domain, ())), np.int64)

    def ids(self, domain):
        found = [id_ for id_, item in self._seen.items.items() if item.domain == domain]
        return np.array(sorted(found), np.int64)

    def fields(self):
        return nullcontext(None)  # records are read instead

    # Writing

    @contextmanager
    def _transaction(self, mark=None):
        before = self._seen
        new = Moment(
            deepcopy(before.meta), *(copy(part) for part in list(vars(before).values())[1:])
        )
        new.codes = {domain: list(rows) for domain, rows in before.codes.items()}
        new.dead = {domain: set(ids) for domain, ids in before.dead.items()}
        yield new
        if mark is not None:
            new.marks[mark.name] = mark.done
        new.meta.last_transaction += 1
        self._now = new

    def _add(self, new, item, code):
        meta, id_ = new.meta, new.meta.next_id
        meta.number(item.domain)
        meta.counts[item.domain] += 1
        meta.next_id += 1
        new.items[id_] = replace(item, id=id_)
        new.codes.setdefault(item.domain, []).append((id_, code))
        return id_

    def _retire(self, new, keys):
        gone = [item for item in new.items.values() if item.key in set(keys)]
        for item in gone:
            del new.items[item.id]
            new.pictures.pop(item.id, None)
            new.imprints.pop(item.id, None)
            new.meta.counts[item.domain] -= 1
            new.meta.embedded[item.domain] -= new.vectors.pop(item.id, None) is not None
            new.meta.tombstones[item.domain] += 1
            new.dead.setdefault(item.domain, set()).add(item.id)
            if item.id in new.bare:
                new.meta.unnamed[item.domain] -= 1
        return len(gone)

    def put(self, items, codes, embeddings=None, thumbnails=None, mark=None, imprints=None):
        widths = self._seen.meta.bits, self._seen.meta.dim
        batch, places = check_batch(items, codes, embeddings, thumbnails, widths, imprints)
        if not batch.items:
            return []
        with self._transaction(mark) as new:
            self._retire(new, [item.key for item in batch.items])
            ids = [self._add(new, i, c) for i, c in zip(batch.items, batch.codes, strict=True)]
            if batch.embeddings is not None:
                new.vectors.update(zip(ids, batch.embeddings, strict=True))
                for item in batch.items:
                    new.meta.embedded[item.domain] += 1
            pictures = zip(ids, batch.thumbnails or (), strict=False)
            new.pictures.update({id_: bytes(picture) for id_, picture in pictures if picture})
            new.imprints.update(zip(ids, batch.imprints or (), strict=False))
        return [ids[place] for place in places]

    def put_codes(self, codes, domain, keys=None, metadata=None, categories=None, mark=None):
        bulk = Bulk(domain, codes, keys, metadata, categories)
        check_bulk(bulk, self._seen.meta.bits)
        with self._transaction(mark) as new:
            if keys is not None:
                self._retire(new, keys)
            by_key = {}
            for at, code in enumerate(codes):
                key = implied_key(domain, new.meta.next_id) if keys is None else keys[at]
                if keys is not None and key in keys[at + 1 :]:
                    continue
                more = {} if metadata is None else metadata[at]
                category = None if categories is None else categories[at]
                by_key[key] = self._add(
                    new, Item(-1, key, domain, category=category, metadata=more), code
                )
                if not bulk.recorded:
                    new.bare.add(by_key[key])
                    new.meta.unnamed[domain] = new.meta.unnamed.get(domain, 0) + 1
        ids = list(by_key.values()) if keys is None else [by_key[key] for key in keys]
        return np.array(ids, np.int64)

    def update(self, items):
        check_update(items)
        if not items:
            return
        with self._transaction() as new:
            held = self.items([item.id for item in items])
            for item, old in zip(items, held, strict=True):
                if item.domain not in ("", old.domain):
                    raise InvalidInput(f"item {item.key!r} is of domain {old.domain!r}")
                del new.items[item.id]
            for item, old in zip(items, held, strict=True):
                if any(other.key == item.key for other in new.items.values()):
                    raise InvalidInput(f"item {item.id} cannot take the key {item.key!r}: taken")
                new.items[item.id] = replace(item, domain=old.domain)
            new.items = dict(sorted(new.items.items()))

    def put_imprints(self, ids, imprints):
        check_imprints(len(ids), imprints)
        with self._transaction() as new:
            found = zip(ids, imprints, strict=True)
            new.imprints.update({int(id_): each for id_, each in found if id_ in new.items})

    def remove(self, keys):
        wanted = list(keys)
        if not wanted:
            return 0
        with self._transaction() as new:
            return self._retire(new, wanted)

    def mark(self, name):
        return self._seen.marks.get(name) or 0

    def finish(self, name):
        if self.mark(name):
            with self._transaction(Mark(name, None)):
                pass

    # Being one of several processes, and upkeep: it is alone, and cannot be damaged

    unlocked = False
    replaced = False

    def shares(self, other):
        return other is self

    def claim(self):
        return

    def prepare(self):
        pass

    def check_current(self):
        return

    def close(self):
        self._closed = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def verify(self):
        return []

    def frozen(self):
        return nullcontext()

    def compacted_size(self):
        return 0

    def compact_to(self, folder):
        raise StoreError("a store in memory is not compacted")
