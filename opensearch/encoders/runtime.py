"""Runtimes of a backbone: ONNX Runtime where a graph is at hand, torch otherwise."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.tensors import first_line
from opensearch.errors import BundleError, InvalidInput

RUNTIMES = ("auto", "onnx", "torch")


class Trunk(Protocol):
    """What turns views into features."""

    runtime: str

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (n, f) float32 of views (n, h, w, 3) uint8.

        A row depends on its view alone: to the bit in ONNX Runtime, and up to rounding (some
        1e-7) in torch, which splits sums by the size of the batch.
        """


class OnnxTrunk:
    """A backbone in ONNX Runtime, on all cores."""

    runtime = "onnx"

    def __init__(self, graph: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        options.log_severity_level = 3
        # Threads that spin while they wait would take the cores from those that read files.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise BundleError(
                f"ONNX graph {graph} cannot be loaded: {first_line(error)};"
                " OPENSEARCH_RUNTIME=torch runs the model without it"
            ) from error

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Trunk.features`."""
        out: NDArray[np.float32] = self._session.run(["features"], {"views": views})[0]
        return out


class TorchTrunk:
    """A backbone in torch, for training machines and for bundles without a graph."""

    runtime = "torch"

    def __init__(self, backbone: str, tensors: dict[str, NDArray[np.generic]]) -> None:
        import torch

        from opensearch.encoders.backbones import build_backbone

        self._module = build_backbone(backbone).eval()
        try:
            self._module.load_state_dict({k: torch.from_numpy(v) for k, v in tensors.items()})
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise BundleError(f"the tensors are not those of a {backbone}: {reason}") from error
        self._module.to(memory_format=torch.channels_last)

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Trunk.features`."""
        import torch

        with torch.inference_mode():
            out: NDArray[np.float32] = self._module(torch.from_numpy(views)).numpy()
        return out


def choose_runtime(graph: Path | None) -> str:
    """The runtime asked for by OPENSEARCH_RUNTIME, or the best one for this bundle.

    Raises:
        InvalidInput: an unknown name, or `onnx` for a bundle without a graph.
    """
    asked = os.environ.get("OPENSEARCH_RUNTIME", "auto")
    if asked not in RUNTIMES:
        raise InvalidInput(f"OPENSEARCH_RUNTIME={asked} is unknown; known: {', '.join(RUNTIMES)}")
    if asked == "onnx" and graph is None:
        raise InvalidInput(
            "OPENSEARCH_RUNTIME=onnx, but the model has no ONNX graph; train it with the extra"
            " `train` installed, or unset the variable to run it in torch"
        )
    if asked == "auto":
        return "torch" if graph is None else "onnx"
    return asked
