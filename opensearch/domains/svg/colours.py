"""Colours of any space of CSS as sRGB.

Source:
    W3C, CSS Color Module Level 4, chapter 10 and its sample code for conversions.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_Triple = NDArray[np.float64]

_TO_XYZ: Final[dict[str, _Triple]] = {
    "display-p3": np.array(
        [
            [0.4865709486, 0.2656676932, 0.1982172852],
            [0.2289745641, 0.6917385218, 0.0792869141],
            [0.0, 0.0451133819, 1.0439443689],
        ]
    ),
    "a98-rgb": np.array(
        [
            [0.5766690429, 0.1855582379, 0.1882286462],
            [0.2973449753, 0.6273635663, 0.0752914585],
            [0.0270313614, 0.0706888525, 0.9913375368],
        ]
    ),
    "rec2020": np.array(
        [
            [0.6369580483, 0.1446169036, 0.1688809752],
            [0.2627002120, 0.6779980715, 0.0593017165],
            [0.0, 0.0280726930, 1.0609850577],
        ]
    ),
    "prophoto-rgb": np.array(
        [
            [0.7977604897, 0.1351858372, 0.0313493496],
            [0.2880711282, 0.7118432178, 0.0000856540],
            [0.0, 0.0, 0.8251046025],
        ]
    ),
}
"""Of light in these spaces; that of ProPhoto is seen under D50, of the others under D65."""
_D50_TO_D65: Final = np.array(
    [
        [0.9554734527, -0.0230985369, 0.0632593087],
        [-0.0283697070, 1.0099954580, 0.0210413990],
        [0.0123140017, -0.0205076964, 1.3303659366],
    ]
)
_TO_SRGB: Final = np.array(
    [
        [3.2409699419, -1.5373831776, -0.4986107603],
        [-0.9692436363, 1.8759675015, 0.0415550574],
        [0.0556300797, -0.2039769589, 1.0569715142],
    ]
)


def to_srgb(colour: Any) -> list[float] | None:
    """Red, green and blue, 0 to 1 where sRGB has the colour; None of a space that is not known.

    Args:
        colour: of tinycss2.
    """
    space = colour.space
    if space in ("srgb", "hsl", "hwb"):
        return list(map(float, colour.to("srgb").coordinates))
    given = np.array([value or 0.0 for value in colour.coordinates], np.float64)
    if space == "srgb-linear":
        return _shown(given)
    if space in _TO_XYZ:
        xyz = _TO_XYZ[space] @ _light(space, given)
        return _shown(_TO_SRGB @ (_D50_TO_D65 @ xyz if space == "prophoto-rgb" else xyz))
    if space in ("xyz", "xyz-d65", "oklab", "oklch"):
        return _shown(_TO_SRGB @ np.array(colour.to("xyz-d65").coordinates))
    if space in ("xyz-d50", "lab", "lch"):
        return _shown(_TO_SRGB @ _D50_TO_D65 @ np.array(colour.to("xyz-d50").coordinates))
    return None


def _light(space: str, given: _Triple) -> _Triple:
    """Amounts of light of coordinates that are spaced as eyes see them."""
    size = np.abs(given)
    if space == "display-p3":
        light = np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)
    elif space == "a98-rgb":
        light = size ** (563 / 256)
    elif space == "rec2020":
        light = np.where(size < 0.08124286, size / 4.5, ((size + 0.09929683) / 1.09929683) ** 2.222)
    else:
        light = np.where(size <= 16 / 512, size / 16, size**1.8)
    return np.asarray(np.sign(given) * light)


def _shown(light: _Triple) -> list[float]:
    size = np.abs(light)
    curve = np.where(size > 0.0031308, 1.055 * size ** (1 / 2.4) - 0.055, 12.92 * size)
    return [float(value) for value in np.sign(light) * curve]
