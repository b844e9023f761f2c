"""Packages that no base install brings, and one sentence for whoever needs one and lacks it."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Final

from opensearch.errors import MissingExtra

BROUGHT_BY: Final = {
    "torch": "train",
    "torchvision": "train",
    "onnx": "train",
    "onnxscript": "train",
    "sentence_transformers": "sentence",
    "skimage": "reconstruction",
    "trimesh": "reconstruction",
    "pymilvus": "milvus",
    "ray": "ray",
    "fsspec": "remote",
    "cv2": "scspm",
    "pypdfium2": "pdf",
}
"""Package, as it is imported, to the extra of this one that installs it."""


def installed(package: str) -> bool:
    """Whether a package can be imported; it is not."""
    if package in sys.modules:
        return sys.modules[package] is not None
    return find_spec(package) is not None


def require(what: str, *packages: str) -> None:
    """Refuse what cannot be done without packages of an extra, before anything is begun.

    Args:
        what: is to be done, the start of the error's sentence.
        packages: keys of `BROUGHT_BY`.

    Raises:
        MissingExtra: one is not installed; the text says which extra brings it.
    """
    for package in packages:
        if not installed(package):
            extra = BROUGHT_BY[package]
            raise MissingExtra(
                f"{what} needs {package}, which the extra {extra!r} brings:"
                f" pip install 'opensearch-visual[{extra}]'"
            )
