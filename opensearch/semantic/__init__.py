"""The unit sphere all domains share: word vectors, prototypes and the way between points."""

from opensearch.semantic.names import normalise
from opensearch.semantic.phrases import Phrase
from opensearch.semantic.providers import PROVIDERS, Provider, ProviderKind, missing, open_provider
from opensearch.semantic.space import Space, TextQuery
from opensearch.semantic.sphere import cosine, slerp, unit
from opensearch.semantic.transform import Transform

__all__ = [
    "PROVIDERS",
    "Phrase",
    "Provider",
    "ProviderKind",
    "Space",
    "TextQuery",
    "Transform",
    "cosine",
    "missing",
    "normalise",
    "open_provider",
    "slerp",
    "unit",
]
