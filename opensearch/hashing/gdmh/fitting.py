"""Training of the branch: generators and head against discriminators, on ready embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.config import GdmhSettings, HashSettings
from opensearch.hashing.gdmh.batches import Batch, Batches
from opensearch.hashing.gdmh.losses import (
    balance_loss,
    cycle_loss,
    independence_loss,
    quantisation_loss,
    semantic_loss,
    similarity_loss,
)
from opensearch.hashing.gdmh.networks import Branch, Discriminator
from opensearch.hashing.hasher import HashData
from opensearch.hashing.itq import ItqHasher
from opensearch.loop import LOSS, Descent, Job, Learner, run_job, warmed
from opensearch.losses.adversarial import least_squares
from opensearch.losses.contrast import CrossDomainContrast
from opensearch.progress import Progress

Arrays = dict[str, NDArray[Any]]
_SPREAD = 1 / 3  # of first logits: tanh is nearly straight there, so bits can still change
_WARM, _FIRST = 0.15, 1e-3  # shares of the steps: the rate rises, and starts ahead
_WHAT = "codes"


def fit_branch(
    data: HashData, settings: HashSettings, seed: int, progress: Progress
) -> tuple[Arrays, dict[str, Arrays]]:
    """Train generators and head together.

    Returns:
        The head's tensors, and each moving domain's generator's, as `GdmhHasher` takes them.
    """
    with _one_thread(seed):
        batches = Batches(data, settings.gdmh, seed)
        branch = Branch(
            batches.domains,
            pivot_of(data, settings.gdmh),
            data.embeddings.shape[1],
            settings.bits,
            settings.gdmh.hidden,
        )
        _start(branch.head, data, settings, seed)
        run_job(branch_job(branch, batches, settings.gdmh), None, progress)
    generators = {
        name: _halved(module) for name, module in zip(branch.moving, branch.there, strict=True)
    }
    return _arrays(branch.head), generators


def fit_generator(
    data: HashData, head: Arrays, settings: HashSettings, seed: int, progress: Progress
) -> Arrays:
    """Train the generator of a domain that is added to a model, under the head as it is.

    Without items of the pivot and of other domains, only the losses remain that ask the codes to
    follow embeddings and prototypes.

    Args:
        data: items of that domain alone.
        head: of the hasher.
    """
    if not settings.gdmh.hidden:
        return {}
    with _one_thread(seed):
        batches = Batches(data, settings.gdmh, seed)
        bits, dim = head["weight"].shape
        branch = Branch(batches.domains, "", dim, bits, settings.gdmh.hidden)
        branch.head.load_state_dict(
            {name: torch.from_numpy(head[name]) for name in ("weight", "bias")}
        )
        branch.head.requires_grad_(requires_grad=False)
        run_job(branch_job(branch, batches, settings.gdmh), None, progress)
    return _halved(branch.there[0])


def pivot_of(data: HashData, settings: GdmhSettings) -> str:
    """The domain that others migrate to: the one set, or where there is none the largest."""
    names, counts = np.unique(data.domains, return_counts=True)
    if settings.pivot in names:
        return settings.pivot
    return str(names[counts.argmax()])


def branch_job(branch: Branch, batches: Batches, settings: GdmhSettings) -> Job:
    """The job that trains a branch, in place, against discriminators that are then dropped."""
    losses = BranchLosses(branch, batches, settings)
    learning = [p for p in branch.parameters() if p.requires_grad]
    makers = Learner(
        torch.optim.AdamW(learning, betas=(0.9, 0.99), weight_decay=1e-4),
        lambda share, factor: settings.lr * warmed(share, factor, 0.0, warm=_WARM, first=_FIRST),
    )
    judges = None
    if len(losses.discriminators):
        adam = torch.optim.Adam(losses.discriminators.parameters(), betas=(0.5, 0.999))
        judges = Learner(adam, lambda share, factor: factor * settings.lr / 2)

    def step(number: int) -> Iterator[Descent]:
        batch = batches.draw()
        moved = {name: branch.migrate(points, name) for name, points in batch.points.items()}
        yield Descent({LOSS: losses.of_branch(batch, moved)}, [makers])
        if judges is not None:
            yield Descent({LOSS: losses.of_discriminators(batch, moved)}, [judges])

    return Job(
        name=_WHAT,
        module=branch,
        learners=[makers] if judges is None else [makers, judges],
        step=step,
        steps=settings.steps,
        epoch=settings.steps,
        checkpoint=settings.steps,
        setting="hash.gdmh.lr",
    )


class BranchLosses:
    """Losses of a branch and of its discriminators."""

    def __init__(self, branch: Branch, batches: Batches, settings: GdmhSettings) -> None:
        self._branch, self._batches, self._settings = branch, batches, settings
        pivots = [name for name in batches.domains if name not in branch.moving]
        self._pivot = pivots[0] if pivots else None
        adverse = settings.adversary > 0 and self._pivot is not None
        self.discriminators = nn.ModuleList(
            Discriminator(batches.prototypes.shape[1], settings.conditional)
            for _ in (branch.moving if adverse else [])
        )
        self._contrast = CrossDomainContrast(settings.contrast_temperature)

    def of_branch(self, batch: Batch, moved: dict[str, Tensor]) -> Tensor:
        """The branch's loss on a batch and its migrated items (n, d) by domain."""
        s, branch = self._settings, self._branch
        points = torch.cat([*moved.values(), batch.words])
        codes = branch.codes(points)
        items = codes[: len(batch.all_labels)]
        units = nn.functional.normalize(items, dim=1)
        prototype_codes = branch.codes(self._batches.prototypes)
        terms = [
            s.similarity * similarity_loss(codes, points.detach()),
            s.semantic
            * semantic_loss(items, prototype_codes, batch.all_labels, s.semantic_temperature),
            s.contrast * self._contrast(units, batch.all_labels, batch.owners),
            s.quantisation * quantisation_loss(items),
            s.balance * balance_loss(items),
            s.independence * independence_loss(items),
        ]
        return torch.stack(terms).sum() + self._migration(batch, moved)

    def _migration(self, batch: Batch, moved: dict[str, Tensor]) -> Tensor:
        """Losses of the generators alone: items come back, stay near and pass for the pivot's."""
        s, branch = self._settings, self._branch
        loss = torch.zeros(())
        for place, name in enumerate(branch.moving):
            there, back = branch.there[place], branch.back[place]
            loss = loss + s.cycle * cycle_loss(batch.points[name], back(moved[name]))
            loss = loss + s.stay * cycle_loss(batch.points[name], moved[name])
            if self._pivot is not None:
                home = batch.points[self._pivot]
                loss = loss + s.cycle * cycle_loss(home, there(back(home)))
            if len(self.discriminators):
                seen = self._batches.prototypes[batch.labels[name]]
                scores = self.discriminators[place](moved[name], seen)
                loss = loss + s.adversary * least_squares(scores, real=True)
        return loss

    def of_discriminators(self, batch: Batch, moved: dict[str, Tensor]) -> Tensor:
        """The discriminators' loss, on categories that both domains hold."""
        loss = torch.zeros(())
        pivot = self._pivot or ""
        for judge, name in zip(self.discriminators, self._branch.moving, strict=True):
            both = self._batches.held[name] & self._batches.held[pivot]
            for points, labels, real in (
                (batch.points[pivot], batch.labels[pivot], True),
                (moved[name].detach(), batch.labels[name], False),
            ):
                kept = both[labels]
                seen = self._batches.prototypes[labels[kept]]
                loss = loss + least_squares(judge(points[kept], seen), real)
        return loss


def _start(head: nn.Linear, data: HashData, settings: HashSettings, seed: int) -> None:
    """Start from ITQ's codes: a random head ends far from what those already preserve."""
    itq = ItqHasher.fit(data, settings, seed)
    logits = itq.logits(data.embeddings)
    scale = _SPREAD / float(logits.std())
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(scale * itq.projection.T))
        head.bias.copy_(torch.from_numpy(-scale * (itq.mean @ itq.projection)))


@contextmanager
def _one_thread(seed: int) -> Iterator[None]:
    """One thread and chance from the seed alone, within; both are restored afterwards.

    The matrices are small: a second thread gains little, and on a busy machine it costs time.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


def _arrays(module: nn.Module) -> Arrays:
    return {name: tensor.detach().numpy() for name, tensor in module.state_dict().items()}


def _halved(module: nn.Module) -> Arrays:
    """A generator's tensors in float16, as they are most of what codes add to a model."""
    return {name: array.astype(np.float16) for name, array in _arrays(module).items()}
