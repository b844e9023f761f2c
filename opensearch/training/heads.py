"""Networks on features of a frozen backbone, one a domain: made, trained and handed to a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from opensearch.config import LearningSettings, NetworkSettings, Pooling, TrainConfig
from opensearch.encoders.networks import Standard, perceptron, projector_tensors
from opensearch.errors import InvalidInput
from opensearch.loop import Descent, Job, Learner, cosine, step_seed
from opensearch.training.domain import FittedDomain
from opensearch.training.items import Batch, Items

COLLAPSED = 1e-4
"""Spread of a batch's embeddings, as a share of their length, below which they are one point."""

_AT_ONCE = 256  # items


def new_head(items: Items, settings: NetworkSettings, seed: int) -> nn.Sequential:
    """A network for one domain; its first weights depend on the seed and the domain's name."""
    widths = [items.rows.shape[-1], *settings.layers, settings.dim]
    with chance(seed, f"head of {items.name}", 0):
        network = perceptron(
            widths,
            settings.activation,
            norm=settings.norm,
            dropout=settings.dropout,
            active_end=settings.activation == "sigmoid",
        )
    if not settings.standardise:
        return network
    flat = items.rows.flatten(0, 1)
    return nn.Sequential(Standard(flat.mean(0), flat.std(0, correction=0)), *network)


@contextmanager
def chance(seed: int, name: str, step: int) -> Iterator[None]:
    """Torch's chance as a function of seed, name and step; the caller's is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(step_seed(seed, name, step))
        yield


def embed(network: nn.Module, batch: Batch) -> Tensor:
    """Embeddings (b, d) of a batch's items, not normalised: of their views, pooled.

    Raises:
        InvalidInput: they are all one point.
    """
    points = pooled(network, batch.rows, batch.pooling)
    refuse_collapse(points, batch)
    return points


def pooled(network: nn.Module, rows: Tensor, pooling: Pooling) -> Tensor:
    """Embeddings (n, d), not normalised, of items' features (n, v, f)."""
    n, v, f = rows.shape
    views: Tensor = network(rows.reshape(n * v, f)).reshape(n, v, -1)
    return views.amax(dim=1) if pooling == "max" else views.mean(dim=1)


@torch.no_grad()
def embed_all(network: nn.Module, items: Items) -> Tensor:
    """Embeddings (n, d) of all items of a domain, not normalised, by a network that has learnt."""
    network.eval()
    starts = range(0, len(items.rows), _AT_ONCE)
    return torch.cat([pooled(network, items.rows[i : i + _AT_ONCE], items.pooling) for i in starts])


def spread(points: Tensor) -> float:
    """Root of the mean squared distance of points (n, d) from their mean, by their mean length."""
    points = points.detach()
    distance = (points - points.mean(dim=0)).square().sum(dim=1).mean().sqrt()
    return float(distance / points.norm(dim=1).mean().clamp(min=1e-12))


def refuse_collapse(points: Tensor, batch: Batch) -> None:
    """Stop where all items of a batch have one embedding: nothing would be learnt from then on.

    Args:
        points: embeddings (b, d) of the batch.

    Raises:
        InvalidInput: with the batch's place and the way out; not where points are not numbers,
            which the loop tells by the loss.
    """
    rows = batch.rows.flatten(1)
    if len(points) > 1 and spread(points) < COLLAPSED <= spread(rows):
        raise InvalidInput(
            f"training has collapsed: the {len(points)} items of domain {batch.domain!r} in"
            f" {batch.place} all have the same embedding (spread {spread(points):.1e}); train with"
            " a lower learning rate or a larger margin, or another seed, in another `out`"
        )


def refuse_no_pairs(batch: Batch, other: Batch | None = None) -> None:
    """Stop at a batch that has no two items of one category, or none of different ones.

    Args:
        other: another domain's part of the batch, where pairs are across domains.

    Raises:
        InvalidInput: with the batch's place and the way out.
    """
    same = batch.labels[:, None] == (batch if other is None else other).labels[None]
    apart = ~same
    if other is None:
        same = same & ~torch.eye(len(same), dtype=torch.bool)
    for pairs, what in ((same, "of one category"), (apart, "of different categories")):
        if not pairs.any():
            across = f" and {other.domain!r}" if other else ""
            raise InvalidInput(
                f"{batch.place} has no pair {what} in domain {batch.domain!r}{across}: draw more"
                " categories or items of each a batch, or leave out categories of single files"
                " with `exclude`"
            )


def refuse_unpaired(parts: Sequence[Batch]) -> None:
    """Stop at a batch in which a domain has no pair of one category with any other domain.

    Args:
        parts: of the batch, one of each of two or more domains.

    Raises:
        InvalidInput: with the batch's place and the way out.
    """
    for part in parts:
        others = [other for other in parts if other is not part]
        own = set(part.labels.tolist())
        if all(own.isdisjoint(other.labels.tolist()) for other in others):
            refuse_no_pairs(part, others[0])


def learner(
    networks: Iterable[nn.Module], settings: LearningSettings, shown_as: str = "lr"
) -> Learner:
    """An optimiser of the networks, whose rate falls by a cosine."""
    parameters = [p for network in networks for p in network.parameters()]
    optimiser: torch.optim.Optimizer
    if settings.optimiser == "sgd":
        optimiser = torch.optim.SGD(
            parameters, settings.lr, settings.momentum, weight_decay=settings.weight_decay
        )
    else:
        optimiser = torch.optim.Adam(parameters, settings.lr, weight_decay=settings.weight_decay)
    return Learner(optimiser, lambda share, _: cosine(share, settings.lr, settings.floor), shown_as)


def head_job(
    config: TrainConfig,
    name: str,
    module: nn.Module,
    learners: list[Learner],
    losses: Callable[[int], Iterator[Descent]],
    settings: LearningSettings,
    epoch: int,
) -> Job:
    """A job whose steps are seeded; see `Job`.

    Args:
        config: of the run; its group of settings that messages name has the method's name.
        losses: yields the descents of a step.
        epoch: steps that a line of metrics sums up, if there are so many.
    """

    def step(number: int) -> Iterator[Descent]:
        with chance(config.seed, name, number):
            yield from losses(number)

    return Job(
        name=name,
        module=module,
        learners=learners,
        step=step,
        steps=settings.steps,
        epoch=min(epoch, settings.steps),
        checkpoint=settings.checkpoint,
        setting=f"{config.method}.lr",
    )


def common_centre(points: Sequence[Tensor]) -> Tensor:
    """The mean of the domains' mean embeddings, (d,), of embeddings (n, d) of each domain."""
    return torch.stack([own.mean(dim=0) for own in points]).mean(dim=0)


def shifted(network: nn.Sequential, centre: Tensor) -> nn.Sequential:
    """A network whose outputs are counted from a centre.

    No distance changes by it. But an index ranks by cosines, and outputs that lie to one side of
    the origin, as those of sigmoids do, have all nearly the same direction.
    """
    return nn.Sequential(*network, Standard(centre, torch.ones_like(centre)))


def fitted_head(items: Items, network: nn.Sequential) -> FittedDomain:
    """The encoder of a domain, from its trained network."""
    return FittedDomain(items.data.start, projector_tensors(network.eval()), items.pooling)
