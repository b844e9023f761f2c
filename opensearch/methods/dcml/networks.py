"""The network of one domain, equations (5) and (6), with what its hidden layers give."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn

from opensearch.config import Pooling
from opensearch.encoders.networks import ACTIVATIONS
from opensearch.encoders.pooling import SOFTMAX, SOFTMAX_BIAS
from opensearch.methods.dcml.settings import DcmlSettings
from opensearch.training.domain import FittedDomain, arrays
from opensearch.training.heads import fitted_head, new_head, shifted
from opensearch.training.items import Items

_ACTIVE = tuple(ACTIVATIONS.values())
_PART = 256
"""Items that are embedded at once."""


class DomainNetwork(nn.Module):
    """Layers on the features of an item's views, whose outputs are pooled over views.

    Args:
        items: of the domain; they say how wide features are, and how many views.
        settings: of the method.
        seed: of the first weights.
    """

    def __init__(self, items: Items, settings: DcmlSettings, seed: int) -> None:
        super().__init__()
        layers = settings.domain_layers.get(items.name, settings.layers)
        self.layers = new_head(items, settings.model_copy(update={"layers": layers}), seed)
        self.pooling: Pooling = items.pooling
        views = items.rows.shape[1]
        learns = items.pooling == "softmax" and views > 1
        weights = torch.zeros(views, views * settings.dim)
        self.view_weights = nn.Parameter(weights) if learns else None

    def forward(self, rows: Tensor) -> list[Tensor]:
        """What each layer gives for items, (n, w) each: the hidden ones in order, then the last.

        Args:
            rows: features (n, v, f).
        """
        n, v, f = rows.shape
        outputs: list[Tensor] = []
        x = rows.reshape(n * v, f)
        for layer in self.layers:
            x = layer(x)
            if isinstance(layer, _ACTIVE):
                outputs.append(x)
        if not outputs or outputs[-1] is not x:
            outputs.append(x)
        return self._pooled([output.reshape(n, v, -1) for output in outputs])

    def _pooled(self, outputs: list[Tensor]) -> list[Tensor]:
        """Outputs (n, v, w) of layers, pooled over views; weights come from the last layer's."""
        if self.pooling == "max":
            return [output.amax(dim=1) for output in outputs]
        if self.view_weights is None:
            return [output.mean(dim=1) for output in outputs]
        shares = (outputs[-1].flatten(1) @ self.view_weights.T).softmax(dim=1)
        return [torch.einsum("nv,nvw->nw", shares, output) for output in outputs]

    @torch.no_grad()
    def points(self, rows: Tensor) -> Tensor:
        """Embeddings (n, d) of items' features (n, v, f), as after training."""
        self.eval()
        starts = range(0, len(rows), _PART)
        return torch.cat([self(rows[start : start + _PART])[-1] for start in starts])

    def fitted(self, items: Items, centre: Tensor) -> FittedDomain:
        """The encoder of the domain, its outputs counted from a centre (d,)."""
        made = fitted_head(items, shifted(self.layers, centre))
        if self.view_weights is None:
            return made
        # Weights that were learnt of outputs as they were are taken of shifted ones from here on.
        bias = self.view_weights @ centre.repeat(len(self.view_weights))
        own = arrays({SOFTMAX: self.view_weights, SOFTMAX_BIAS: bias})
        return replace(made, projector={**made.projector, **own})
