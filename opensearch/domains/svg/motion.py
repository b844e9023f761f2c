"""Drawings that move, as they look at rest or while they show most.

Lines that draw themselves are hidden at first: what animations leave behind is the drawing. Those
that draw themselves over and over are hidden at the end, too.

Source:
    W3C, CSS Animations Level 1, `animation-fill-mode`; SVG Animations Level 2, `begin`, `fill`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from opensearch.domains.svg import css
from opensearch.domains.svg.keyframes import Frames
from opensearch.domains.svg.showing import HIDING, share_shown

_KEPT: Final = frozenset({"forwards", "both"})
_ANIMATED: Final = frozenset({"animate", "set", "animateColor", "animateTransform"})
_FLIPPED: Final = frozenset({"visibility", "display", "opacity"})
_STEPS: Final = re.compile(r"step-start|step-end|steps\(\s*1\s*[,)]")
# When an animation begins without anybody doing anything: after a time, or with another.
_TIME: Final = re.compile(r"[+-]?\s*[\d.]|wallclock|$")
_CHAIN: Final = re.compile(r"((?:\\.|[^\\.\s])+)\.(?:begin|end|repeat)\b")
_ZERO: Final = re.compile(r"[+-]?[0:.]+[a-z]*")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z][\w.-]*")
_MOST_TRIED: Final = 32
"""Frames that are tried on an element, of all of its animations."""
_SOON: Final = 0.02
"""Share of a round within which something that comes or goes does so all at once."""


class Pose(NamedTuple):
    """The moment at which a drawing is drawn.

    Attributes:
        ended: what moves for ever, or on a click, is at the end of a round; else as it begins.
        most: what moves is as it shows most.
        abrupt: with `most`, also what comes or goes at once, as pages of a flip-book do.
    """

    ended: bool = False
    most: bool = False
    abrupt: bool = False


REST: Final = Pose()


def moves(root: Element) -> bool:
    """Whether a drawing has animations, its style sheets still in it."""
    sheets = ("".join(element.itertext()) for element in root.iter("style"))
    moving = any(element.tag in _ANIMATED for element in root.iter())
    return moving or any("keyframes" in sheet for sheet in sheets)


def at_rest(
    found: Mapping[str, str], frames: Mapping[str, Frames], pose: Pose = REST
) -> Mapping[str, str]:
    """The properties of an element after the animations that keep their end, or in another pose.

    Args:
        found: properties and values.
        frames: those of each animation of the sheets, by its name.
        pose: the moment.
    """
    words = " ".join(found.get(name, "") for name in ("animation", "animation-name"))
    told = dict.fromkeys(words.replace(",", " ").split())
    named = [frames[word] for word in told if word in frames]
    if not named:
        return found
    fill = found.get("animation-fill-mode", "") + " " + found.get("animation", "")
    rest = found
    if pose.ended or _KEPT & set(fill.replace(",", " ").split()):
        rest = {**found, **{d.name: d.value for each in named for d in each.last}}
    elif _turns_pages(found, named):
        rest = found if _waits(found) else {**found, **named[0].first}
    if not pose.most:
        return rest
    # Of the pages of a flip-book one is enough.
    left_out = _waits(found) if pose.abrupt else True
    stepped = bool(_STEPS.search(_timing(found)))
    shown = rest if stepped and left_out else max(rest, found, key=share_shown)
    tried = 0
    for each in named:
        if tried >= _MOST_TRIED or (left_out and (stepped or each.at_once(_SOON))):
            continue
        telling = (frame for frame in each.every if HIDING & frame.keys())
        shown = max([shown, *({**shown, **frame} for frame in telling)], key=_sure)
        tried += len(each.every)
    return shown


def _sure(found: Mapping[str, str]) -> tuple[float, int]:
    """How much properties let see; what says so itself comes before what is said around it."""
    return share_shown(found), len((HIDING - {"transform"}) & found.keys())


def _turns_pages(found: Mapping[str, str], named: list[Frames]) -> bool:
    """Whether an element is shown for a while in every round, as a page of a flip-book."""
    repeats = found.get("animation-iteration-count", "") + " " + found.get("animation", "")
    return (
        "infinite" in repeats
        and bool(_STEPS.search(_timing(found)))
        and all(set(frame) <= _FLIPPED for each in named for frame in each.every)
    )


def _timing(found: Mapping[str, str]) -> str:
    return found.get("animation-timing-function", "") + " " + found.get("animation", "")


def _waits(found: Mapping[str, str]) -> bool:
    """Whether the animation of an element begins later."""
    times = re.findall(r"(?<![\w.-])-?[\d.]+m?s\b", found.get("animation", ""))
    delay = found.get("animation-delay", times[1] if len(times) > 1 else "0s").strip()
    return not (delay.startswith("-") or _ZERO.fullmatch(delay))


def rest(root: Element, pose: Pose = REST) -> None:
    """Give elements what animations inside of them keep at their end, in place.

    Args:
        root: the drawing.
        pose: the moment; what begins with a click or the like is left out unless it is `ended`.
    """
    by_id = {element.get("id"): element for element in root.iter()}
    begun = None if pose.ended else _begun(root)
    styles: dict[Element, dict[str, str]] = {}
    own: dict[Element, Mapping[str, str]] = {}
    for parent in list(root.iter()):
        for moved in parent:
            if moved.tag not in _ANIMATED or not (begun is None or moved in begun):
                continue
            target = by_id.get(moved.get("href", "").lstrip("#"), parent)
            name = moved.get("attributeName", "").removeprefix("xlink:")
            value = _kept(moved, pose)
            if pose.most and (not _at_once(moved) or (pose.abrupt and not _later(moved))):
                if target not in own:
                    style = css.parse_declarations(target.get("style", ""))
                    own[target] = {**target.attrib, **{each.name: each.value for each in style}}
                before = styles.get(target, {}).get(name, own[target].get(name))
                value = _telling(moved, value, before)
            if value is None or not _ATTRIBUTE.fullmatch(name):
                continue
            target.set(name, value)
            if "style" in target.attrib or (pose.most and name in HIDING and name != "transform"):
                styles.setdefault(target, {})[name] = value
    for target, kept in styles.items():
        said = ";".join(f"{name}:{value}" for name, value in kept.items())
        target.set("style", f"{target.get('style', '')};{said}".lstrip(";"))


def _begun(root: Element) -> set[Element]:
    """The animations that begin by themselves, with time or with others that do."""
    begun, behind = list[Element](), dict[str, list[Element]]()
    for moved in root.iter():
        if moved.tag not in _ANIMATED:
            continue
        starts = [start for start in moved.get("begin", "").split(";") if start.strip()] or [""]
        if any(_TIME.match(start.strip()) for start in starts):
            begun.append(moved)
            continue
        for start in starts:
            if chain := _CHAIN.match(start.strip()):
                behind.setdefault(chain[1].replace("\\", ""), []).append(moved)
    for moved in begun:  # which grows
        begun += behind.pop(moved.get("id", ""), [])
    return set(begun)


def _kept(moved: Element, pose: Pose) -> str | None:
    """What an animation leaves behind."""
    values = _values(moved) if pose.ended or moved.get("fill") == "freeze" else []
    return values[-1] if values else None


def _values(moved: Element) -> list[str]:
    """What an animation goes through."""
    said = [value.strip() for value in moved.get("values", "").split(";") if value.strip()]
    said = said or [value for value in (moved.get("from"), moved.get("to")) if value is not None]
    if moved.tag == "animateTransform":
        return [f"{moved.get('type', 'translate')}({value})" for value in said]
    return said


def _telling(moved: Element, kept: str | None, before: str | None) -> str | None:
    """The value of an animation that shows most; None where that is as it is before."""
    name = moved.get("attributeName", "")
    still = before if kept is None else kept
    if name not in HIDING:
        return kept
    values = [*_values(moved), still, before]
    if name == "transform":  # of those that hide nothing none takes the place of another
        values.reverse()
    best = max(values, key=lambda value: share_shown({} if value is None else {name: value}))
    return kept if best == still else best


def _later(moved: Element) -> bool:
    """Whether an animation begins after the drawing is shown."""
    begins = [begin.strip() for begin in moved.get("begin", "").split(";")]
    return not any(not at or at.startswith("-") or _ZERO.fullmatch(at) for at in begins)


def _at_once(moved: Element) -> bool:
    """Whether an animation makes something come or go from one moment to the next."""
    if moved.tag == "set" or moved.get("calcMode") == "discrete":
        return True
    if moved.get("attributeName") in ("visibility", "display"):
        return True
    times = re.findall(r"\d*\.?\d+", moved.get("keyTimes", ""))
    return any(0 < float(late) - float(early) < _SOON for early, late in pairwise(times))
