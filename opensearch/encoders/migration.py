"""Migration: generators that redraw a picture as another domain would, and where they look.

Pictures here are float, shape (n, 3, s, s), values -1..1, `s` a multiple of `CELL`.

Source:
    Zhang et al., "Generative Domain-Migration Hashing for Sketch-to-Image Retrieval", ECCV 2018,
    and its code: nine residual blocks (six in the poster), an attention layer before the decoder.
    The code binarises attention at 2.44e-5, whatever the size of the map; at most sizes that is
    below the uniform level 1 / (h w), so that nearly every cell passes. Here attention is
    measured in units of that level.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, relu

CELL = 4
"""Side of an attention cell, pixels."""
WIDTH = 32
"""Channels of a generator's first layer in the paper's code."""


class Focus(nn.Module):
    """The first half of a generator: features of a picture, and a mask over them.

    Args:
        blocks: residual blocks.
        width: channels of the first layer, doubled by each of two halvings of the side.
        threshold: attention from which a cell is kept, in units of the uniform level. Below 1,
            attention that has not yet learned to look anywhere keeps the whole picture; from 1
            on, only attention that is equal everywhere does.
        steepness: of the soft mask around the threshold, while it learns.
    """

    threshold: Tensor

    def __init__(
        self, blocks: int, width: int = WIDTH, threshold: float = 0.5, steepness: float = 10.0
    ) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.ReflectionPad2d(3),
            *_convolved(nn.Conv2d(3, width, 7)),
            *_convolved(nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)),
            *_convolved(nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)),
            *(_Block(4 * width) for _ in range(blocks)),
        )
        self.attend = nn.Conv2d(4 * width, 1, 1)
        self.blocks, self.width = blocks, width
        self.steepness = steepness
        self.register_buffer("threshold", torch.tensor(threshold))

    def attention(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Features (n, c, h, w) and attention (n, 1, h, w) of pictures, h = w = s / `CELL`.

        Attention has mean 1: the softmax over cells, in units of the uniform level.
        """
        features = self.look(pictures)
        return features, relative_attention(self.attend(features))

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Masked features (n, c, h, w) and the mask (n, 1, h, w): soft only while it learns."""
        features, attention = self.attention(pictures)
        if self.training:
            mask = soft_mask(attention, self.threshold, self.steepness)
        else:
            mask = hard_mask(attention, self.threshold)
        return features * mask, mask


class Generator(nn.Module):
    """Redraws pictures of one domain as pictures of another.

    Args:
        blocks, width, threshold, steepness: of its `Focus`.
    """

    def __init__(
        self, blocks: int, width: int = WIDTH, threshold: float = 0.5, steepness: float = 10.0
    ) -> None:
        super().__init__()
        self.focus = Focus(blocks, width, threshold, steepness)
        self.paint = nn.Sequential(
            *_convolved(nn.ConvTranspose2d(4 * width, 2 * width, 3, 2, 1, 1)),
            *_convolved(nn.ConvTranspose2d(2 * width, width, 3, 2, 1, 1)),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, 3, 7),
            nn.Tanh(),
        )

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Migrated pictures (n, 3, s, s) and the mask (n, 1, s / 4, s / 4) they came through."""
        features, mask = self.focus(pictures)
        return self.paint(features), mask


class Front(nn.Module, ABC):
    """What changes pictures (n, 3, s, s), values -1..1, before a backbone sees them."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What `build_backbone` builds the like of, before a slash and a backbone's name."""


class Migration(Front):
    """What a backbone of a migrated domain does first: the generator, without its mask."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator

    @property
    def name(self) -> str:
        """See `Front.name`."""
        focus = self.generator.focus
        return f"migration-{focus.blocks}x{focus.width}"

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures as the pivot domain would have them."""
        migrated: Tensor = self.generator(pictures)[0]
        return migrated


class Masking(Front):
    """What a backbone of the pivot domain does first: pictures lose what no generator looks at.

    Args:
        focuses: of the generators that migrate the pivot's pictures; their attention is averaged.
    """

    focuses: Sequence[Focus]

    def __init__(self, focuses: Sequence[Focus]) -> None:
        super().__init__()
        self.focuses = nn.ModuleList(focuses)  # type: ignore[assignment]

    @property
    def name(self) -> str:
        """See `Front.name`."""
        focus = self.focuses[0]
        return f"masking-{focus.blocks}x{focus.width}x{len(self.focuses)}"

    def mask(self, pictures: Tensor) -> Tensor:
        """The binary mask (n, 1, s / 4, s / 4)."""
        maps = torch.stack([focus.attention(pictures)[1] for focus in self.focuses])
        return hard_mask(maps.mean(dim=0), self.focuses[0].threshold)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures times their mask: what is masked out is mid grey."""
        return pictures * enlarged(self.mask(pictures))


def relative_attention(scores: Tensor) -> Tensor:
    """Softmax over cells of rectified scores (n, 1, h, w), times h w: mean 1 for each picture."""
    flat = torch.softmax(relu(scores.float()).flatten(1), dim=1)
    return flat.view(scores.shape) * (scores.shape[2] * scores.shape[3])


def hard_mask(attention: Tensor, threshold: Tensor | float) -> Tensor:
    """1 where attention (n, 1, h, w) reaches the threshold or is a picture's greatest, else 0.

    The greatest always passes, so no picture is ever blanked. As the mean is 1, a threshold of
    at least 1 drops some cell of any attention that is not equal everywhere.
    """
    greatest = attention.amax(dim=(2, 3), keepdim=True)
    return ((attention >= threshold) | (attention >= greatest)).float()


def soft_mask(attention: Tensor, threshold: Tensor | float, steepness: float) -> Tensor:
    """The hard mask's smooth twin, (n, 1, h, w) in 0..1: a sigmoid, 1 at the greatest."""
    passing = torch.sigmoid((attention - threshold) * steepness)
    return passing / passing.amax(dim=(2, 3), keepdim=True)


def enlarged(mask: Tensor) -> Tensor:
    """A mask over cells (n, 1, h, w) as one over pixels, `CELL` times as wide and high."""
    return interpolate(mask, scale_factor=float(CELL), mode="nearest")


@contextmanager
def still_statistics(module: nn.Module) -> Iterator[None]:
    """Within, batch norms keep their running statistics whatever passes through.

    A generator also redraws what its twin made; at inference it meets real pictures alone, so
    only those may move its statistics.
    """
    norms = [part for part in module.modules() if isinstance(part, nn.BatchNorm2d)]
    before = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum


def start_small(module: nn.Module, generator: torch.Generator) -> None:
    """Convolutions start from N(0, .02) and biases of zero, as in the paper's code."""
    for part in module.modules():
        if isinstance(part, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(part.weight, 0.0, 0.02, generator=generator)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


class _Block(nn.Module):
    """Two reflected 3 x 3 convolutions beside a path straight through."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReflectionPad2d(1),
            *_convolved(nn.Conv2d(channels, channels, 3)),
            nn.ReflectionPad2d(1),
            nn.Conv2d(channels, channels, 3),
            nn.BatchNorm2d(channels),
        )

    def forward(self, features: Tensor) -> Tensor:
        """The same shape."""
        added: Tensor = self.layers(features)
        return features + added


def _convolved(layer: nn.Conv2d | nn.ConvTranspose2d) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(layer.out_channels), nn.ReLU()]
