"""Encoders: backbone, projector and pooling of each domain, the bundle that holds them."""

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import BackboneCard, DomainCard, ModelCard, PartCard
from opensearch.encoders.encoder import Encoder

__all__ = ["BackboneCard", "Bundle", "DomainCard", "Encoder", "ModelCard", "PartCard"]
