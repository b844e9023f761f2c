"""Whether what was learnt of one model holds of another: both come of one recipe."""

from __future__ import annotations

from collections.abc import Sequence

from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput


def check_alike(model: Bundle, into: Bundle) -> None:
    """Refuse curves of a model for one of another recipe, whose scores are others.

    The categories that a model was trained on may be others, and so may what training made of
    them: the points of words and all weights.

    Raises:
        InvalidInput: they differ in codes, dimension, words or backbones, or share no domain.
    """
    shared = [name for name in into.domains if name in model.domains]
    for own, wanted in zip(_traits(model, shared), _traits(into, shared), strict=True):
        if own != wanted:
            raise InvalidInput(
                f"{model.folder} has {own}, {into.folder} has {wanted}: the curves of a model fit"
                " no model of another recipe. Train one by the same recipe with some"
                " categories left out (by exclude in its config)"
            )


def _traits(model: Bundle, shared: Sequence[str]) -> list[str]:
    """What models of one recipe have alike, in words; its domains if it shares none."""
    card = model.card
    traits = [
        f"codes of {card.bits} bits",
        f"codes by the hasher {card.hash.settings.get('name')!r}",
        f"embeddings of {card.dim} numbers",
        f"words of the provider {card.space.settings.get('provider')!r}",
        f"a space with the transform {card.space.settings.get('transform')!r}",
    ]
    if not shared:
        return [*traits, f"domains {', '.join(model.domains)}"]
    backbones = [(name, card.domains[name].backbone.name) for name in shared]
    return [*traits, *(f"the backbone {backbone} for {name}" for name, backbone in backbones)]
