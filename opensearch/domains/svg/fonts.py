"""A font of this system to draw text with: one of each kind, found once."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

from PIL import ImageFont

_KINDS: Final = {
    "sans_serif_family": ("DejaVuSans", "LiberationSans-Regular", "NotoSans-Regular", "Arial"),
    "serif_family": ("DejaVuSerif", "LiberationSerif-Regular", "Times New Roman", "times"),
    "monospace_family": ("DejaVuSansMono", "LiberationMono-Regular", "Courier New", "cour"),
}
_SUFFIXES: Final = (".ttf", ".otf", ".ttc")
_MOST_FILES = 20_000


@cache
def font_options() -> dict[str, Any] | None:
    """Options for `resvg_py.svg_to_bytes` that name fonts of this system; None without any."""
    files = _font_files()
    chosen = {kind: _first(names, files) for kind, names in _KINDS.items()}
    usual = chosen["sans_serif_family"] or next(filter(None, chosen.values()), None)
    usual = usual or next((path for path in files.values() if _family(path)), None)
    if usual is None:
        return None
    paths = {kind: path or usual for kind, path in chosen.items()}
    options: dict[str, Any] = {kind: _family(path) for kind, path in paths.items()}
    for kind in ("font_family", "cursive_family", "fantasy_family"):
        options[kind] = _family(usual)
    options["font_files"] = sorted({str(path) for path in paths.values()})
    return options


def _first(names: tuple[str, ...], files: dict[str, Path]) -> Path | None:
    found = (files.get(name.lower()) for name in names)
    return next((path for path in found if path and _family(path)), None)


def _family(path: Path) -> str | None:
    try:
        return ImageFont.truetype(path).getname()[0]
    except (OSError, ValueError):
        return None


def _font_files() -> dict[str, Path]:
    """The font files of this system by their stems in lower case."""
    found: dict[str, Path] = {}
    for folder in _folders():
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                stem, suffix = os.path.splitext(name.lower())
                if suffix in _SUFFIXES:
                    found.setdefault(stem, Path(place, name))
            if len(found) > _MOST_FILES:
                return found
    return found


def _folders() -> tuple[Path, ...]:
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"
    if sys.platform == "win32":
        return (Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "Fonts"),)
    return (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        home / ".local/share/fonts",
        home / ".fonts",
    )
