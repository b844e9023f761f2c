"""The model at work: files to embeddings to codes, for every domain of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opensearch.config import Limits
from opensearch.domains import Reader, Reading, open_reader
from opensearch.domains.guess import guess_domain
from opensearch.encoders.bundle import Bundle
from opensearch.errors import UnreadableFile
from opensearch.hashing import Hasher, restore_hasher
from opensearch.refinement import LambdaRule
from opensearch.semantic import Space

_OTHER = {"sketch": "photo", "photo": "sketch"}


class Model:
    """A bundle with its readers, space and hasher, each loaded when first used."""

    def __init__(self, bundle: Bundle, limits: Limits | None = None) -> None:
        self.bundle = bundle
        self._limits = limits or Limits()
        self._readers: dict[str, Reader] = {}

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

    def read(self, domain: str, path: Path, part: int | None = None) -> Reading:
        """Views of a file of a domain, as its encoder sees them."""
        if domain not in self._readers:
            settings = self.bundle.domain(domain).reader
            self._readers[domain] = open_reader(settings, self._limits)
        return self._readers[domain](path, part)

    def open(
        self, path: Path, part: int | None = None, domain: str | None = None
    ) -> tuple[str, bool, Reading]:
        """The domain of a file, given or told from its content, whether sure, and its views."""
        if domain is not None:
            return domain, True, self.read(domain, path, part)
        return self._recognised(path, part)

    def _recognised(self, path: Path, part: int | None) -> tuple[str, bool, Reading]:
        """A guess without an encoder falls back to the other kind of picture.

        So does a guessed sketch that cannot be read as one, having no ink: it was a picture.
        """
        guess = guess_domain(path, part, self._limits)
        other = _OTHER.get(guess.domain, "")
        if guess.domain not in self.bundle.domains and other in self.bundle.domains:
            return other, False, self.read(other, path, part)
        try:
            return guess.domain, guess.sure, self.read(guess.domain, path, part)
        except UnreadableFile as error:
            if guess.domain != "sketch" or other not in self.bundle.domains:
                raise
            try:
                return other, False, self.read(other, path, part)
            except UnreadableFile:
                raise error from None  # of the two reasons the guess's own is the one to mend

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

    def embed(self, paths: Sequence[Path], domain: str) -> NDArray[np.float32]:
        """Embeddings (n, d), unit rows, of files of one domain."""
        encoder = self.bundle.encoder(domain)
        rows = [encoder.embed(self.read(domain, path).views[None])[0] for path in paths]
        return np.stack(rows) if rows else np.zeros((0, self.bundle.card.dim), np.float32)
