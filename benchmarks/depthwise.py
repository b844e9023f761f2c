"""Gradients of depthwise filters on the CPU, bf16 against float32: why EfficientNet-Lite mixes.

    python -m benchmarks.depthwise

Prints milliseconds of forward and backward at the sizes that EfficientNet-Lite2 meets with views
of 160 pixels, the better of three runs, and the ratio of the two.
"""

from __future__ import annotations

import time
from typing import Final

import torch
from torch import nn

BATCH: Final = 72
SIZES: Final = (  # channels, kernel, stride, side
    (96, 3, 2, 80),
    (144, 3, 1, 40),
    (144, 5, 2, 40),
    (288, 5, 1, 20),
    (528, 3, 1, 10),
    (720, 5, 1, 10),
    (1248, 5, 1, 5),
)


def main() -> None:
    """Print one line a size."""
    print("channels kernel stride side    bf16  float32  ratio")
    for channels, kernel, stride, side in SIZES:
        half, whole = (
            milliseconds(channels, kernel, stride, side, kind)
            for kind in (torch.bfloat16, torch.float32)
        )
        print(
            f"{channels:8} {kernel:6} {stride:6} {side:4} {half:7.1f}  {whole:7.1f}"
            f"  {half / whole:5.1f}"
        )


def milliseconds(channels: int, kernel: int, stride: int, side: int, kind: torch.dtype) -> float:
    """Forward and backward of one filter, the best of three."""
    conv = nn.Conv2d(channels, channels, kernel, stride, kernel // 2, groups=channels, bias=False)
    conv = conv.to(kind).to(memory_format=torch.channels_last)
    pixels = torch.randn(BATCH, channels, side, side, dtype=kind)
    pixels = pixels.to(memory_format=torch.channels_last).requires_grad_()
    times = []
    for _ in range(4):  # the first one warms up
        start = time.perf_counter()
        out = conv(pixels)
        torch.autograd.grad(out, [pixels, conv.weight], torch.ones_like(out))
        times.append(time.perf_counter() - start)
    return min(times[1:]) * 1000


if __name__ == "__main__":
    main()
