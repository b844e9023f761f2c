"""Generative domain-migration hashing on embeddings: the branch that codes come from."""

from opensearch.hashing.gdmh.hasher import GdmhHasher

__all__ = ["GdmhHasher"]
