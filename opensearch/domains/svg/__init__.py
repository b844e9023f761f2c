"""SVG drawings. How they are drawn is loaded with the first of them: most files are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opensearch.domains.later import later

if TYPE_CHECKING:
    from opensearch.domains.svg.drawing import draw_svg
else:
    draw_svg = later("opensearch.domains.svg.drawing", "draw_svg")

__all__ = ["SVG_SUFFIXES", "draw_svg"]

SVG_SUFFIXES: Final = frozenset({".svg", ".svgz"})
