"""What would fail only after hours is refused before anything is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch

from opensearch.config import TrainConfig
from opensearch.encoders.migration import CELL
from opensearch.errors import InvalidInput
from opensearch.methods.gdmh_pixel.adversary import SMALLEST

METHOD = "gdmh-pixel"


def check_pixel(config: TrainConfig, extends: bool) -> None:
    """Refuse settings that do not go together with training on pixels.

    Args:
        extends: whether a domain is to be added to a model.

    Raises:
        InvalidInput: a setting of another kind of training, a side that the networks cannot halve
            and double again, a device that is not there, or a model to extend.
    """
    if extends:
        raise InvalidInput(
            f"method {METHOD} trains the networks of all domains together and cannot --extend a"
            " model; train a new one on all domains"
        )
    if config.space.provider != "onehot" or config.space.transform != "none":
        raise InvalidInput(
            f"method {METHOD} learns the points of its categories itself: its space.provider is"
            f" onehot and its space.transform none, got {config.space.provider} and"
            f" {config.space.transform}"
        )
    if config.size % CELL or config.size < SMALLEST:
        raise InvalidInput(
            f"method {METHOD} takes views of a side that is a multiple of {CELL} and at least"
            f" {SMALLEST} pixels, got size {config.size}"
        )
    if config.pixel.device == "cuda" and not torch.cuda.is_available():
        raise InvalidInput("pixel.device is cuda, but torch finds none; give auto or cpu")


def check_pairs(pivot: str, categories: Mapping[str, Collection[str]]) -> None:
    """Refuse data whose domains cannot be paired with the pivot.

    Args:
        categories: of each domain's training files.

    Raises:
        InvalidInput: no such pivot, no other domain, or one that shares under two categories
            with the pivot, so that a triplet's negative is not to be had.
    """
    if pivot not in categories or len(categories) < 2:
        raise InvalidInput(
            f"method {METHOD} migrates other domains to the pivot {pivot!r}; there are files of"
            f" {', '.join(categories)}. Choose the pivot with --set pixel.pivot=NAME, and give it"
            " one other domain or more"
        )
    for name, own in categories.items():
        shared = set(own) & set(categories[pivot])
        if len(shared) < 2:
            raise InvalidInput(
                f"domain {name!r} shares {len(shared)} categories with the pivot {pivot!r}; pairs"
                " and their negatives want two or more"
            )
