"""Where training starts when no backbone is named: from the one of the shipped model."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from pydantic import model_validator

from opensearch.config import BackboneSettings, TrainConfig
from opensearch.encoders.starter import STARTER, starter_model


class ShippedBackbone(NamedTuple):
    """The backbone of the shipped model, and the side of the views that it takes, pixels."""

    name: str
    size: int


@cache
def shipped_backbone() -> ShippedBackbone:
    """What the card of the shipped model says of it.

    Read as plain JSON: the settings of a method are loaded without numpy, the card's classes not.
    """
    card = json.loads((starter_model() / "model.json").read_text("utf-8"))
    domain = next(iter(card["domains"].values()))
    return ShippedBackbone(domain["trunk"]["backbone"], domain["reader"]["size"])


class FromStarter(TrainConfig):
    """Settings of a method that starts from the shipped model's backbone unless another is named.

    To name one is to set `backbone.name`, `backbone.pretrained` or `backbone.weights`. The size of
    views then is the shipped model's, too, unless it is set.
    """

    @model_validator(mode="before")
    @classmethod
    def _shipped(cls, fields: Any) -> Any:
        group = fields.get("backbone") or {}
        if isinstance(group, BackboneSettings):
            group = group.model_dump(exclude_unset=True)
        if not isinstance(group, dict):
            return fields  # the check of the group refuses it
        named = {name for name in ("name", "pretrained", "weights") if group.get(name) is not None}
        if named and not (named == {"weights"} and str(group["weights"]) == str(STARTER)):
            return fields
        name, size = shipped_backbone()
        start = {**group, "name": name, "weights": STARTER}
        return {"size": size, **fields, "backbone": start}
