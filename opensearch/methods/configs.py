"""Training configs: a YAML file, overrides, and the settings of the method that it names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import ValidationError

from opensearch.config import Settings, TrainConfig, config_folder
from opensearch.errors import InvalidInput
from opensearch.methods import DEFAULT, METHODS, find_method
from opensearch.records import Names


def load_train_config(name: str, overrides: Names = ()) -> TrainConfig:
    """Read a training config by shipped name or path, with `key.subkey=value` overrides.

    Args:
        name: of a shipped config, or the path of a YAML file.
        overrides: values are YAML: `loop.lr=1e-2`, `domains.shape={views: 4}`.

    Returns:
        The settings of the method that the config names.

    Raises:
        InvalidInput: no such config or method, a malformed override, an unknown key, a setting
            of another method, or a bad value.
    """
    known = {file.stem: file for file in sorted((config_folder() / "train").glob("*.yaml"))}
    file = known.get(name, Path(name))
    if not file.is_file():
        raise InvalidInput(f"no config {name!r}: not a file, nor one of {', '.join(known)}")
    fields = overridden(_read(file), overrides)
    method = find_method(fields.get("method", DEFAULT))
    try:
        config: TrainConfig = method.config.model_validate(fields)
    except ValidationError as error:
        raise InvalidInput(f"config {file.name}: {_complaint(error, method.name)}") from error
    return config


def overridden(fields: dict[str, Any], overrides: Names) -> dict[str, Any]:
    """Settings by name with `key.subkey=value` put in their places; see `load_train_config`.

    Raises:
        InvalidInput: a malformed override.
    """
    if isinstance(overrides, str):
        raise InvalidInput(
            f"`overrides` must be a list of key=value, as in [{overrides!r}], got {overrides!r}"
        )
    for override in overrides:
        _apply(fields, override)
    return fields


class _Loader(yaml.SafeLoader):
    """As YAML says, but for two things that are never meant."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; a key that is there twice is wrong, as its first value would be lost."""
        keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        twice = next((key for key, count in keys.items() if count > 1), None)
        if twice is not None:
            raise ValueError(f"it says {twice!r} twice")
        return super().construct_mapping(node, deep)

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number, if it is one of 64 bits."""
        value = super().construct_yaml_int(node)
        if abs(value) >= 2**63:
            raise ValueError(f"{node.value:.40} has more than 64 bits")
        return value


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _read(file: Path) -> dict[str, Any]:
    try:
        fields = yaml.load(file.read_text("utf-8"), _Loader) or {}
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise InvalidInput(f"config {file} cannot be read as YAML: {reason}") from error
    if not isinstance(fields, dict):
        raise InvalidInput(f"config {file} must be a mapping of settings, got {fields!r:.60}")
    return fields


def _apply(fields: dict[str, Any], override: str) -> None:
    """Put one `key.subkey=value` in its place."""
    key, equals, text = override.partition("=")
    *parents, last = key.split(".")
    if not equals or not all([*parents, last]):
        raise InvalidInput(f"`overrides` are key=value, e.g. loop.epochs=10; got {override!r}")
    try:
        value = yaml.load(text, _Loader)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise InvalidInput(f"`overrides`, {override}: the value is not YAML; quote it") from error
    for parent in parents:
        if fields.get(parent) is None:
            fields[parent] = {}
        fields = fields[parent]
        if not isinstance(fields, dict):
            raise InvalidInput(f"`overrides`, {override}: {parent} is a value, not a group")
    fields[last] = value


def _complaint(error: ValidationError, method: str) -> str:
    """The first thing wrong with a config of a method, and the way out."""
    first = error.errors()[0]
    *parents, last = [str(part) for part in first["loc"]] or [""]
    place = ".".join([*parents, last])
    if first["type"] == "extra_forbidden":
        others = [name for name in METHODS if last in _known(name, parents)]
        if others:
            return (
                f"{place} is a setting of method {' and '.join(others)}, and the method here is"
                f" {method}; leave it out, or give `overrides=['method={others[0]}']`"
            )
        return f"unknown setting {place}; known there: {', '.join(_known(method, parents))}"
    if first["type"] == "model_type":
        return (
            f"{place} is a group of settings, got {first['input']!r};"
            f" set one of {', '.join(_known(method, [*parents, last]))}"
        )
    return (
        f"{place}: {first['msg']} (got {first['input']!r:.60})."
        f" Set it in the file or with `overrides=['{place}=VALUE']`"
    )


def _known(method: str, parents: Sequence[str]) -> list[str]:
    """Names of the settings in a group of a method's config; none where it has no such group."""
    group: Any = METHODS[method].config
    for name in parents:
        if isinstance(group, type) and issubclass(group, Settings):
            if name not in group.model_fields:
                return []
            group = group.model_fields[name].annotation
        else:
            group = get_args(group)[1]  # of Mapping[str, group]
    return sorted(group.model_fields)
