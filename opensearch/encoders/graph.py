"""ONNX graphs without weights: their initialisers point into the bundle's safetensors file.

A safetensors file is a JSON header followed by raw little-endian tensors, which is what ONNX
calls external data; so weights are on disk once, and torch and ONNX Runtime read the same bytes.
"""

from __future__ import annotations

import io
import json
import logging
import struct
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.tensors import first_line, write_atomic
from opensearch.errors import BundleError
from opensearch.extras import require

_IR_NOISE = ("torch.onnx", "onnxscript", "onnx_ir")


def export_graph(backbone: Backbone, tensor_file: Path, graph: Path, size: int) -> None:
    """Write the ONNX graph of a backbone whose tensors lie in `tensor_file`.

    The graph takes `views` (n, h, w, 3) uint8 and gives `features` (n, dim) float32, and must
    stay in the folder of `tensor_file`.

    Args:
        size: side of the views traced with, pixels.

    Raises:
        MissingExtra: onnx or onnxscript is not installed.
        BundleError: the exporter cannot trace this backbone.
    """
    require("an ONNX graph", "onnx", "onnxscript")
    model = _trace(backbone.eval(), size)
    _feed_from(model.graph, tensor_file)
    _strip(model)
    write_atomic(graph, model.SerializeToString())


def _trace(backbone: Backbone, size: int) -> Any:
    import torch

    views = torch.zeros((2, size, size, 3), dtype=torch.uint8)
    for name in _IR_NOISE:
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of the exporter, about its own internals
        # Unoptimised: folding batch norms would make tensors that the state dict lacks;
        # ONNX Runtime folds them when it loads the graph.
        try:
            program = torch.onnx.export(
                backbone,
                (views,),
                dynamo=True,
                dynamic_shapes=({0: torch.export.Dim("n", min=1, max=1 << 20)},),
                input_names=["views"],
                output_names=["features"],
                external_data=False,
                optimize=False,
                verbose=False,
            )
        except Exception as error:
            # The exporter raises nearly anything on a model that it does not know.
            raise BundleError(f"no ONNX graph can be made: {first_line(error)}") from error
    return program.model_proto  # type: ignore[union-attr]  # None only without dynamo


def _feed_from(graph: Any, tensor_file: Path) -> None:
    """Point every initialiser that is a tensor of the file at its bytes there.

    A tensor kept in half precision is cast by a node of the graph, which ONNX Runtime folds
    away when it loads it.
    """
    from onnx import TensorProto
    from onnx.helper import make_node

    start, header = _header(tensor_file)
    casts = []
    for tensor in graph.initializer:
        if tensor.name not in header:
            continue
        begin, end = header[tensor.name]["data_offsets"]
        if header[tensor.name]["dtype"] == "F16":
            half = f"{tensor.name}.half"
            casts.append(make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
            tensor.name, tensor.data_type = half, TensorProto.FLOAT16
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        del tensor.external_data[:]
        place = {"location": tensor_file.name, "offset": start + begin, "length": end - begin}
        for key, value in place.items():
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _header(tensor_file: Path) -> tuple[int, dict[str, Any]]:
    with tensor_file.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return 8 + length, json.loads(file.read(length))


def _strip(model: Any) -> None:
    """Drop the exporter's stack traces: nine tenths of the graph, and paths of this machine."""
    parts = [model, model.graph, *model.graph.node, *model.graph.initializer]
    for part in [*parts, *model.graph.value_info, *model.graph.input, *model.graph.output]:
        part.ClearField("doc_string")
        del part.metadata_props[:]
