"""Projectors: from a backbone's features into the semantic space.

Source:
    Thong, Mettes, Snoek 2020: one linear layer and batch normalisation, Xavier init.
"""

from __future__ import annotations

from torch import Tensor, nn


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
