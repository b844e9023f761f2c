"""Encoders: backbone, projector and pooling of each domain, the bundle that holds them."""

from opensearch.encoders.bundle import Bundle, DomainCard, ModelCard, PartCard, TrunkCard
from opensearch.encoders.encoder import Encoder

__all__ = ["Bundle", "DomainCard", "Encoder", "ModelCard", "PartCard", "TrunkCard"]
