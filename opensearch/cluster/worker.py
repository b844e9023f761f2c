"""What a worker does: it unpacks the model that it was sent, and encodes batches of files."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import opensearch
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import CARD
from opensearch.encoders.openvino import Precision
from opensearch.encoders.pipeline import Encoded
from opensearch.engine.ingest.batches import Work
from opensearch.engine.ingest.encoding import IN_PLACE, Done
from opensearch.errors import IndexMismatch, OpenSearchError, UnreadableFile
from opensearch.limits import Limits
from opensearch.model import Model


class Unseen(UnreadableFile):
    """A file that is not there for the worker that should read it."""


@dataclass(frozen=True, slots=True)
class Job:
    """All that a worker is told before its first batch.

    Attributes:
        files: of the model bundle, by name.
        precision: of the factors in its backbones.
        limits: what one file may cost.
        runtime: what OPENSEARCH_RUNTIME says here.
        same: what must be the same on both sides, by its name.
        probe: digest of the features that this machine gives of `probe_of`'s views.
        processors: how many the worker may use.
    """

    files: Mapping[str, bytes]
    precision: Precision
    limits: Limits
    runtime: str
    same: Mapping[str, str]
    probe: str
    processors: int


def job_of(model: Model, processors: int) -> Job:
    """The job of encoding as a model does in this process."""
    bundle = model.bundle
    return Job(
        files={name: (bundle.folder / name).read_bytes() for name in {CARD, *bundle.card.files()}},
        precision=bundle.precision,
        limits=model.limits,
        runtime=os.environ.get("OPENSEARCH_RUNTIME") or "auto",
        same=_same(model),
        probe=probe_of(bundle),
        processors=processors,
    )


def probe_of(bundle: Bundle) -> str:
    """A digest of the features of views of noise: equal where features are equal to the bit."""
    digest = hashlib.sha256()
    for name in sorted(bundle.domains):
        side = bundle.domain(name).reader.size
        views = np.random.default_rng(0).integers(0, 256, (2, side, side, 3), np.uint8)
        digest.update(bundle.backbone(name).features(views).tobytes())
    return digest.hexdigest()


def _same(model: Model) -> dict[str, str]:
    """What decides over codes: the package, the readers, and what backbones really run in."""
    bundle = model.bundle
    return {
        "opensearch-visual": opensearch.__version__,
        "readers": ", ".join(f"{name} {model.version(name)}" for name in sorted(bundle.domains)),
        "runtime": ", ".join(sorted({bundle.backbone(name).runtime for name in bundle.domains})),
    }


class Worker:
    """Encodes batches in a process of its own; `prepare` comes first."""

    def __init__(self) -> None:
        self._model: Model | None = None

    def prepare(self, job: Job) -> str:
        """Load the model; a remark where this machine rounds otherwise, "" where it does not.

        The files are gone from the disk when it returns: backbones are open, the rest is done by
        whoever writes the index.

        Raises:
            IndexMismatch: codes made here would not be those made there.
            OpenSearchError: the model cannot be loaded here.
        """
        os.environ["OPENSEARCH_RUNTIME"] = job.runtime
        os.environ["OPENSEARCH_THREADS"] = str(job.processors)
        os.environ["OPENSEARCH_READERS"] = os.environ.get("OPENSEARCH_READERS") or str(
            job.processors
        )
        with tempfile.TemporaryDirectory(prefix="opensearch-") as folder:
            for name, content in job.files.items():
                Path(folder, name).write_bytes(content)
            bundle = Bundle.open(Path(folder), job.precision)
            model = Model(bundle, job.limits)
            _check(job.same, _same(model))
            probe = probe_of(bundle)
        self._model = model
        return "" if probe == job.probe else _rounds_otherwise()

    def encode(self, works: Sequence[Work]) -> list[Done]:
        """What `InPlace` gives of a batch, without the views."""
        if self._model is None:
            raise OpenSearchError("a worker encodes nothing before it is prepared")
        there = [work.source.remote or os.path.lexists(work.source.path) for work in works]
        seen = (work for work, is_there in zip(works, there, strict=True) if is_there)
        with closing(IN_PLACE.encode_works(self._model, seen)) as encoded:
            return [
                replace(next(encoded), views=None) if is_there else _unseen(work)
                for work, is_there in zip(works, there, strict=True)
            ]


def _check(wanted: Mapping[str, str], found: Mapping[str, str]) -> None:
    """Refuse a worker whose codes would not be those of the index.

    Raises:
        IndexMismatch: the text names what differs, and where.
    """
    for name, value in wanted.items():
        if found.get(name) != value:
            raise IndexMismatch(
                f"the worker on {socket.gethostname()} has {name} {found.get(name)}, but the"
                f" process that writes the index has {value}: their codes would not be the same."
                " Install the same packages there, or run everything with OPENSEARCH_RUNTIME=onnx"
            )


def _rounds_otherwise() -> str:
    return (
        f"the processor of {socket.gethostname()} rounds numbers differently from this one: a few"
        " bits of its codes may differ from those made here"
    )


def _unseen(work: Work) -> Done:
    name = socket.gethostname()
    return Encoded(work, None, None, Unseen(f"{work.source.path} does not exist on {name}"))
