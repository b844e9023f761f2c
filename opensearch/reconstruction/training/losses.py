"""Losses of the voxel generator, equations (25) to (28), and the equilibrium of its game.

Source:
    Wang, Qian, Wang, Fang 2018. Sums over voxels are means here, so that phi and learning rates do
    not depend on the resolution. How k_3D moves they do not print: it is that of BEGAN
    (Berthelot et al. 2017), to which their (26) belongs.
"""

from __future__ import annotations

import torch
from torch import Tensor


def distance(out: Tensor, grids: Tensor, filled: float | None) -> Tensor:
    """|out - grids|, mean over voxels and then over items: the norm of (27) and (28).

    Args:
        out: shape (n, s, s, s).
        grids: what it is compared with, of the same shape; fractions are filled in part.
        filled: the share that the filled voxels of an item have in its loss, however few there
            are; `None`: as many as there are. A tenth of a grid is filled, so that
            plain L1 is soon content with nothing.
    """
    apart = (out - grids).abs().flatten(1)
    if filled is None:
        return apart.mean()
    there = grids.detach().flatten(1).clamp(0, 1)
    parts = [(share * apart).sum(1) / share.sum(1).clamp_min(1) for share in (there, 1 - there)]
    return (filled * parts[0] + (1 - filled) * parts[1]).mean()


def generator_loss(
    made_back: Tensor, real_back: Tensor, made_judged: Tensor, phi: float
) -> dict[str, Tensor]:
    """(25): (1 - phi) [L_REC(v_OUT) + L_REC(v)] + phi L_ADV(v_OUT), as its three terms.

    Args:
        made_back: L_REC(v_OUT), (27) of what the pooled codes give.
        real_back: L_REC(v), (27) of the training shapes.
        made_judged: L_ADV(v_OUT), (28).
    """
    return {
        "made": (1 - phi) * made_back,
        "real": (1 - phi) * real_back,
        "adversarial": phi * made_judged,
    }


def critic_loss(real: Tensor, made: Tensor, balance: Tensor) -> dict[str, Tensor]:
    """(26): L_ADV(v) - k_3D L_ADV(T2' T2(v_OUT)), as its two terms.

    Args:
        real: L_ADV(v).
        made: L_ADV(T2' T2(v_OUT)).
        balance: k_3D.
    """
    return {"critic_real": real, "critic_made": -balance * made}


@torch.no_grad()
def next_balance(balance: Tensor, real: Tensor, made: Tensor, gamma: float, rate: float) -> Tensor:
    """k_3D after a step: k + rate (gamma L_ADV(v) - L_ADV(made)), within 0..1."""
    return (balance + rate * (gamma * real - made)).clamp(0, 1)


@torch.no_grad()
def convergence(real: Tensor, made: Tensor, gamma: float) -> float:
    """BEGAN's measure of convergence: L_ADV(v) + |gamma L_ADV(v) - L_ADV(made)|."""
    return float(real + (gamma * real - made).abs())
