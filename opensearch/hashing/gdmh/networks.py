"""The branch's networks: generators that migrate embeddings, discriminators, the hash head.

Source:
    Zhang et al., "Generative domain-migration hashing for sketch-to-image retrieval", ECCV 2018.
    There they work on pixels; here on embeddings of a sphere that the domains nearly share.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, normalize, relu

DROPOUT = 0.1
"""Share of a generator's hidden units dropped while it learns."""
_WIDTH = 256  # hidden units of a discriminator
_SLOPE = 0.2  # of its leaky units, as in the paper


class Generator(nn.Module):
    """Moves embeddings along the sphere to where another domain's items of their category lie.

    A residual perceptron, unit(x + f(x)), that begins as the identity: domains that an encoder
    has brought together already need little more.

    Args:
        dim: numbers of an embedding.
        hidden: units of the layer between.
    """

    def __init__(self, dim: int, hidden: int) -> None:
        super().__init__()
        self.inner = nn.Linear(dim, hidden)
        self.outer = nn.Linear(hidden, dim)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, points: Tensor) -> Tensor:
        """Migrated embeddings, (n, d) to (n, d), unit rows."""
        units = nn.functional.dropout(relu(self.inner(points)), DROPOUT, self.training)
        return normalize(points + self.outer(units), dim=1)


class Discriminator(nn.Module):
    """Tells embeddings of the pivot from migrated ones.

    Conditional, it also sees the prototype of the item's category. One that does not can only
    ask that all migrated items together look like all of the pivot's, and where domains hold
    other categories that means moving items from one category to another.

    Args:
        dim: numbers of an embedding.
        conditional: whether it sees prototypes.
    """

    def __init__(self, dim: int, conditional: bool) -> None:
        super().__init__()
        self.conditional = conditional
        self.inner = nn.Linear(2 * dim if conditional else dim, _WIDTH)
        self.outer = nn.Linear(_WIDTH, 1)

    def forward(self, points: Tensor, prototypes: Tensor) -> Tensor:
        """A number an embedding, (n, d) to (n,): towards 1 for the pivot's, 0 for migrated."""
        seen = torch.cat([points, prototypes], dim=1) if self.conditional else points
        out: Tensor = self.outer(leaky_relu(self.inner(seen), _SLOPE))
        return out.squeeze(1)


class Branch(nn.Module):
    """Everything that learns against the discriminators.

    Args:
        domains: names; the pivot is one of them, or none is, where nothing migrates.
        pivot: the domain that all others migrate to.
        dim: numbers of an embedding.
        bits: of a code.
        hidden: units of a generator; 0 for no generators.
    """

    def __init__(
        self, domains: Sequence[str], pivot: str, dim: int, bits: int, hidden: int
    ) -> None:
        super().__init__()
        self.moving = [name for name in domains if name != pivot and hidden]
        self.there = nn.ModuleList(Generator(dim, hidden) for _ in self.moving)
        self.back = nn.ModuleList(Generator(dim, hidden) for _ in self.moving)
        self.head = nn.Linear(dim, bits)

    def migrate(self, points: Tensor, domain: str) -> Tensor:
        """Embeddings (n, d) of a domain, migrated to the pivot; as they are, if it is none."""
        if domain not in self.moving:
            return points
        moved: Tensor = self.there[self.moving.index(domain)](points)
        return moved

    def codes(self, points: Tensor) -> Tensor:
        """Soft codes (n, bits) in -1..1 of migrated embeddings or words."""
        return torch.tanh(self.head(points))
