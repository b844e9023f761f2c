"""The classifier that a backbone was pretrained with, as words of the space, for its encoders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import nn

from opensearch.config import ClassNamesSettings, TrainConfig
from opensearch.encoders.backbones.torchvision import imagenet_classes
from opensearch.encoders.class_names import PREFIX
from opensearch.encoders.starter import without_classifier
from opensearch.encoders.tensors import halved
from opensearch.errors import InvalidInput
from opensearch.semantic import Space
from opensearch.semantic.names import normalise
from opensearch.training.context import Context
from opensearch.training.domain import FittedDomain

Tensors: TypeAlias = dict[str, NDArray[np.generic]]

MEANT_OTHERWISE = frozenset(
    [
        "boxer",
        "cardigan",
        "chest",
        "crane",
        "ear",
        "hip",
        "kite",
        "nipple",
        "pick",
        "plane",
        "sorrel",
        "stole",
        "vault",
    ]
)
"""Names of classes that mean something else as words: a dog, a bird, a fruit, a tool."""


def check_class_names(config: TrainConfig) -> None:
    """Refuse names of classes where there is no classifier to have them.

    Raises:
        InvalidInput: the weights that training starts from have none.
    """
    backbone = config.backbone
    if not config.class_names.share:
        return
    bare = backbone.weights is None and backbone.pretrained is None and "." not in backbone.name
    if bare or without_classifier(backbone.weights):
        raise InvalidInput(
            "class_names.share wants a backbone that was trained on ImageNet with its classifier,"
            f" and backbone.weights={backbone.weights} has none; give backbone.pretrained=DEFAULT,"
            " backbone.weights=FILE with those of the whole network, or class_names.share=0"
        )


def with_class_names(
    context: Context[TrainConfig],
    fitted: Mapping[str, FittedDomain],
    classifier: nn.Linear | None,
) -> tuple[dict[str, FittedDomain], list[str]]:
    """The encoders with the tensors of `encoders.class_names`, if the settings want them.

    Domains on backbones of their own are left as they are, and the user is told.

    Returns:
        The encoders, and the names of the classes they now know, sorted; none where nothing
        was added.
    """
    settings, found = context.config.class_names, dict(fitted)
    if not settings.share or classifier is None:
        return found, []
    if len({one.backbone for one in found.values()}) > 1:
        context.note(
            "class_names is left out: every domain has a backbone of its own, which the classifier"
            " was not made for"
        )
        return found, []
    names = class_names(classifier.out_features)
    rows = named_rows(context.space, names, context.unseen, settings)
    some = [names[row] for row in rows]
    if not some:
        context.note("class_names is left out: the space has words for none of the classes")
        return found, []
    tensors = {
        "weight": classifier.weight.detach().numpy()[rows],
        "bias": classifier.bias.detach().numpy()[rows],
        "points": context.space.prototypes(some),
        "settings": np.array([settings.temperature, settings.share], np.float32),
    }
    common: Tensors = {PREFIX + name: tensor for name, tensor in tensors.items()}
    common = halved(common) if context.config.backbone.half else common
    for name, one in found.items():
        projector = {**one.projector, **common}
        found[name] = replace(one, projector=projector, shared=one.shared | set(common))
    return found, sorted(set(some))


def with_inherited_class_names(
    fitted: FittedDomain, shared: Mapping[str, NDArray[np.generic]]
) -> FittedDomain:
    """The encoder of a domain that is added to a model, with the class names of the others.

    Args:
        shared: the tensors that the model's domains of this backbone have in common.
    """
    inherited = {name: tensor for name, tensor in shared.items() if name.startswith(PREFIX)}
    projector = {**fitted.projector, **inherited}
    return replace(fitted, projector=projector, shared=fitted.shared | set(inherited))


def class_names(count: int) -> list[str]:
    """The names of ImageNet's classes, in the order of a classifier's outputs.

    Args:
        count: of its outputs.

    Raises:
        InvalidInput: they are not a thousand.
    """
    names = imagenet_classes()
    if count != len(names):
        raise InvalidInput(
            f"class_names wants a classifier of ImageNet's {len(names)} classes, and this has"
            f" {count}; give class_names.share=0"
        )
    return [normalise(name) for name in names]


def named_rows(
    space: Space, names: Sequence[str], unseen: Sequence[str], settings: ClassNamesSettings
) -> list[int]:
    """Which classes may be named: those that are words, and not of what is to stay unseen.

    Args:
        names: of all classes.
        unseen: categories that the model must not know. A class is of one if its name has the
            category's among its words, or lies near it.
        settings: what lies near, and what else is left out.
    """
    apart = {normalise(name) for name in settings.without}
    lacking = {*space.missing(names), *MEANT_OTHERWISE, *apart}
    rows = [row for row, name in enumerate(names) if name not in lacking]
    missing = set(space.missing(unseen))
    known = [name for name in unseen if name not in missing]
    if rows and known:
        points = space.prototypes([names[row] for row in rows])
        distant = (points @ space.prototypes(known).T).max(axis=1) < settings.near
        rows = [row for row, far in zip(rows, distant, strict=True) if far]
    return [row for row in rows if not any(_holds(names[row], name) for name in unseen)]


def _holds(name: str, category: str) -> bool:
    """Whether a name has a category's words among its own, in a row: `school bus` has `bus`."""
    spaced = category.replace("_", " ")
    singular = spaced.removesuffix("s")
    return any(f" {word} " in f" {name} " for word in (spaced, singular))
