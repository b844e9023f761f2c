"""The model at work: inputs to embeddings to codes, for every domain of a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from opensearch.domains import READERS, Reading, reader_version
from opensearch.domains.files import time_of_change
from opensearch.domains.opening.opener import NoReader, Opened
from opensearch.domains.opening.workers import Readers
from opensearch.domains.shapes.upright import declared, with_axis
from opensearch.encoders import integrity
from opensearch.encoders.appearance import Pull
from opensearch.encoders.bundle import Bundle
from opensearch.errors import BundleError
from opensearch.hashing import Hasher, restore_hasher
from opensearch.limits import Limits
from opensearch.model.inputs import Input, on_disk
from opensearch.records import Remote, Source, Stamp, Up
from opensearch.refinement import LambdaRule
from opensearch.semantic import Space
from opensearch.stages import spent, stage


class Model:
    """A bundle with its readers, space and hasher, each loaded when first used.

    Attributes:
        bundle: the files.
        limits: what one input may cost.

    Raises:
        BundleError: a domain has a reader that there is not.
    """

    def __init__(self, bundle: Bundle, limits: Limits | None = None) -> None:
        for domain, card in bundle.card.domains.items():
            if card.reader.reader not in READERS:
                raise BundleError(
                    f"model {bundle.folder} reads domain {domain!r} by {card.reader.reader!r};"
                    f" known readers: {', '.join(READERS)}. Upgrade opensearch-visual"
                )
        self.bundle = bundle
        self.limits = limits or Limits()
        self._checked = False
        self._loaded: set[str | None] = set()  # domains whose backbone needs no loading any more

    def check(self, graphs: Mapping[str, str]) -> None:
        """Refuse to encode with damaged model files; they are checked once.

        Args:
            graphs: see `integrity.problems`.

        Raises:
            BundleError: a file is damaged.
        """
        if not self._checked:
            integrity.check(self.bundle, graphs)
        self._checked = True

    @cached_property
    def space(self) -> Space:
        """The semantic space."""
        card = self.bundle.card
        return Space.restore(self.bundle.tensors("space"), card.space.settings, card.hint)

    @cached_property
    def hasher(self) -> Hasher:
        """What turns embeddings into codes."""
        bundle = self.bundle
        return restore_hasher(
            bundle.card.hash.settings, bundle.tensors("hash"), bundle.migrations()
        )

    @cached_property
    def rule(self) -> LambdaRule:
        """The rule for λ."""
        fields = self.bundle.card.refinement
        return LambdaRule(
            fields.get("seen") or 0.0, fields.get("unseen") or 0.0, fields.get("threshold")
        )

    @cached_property
    def seen_prototypes(self) -> NDArray[np.float32]:
        """Prototypes (c, d) of the categories trained on."""
        return self.space.prototypes(self.bundle.card.categories)

    def fractions(self, queries: NDArray[np.float32]) -> NDArray[np.float32]:
        """How far refinement moves each query, λ, of unit rows (n, d); shape (n,).

        A rule without a threshold moves all alike, and no word is read for it: the lexicon takes a
        third of the time of a first query.
        """
        seen = queries[:0] if self.rule.threshold is None else self.seen_prototypes
        return self.rule.of(queries, seen)

    @cached_property
    def _pull(self) -> Pull | None:
        return self.bundle.pull()

    def asked(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Points (n, d) of words as they are searched by: drawn as the embeddings of items are."""
        return points if self._pull is None else self._pull(points).astype(np.float32)

    def readers(self) -> Readers:
        """A context in which files of these domains can be read."""
        domains = self.bundle.card.domains
        return Readers({name: card.reader for name, card in domains.items()}, self.limits)

    def read(self, domain: str, path: Path, part: int | None = None) -> Reading:
        """Views of a file of a domain, as its encoder sees them."""
        with self.readers() as readers:
            return self.opened(readers, Source(path, path.name, part, domain)).reading

    def version(self, domain: str) -> str:
        """The version of the reader of a domain."""
        return reader_version(self.bundle.domain(domain).reader.reader)

    def opened(
        self,
        readers: Readers,
        source: Source,
        books: bool = False,
        stamp: Stamp | None = None,
    ) -> Opened:
        """The domain of a file, given or told from its content, whether sure, and its views.

        `readers` may be shared by many files; see `Opener.open` for `books` and `stamp`.

        A source's metadata may say which axis is up.

        Raises:
            UnreadableFile: the file cannot be read, or is over the limits.
            InvalidInput: the model has no encoder for its domain.
        """
        if source.domain is not None:
            self.bundle.domain(source.domain)
        try:
            up = declared(source.metadata)
            return readers.open(source.path, source.part, source.domain, books, up, stamp)
        except NoReader as error:
            self.bundle.domain(error.domain)  # says what a user can do
            raise

    def opened_input(
        self, readers: Readers, given: Input | Remote, source: Source, stamp: Stamp | None
    ) -> Opened:
        """As `opened`, with books, of an input or a file at an address.

        `source` says key, domain and metadata.
        """
        with on_disk(given, self.limits) as (path, part):
            if isinstance(given, Remote):  # which may have changed since
                stamp = None
            elif stamp and not isinstance(given, Path):  # its file is new, and so is its time
                stamp = replace(stamp, mtime_ns=time_of_change(path.stat()))
            return self.opened(readers, replace(source, path=path, part=part), True, stamp)

    def embed_one(
        self, given: Input, domain: str | None = None, up: Up | None = None
    ) -> tuple[Opened, NDArray[np.float32]]:
        """An input opened, and its embedding (d,), unit; the encoder loads while it is read.

        Args:
            given: a path may end in `#n`, the drawing in line n of an .ndjson file.
            domain: what it is taken for; told from its content when `None`.
            up: which axis is up in a mesh; told by its format when `None`.

        Raises:
            InvalidInput: a path of no file, or a domain that the model has no encoder for.
            UnreadableFile: it cannot be read, or is over the limits.
        """
        with on_disk(given, self.limits) as (path, part), self.readers() as readers:
            source = with_axis(Source(path, path.name, part, domain), up)
            since = perf_counter()
            if domain in self._loaded:
                opened = self.opened(readers, source)
            else:
                opened = self._opened_meanwhile(readers, source, domain)
        kind = READERS[self.bundle.domain(opened.domain).reader.reader]
        spent("render" if kind.several else "decode", since)
        with stage("encode"):
            return opened, self.bundle.encoder(opened.domain).embed(opened.reading.views[None])[0]

    def _opened_meanwhile(self, readers: Readers, source: Source, domain: str | None) -> Opened:
        """As `opened`, in a thread, while the backbone of the domain is loaded."""
        with ThreadPoolExecutor(1) as pool:
            reading = pool.submit(self.opened, readers, source)
            try:
                self.load_backbone(domain, at_once=True)
                opened = reading.result()
            except BaseException:
                readers.stop()
                raise
        self._loaded.add(domain)
        return opened

    def load_backbone(self, domain: str | None, *, at_once: bool = False) -> None:
        """Load the backbone of a domain, or the one all share; see `Bundle.backbone`."""
        cards = self.bundle.card.domains
        if domain is None and len({card.backbone.tensors for card in cards.values()}) == 1:
            domain = next(iter(cards))
        if domain in cards:
            self.bundle.backbone(domain, at_once=at_once)

    def encode(
        self, features: Sequence[NDArray[np.floating]], domains: Sequence[str]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Embeddings (n, d) and codes (n, bits // 8) of items' view features (v, f) each."""
        card = self.bundle.card
        embeddings = np.zeros((len(domains), card.dim), np.float32)
        codes = np.zeros((len(domains), card.bits // 8), np.uint8)
        for domain in sorted(set(domains)):
            rows = [row for row, other in enumerate(domains) if other == domain]
            stacked = np.stack([features[row] for row in rows])
            embeddings[rows] = self.bundle.encoder(domain).embed_features(stacked)
            codes[rows] = self.hasher.encode(embeddings[rows], domain)
        return embeddings, codes

    def embed(self, inputs: Sequence[Input], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of inputs of one domain."""
        rows = [self.embed_one(given, domain)[1] for given in inputs]
        return np.stack(rows) if rows else np.zeros((0, self.bundle.card.dim), np.float32)
