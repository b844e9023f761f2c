"""The loss L_G2D of the adaptation, with (23) and (24), and the discriminator's by analogy.

Source:
    Wang, Qian, Wang, Fang 2018, L_G2D above (23), (23) and (24). They print no L_D2D and no k_2D:
    ours are to (24) what (26) is to (28), renders in the place of what is real. Sums over
    pixels are means here, as in `training.losses`.
"""

from __future__ import annotations

from torch import Tensor

from opensearch.reconstruction.training.losses import critic_loss, distance


def adaptation_loss(
    sketches: Tensor,
    renders: Tensor,
    sketches_back: Tensor,
    renders_back: Tensor,
    judged: Tensor,
    phi: float,
    inked: float | None,
) -> dict[str, Tensor]:
    """L_G2D = (1 - phi) [L_REC(x) + L_REC(v')] + phi L_ADV(T1' T1(x)), as its three terms.

    Args:
        sketches, renders: x and v', shape (n, 64, 64), 0 paper to 1 ink; nothing pairs them.
        sketches_back, renders_back: T1' T1 of them.
        judged: D_2D(T1' T1(x)).
        phi: phi_2D.
        inked: the share of ink in (23) and (24), see `distance`.
    """
    return {
        "sketches": (1 - phi) * distance(sketches_back, sketches, inked),
        "renders": (1 - phi) * distance(renders_back, renders, inked),
        "adversarial": phi * distance(judged, sketches_back, inked),
    }


def judging(
    renders_back: Tensor, sketches_back: Tensor, judged: tuple[Tensor, Tensor], inked: float | None
) -> tuple[Tensor, Tensor]:
    """(24) of renders and of sketches as they came back, L_ADV(T1' T1(v')) and L_ADV(T1' T1(x)).

    Args:
        judged: D_2D of both.
        inked: see `adaptation_loss`.
    """
    return distance(judged[0], renders_back, inked), distance(judged[1], sketches_back, inked)


def discriminator_loss(renders: Tensor, sketches: Tensor, balance: Tensor) -> dict[str, Tensor]:
    """L_D2D = L_ADV(T1' T1(v')) - k_2D L_ADV(T1' T1(x)), as its two terms."""
    return critic_loss(renders, sketches, balance)
