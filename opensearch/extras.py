"""Packages that only extras install, and the error for a user who lacks one."""

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
"""From a package's import name to the extra of `opensearch` that installs it."""


def installed(package: str) -> bool:
    """Whether a package can be imported; does not import it."""
    if package in sys.modules:
        return sys.modules[package] is not None
    return find_spec(package) is not None


def require(what: str, *packages: str) -> None:
    """Check that optional packages are installed, before any work begins.

    Args:
        what: the work that needs them; the error message begins with it.
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
