"""All networks of a run, and all else that a resumed one goes on from, as one module."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.config import TrainConfig
from opensearch.encoders.backbones import Backbone
from opensearch.encoders.migration import Generator, start_small
from opensearch.loop import step_seed
from opensearch.methods.gdmh_pixel import Discriminator, ImagePool, category_codes, item_codes
from opensearch.settings import PixelSettings


class PairNet(nn.Module):
    """Generators between a domain and the pivot, with the critics of what they make.

    Attributes:
        to_pivot, from_pivot: G_I and G_S of the paper.
        pivot_critic, other_critic: of pictures made to look like the pivot's, the domain's own.
        pivot_pool, other_pool: what those critics were shown before.
    """

    def __init__(self, settings: PixelSettings, side: int) -> None:
        super().__init__()
        shape = (settings.blocks, settings.width, settings.threshold, settings.steepness)
        width = 2 * settings.width
        self.to_pivot, self.from_pivot = Generator(*shape), Generator(*shape)
        self.pivot_critic, self.other_critic = Discriminator(width), Discriminator(width)
        self.pivot_pool = ImagePool(settings.pool, side)
        self.other_pool = ImagePool(settings.pool, side)


class HashNet(nn.Module):
    """The hash network H: a backbone, and a linear layer to the bits."""

    def __init__(self, backbone: Backbone, bits: int) -> None:
        super().__init__()
        self.backbone = backbone
        self.linear = nn.Linear(backbone.dim, bits)

    def forward(self, pictures: Tensor) -> Tensor:
        """Logits (n, bits), float32, of pictures (n, 3, s, s), values -1..1."""
        views = ((pictures.float() + 1) * 127.5).permute(0, 2, 3, 1)
        logits: Tensor = self.linear(self.backbone(views))
        return logits.float()


class Memory(nn.Module):
    """Of each item of a domain: its category, its code, and what H last gave for it."""

    labels: Tensor
    codes: Tensor
    outputs: Tensor

    def __init__(self, labels: NDArray[np.int64], bits: int, generator: torch.Generator) -> None:
        super().__init__()
        signs = torch.randint(0, 2, (len(labels), bits), generator=generator)
        self.register_buffer("labels", torch.from_numpy(labels))
        self.register_buffer("codes", signs * 2.0 - 1)
        self.register_buffer("outputs", torch.zeros(len(labels), bits))

    def keep(self, items: NDArray[np.int64], outputs: Tensor) -> None:
        """Remember outputs (n, bits) of items (n,); of an item named twice, the last."""
        for item, row in zip(items, outputs.detach(), strict=True):
            self.outputs[int(item)] = row


class PixelModel(nn.Module):
    """Networks and memories; the pivot's memory is the first.

    Args:
        labels: number of each item's category, by domain, the pivot's first.
        categories: how many there are.
    """

    pairs: Sequence[PairNet]
    memories: Sequence[Memory]

    def __init__(
        self,
        config: TrainConfig,
        backbone: Backbone,
        labels: Sequence[NDArray[np.int64]],
        categories: int,
    ) -> None:
        super().__init__()
        self.categories = categories
        seed = step_seed(config.seed, "pixel networks", 0)
        generator = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            pairs = [PairNet(config.pixel, config.size) for _ in labels[1:]]
            self.hash = HashNet(backbone, config.hash.bits)
        for pair in pairs:
            start_small(pair, generator)
        memories = [Memory(own, config.hash.bits, generator) for own in labels]
        self.pairs = nn.ModuleList(pairs)  # type: ignore[assignment]
        self.memories = nn.ModuleList(memories)  # type: ignore[assignment]

    def generators(self) -> Iterator[nn.Parameter]:
        """Parameters of all generators."""
        for pair in self.pairs:
            yield from pair.to_pivot.parameters()
            yield from pair.from_pivot.parameters()

    def critics(self) -> Iterator[nn.Parameter]:
        """Parameters of all discriminators."""
        for pair in self.pairs:
            yield from pair.pivot_critic.parameters()
            yield from pair.other_critic.parameters()

    def discrete_step(self, fidelity: float) -> float:
        """Set the items' codes anew from those of their categories; the share of bits changed."""
        of_categories = self.category_codes()
        changed = total = 0
        for memory in self.memories:
            codes = item_codes(memory.labels, of_categories, memory.outputs, fidelity)
            changed += int((codes != memory.codes).sum())
            total += codes.numel()
            memory.codes.copy_(codes)
        return changed / total

    def category_codes(self) -> Tensor:
        """D, shape (categories, bits)."""
        labels = [memory.labels for memory in self.memories]
        return category_codes(labels, [memory.codes for memory in self.memories], self.categories)
