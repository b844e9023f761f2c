"""The interface of a method; all methods are in `opensearch.methods.METHODS`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from opensearch.config import TrainConfig
from opensearch.errors import InvalidInput

if TYPE_CHECKING:
    from opensearch.encoders.backbones import Backbone
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData, FittedDomain

C = TypeVar("C", bound=TrainConfig)


class Method(ABC, Generic[C]):
    """One way to train a model, usually a paper's, in a folder of its own.

    The folder holds its settings, data, networks, losses and steps. Everything that is the same for
    all methods (collections, the space, the run's folder, codes, the bundle) is up to `trainer`.
    Methods are registered even where torch is missing, so they import it inside functions.

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
        """Refuse settings that would only fail after hours.

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
        """Whether the backbone learns, so that domains are loaded as views, not as features."""
        return True

    def line_views(self, config: C) -> int:
        """Line views of a shape to draw for training, if more than its encoder will see."""
        return 0

    def backbone(self, config: C, domain: str, start: Backbone) -> Backbone:
        """The backbone of a domain where training begins, if it is not that of all domains.

        Args:
            start: that of all, which is to stay as it is.
        """
        return start

    @abstractmethod
    def fit(self, context: Context[C], domains: Sequence[DomainData], start: Start) -> FittedModel:
        """Train the encoders of all domains, resuming from checkpoints if there are any.

        All chance must be a function of the config's seed and the step, and training must go
        through `opensearch.loop`: then a resumed run equals an uninterrupted one.

        Args:
            domains: with views as rows if the backbone learns, else with its features; in order
                of their names.
            start: a backbone as `config.backbone` asks for, not yet trained.
        """

    def extend(self, context: Context[C], data: DomainData) -> FittedDomain:
        """Train the encoder of a domain that is added to a model; the rest of it stays as it is.

        Raises:
            InvalidInput: the method does not add domains, see `extends`.
        """
        raise InvalidInput(f"method {self.name} cannot extend a model; train a new one")
