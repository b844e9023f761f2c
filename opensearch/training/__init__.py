"""Training: fits what methods and hashing describe, and writes the model bundle."""

from opensearch.training.trainer import Training, train

__all__ = ["Training", "train"]
