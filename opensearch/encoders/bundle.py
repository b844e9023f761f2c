"""Model bundles: a folder with `model.json` and content-named tensor files, no pickle.

`model.json` is written last and by rename, and names every other file by its content; so a
bundle is complete as soon as it has one, and replacing a bundle is one rename.
"""

from __future__ import annotations

import filecmp
import re
import shutil
import threading
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.appearance import Pull, has_appearance
from opensearch.encoders.card import (
    CARD,
    FILE_NAME,
    BackboneCard,
    DomainCard,
    ModelCard,
    PartCard,
    load_projector,
    read_card,
)
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.openvino import Precision, has_bf16
from opensearch.encoders.runtime import (
    LoadedBackbone,
    choose_precision,
    choose_runtime,
    open_backbone,
)
from opensearch.encoders.tensors import load_tensors, replacing, write_atomic
from opensearch.errors import BundleError, InvalidInput, system_reason
from opensearch.files import is_file
from opensearch.spelling import hint

_OURS = re.compile(r"\w[\w-]*-[0-9a-f]{12}(-\d+)?\.(safetensors|onnx)")


class Bundle:
    """An opened model bundle; encoders are loaded when first asked for.

    Attributes:
        folder: where it lies.
        card: its `model.json`.
        precision: of the factors in its backbones, where runtime and processor have it.
        compiled: folder that keeps backbones compiled for this machine; `None`: none does.
    """

    def __init__(
        self,
        folder: Path,
        card: ModelCard,
        precision: Precision = "f32",
        compiled: Path | None = None,
    ) -> None:
        self.folder = folder
        self.card = card
        self.precision = precision
        self.compiled = compiled
        self._backbones: dict[BackboneCard, LoadedBackbone] = {}
        self._stand_ins: dict[BackboneCard, LoadedBackbone] = {}
        self._opening = threading.Lock()
        self._encoders: dict[str, Encoder] = {}

    @classmethod
    def open(
        cls, folder: Path, precision: Precision = "f32", compiled: Path | None = None
    ) -> Bundle:
        """Open a bundle; for the arguments see the attributes.

        Raises:
            BundleError: no bundle there, a newer format, damaged, or a file is missing.
        """
        try:
            card = read_card(folder)
            for name in card.files():
                if not FILE_NAME.fullmatch(name):
                    raise BundleError(f"model {folder} names a file outside itself: {name!r}")
                if not is_file(folder / name):
                    raise BundleError(
                        f"model {folder} lacks its file {name}; copy the whole folder"
                    )
        except OSError as error:
            reason = system_reason(error)
            raise BundleError(f"model {folder} cannot be read: {reason}") from error
        return cls(folder, card, precision, compiled)

    @property
    def domains(self) -> list[str]:
        """Names of the domains it encodes."""
        return list(self.card.domains)

    def tensors(self, part: Literal["space", "hash"]) -> dict[str, NDArray[np.generic]]:
        """Tensors of the space or the hash."""
        card: PartCard = getattr(self.card, part)
        return load_tensors(self.folder / card.tensors)

    def pull(self) -> Pull | None:
        """What draws meanings toward trained categories, if its embeddings are completed.

        Raises:
            BundleError: a file is missing or damaged.
        """
        for card in self.card.domains.values():
            tensors = load_tensors(self.folder / card.projector)
            if has_appearance(tensors):
                return Pull(tensors)
        return None

    def migrations(self) -> dict[str, dict[str, NDArray[np.generic]]]:
        """What the hasher has for single domains, by domain; see `DomainCard.migration`."""
        cards = self.card.domains.items()
        return {
            name: load_tensors(self.folder / card.migration)
            for name, card in cards
            if card.migration
        }

    def backbone(self, domain: str, *, at_once: bool = False) -> LoadedBackbone:
        """The backbone of a domain in the best runtime; shared ones are loaded once.

        Args:
            domain: one of `domains`.
            at_once: for a few views, see `open_backbone`; one that is loaded already is taken.
        """
        card = self.domain(domain).backbone
        graph = self._graph(card)
        with self._opening:
            found = self._backbones.get(card) or (self._stand_ins.get(card) if at_once else None)
            if found is None:
                tensors = self.folder / card.tensors
                found = open_backbone(
                    card.name, tensors, graph, self.precision, self.compiled, at_once=at_once
                )
                best = not at_once or found.runtime.startswith(choose_runtime(graph, card.name))
                (self._backbones if best else self._stand_ins)[card] = found
        return found

    def runtime(self) -> str:
        """What its backbones run in here, a precision behind a hyphen where there are several."""
        cards = [card.backbone for card in self.card.domains.values()]
        names = {choose_runtime(self._graph(card), card.name) for card in cards}
        precision = self.precision if has_bf16() else "f32"
        return ", ".join(f"{n}-{precision}" if n == "openvino" else n for n in sorted(names))

    def best_precision(self) -> Precision:
        """What a new index around it is encoded in on this machine; see `choose_precision`."""
        cards = [card.backbone for card in self.card.domains.values()]
        best = {choose_precision(self._graph(card), card.name) for card in cards}
        return "bf16" if best == {"bf16"} else "f32"

    def encoder(self, domain: str) -> Encoder:
        """The encoder of a domain, ready to run; its backbone is opened for a few views."""
        if domain not in self._encoders:
            backbone = self.backbone(domain, at_once=True)
            pooling = self.domain(domain).pooling
            self._encoders[domain] = Encoder(backbone, self.projector(domain), pooling)
        encoder = self._encoders[domain]
        encoder.backbone = self.backbone(domain, at_once=True)  # a better one may have come since
        return encoder

    def projector(self, domain: str) -> dict[str, NDArray[np.generic]]:
        """The tensors behind the backbone of a domain: what is shared, and its own."""
        return load_projector(self.folder, self.domain(domain))

    def _graph(self, card: BackboneCard) -> Path | None:
        return self.folder / card.graph if card.graph else None

    def domain(self, name: str) -> DomainCard:
        """The card of a domain.

        Raises:
            InvalidInput: the model has no such domain; the text lists those it has.
        """
        if name not in self.card.domains:
            meant = hint(name, self.domains)
            more = f". Add it with: `Training(config, data, out, extend=MODEL, domain={name!r})`"
            raise InvalidInput(
                f"the model {self.folder} has no domain {name!r}; it has"
                f" {', '.join(self.domains)}{meant or more}"
            )
        return self.card.domains[name]

    def copy_to(self, folder: Path) -> Bundle:
        """Copy the bundle, replacing one already there; `model.json` switches it at once.

        Raises:
            BundleError: a file cannot be read or written; the bundle there stays as it was.
        """
        self.copy_files(folder)
        return write_bundle(folder, self.card)

    def copy_files(self, folder: Path) -> None:
        """Copy all but `model.json`, so that a bundle with more parts can be made there.

        A file that is there and not the same, being damaged, is replaced.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for name in sorted(self.card.files()):
                if not _same(self.folder / name, folder / name):
                    with (self.folder / name).open("rb") as source, replacing(folder / name) as out:
                        shutil.copyfileobj(source, out)
        except OSError as error:
            raise BundleError(
                f"model {self.folder} cannot be copied to {folder}: {system_reason(error)}"
            ) from error


def only_parts(folder: Path) -> bool:
    """Whether a folder holds nothing but tensors and graphs of bundles, or is empty."""
    files = (file for file in folder.iterdir() if not file.name.startswith("."))
    return all(_OURS.fullmatch(file.name) for file in files)


def write_bundle(folder: Path, card: ModelCard) -> Bundle:
    """Write `model.json`, which makes the files beside it a bundle, and drop files it left."""
    write_atomic(folder / CARD, card.dump().encode())
    for file in folder.iterdir():
        if _OURS.fullmatch(file.name) and file.name not in card.files():
            file.unlink()
    return Bundle.open(folder)


def _same(file: Path, other: Path) -> bool:
    """Whether two files hold the same bytes."""
    return other.is_file() and filecmp.cmp(file, other, shallow=False)
