"""A bundle at work: a file, bytes, a picture or a mesh becomes views, an embedding and a code."""

from opensearch.model.inputs import Content, Input, InputLike, Mesh
from opensearch.model.model import Model

__all__ = ["Content", "Input", "InputLike", "Mesh", "Model"]
