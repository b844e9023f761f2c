"""Runtimes of a backbone: OpenVINO or ONNX Runtime where there is a graph, torch otherwise."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.names import parse_name
from opensearch.encoders.openvino import (
    OpenVinoBackbone,
    Precision,
    compiled_file,
    has_bf16,
    is_quick,
    threads,
)
from opensearch.encoders.scspm import Scspm, is_scspm
from opensearch.encoders.tensors import first_line, load_tensors
from opensearch.errors import BundleError, InvalidInput
from opensearch.extras import installed, require

RUNTIMES: Final = ("auto", "openvino", "onnx", "torch")


class LoadedBackbone(Protocol):
    """A backbone in some runtime: what turns views into features."""

    runtime: str

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (n, f) float32 of views (n, h, w, 3) uint8.

        A row depends on its view alone: to the bit in OpenVINO and ONNX Runtime, and up to
        rounding (some 1e-7) in torch, which splits sums by the size of the batch.
        """


class OnnxBackbone:
    """A backbone in ONNX Runtime, on all cores: each takes some of the views.

    Its own threads would share the sums of one view, and round them by how many they are.
    """

    runtime = "onnx"

    def __init__(self, graph: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(graph), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise BundleError(
                f"ONNX graph {graph} cannot be loaded: {first_line(error)};"
                " OPENSEARCH_RUNTIME=torch runs the model without it"
            ) from error
        self._threads = threads() or os.cpu_count() or 1

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `LoadedBackbone.features`."""
        parts = min(self._threads, len(views))
        if parts < 2:
            return self._run(views)
        try:
            # New threads each time: those of another call would be missing in a forked child.
            with ThreadPoolExecutor(parts, "onnx") as pool:
                return np.concatenate(list(pool.map(self._run, np.array_split(views, parts))))
        except RuntimeError:  # no threads any more: the interpreter is ending
            return self._run(views)

    def _run(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        out: NDArray[np.float32] = self._session.run(["features"], {"views": views})[0]
        return out


class TorchBackbone:
    """A backbone in torch, for training machines and for bundles without a graph.

    Raises:
        MissingExtra: torch is not installed.
        BundleError: the tensors are not those of the backbone.
    """

    runtime = "torch"

    def __init__(self, backbone: str, tensors: dict[str, NDArray[np.generic]]) -> None:
        what = (
            "OPENSEARCH_RUNTIME=torch" if _asked() == "torch" else "a model without an ONNX graph"
        )
        require(what, "torch", "torchvision")
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
        """See `LoadedBackbone.features`."""
        import torch

        with torch.inference_mode():
            out: NDArray[np.float32] = self._module(torch.from_numpy(views)).numpy()
        return out


def choose_runtime(graph: Path | None, backbone: str = "") -> str:
    """The runtime asked for by OPENSEARCH_RUNTIME, or the quickest one for this bundle.

    Args:
        backbone: its name; what is no network has a runtime of its own.

    Raises:
        InvalidInput: an unknown name, `openvino` where it is not installed, or `openvino` or
            `onnx` for a bundle without a graph.
    """
    asked = _asked()
    if asked not in RUNTIMES:
        raise InvalidInput(f"OPENSEARCH_RUNTIME={asked} is unknown; known: {', '.join(RUNTIMES)}")
    if is_scspm(backbone):
        return Scspm.runtime
    if asked in ("onnx", "openvino") and graph is None:
        raise InvalidInput(
            f"OPENSEARCH_RUNTIME={asked}, but the model has no ONNX graph; train it with the extra"
            " `train` installed, or unset the variable to run it in torch"
        )
    if asked == "openvino" and not installed("openvino"):
        raise InvalidInput(
            "OPENSEARCH_RUNTIME=openvino, but OpenVINO is not installed; pip install openvino,"
            " or unset the variable to run the model in ONNX Runtime"
        )
    if asked == "auto":
        return "torch" if graph is None else "openvino" if is_quick() else "onnx"
    return asked


def choose_precision(graph: Path | None, backbone: str) -> Precision:
    """What a new index is encoded in here: `bf16` where it is quicker and costs next to nothing.

    That was measured for backbones alone; those with a front, which redraws the picture first,
    stay in f32.

    Raises:
        InvalidInput: see `choose_runtime`.
    """
    suits = parse_name(backbone).front is None and has_bf16()
    return "bf16" if suits and choose_runtime(graph, backbone) == "openvino" else "f32"


def open_backbone(
    backbone: str,
    tensors: Path,
    graph: Path | None,
    precision: Precision = "f32",
    compiled: Path | None = None,
    *,
    at_once: bool = False,
) -> LoadedBackbone:
    """A backbone in the runtime of `choose_runtime`.

    Args:
        backbone: its name.
        tensors: its tensor file.
        graph: its ONNX graph, if it has one.
        precision: of the factors, where the runtime and the processor have it.
        compiled: folder of compiled backbones, see `OpenVinoBackbone`.
        at_once: for a few views: ONNX Runtime stands in for OpenVINO where nothing is compiled
            yet, so that nobody waits half a second for a compiler.

    Raises:
        InvalidInput: see `choose_runtime`.
        MissingExtra: the runtime is torch, which is not installed.
        BundleError: a file is missing or damaged.
    """
    runtime = choose_runtime(graph, backbone)
    if runtime == Scspm.runtime:
        return Scspm(load_tensors(tensors))
    if graph is None or runtime == "torch":
        return TorchBackbone(backbone, load_tensors(tensors))
    if runtime == "onnx":
        return OnnxBackbone(graph)
    if _asked() == "openvino":
        return OpenVinoBackbone(graph, precision, compiled)
    if at_once and not (compiled and compiled_file(graph, precision, compiled).is_file()):
        return OnnxBackbone(graph)
    try:
        return OpenVinoBackbone(graph, precision, compiled)
    except BundleError:  # a damaged graph, which ONNX Runtime explains better, or OpenVINO's own
        return OnnxBackbone(graph)


def _asked() -> str:
    """The runtime that OPENSEARCH_RUNTIME names; `auto` where it is empty or not set."""
    return os.environ.get("OPENSEARCH_RUNTIME") or "auto"
