"""Codes of generative domain migration: every domain's embeddings moved to the pivot's, one head.

The head is shared and is what an index's `hash` identity covers; a generator is its domain's own
and travels with that domain's encoder, so that a domain added later changes nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from opensearch.config import HashSettings
from opensearch.errors import BundleError
from opensearch.extras import require
from opensearch.hashing.gdmh.anchors import anchored, anchored_data, choose_anchors
from opensearch.hashing.gdmh.fading import with_faded
from opensearch.hashing.hasher import HashData, SignsOfLogits, check_width
from opensearch.progress import Progress, quiet

Tensors = Mapping[str, NDArray[Any]]
_BLOCK = 1 << 15  # rows at once, so that float64 copies stay small
_HEAD = ("weight", "bias", "anchors")
_GENERATOR = ("inner.weight", "inner.bias", "outer.weight", "outer.bias")


@dataclass(frozen=True)
class GdmhHasher(SignsOfLogits):
    """Bits are the signs of a linear head on embeddings, anchored and migrated.

    Attributes:
        head: `weight` (bits, d) and `bias` (bits,), float32, and `anchors` (k, d), float16.
        generators: of every domain that migrates, `inner.weight` (h, d), `inner.bias` (h,),
            `outer.weight` (d, h), `outer.bias` (d,); the pivot and words stay where they are.
        anchoring: temperature and weight of the anchors.
        note: what the user should know about these codes.

    Source:
        Zhang et al., ECCV 2018, on embeddings instead of pixels; losses in `losses`, which of
        them and with what weight in `config.GdmhSettings`.
    """

    name: ClassVar[str] = "gdmh"
    learns: ClassVar[bool] = True
    head: Tensors
    generators: Mapping[str, Tensors] = field(default_factory=dict)
    anchoring: tuple[float, float] = (1.0, 0.0)
    note: str = ""

    @property
    def bits(self) -> int:
        """Bits of a code."""
        return int(self.head["weight"].shape[0])

    @property
    def dim(self) -> int:
        """Numbers of an embedding."""
        return int(self.head["weight"].shape[1])

    @classmethod
    def fit(
        cls, data: HashData, settings: HashSettings, seed: int, progress: Progress = quiet
    ) -> Self:
        """Train generators and head on training items; about a minute on two cores."""
        require("fitting codes of gdmh", "torch")
        from opensearch.hashing.gdmh.fitting import fit_branch

        gdmh = settings.gdmh
        anchors = choose_anchors(data, gdmh, seed)
        items = anchored_data(with_faded(data, gdmh.fade, seed), anchors, gdmh)
        head, generators = fit_branch(items, settings, seed, progress)
        anchoring = (gdmh.anchor_temperature, gdmh.anchor_weight if len(anchors) else 0.0)
        return cls({**head, "anchors": anchors}, generators, anchoring)

    def adapted(
        self,
        domain: str,
        data: HashData,
        settings: HashSettings,
        seed: int,
        progress: Progress = quiet,
    ) -> Self:
        """With a generator for a domain that is added later; all else stays as it is.

        Args:
            domain: its name.
            data: training items of that domain alone.
        """
        require("fitting codes of gdmh", "torch")
        from opensearch.hashing.gdmh.fitting import fit_generator

        temperature, weight = self.anchoring
        anchors = {"anchor_temperature": temperature, "anchor_weight": weight}
        gdmh = settings.gdmh.model_copy(update=anchors)
        faded = with_faded(data, gdmh.fade, seed)
        items = anchored_data(faded, self.head["anchors"], gdmh)
        own = fit_generator(items, dict(self.head), settings, seed, progress)
        return replace(self, generators={**self.generators, **({domain: own} if own else {})})

    def logits(
        self, embeddings: NDArray[np.float32], domain: str | None = None
    ) -> NDArray[np.float32]:
        """Migrate and project embeddings, (n, d) to (n, bits), in float64.

        Raises:
            InvalidInput: embeddings of another width than the hasher was fitted on.
        """
        check_width(self.name, self.dim, embeddings)
        head, generators = self._wide
        generator = generators.get(domain or "")
        result = np.empty((len(embeddings), self.bits), dtype=np.float32)
        for start in range(0, len(embeddings), _BLOCK):
            part = slice(start, start + _BLOCK)
            points = self._anchored(embeddings[part])
            moved = points if generator is None else _migrated(points, generator)
            result[part] = _linear(moved, head, "")
        return result

    def _anchored(self, embeddings: NDArray[np.float32]) -> NDArray[np.float64]:
        temperature, weight = self.anchoring
        if not weight or not len(embeddings):
            return embeddings.astype(np.float64)
        return anchored(embeddings, self._wide[0]["anchors"], temperature, weight)

    @cached_property
    def _wide(self) -> tuple[Tensors, Mapping[str, Tensors]]:
        """Head and generators in float64, made once: for a single query that is half the work."""
        generators = {name: _widened(own) for name, own in self.generators.items()}
        return _widened(self.head), generators

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The head and the anchors."""
        return dict(self.head)

    def own(self, domain: str) -> dict[str, NDArray[Any]]:
        """The domain's generator; empty where it stays where it is."""
        return dict(self.generators.get(domain, {}))

    def settings(self) -> dict[str, Any]:
        """Name, bits, dim, how anchors draw, and note."""
        shape = {"name": self.name, "bits": self.bits, "dim": self.dim}
        return {**shape, "anchoring": list(self.anchoring), "note": self.note}

    @classmethod
    def restore(
        cls, tensors: Tensors, settings: Mapping[str, Any], own: Mapping[str, Tensors]
    ) -> Self:
        """The hasher that gave these tensors and settings, and domains their own.

        Raises:
            BundleError: a tensor is missing, or its shape is not what the settings say.
        """
        try:
            bits, dim = settings["bits"], settings["dim"]
            head = {key: tensors[key] for key in _HEAD}
            generators = {
                domain: {key: mine[key] for key in _GENERATOR} for domain, mine in own.items()
            }
            temperature, weight = settings["anchoring"]
            hasher = cls(head, generators, (temperature, weight), settings["note"])
        except KeyError as error:
            raise BundleError(f"the model's {cls.name} hasher lacks {error}") from error
        anchors = (len(head["anchors"]), dim)
        wanted = {"weight": (bits, dim), "bias": (bits,), "anchors": anchors}
        found = {key: array.shape for key, array in head.items()}
        outer = [g["outer.weight"].shape[:1] for g in generators.values()]
        if found != wanted or any(shape != (dim,) for shape in outer):
            raise BundleError(
                f"the model's {cls.name} hasher says {bits} bits of {dim} numbers, its head is"
                f" {found} and its generators give {outer}"
            )
        return hasher


def _migrated(points: NDArray[np.float64], generator: Tensors) -> NDArray[np.float64]:
    """What `networks.Generator` gives in evaluation mode."""
    units = np.maximum(_linear(points, generator, "inner."), 0)
    moved = points + _linear(units, generator, "outer.")
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), dtype=np.float64)


def _linear(points: NDArray[np.float64], tensors: Tensors, prefix: str) -> NDArray[np.float64]:
    out = points @ tensors[f"{prefix}weight"].T + tensors[f"{prefix}bias"]
    return np.asarray(out, dtype=np.float64)


def _widened(tensors: Tensors) -> dict[str, NDArray[np.float64]]:
    return {name: array.astype(np.float64) for name, array in tensors.items()}
