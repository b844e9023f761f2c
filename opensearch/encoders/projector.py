"""Projectors: from a backbone's features into the semantic space.

Source:
    Thong, Mettes, Snoek 2020: one linear layer and batch normalisation, Xavier init.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, relu


class Projector(nn.Module):
    """Linear and BatchNorm1d, or with `hidden` units a two-layer perceptron before them.

    Args:
        features: width of the backbone's features.
        dim: width of the semantic space.
        hidden: units of the hidden layer; 0 for the paper's single linear layer.
        dropout: share of hidden units dropped in training.
    """

    def __init__(self, features: int, dim: int, hidden: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        width = hidden or features
        self.hidden = (
            nn.Sequential(
                nn.Linear(features, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout)
            )
            if hidden
            else nn.Identity()
        )
        self.linear = nn.Linear(width, dim)
        self.norm = nn.BatchNorm1d(dim)
        nn.init.xavier_uniform_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Embeddings (n, dim), not normalised, of features (n, features)."""
        out: Tensor = self.norm(self.linear(self.hidden(features)))
        return out


class SharedProjector(nn.Module):
    """A two-layer projector whose linear layers all domains share; batch norms are their own.

    Args:
        domains: names, in the order of their numbers.
        features, dim, hidden, dropout: as of `Projector`; `hidden` at least 1.
    """

    def __init__(
        self, domains: Sequence[str], features: int, dim: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.domains = list(domains)
        self.dropout = dropout
        self.inner = nn.Linear(features, hidden)
        self.outer = nn.Linear(hidden, dim)
        self.inner_norms = nn.ModuleList(nn.BatchNorm1d(hidden) for _ in domains)
        self.outer_norms = nn.ModuleList(nn.BatchNorm1d(dim) for _ in domains)
        nn.init.xavier_uniform_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Embeddings (n, dim), not normalised, of each domain's features (n_d, f), in order."""
        counts = [len(part) for part in features]
        inner = self.inner(torch.cat(list(features))).split(counts)
        units = [relu(norm(part)) for norm, part in zip(self.inner_norms, inner, strict=True)]
        kept = dropout(torch.cat(units), self.dropout, self.training)
        outer = self.outer(kept).split(counts)
        return torch.cat([norm(part) for norm, part in zip(self.outer_norms, outer, strict=True)])

    def shared(self) -> dict[str, Tensor]:
        """The tensors that all domains share, named as a `Projector`'s."""
        inner = {f"hidden.0.{k}": v for k, v in self.inner.state_dict().items()}
        return inner | {f"linear.{k}": v for k, v in self.outer.state_dict().items()}

    def own(self, domain: str) -> dict[str, Tensor]:
        """The tensors of one domain alone, named as a `Projector`'s."""
        place = self.domains.index(domain)
        inner, outer = self.inner_norms[place], self.outer_norms[place]
        norms = {f"hidden.1.{k}": v for k, v in inner.state_dict().items()}
        return norms | {f"norm.{k}": v for k, v in outer.state_dict().items()}
