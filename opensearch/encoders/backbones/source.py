"""What a source of backbones is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from opensearch.encoders.card import Expected


class Source(ABC):
    """Builds networks by name, and states what pixels they expect.

    A subclass lives in a module of its own and enters `backbones.SOURCES` by one line.
    """

    @abstractmethod
    def names(self) -> Sequence[str]:
        """Names that `build` takes, without the source's own."""

    @abstractmethod
    def build(self, name: str, tag: str | None) -> nn.Module:
        """A network of a known name, from normalised pixels (n, 3, h, w) to logits.

        Its last linear layer is the classifier, which will be cut off. Random weights are drawn
        from torch's global generator, which the caller has seeded.

        Args:
            tag: of the weights to load, one of `tags`; random weights when None.

        Raises:
            OSError, RuntimeError, HTTPException: the weights could not be downloaded.
        """

    def tags(self, name: str) -> Sequence[str]:
        """Tags of the weights that can be downloaded for a known name; none by default."""
        return ()

    def expected(self, name: str, tag: str | None) -> Expected:
        """The pixels that a network of a known name expects: ImageNet's by default."""
        return Expected()

    def renamed(self, state: Mapping[str, Tensor], network: nn.Module) -> Mapping[str, Tensor]:
        """A state dict that was published for a network of ours under other names."""
        return state
