"""Masks as the renderer knows them: a reference alone.

Source:
    W3C, CSS Masking Level 1 (mask, mask-image, mask-mode); the names with which browsers began.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

ALIASES: Final = {
    f"-webkit-{name}": name for name in ("clip-path", "mask", "mask-image", "mask-mode")
}
_REFERENCE: Final = re.compile(r"url\(\s*+[\"']?+\s*+#([^()\"']++)[\"']?+\s*+\)", re.IGNORECASE)
_ALPHA: Final = re.compile(r"(?<![\w-])alpha(?![\w-])")


def plain_mask(found: Mapping[str, str]) -> Mapping[str, str]:
    """The properties of an element, its mask as a reference alone where it is one."""
    if not any(name in found for name in ("mask", "mask-image")):
        return found
    said = found.get("mask-image", found.get("mask", ""))
    reference = _REFERENCE.search(said)
    if reference is None:
        return found
    kept = {name: value for name, value in found.items() if name != "mask-image"}
    return {**kept, "mask": f"url(#{reference[1].strip()})"}


def by_opacity(found: Mapping[str, str]) -> str | None:
    """The name of the mask that an element wants to be taken by its opacity, not by its light."""
    said = f"{found.get('mask', '')} {found.get('mask-image', '')}"
    reference = _REFERENCE.search(said)
    if reference is None:
        return None
    words = f"{said.replace(reference[0], '')} {found.get('mask-mode', '')}".lower()
    return reference[1].strip() if _ALPHA.search(words) else None


def set_modes(root: Element, names: set[str]) -> None:
    """Have the masks of these names taken by their opacity, in place."""
    for mask in root.iter("mask") if names else ():
        if mask.get("id") in names:
            mask.set("mask-type", "alpha")
            mask.set("style", f"{mask.get('style', '')};mask-type:alpha".lstrip(";"))
