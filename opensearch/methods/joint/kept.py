"""A backbone whose first parts stay as they are: what they make of a run's batches is kept on disk.

They take most of the time of a step and hold few of the weights. So a number of batches is drawn
once, augmented and run through them, and the steps take these in turn.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.tensors import replacing
from opensearch.errors import InvalidInput, system_reason, unwritable
from opensearch.methods.joint.batches import Batch, Batches
from opensearch.methods.joint.settings import JointConfig
from opensearch.training.context import Context


def parted(backbone: Backbone, kept: int) -> tuple[nn.Sequential, nn.Sequential]:
    """The first parts of a backbone, from pixels (n, 3, h, w) on, and the others, to features.

    Both hold its own weights.

    Raises:
        InvalidInput: it cannot be parted, or has no more parts than are to be kept.
    """
    parts = backbone.parts()
    last = max(i for i, part in enumerate(parts) if any(True for _ in part.parameters()))
    if kept > last:
        raise InvalidInput(
            f"joint.kept={kept}: of backbone {backbone.name} the first {last} parts can stay as"
            " they are"
        )
    return nn.Sequential(*parts[:kept]), nn.Sequential(*parts[kept:])


class KeptBatches:
    """Batches of one or more runs, and what the first parts of the backbone make of their views.

    Args:
        backbone: whose first parts are as they will stay; its other parts learn as `behind`.
        batches: what they are drawn by.

    Attributes:
        behind: the other parts.
    """

    def __init__(self, context: Context[JointConfig], backbone: Backbone, batches: Batches) -> None:
        joint = context.config.joint
        self._front, self.behind = parted(backbone, joint.kept)
        self._front.requires_grad_(requires_grad=False).eval()
        self._backbone, self._batches = backbone, batches
        self._count, self._seed = min(joint.drawn, joint.steps), context.config.seed
        self._progress, self._folder = context.progress, _folder(context)

    def batch(self, step: int) -> Batch:
        """The batch of a step: all are taken once, in an order by chance, then once more."""
        rng = np.random.default_rng([self._seed, 2, step // self._count])
        return self._batches.batch(int(rng.permutation(self._count)[step % self._count]))

    def maps(self, batch: Batch) -> Tensor:
        """What the first parts make of a batch's views, (n, c, h, w), float16, on its device."""
        rows = torch.from_numpy(np.load(self._file(batch)))
        return rows.to(batch.labels.device).permute(0, 3, 1, 2)  # channels last in memory

    def make(self) -> None:
        """Run all batches through the first parts; those on disk are there already.

        Raises:
            InvalidInput: they cannot be written.
            OpenSearchError: the disk is full.
        """
        for number in range(self._count):
            batch = self._batches.batch(number)
            if not self._file(batch).exists():
                self._write(batch)
            self._progress("kept", number + 1, self._count)

    def _write(self, batch: Batch) -> None:
        pixels = self._backbone.normalised(batch.views()).to(memory_format=torch.channels_last)
        with torch.no_grad(), torch.autocast(pixels.device.type, dtype=torch.bfloat16):
            maps = self._front(pixels)
        rows = maps.to(torch.float16).permute(0, 2, 3, 1).contiguous().cpu().numpy()
        try:
            self._folder.mkdir(exist_ok=True)
            with replacing(self._file(batch)) as out:
                np.save(out, rows)
        except OSError as error:
            raise unwritable(error)(
                f"{self._folder} cannot be written: {system_reason(error)}; batches take"
                f" {self._count * rows.nbytes / 2**30:.1f} GiB, joint.drawn says how many there are"
            ) from error

    def _file(self, batch: Batch) -> Path:
        return self._folder / f"{batch.seed}.npy"


def forget(context: Context[JointConfig], all_of_them: bool = True) -> None:
    """Remove what runs in a model's folder kept, or what runs with other settings did."""
    own = None if all_of_them else _folder(context)
    for folder in context.run.folder.glob("kept-*"):
        if folder != own:
            shutil.rmtree(folder, ignore_errors=True)


def _folder(context: Context[JointConfig]) -> Path:
    """Where a run keeps its own: a run with other settings or files has another place."""
    record = (context.run.folder / "run.json").read_bytes()
    return context.run.folder / f"kept-{hashlib.blake2b(record, digest_size=6).hexdigest()}"
