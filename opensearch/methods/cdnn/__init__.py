"""Cross-domain neural networks: items of one category meet in one target, whatever their domain.

With a pyramid (PCDNN), drawings are cut into cells on several levels, and each level has networks
of its own; what all of them give, in a row, is the representation. In the paper that is what they
hold in their hidden layers, which need not be alike in two domains whose outputs are.

Source:
    Zhu, Xie, Fang, "Learning cross-domain neural networks for sketch-based 3D shape retrieval",
    AAAI 2016.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from opensearch.encoders.names import SCSPM
from opensearch.errors import InvalidInput
from opensearch.extras import require
from opensearch.methods.cdnn.settings import CdnnConfig
from opensearch.methods.on_features import OnFeatures

if TYPE_CHECKING:
    from opensearch.encoders.backbones import Backbone
    from opensearch.training.assemble import FittedModel
    from opensearch.training.backbone import Start
    from opensearch.training.context import Context
    from opensearch.training.domain import DomainData


class Cdnn(OnFeatures[CdnnConfig]):
    """A network a domain and level, on features of a frozen backbone."""

    name = "cdnn"
    config = CdnnConfig

    def check(self, config: CdnnConfig) -> None:
        """Refuse as `OnFeatures` does, and pooling that mean outputs of views do not stand for."""
        super().check(config)
        if config.cdnn.features == SCSPM:
            require("cdnn.features=scspm", "cv2")
        for name, own in config.domains.items():
            if own.pooling in ("max", "softmax"):
                raise InvalidInput(
                    f"domains.{name}.pooling: method {self.name} brings the mean of views to the"
                    f" target; give mean or mean-features, got {own.pooling}"
                )

    def check_data(self, config: CdnnConfig, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse a single domain, a pyramid without drawings, and too few numbers for targets."""
        super().check_data(config, categories)
        settings = config.cdnn
        held = {category for own in categories.values() for category in own}
        if settings.targets == "onehot" and settings.dim < len(held):
            raise InvalidInput(
                f"cdnn.dim is {settings.dim}, and onehot targets of {len(held)} categories want as"
                f" many numbers; give cdnn.dim={len(held)}, or cdnn.targets=random"
            )
        if settings.levels != [1] and not any(_drawn(config, name) for name in categories):
            raise InvalidInput(
                f"cdnn.levels {settings.levels} cut drawings into cells, and none of the domains"
                f" {', '.join(categories)} is of drawings; give cdnn.levels=[1], or name the reader"
                " of drawings by domains.NAME.reader=sketch"
            )

    def learns(self, config: CdnnConfig) -> bool:
        """True for features `scspm`, whose dictionary is learnt from views."""
        return config.cdnn.features == SCSPM

    def backbone(self, config: CdnnConfig, domain: str, start: Backbone) -> Backbone:
        """For drawings, a backbone with features of every cell, unless features are `scspm`."""
        from opensearch.encoders.backbones import PyramidBackbone
        from opensearch.methods.cdnn.networks import has_pyramid

        looks = "sketch" if _drawn(config, domain) else ""
        if config.cdnn.features == SCSPM or not has_pyramid(looks, config.cdnn.levels):
            return start
        return PyramidBackbone(config.cdnn.levels, start)

    def fit(
        self, context: Context[CdnnConfig], domains: Sequence[DomainData], start: Start
    ) -> FittedModel:
        """Fit the networks of all domains together."""
        from opensearch.methods.cdnn.fitting import fit_cdnn

        self.check_read(context.config, domains)
        if context.config.cdnn.features == SCSPM:
            from opensearch.methods.cdnn.dictionary import on_scspm

            domains = on_scspm(context, domains)
        return fit_cdnn(context, domains)


def _drawn(config: CdnnConfig, domain: str) -> bool:
    """Whether a domain is of drawings."""
    from opensearch.domains import reader_kind, reader_settings

    return reader_kind(reader_settings(config, domain).reader).looks == "sketch"
