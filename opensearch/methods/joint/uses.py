"""What a batch shows: items of each domain as they are, and some of them once more as another's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from opensearch.methods.joint.settings import Given, JointSettings

Style: TypeAlias = Literal["own", "outline", "photograph"]


@dataclass(frozen=True)
class Use:
    """The first `count` items that a batch has of a domain, given to `target` in a style.

    Attributes:
        source: the domain that the items are of.
        target: the domain whose norms embed them; `source` where the style is `own`.
    """

    source: str
    target: str
    style: Style
    count: int


def uses_of(joint: JointSettings, looks: Mapping[str, str]) -> list[Use]:
    """What a batch shows, target by target in the order of `looks`, own items first.

    Domains that there are no files of are left out, see `unknown_domains`.
    """
    sizes = {name: joint.sizes.get(name, joint.batch) for name in looks}
    found = []
    for target in looks:
        found.append(Use(target, target, "own", sizes[target]))
        styles: list[tuple[Style, Mapping[str, Given]]] = [
            ("outline", joint.outlines),
            ("photograph", joint.photographed),
        ]
        for style, given in styles:
            for source, size in sizes.items():
                if source in given and given[source].to == target:
                    count = max(1, round(size * given[source].share))
                    found.append(Use(source, target, style, count))
    return found


def own_uses(looks: Mapping[str, str], size: int) -> list[Use]:
    """So many items of each domain as they are."""
    return [Use(name, name, "own", size) for name in looks]


def unknown_domains(joint: JointSettings, looks: Mapping[str, str]) -> list[str]:
    """Domains that the settings name and that there are no files of, sorted."""
    given = {**joint.outlines, **joint.photographed}
    named = {*given, *(one.to for one in given.values())}
    return sorted((named | {*joint.sizes, *joint.meeting, *joint.photos}) - set(looks))
