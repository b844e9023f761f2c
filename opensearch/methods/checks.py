"""Checks that several methods make before they train, each with the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opensearch.config import TrainConfig
from opensearch.errors import InvalidInput

_SHARED = 2
"""Categories that a domain must share: with a single one there is nothing to tell apart."""


def refuse_given_space(method: str, config: TrainConfig) -> None:
    """Refuse given points, for a method that learns the points of its categories itself.

    Raises:
        InvalidInput: the config asks for points that are given.
    """
    space = config.space
    if space.provider != "onehot" or space.transform != "none":
        raise InvalidInput(
            f"method {method} learns the points of its categories itself: its space.provider is"
            f" onehot and its space.transform none, got {space.provider} and {space.transform}"
        )


def refuse_single_domain(method: str, categories: Mapping[str, Sequence[str]]) -> None:
    """Refuse data of a single domain, for a method that learns across domains.

    Args:
        categories: of each domain's training files.

    Raises:
        InvalidInput: there are fewer than two domains.
    """
    if len(categories) < 2:
        raise InvalidInput(
            f"method {method} learns across domains, and there are files of"
            f" {', '.join(categories)} alone. Give it files of another domain, or train prototype"
        )


def refuse_few_shared(
    method: str, categories: Mapping[str, Sequence[str]], target: str | None = None
) -> None:
    """Refuse too few shared categories, for a method that compares items across domains.

    Args:
        categories: of each domain's training files.
        target: the domain to share them with; any other where `None`.

    Raises:
        InvalidInput: a domain shares fewer than two.
    """
    for name, own in categories.items():
        others = [held for other, held in categories.items() if other != name]
        wanted = others if target is None else [categories[target]]
        shared = set(own) & {category for held in wanted for category in held}
        if name != target and len(shared) < _SHARED:
            told = "any other domain" if target is None else f"domain {target!r}"
            raise InvalidInput(
                f"domain {name!r} shares {len(shared)} categories with {told}; method {method}"
                f" wants {_SHARED} or more. Give it files of them, or leave the domain out"
            )


def refuse_missing_domain(
    method: str, name: str, setting: str, categories: Mapping[str, Sequence[str]]
) -> None:
    """Refuse data without a domain that the method treats apart.

    Args:
        name: of that domain.
        setting: the setting that chooses it.
        categories: of each domain's training files.

    Raises:
        InvalidInput: there are no files of it.
    """
    if name not in categories:
        raise InvalidInput(
            f"method {method} wants files of domain {name!r}; there are files of"
            f" {', '.join(categories)}. Choose another by {setting}"
        )


def refuse_no_target(method: str, target: str, categories: Mapping[str, Sequence[str]]) -> None:
    """Refuse data that does not suit a method that brings all domains to its setting `target`.

    Args:
        target: the name of that domain.
        categories: of each domain's training files.

    Raises:
        InvalidInput: there are no files of it, or a domain shares too few categories with it.
    """
    refuse_missing_domain(method, target, f"{method}.target", categories)
    refuse_few_shared(method, categories, target)


def refuse_missing_gpu(setting: str, device: str) -> None:
    """Refuse to train on a GPU where there is none.

    Args:
        setting: the setting that names the device.

    Raises:
        InvalidInput: the device is cuda, and there is none.
    """
    if device != "cuda":
        return
    import torch

    if not torch.cuda.is_available():
        raise InvalidInput(f"{setting} is cuda, but torch finds none; give auto or cpu")
