"""Sketches from any file: decoded or drawn, then brought to one look."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from opensearch.config import ReaderSettings
from opensearch.domains import pictures
from opensearch.domains.drawings.ink import normalise
from opensearch.domains.drawings.strokes import Strokes, draw_strokes, read_strokes
from opensearch.domains.drawings.tile import tile_of
from opensearch.domains.files import STROKE_SUFFIXES, check_file, reading
from opensearch.domains.image import Paper, load_picture, on_paper, paper_for
from opensearch.domains.paper.pasted import find_pasted
from opensearch.domains.paper.sheet import border, darkest
from opensearch.domains.paper.small_drawing import small_drawing
from opensearch.domains.pictures.cut_short import LOST
from opensearch.domains.reading import Reader, ReaderKind, Reading, imprint_of
from opensearch.domains.svg import SVG_SUFFIXES, draw_svg, painted_page
from opensearch.imprints.strokes import stroke_imprint
from opensearch.limits import Limits
from opensearch.records import Up

_WORK: Final = 2.0
"""Longer side that a drawing is decoded to, times that of a view."""
_PHOTOGRAPHED, _PAGE, _MOST = 4.0, 3.5, 8.0
"""The same for a photograph of paper, of which the drawing may fill a third; for the page, where
one is found in it; and the most for the photograph."""

_PAPER: Final = "opensearch_paper"
"""Key in a drawing's `info` of the shade of its paper, where that is known: by clear parts of it,
or by the page that it paints."""
_CLEAR, _FAINT, _UNLIKE, _MARGIN = 0.1, 16, 16, 0.06
"""Share of a drawing that is clear, where paper is known by that; opacity that is none; how far
the shade at its border is from paper's where it is ink; and the share of a side added then."""
_PALE: Final = 240
"""Shade at the border of an SVG above which that is its page for certain."""


def sketch_reader(settings: ReaderSettings, limits: Limits) -> Reader:
    """A reader of drawings, from raster files, .svg or .ndjson strokes: one view.

    The reader raises `UnreadableFile` on a damaged file or a blank sheet, `OverLimit` on one
    over the limits.
    """

    def read(path: Path, part: int | None = None, up: Up | None = None) -> Reading:
        with reading(path, "sketch", part):
            drawing, strokes = _loaded(path, part, limits, round(_WORK * settings.size))
            view = normalise(
                np.asarray(_with_paper(drawing)),
                settings.size,
                settings.stroke,
                drawn=is_drawn(path) or _PAPER in drawing.info,  # no photograph is clear
                finer=partial(_finer, path, limits, settings.size),
            )
            return Reading(
                views=np.repeat(view[None, ..., None], 3, axis=-1),
                imprint=partial(_imprint, drawing, view, is_drawn(path), strokes),
                lost=drawing.info.get(LOST, ""),
            )

    return read


def _finer(path: Path, limits: Limits, size: int, share: float) -> NDArray[np.uint8]:
    """A raster file with more pixels, for a photograph whose page is a `share` of its side."""
    longest = size * min(max(_PHOTOGRAPHED, _PAGE / max(share, 0.1)), _MOST)
    return np.asarray(_loaded(path, None, limits, round(longest), round(_WORK * size))[0])


def _imprint(drawing: Image.Image, view: NDArray[np.uint8], drawn: bool, strokes: Strokes) -> bytes:
    """The imprint: of a picture as it is; of strokes as in views, without their widths and margins.

    Args:
        drawing: RGB.
        view: of it, shape (size, size), grey.
        drawn: whether it comes from a drawing program.
        strokes: what was drawn, where the file says it.
    """
    if drawn:
        picture = imprint_of(Image.fromarray(view).convert("RGB"), 1.0)
        return stroke_imprint(picture, strokes) if strokes else picture
    return imprint_of(drawing, drawing.width / drawing.height)


def is_drawn(path: Path) -> bool:
    """Whether a file certainly comes from a drawing program; a raster file may be a photograph."""
    return path.suffix.lower() in STROKE_SUFFIXES


def load_drawing(path: Path, part: int | None, limits: Limits, longest: int) -> Image.Image:
    """A drawing as it is, RGB on paper that shows it, its longer side at most `longest` pixels.

    Raises:
        UnreadableFile: damaged, empty or not a drawing.
        OverLimit: over the limits.
    """
    return _loaded(path, part, limits, longest)[0]


def _loaded(
    path: Path, part: int | None, limits: Limits, longest: int, framed_above: int | None = None
) -> tuple[Image.Image, Strokes]:
    """As `load_drawing`, and the strokes of a file that says them.

    Of a raster file larger than `framed_above`, or `longest`, a small drawing is cut out.
    """
    check_file(path, limits, suffixes())
    suffix = path.suffix.lower()
    if suffix in SVG_SUFFIXES:
        data = path.read_bytes()
        clear = draw_svg(data, longest, close=True)
        paper = tile_of(clear) or paper_for(clear)
        drawing = _on_page(_on_known(on_paper(clear, paper), clear, paper), data)
        drawing.info[LOST] = clear.info.get(LOST, "")
        return drawing, []
    if suffix == ".ndjson":
        strokes = read_strokes(path, part, limits)
        return draw_strokes(strokes, longest), strokes
    seen: list[tuple[Image.Image, Paper]] = []

    def paper_below(clear: Image.Image) -> Paper:
        seen.append((clear, tile_of(clear) or paper_for(clear)))
        return seen[-1][1]

    drawing = load_picture(path, limits, longest, paper_below, small_drawing, framed_above)
    return _on_known(drawing, *seen[-1]) if seen else drawing, []


def _on_known(drawing: Image.Image, clear: Image.Image, paper: Paper) -> Image.Image:
    """The drawing, with a note of its paper's shade where enough of it is clear."""
    opacity = np.asarray(clear.getchannel("A"))
    if (opacity < _FAINT).mean() >= _CLEAR:
        drawing.info[_PAPER] = paper[:3]
    return drawing


def _on_page(drawing: Image.Image, data: bytes) -> Image.Image:
    """An SVG drawn, with a note of the page that it paints, where something else is at its border.

    Within a frame as even as the ground in a screenshot, it is cut out as a sheet is there.
    """
    if _PAPER in drawing.info or _level(drawing) > _PALE:
        return drawing
    page = painted_page(data)
    if page is None:
        return drawing
    rgb = np.asarray(drawing)
    pasted = find_pasted(rgb)
    if pasted is not None and pasted.framed:
        return Image.fromarray(pasted.cut_out(rgb))
    drawing.info[_PAPER] = page
    return drawing


def _level(drawing: Image.Image) -> float:
    """The shade at the border of a drawing, of its darkest channel."""
    return border(darkest(np.asarray(drawing)).astype(np.float32))[0]


def _with_paper(drawing: Image.Image) -> Image.Image:
    """The drawing, with a margin of its paper where ink hides that along the border."""
    paper = drawing.info.get(_PAPER)
    if paper is None or abs(_level(drawing) - min(paper)) < _UNLIKE:
        return drawing
    margin = round(_MARGIN * max(drawing.size)) + 1
    return ImageOps.expand(drawing, margin, paper)


def suffixes() -> frozenset[str]:
    """Suffixes of the files that can be read as sketches."""
    return pictures.suffixes() | STROKE_SUFFIXES


READER: Final = ReaderKind(
    open=sketch_reader,
    version=41,
    domain="sketch",
    suffixes=suffixes,
    telling=lambda: STROKE_SUFFIXES,
    looks="sketch",
)
