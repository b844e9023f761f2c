"""Views of one kind given as another: pictures and renders as drawings, renders as pictures.

A drawing and a photo of one thing are rare; these make such pairs out of every picture and render.
All chance comes from the generator given, on the device of the views.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, max_pool2d, pad

from opensearch.training.augmentation import coloured, even, moved, stroked

_SPREAD = (0.6, 1.6)
"""Of the Gaussian before edges are looked for, pixels."""
_RATIO = 1.6
"""Of the two Gaussians' spreads: their difference is then close to a Laplacian (Marr, Hildreth)."""
_BLANK = (0.86, 0.97)
"""Share of an outline's pixels that are weaker than the level from which there is ink."""
_FAINTEST = 0.01
"""Least level of ink, so that noise on plain ground is none."""
_STEEP = (3.0, 10.0)
"""How fast ink sets in at its level."""
_EVERY = 7
"""The level is told from every seventh pixel: sorting all of them would take most of the time."""
_WHITE = 0.97
"""A render is where it is darker: its ground is white."""
_BLUR = (0.8, 4.0)
"""Spread of what is behind a render, pixels."""


def outlined(
    views: Tensor, looks: str, side: int, generator: torch.Generator, bend: bool = False
) -> Tensor:
    """Outlines of pictures or renders, varied like drawings by hand.

    Args:
        views: shape (n, h, w, 3), uint8.
        looks: what the views are like before, see `augment_by_look`.
        side: of the views returned, pixels.
        generator: source of all chance.
        bend: whether the outlines are bent.

    Returns:
        Shape (n, side, side, 3), float32, values 0..255, black on white.
    """
    pixels = moved(_pixels(views), looks, side, generator, bend)
    lines = moved(outlines(pixels, generator), "sketch", side, generator, bend)
    return _views(stroked(lines, generator))


def photographed(views: Tensor, pictures: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Renders as if photographed: coloured, before blurred pictures or plain grounds.

    Args:
        views: renders, shape (n, h, w, 3), uint8, grey on white.
        pictures: what may be behind them, shape (m, h, w, 3), uint8, m at least 1.
        side: of the views returned, pixels.
        generator: source of all chance.

    Returns:
        Shape (n, side, side, 3), float32, values 0..255.
    """
    renders = moved(_pixels(views), "mesh", side, generator, bend=False)
    behind = moved(_pixels(pictures), "image", side, generator, bend=False)
    chosen = (even(generator, len(renders)) * len(behind)).long()
    return _views(coloured(textured(renders, behind[chosen], generator), generator))


def outlines(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Edges of pixels (n, 3, s, s) as ink on paper, (n, 3, s, s), all values 0..1.

    Edges are the darker sides of a difference of Gaussians in half of the calls, else Sobel's
    gradient; the strongest of a view are ink, with a soft threshold.

    Source:
        Winnemöller, "XDoG: advanced image stylization with eXtended difference-of-Gaussians",
        NPAR 2011, for the soft threshold on the difference.
    """
    n, grey = len(pixels), pixels.mean(dim=1, keepdim=True)
    spread, which = even(generator, 2).tolist()
    spread = _SPREAD[0] + spread * (_SPREAD[1] - _SPREAD[0])
    strength = _darker_sides(grey, spread) if which < 0.5 else _gradient(grey, spread)
    ranked = strength.flatten(1)[:, ::_EVERY].sort(dim=1).values
    share = _BLANK[0] + even(generator, n, 1) * (_BLANK[1] - _BLANK[0])
    level = ranked.gather(1, (share * (ranked.shape[1] - 1)).long()).clamp(min=_FAINTEST)
    steep = _STEEP[0] + even(generator, n, 1, 1, 1) * (_STEEP[1] - _STEEP[0])
    ink = torch.sigmoid((strength / level.view(n, 1, 1, 1) - 1) * steep)
    ink = (ink - 0.05).clamp(min=0) / 0.95  # none where there is no edge at all
    return (1 - ink).expand(-1, 3, -1, -1)


def textured(renders: Tensor, behind: Tensor, generator: torch.Generator) -> Tensor:
    """Renders (n, 3, s, s) tinted, often unevenly, before something else, all values 0..1.

    Args:
        behind: pictures that half of the renders stand before, shape (n, 3, s, s); three in ten
            stand before one colour unevenly lit, the rest before grey.
    """
    n, side = len(renders), renders.shape[-1]
    grey = renders[:, :1]
    mask = rendered(grey)
    dark, light = even(generator, 2, n, 3, 1, 1)
    power = 0.6 + even(generator, n, 1, 1, 1)
    shade = grey.clamp(1e-3, 1) ** power
    body = dark * 0.5 + (light - dark * 0.5) * shade
    patches = _spread_out(even(generator, n, 3, 6, 6), side, "bicubic").clamp(0, 1) * 0.5 + 0.5
    body = torch.where(even(generator, n, 1, 1, 1) < 0.5, body * patches, body)
    body = torch.where(even(generator, n, 1, 1, 1) < 0.3, shade, body)
    blurred_by = _BLUR[0] + float(even(generator, 1)) * (_BLUR[1] - _BLUR[0])
    colour = even(generator, n, 3, 1, 1) * (0.5 + 0.5 * even(generator, n, 1, 1, 1))
    lighting = _spread_out(even(generator, n, 1, 2, 2) * 0.5 + 0.5, side, "bilinear")
    which = even(generator, n, 1, 1, 1)
    plain = torch.where(which < 0.8, colour * lighting, lighting.expand(-1, 3, -1, -1))
    ground = torch.where(which < 0.5, blurred(behind, blurred_by), plain)
    return mask * body + (1 - mask) * ground


def rendered(grey: Tensor) -> Tensor:
    """Where a render (n, 1, s, s) is, 0..1: small gaps closed, the border a little soft."""
    mask = max_pool2d((grey < _WHITE).float(), 3, stride=1, padding=1)
    return blurred(-max_pool2d(-mask, 3, stride=1, padding=1), 0.7)


def blurred(pixels: Tensor, spread: float) -> Tensor:
    """Pixels (n, c, h, w) after a Gaussian of `spread` pixels; beyond the border it goes on."""
    reach = max(1, int(3 * spread + 0.5))
    steps = torch.arange(-reach, reach + 1, device=pixels.device, dtype=pixels.dtype)
    kernel = torch.exp(-0.5 * (steps / spread) ** 2)
    kernel = (kernel / kernel.sum()).expand(pixels.shape[1], 1, 1, -1)
    across = pad(pixels, (reach, reach, 0, 0), mode="replicate")
    across = conv2d(across, kernel, groups=pixels.shape[1])
    down = pad(across, (0, 0, reach, reach), mode="replicate")
    return conv2d(down, kernel.transpose(2, 3), groups=pixels.shape[1])


def _darker_sides(grey: Tensor, spread: float) -> Tensor:
    return (blurred(grey, _RATIO * spread) - blurred(grey, spread)).clamp(min=0)


def _gradient(grey: Tensor, spread: float) -> Tensor:
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]], device=grey.device)
    kernels = torch.stack([sobel, sobel.T])[:, None]
    smooth = pad(blurred(grey, spread), (1, 1, 1, 1), mode="replicate")
    return conv2d(smooth, kernels).square().sum(dim=1, keepdim=True).sqrt()


def _spread_out(coarse: Tensor, side: int, mode: str) -> Tensor:
    return interpolate(coarse, (side, side), mode=mode, align_corners=mode == "bilinear")


def _pixels(views: Tensor) -> Tensor:
    return views.permute(0, 3, 1, 2).float() / 255


def _views(pixels: Tensor) -> Tensor:
    """Channels last in memory, too, as `augment_by_look` gives them."""
    return (pixels.clamp(0, 1) * 255).permute(0, 2, 3, 1).contiguous()
