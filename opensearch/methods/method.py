"""What every method offers; the registry of all is `opensearch.methods.METHODS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from opensearch.config import TrainConfig
from opensearch.records import Source

if TYPE_CHECKING:
    from torch import nn

    from opensearch.encoders.backbones import Backbone
    from opensearch.encoders.card import BackboneCard
    from opensearch.training.assemble import FittedModel
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData, FittedDomain

C = TypeVar("C", bound=TrainConfig)


class Method(ABC, Generic[C]):
    """One way to train a model, usually a paper's, in a folder of its own.

    The folder holds its settings, data, networks, losses and steps. What is alike for all methods
    (collections, the space, the run's folder, codes, the bundle) is done around it, by `trainer`.
    A method is registered where torch may be missing, so it imports what needs torch in its
    functions.

    Attributes:
        name: of the method in configs and in `model.json`; its key in `METHODS`.
        config: its settings; groups of settings that only it has are fields of this class.
        extends: whether it can add a domain to a model that otherwise stays as it is.
        makes_bits: whether the numbers of its embeddings are bits already, so that codes are
            their signs.
    """

    name: ClassVar[str]
    config: type[C]
    extends: ClassVar[bool] = False
    makes_bits: ClassVar[bool] = False

    def check(self, config: C) -> None:
        """Refuse settings that would fail only after hours.

        Raises:
            InvalidInput: settings that do not go together, with the way out.
        """

    def check_data(self, config: C, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse data that the method cannot learn from, before anything is written.

        Args:
            categories: of each domain's training files.

        Raises:
            InvalidInput: with the way out.
        """

    def learns(self, config: C) -> bool:
        """Whether the backbone learns. Domains are then loaded as views, else as its features."""
        return True

    def load(
        self, context: Context[C], name: str, sources: Sequence[Source], start: BackboneCard
    ) -> DomainData:
        """Read the training files of a domain.

        Args:
            name: of the domain.
            start: the backbone that training starts from.
        """
        from opensearch.training.domain import load_domain

        return load_domain(context, name, sources, start, learns=self.learns(context.config))

    @abstractmethod
    def fit(
        self,
        context: Context[C],
        domains: Sequence[DomainData],
        backbone: Backbone,
        classifier: nn.Linear,
    ) -> FittedModel:
        """Train the encoders of all domains; go on from the checkpoints of an interrupted run.

        Chance must be a function of the config's seed and the step alone, and what is
        trained goes through `opensearch.loop`: then a resumed run equals an uninterrupted one.

        Args:
            domains: as `load` gave them, in order of their names.
            backbone: as `config.backbone` asks for, not yet trained.
            classifier: that was cut off it.
        """

    def extend(self, context: Context[C], data: DomainData) -> FittedDomain:
        """Train the encoder of one domain for a model that otherwise stays as it is."""
        raise NotImplementedError(f"method {self.name} cannot extend a model")
