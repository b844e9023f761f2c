"""The hash losses. All are means over bits: the paper's sums, divided by the bits of a code."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import relu


def quantisation(logits: Tensor, codes: Tensor) -> Tensor:
    """Mean squared distance of logits from their items' codes, both (n, bits).

    Source:
        Zhang et al. 2018: ||B_I - H(I)||^2 and ||B_S - H(G_I(S))||^2.
    """
    return (logits - codes).square().mean()


def agreement(pivot: Tensor, migrated: Tensor) -> Tensor:
    """Mean squared distance of a pair's logits, both (n, bits).

    Source:
        Zhang et al. 2018: ||H(I) - H(G_I(S))||^2.
    """
    return (pivot - migrated).square().mean()


def triplet(pivot: Tensor, migrated: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """Hinge on how much nearer a picture is to its partner than to one of another category.

    Args:
        pivot: logits of the anchors, shape (n, bits).
        migrated: of their partners, shape (n, bits).
        negatives: of items of other categories, shape (n, bits).
        margin: of squared distances that are means over bits. The paper's is 20 for sums: 20 / 64
            with codes of 64 bits, what five bits of them are worth.

    Source:
        Zhang et al. 2018: relu(20 + ||H(I_i) - H(S_i)||^2 - ||H(I_i) - H(S_k)||^2).
    """
    near = (pivot - migrated).square().mean(dim=1)
    far = (pivot - negatives).square().mean(dim=1)
    return relu(margin + near - far).mean()


def scaled_gradient(values: Tensor, factor: float) -> Tensor:
    """The values themselves; a gradient that comes back through them is multiplied by `factor`."""
    fixed = values.detach()
    return fixed + factor * (values - fixed)
