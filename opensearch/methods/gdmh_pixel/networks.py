"""All networks of a run in one module, with everything else that a resumed run needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.migration import Generator, start_small
from opensearch.loop import step_seed
from opensearch.methods.gdmh_pixel.codes import category_codes, item_codes
from opensearch.methods.gdmh_pixel.settings import PixelConfig, PixelSettings

SMALLEST = 24
"""Smallest side of a picture that a discriminator can judge, pixels."""


class PairNet(nn.Module):
    """Generators between a domain and the pivot, with the discriminators of what they make.

    Attributes:
        to_pivot, from_pivot: G_I and G_S of the paper.
        pivot_critic, other_critic: of pictures made to look like the pivot's, the domain's own.
        pivot_pool, other_pool: what those discriminators were shown before.
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
    """Category, code and last output of H for each item of a domain."""

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
        config: PixelConfig,
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

    def discriminators(self) -> Iterator[nn.Parameter]:
        """Parameters of all discriminators."""
        for pair in self.pairs:
            yield from pair.pivot_critic.parameters()
            yield from pair.other_critic.parameters()

    def discrete_step(self, fidelity: float) -> float:
        """Recompute the items' codes from their categories'; return the share of bits changed."""
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


class Discriminator(nn.Module):
    """Scores overlapping patches of pictures as real (1) or made (0).

    Args:
        width: channels of the first layer, doubled by each of the next three.

    Source:
        PatchGAN of Isola et al., "Image-to-image translation with conditional adversarial
        networks", CVPR 2017, with the paper's widths. The paper's code gives it as many
        channels out as a code has bits; here it is one, as usual.
    """

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, width, 4, 2, 1),
            nn.LeakyReLU(0.2),
            *_normed(nn.Conv2d(width, 2 * width, 4, 2, 1)),
            *_normed(nn.Conv2d(2 * width, 4 * width, 4, 2, 1)),
            *_normed(nn.Conv2d(4 * width, 8 * width, 4, 1, 1)),
            nn.Conv2d(8 * width, 1, 4, 1, 1),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Scores (n, 1, p, p) of pictures (n, 3, s, s); p = 30 for s = 256, 6 for 64."""
        scores: Tensor = self.layers(pictures)
        return scores


class ImagePool(nn.Module):
    """Pictures made earlier, so that a discriminator does not forget what it has seen.

    Its buffers hold all it knows, so a checkpoint of the module is a checkpoint of the pool.

    Args:
        size: pictures kept.
        side: of a picture, pixels.

    Source:
        Shrivastava et al., "Learning from simulated and unsupervised images through adversarial
        training", CVPR 2017, section 2.3; size 50 in the paper's code.
    """

    pictures: Tensor
    count: Tensor

    def __init__(self, size: int, side: int) -> None:
        super().__init__()
        self.register_buffer("pictures", torch.zeros(size, 3, side, side))
        self.register_buffer("count", torch.tensor(0))

    def swap(self, made: Tensor, rng: np.random.Generator) -> Tensor:
        """Put pictures in, and take as many out.

        While there is room, a picture is kept and also given. Then, with even chance, it is
        given and forgotten, or kept in the place of a random one, which is given instead.

        Args:
            made: shape (n, 3, side, side); no gradient goes back through it.
            rng: source of all chance.
        """
        out = made.detach().float().clone()
        for place, picture in enumerate(made.detach().float()):
            count = int(self.count)
            if count < len(self.pictures):
                self.pictures[count] = picture
                self.count += 1
            elif rng.random() < 0.5:
                chosen = int(rng.integers(count))
                out[place] = self.pictures[chosen]
                self.pictures[chosen] = picture
        return out


def _normed(layer: nn.Conv2d) -> list[nn.Module]:
    return [layer, nn.BatchNorm2d(layer.out_channels), nn.LeakyReLU(0.2)]
