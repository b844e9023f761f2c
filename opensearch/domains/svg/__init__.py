"""SVG drawings. How they are drawn is loaded with the first of them: most files are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opensearch.domains.later import later

if TYPE_CHECKING:
    from opensearch.domains.svg.drawing import draw_svg
    from opensearch.domains.svg.page import painted_page
else:
    draw_svg = later("opensearch.domains.svg.drawing", "draw_svg")
    painted_page = later("opensearch.domains.svg.page", "painted_page")

__all__ = ["SVG_SUFFIXES", "draw_svg", "painted_page"]

SVG_SUFFIXES: Final = frozenset({".svg", ".svgz"})
