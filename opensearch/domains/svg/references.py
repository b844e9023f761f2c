"""Names of elements, and what refers to them, in letters that the renderer takes.

Source:
    RFC 3986, chapter 3.5: behind "#" a blank or an é of a name is written as %20 or %C3%A9.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote
from xml.etree.ElementTree import Element

_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*")
_URL: Final = re.compile(
    r"url\(\s*+(?:(['\"])\s*+#((?:(?!\1).)*+)\1\s*+|#([^()]*+))\)", re.DOTALL | re.IGNORECASE
)


def settle_names(root: Element) -> None:
    """Give elements with names of other letters plain ones, in place, and so what names them.

    Args:
        root: its style sheets on its elements, whose selectors know the names as written.
    """
    names = dict.fromkeys(filter(None, (element.get("id") for element in root.iter())))
    new: dict[str, str] = {}
    for name in names:
        if not _PLAIN.fullmatch(name):
            new[name] = next(n for at in range(len(new), 10**9) if (n := f"name-{at}") not in names)

    def settled(written: str) -> str:
        name = written if written in names else unquote(written)
        return new.get(name, name)

    def named(found: re.Match[str]) -> str:
        return f"url(#{settled((found[2] or found[3] or '').strip())})"

    for element in root.iter():
        for key, value in element.attrib.items():
            if key == "id" and value in new:
                element.set(key, new[value])
            elif key == "href" and value.strip().startswith("#"):
                element.set(key, f"#{settled(value.strip()[1:])}")
            elif "url(" in value.lower():
                element.set(key, _URL.sub(named, value))
