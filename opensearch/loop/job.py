"""The training loop: the steps of a job, resumable from any checkpoint.

All chance must be a function of (seed, job, step), see `schedule.step_seed`; then a run that was
cut off and resumed equals one that was not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from opensearch.errors import InvalidInput
from opensearch.loop.checkpoint import RunFolder
from opensearch.loop.schedule import due
from opensearch.progress import Progress

LOSS = "loss"
"""Name of a job's loss that has only one."""


@dataclass(frozen=True)
class Learner:
    """An optimiser and its learning rate.

    Attributes:
        rate: at a share 0..1 of the way, given the `factor` of a parameter group (1 if it has
            none).
        shown_as: name of the last group's rate in lines of metrics; not shown where empty.
    """

    optimiser: Optimizer
    rate: Callable[[float, float], float]
    shown_as: str = ""

    def set_rate(self, share: float) -> None:
        """Set the rate of every parameter group."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate(share, group.get("factor", 1.0))


@dataclass(frozen=True)
class Descent:
    """One gradient descent within a step: losses by name, and the optimisers that make it.

    Attributes:
        losses: scalars, of which the sum is minimised.
        learners: those that take the step.
        measured: other numbers for the line of metrics.
        samples: weight of this step in the means of a line.
    """

    losses: Mapping[str, Tensor]
    learners: Sequence[Learner]
    measured: Mapping[str, float] = field(default_factory=dict)
    samples: int = 1


@dataclass(frozen=True)
class Job:
    """A module to train, the steps that do it, and how many.

    Attributes:
        name: of its checkpoint, lines of metrics and progress.
        module: its parameters and buffers are all that a resumed run needs beside the optimisers.
        learners: all of them, in the order of a checkpoint.
        step: yields the descents of a step, given its number; each is made before the next is
            asked for.
        epoch: steps that a line of metrics sums up; checkpoints are written when one ends.
        checkpoint: least number of steps between checkpoints.
        setting: where learning rates are set, for the user who has to lower them.
        after: called when a step is done.
        opening: called before an epoch; gives other numbers for its line of metrics.
        closing: called with the number of an epoch that ended, before its checkpoint.
    """

    name: str
    module: nn.Module
    learners: Sequence[Learner]
    step: Callable[[int], Iterator[Descent]]
    steps: int
    epoch: int
    checkpoint: int
    setting: str
    after: Callable[[], None] = lambda: None
    opening: Callable[[], Mapping[str, float]] = dict
    closing: Callable[[int], None] = lambda epoch: None


def run_job(job: Job, run: RunFolder | None, progress: Progress) -> None:
    """Run all steps of a job; leave its module in evaluation mode.

    Args:
        run: where checkpoints and metrics go, and where to resume from; `None` to keep nothing.

    Raises:
        InvalidInput: a damaged checkpoint, or a loss that is not a number.
    """
    optimisers = [learner.optimiser for learner in job.learners]
    done = run.load(job.name, job.module, *optimisers) if run else 0
    if run and done < job.steps:
        run.cut_metrics()
    job.module.train()
    opened: Mapping[str, float] = {}
    means = _Means()
    for step in range(done, job.steps):
        if step % job.epoch == 0:
            opened, means = job.opening(), _Means()
        for learner in job.learners:
            learner.set_rate(step / job.steps)
        for descent in job.step(step):
            descend(job, descent, step)
            means.add(descent)
        job.after()
        end = step + 1
        ended = end % job.epoch == 0
        if run and ended:
            run.log(_line(job, end, means, opened))
        if ended:
            job.closing(end // job.epoch)
        # Only when an epoch ends, so that no half-filled mean is lost.
        if run and (end == job.steps or (ended and due(end, job.epoch, job.checkpoint))):
            run.save(job.name, end, job.module, *optimisers)
        progress(job.name, end, job.steps)
    job.module.eval()


def descend(job: Job, descent: Descent, step: int) -> None:
    """Make one descent.

    Raises:
        InvalidInput: a loss is not a number.
    """
    for name, loss in descent.losses.items():
        if not torch.isfinite(loss):
            which = job.name if name == LOSS else f"{job.name}, {name},"
            raise InvalidInput(
                f"the loss of {which} is {float(loss.detach())} at step {step + 1};"
                f" train with a lower {job.setting} in another `out`"
            )
    for learner in descent.learners:
        learner.optimiser.zero_grad(set_to_none=True)
    torch.stack(list(descent.losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    for learner in descent.learners:
        learner.optimiser.step()


class _Means:
    """Means of losses and measures over an epoch, weighted by samples; measures come last."""

    def __init__(self) -> None:
        self._losses: dict[str, float] = defaultdict(float)
        self._measures: dict[str, float] = defaultdict(float)
        self._samples: dict[str, int] = defaultdict(int)

    def add(self, descent: Descent) -> None:
        losses = {name: float(loss.detach()) for name, loss in descent.losses.items()}
        for sums, values in ((self._losses, losses), (self._measures, descent.measured)):
            for name, value in values.items():
                sums[name] += descent.samples * value
                self._samples[name] += descent.samples

    def rounded(self) -> dict[str, float]:
        sums = {**self._losses, **self._measures}
        return {name: round(total / self._samples[name], 6) for name, total in sums.items()}


def _line(job: Job, end: int, means: _Means, opened: Mapping[str, float]) -> dict[str, object]:
    rates = {
        learner.shown_as: learner.optimiser.param_groups[-1]["lr"]
        for learner in job.learners
        if learner.shown_as
    }
    place = {"stage": job.name, "epoch": end // job.epoch, "step": end}
    return {**place, **means.rounded(), **opened, **rates}
