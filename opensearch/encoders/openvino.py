"""A backbone compiled by OpenVINO for this machine's processor: several times ONNX Runtime's speed.

It reads the same graph and the same bytes. In `f32` its features equal those of ONNX Runtime up
to rounding; in `bf16`, which processors with such instructions compute twice as fast, sums are
kept in float32 but factors have eight bits.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import platform
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.joining import Joined
from opensearch.encoders.tensors import first_line, write_atomic
from opensearch.errors import BundleError, InvalidInput
from opensearch.extras import installed

Precision: TypeAlias = Literal["f32", "bf16"]
"""Of the factors inside a backbone; its features are float32 either way."""
PRECISIONS: Final[tuple[Precision, ...]] = get_args(Precision)
KEPT: Final = 4
"""Compiled backbones a folder keeps, of about 20 MB each: several processors may share it."""

# Pinned threads and equal shares of work stall whenever another program uses one of the cores.
_SETTINGS: Final = {
    "PERFORMANCE_HINT": "LATENCY",
    "ENABLE_CPU_PINNING": False,
    "TBB_PARTITIONER": "AUTO",
}
# On import these look up their maker's host and leave an id in the home folder.
_TOOLS: Final = "openvino.tools.ovc"
_BF16: Final = {"avx512_bf16", "amx_bf16"}
_DIGEST: Final = 32
"""Bytes before what was compiled: its SHA-256. OpenVINO computes with whatever it is given."""
_compiling = threading.Lock()


class OpenVinoBackbone:
    """A backbone in OpenVINO, on all cores; threads take turns, or run together.

    Args:
        graph: the ONNX graph, beside its tensors.
        precision: of the factors; `bf16` falls to `f32` where the processor has no bf16.
        compiled: folder that keeps what was compiled, so that it starts in a tenth of a second
            instead of half of one; nothing is kept when it is `None` or cannot be written.

    Raises:
        BundleError: the graph cannot be read or compiled.
    """

    def __init__(self, graph: Path, precision: Precision, compiled: Path | None = None) -> None:
        precision = precision if has_bf16() else "f32"
        self.runtime = f"openvino-{precision}"
        settings = {**_SETTINGS, "INFERENCE_PRECISION_HINT": precision}
        if threads():
            settings["INFERENCE_NUM_THREADS"] = threads()
        try:
            model = _model(graph, precision, settings, compiled)
        except Exception as error:
            # It raises RuntimeError with pages of its own source.
            raise BundleError(
                f"ONNX graph {graph} cannot be compiled: {_said(error)};"
                " OPENSEARCH_RUNTIME=onnx or torch runs the model without OpenVINO"
            ) from error
        request = model.create_infer_request()
        self._joined = Joined(lambda views: request.infer({0: views})[0])

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `LoadedBackbone.features`."""
        return self._joined(views)


def is_quick() -> bool:
    """Whether OpenVINO is known to be the quicker runtime here: x86 with AVX2.

    Other processors were not measured; OPENSEARCH_RUNTIME=openvino takes it there, too.
    """
    return installed("openvino") and "avx2" in _processor().split()


def has_bf16() -> bool:
    """Whether this processor multiplies bf16 in hardware."""
    return not _BF16.isdisjoint(_processor().split())


def threads() -> int:
    """Threads of one backbone, said by OPENSEARCH_THREADS; 0: all cores. No bit depends on it.

    Raises:
        InvalidInput: the variable is no such number.
    """
    said = os.environ.get("OPENSEARCH_THREADS") or "0"
    if not re.fullmatch("[0-9]{1,4}", said):
        raise InvalidInput(
            f"OPENSEARCH_THREADS={said:.40} must be a number of threads, or 0 for all cores"
        )
    return int(said)


def compiled_file(graph: Path, precision: Precision, folder: Path) -> Path:
    """Where a backbone compiled on this machine lies in a folder, whether it does or not.

    The name stands for the graph, and so for the tensors, whose file it names by their content;
    for the precision, the processor, and the version of OpenVINO.
    """
    parts = (graph.read_bytes(), _version(), precision, _processor(), sorted(_SETTINGS.items()))
    mark = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return folder / f"{graph.stem}-{precision}-{mark}.openvino"


def _model(graph: Path, precision: Precision, settings: dict[str, Any], folder: Path | None) -> Any:
    core = _openvino().Core()
    with _compiling:
        file = compiled_file(graph, precision, folder) if folder else None
        if file is not None and file.is_file():
            with suppress(RuntimeError, OSError):  # damaged, or of another build: made anew
                return core.import_model(_kept(file), "CPU", settings)
        model = _compiled(core, graph, settings)
        if file is not None:
            with suppress(OSError):  # a full or read-only disk costs the next start, no more
                _keep(file, model.export_model())
        return model


def _compiled(core: Any, graph: Path, settings: dict[str, Any]) -> Any:
    return core.compile_model(graph, "CPU", settings)


def _kept(file: Path) -> bytes:
    data = file.read_bytes()
    content = data[_DIGEST:]
    if hashlib.sha256(content).digest() != data[:_DIGEST]:
        raise OSError(f"{file} is damaged")
    return content


def _keep(file: Path, made: Any) -> None:
    content = made if isinstance(made, bytes) else made.getvalue()
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(file, hashlib.sha256(content).digest() + content)
    files = sorted(file.parent.glob("*.openvino"), key=lambda path: path.stat().st_mtime_ns)
    for old in files[:-KEPT]:
        old.unlink(missing_ok=True)


def _openvino() -> Any:
    with _without_tools():
        return importlib.import_module("openvino")


@contextmanager
def _without_tools() -> Iterator[None]:
    """Keep the import of OpenVINO from loading its converter's tools, which it can do without."""
    absent = _TOOLS not in sys.modules
    if absent:
        sys.modules[_TOOLS] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if absent:
            sys.modules.pop(_TOOLS, None)


def _version() -> str:
    try:
        return version("openvino")
    except PackageNotFoundError:
        return "unknown"


def _processor() -> str:
    """Model and flags of the first core, words apart; elsewhere than on Linux the architecture."""
    try:
        with Path("/proc/cpuinfo").open("rb") as file:
            first = file.read(16384).decode("utf-8", "replace").partition("\n\n")[0]
    except OSError:
        return platform.machine()
    lines = [line.partition(":") for line in first.splitlines()]
    told = {name.strip(): value.strip() for name, _, value in lines}
    return f"{platform.machine()} {told.get('model name', '')} {told.get('flags', '')}"


def _said(error: Exception) -> str:
    """What OpenVINO says went wrong: its last line, the others tell where in its source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else first_line(error)
