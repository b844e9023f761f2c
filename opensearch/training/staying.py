"""What stays as a model has it when a domain is added, whatever the config says: space, codes."""

from __future__ import annotations

from pathlib import Path

from opensearch.config import TrainConfig
from opensearch.encoders.card import ModelCard
from opensearch.progress import Note


def tell_what_stays(card: ModelCard, config: TrainConfig, note: Note) -> None:
    """Name the settings of space and codes that the config says otherwise than the model has them.

    These are provider, transform, hasher and bits; defaults of the config say nothing. Where codes
    come from generators, `hash.gdmh` is followed: it settles how the new domain's learns.
    """
    provider = card.hint or str(card.space.settings.get("provider"))
    if _same_provider(config.space.provider, provider):
        provider = config.space.provider
    has = {
        "space": {"provider": provider, "transform": card.space.settings.get("transform")},
        "hash": {"name": card.hash.settings.get("name"), "bits": card.bits},
    }
    for group, own in has.items():
        given = getattr(config, group)
        for name, value in own.items():
            said = getattr(given, name)
            if name in given.model_fields_set and said != value:
                note(f"{group}.{name} stays as the model has it: {value}, not {said}")


def _same_provider(said: str, kept: str) -> bool:
    """Whether two specs are of one provider, and of one file where both name one."""
    kind, _, file = said.partition(":")
    of, _, other = kept.partition(":")
    return kind == of and (not other or Path(file).resolve() == Path(other).resolve())
