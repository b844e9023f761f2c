"""Fixtures of all rooms: a toy collection of three domains, and a model trained on it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import settings
from toy_files import make_collection, toy_overrides

from opensearch.config import TrainConfig
from opensearch.methods.configs import load_train_config

if "PYTEST_XDIST_WORKER" in os.environ:
    # Tests run side by side, a process a core: threads of torch would wait for each other.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# No test asks for a model by its name.
os.environ.setdefault("HF_HUB_OFFLINE", "1")

_USUAL = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGQUIT: signal.SIG_DFL,
}
for _number, _handler in _USUAL.items():
    if signal.getsignal(_number) is signal.SIG_IGN:
        # Of a run in the background of a script, or by nohup: what tests start would inherit it.
        signal.signal(_number, _handler)

settings.register_profile("opensearch", deadline=None, derandomize=True)
settings.load_profile("opensearch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs real collections where none are named."""
    if "OPENSEARCH_DATA" in os.environ:
        return
    for item in items:
        if item.get_closest_marker("realdata"):
            item.add_marker(pytest.mark.skip(reason="OPENSEARCH_DATA names no collections"))


@pytest.fixture(scope="session", autouse=True)
def no_cache_at_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Cached features go to a temporary folder, never to the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("OPENSEARCH_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session", autouse=True)
def networks_are_traced_once() -> Iterator[None]:
    """A graph is traced once for all tests of a process that train networks of its form.

    It holds no weights, and tracing takes two thirds of the time that training a toy takes.
    """
    from opensearch.encoders import graph

    traced: dict[tuple[object, ...], Any] = {}
    trace = graph._trace

    def once(backbone: Any, size: int) -> Any:
        tensors = [(name, tuple(each.shape)) for name, each in backbone.state_dict().items()]
        form = (type(backbone), backbone.name, str(backbone), size, *tensors)
        if form not in traced:
            traced[form] = trace(backbone, size)
        copy = type(traced[form])()
        copy.CopyFrom(traced[form])  # what is made of it changes it
        return copy

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "_trace", once)
        yield


@pytest.fixture(scope="session", autouse=True)
def networks_are_compiled_once() -> Iterator[None]:
    """OpenVINO compiles a network once for all tests of a process that open equal files."""
    from opensearch.encoders import openvino

    compiled: dict[tuple[object, ...], Any] = {}
    compile_graph = openvino._compiled

    def once(core: Any, graph: Path, settings: dict[str, Any]) -> Any:
        beside = sorted(graph.parent.glob("*.safetensors"))
        tensors = [(file.name, crc32(file.read_bytes())) for file in beside]
        what = (graph.read_bytes(), *tensors, *sorted(settings.items()))
        if what not in compiled:
            compiled[what] = compile_graph(core, graph, settings)
        return compiled[what]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openvino, "_compiled", once)
        yield


@pytest.fixture(scope="session")
def toy_collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with sketch/, photo/, shape/, split.csv (field `year` besides), attributes.csv.

    A seen category has 8 files for training and 3 for tests in each domain, `bar` has 4 that
    are unseen. Read only: tests that change files copy it first.
    """
    return make_collection(tmp_path_factory.mktemp("toys") / "collection")


@pytest.fixture(scope="session")
def toy_config(toy_collection: Path) -> TrainConfig:
    """The recipe of `toy_model`."""
    return load_train_config("prototype", toy_overrides(toy_collection))


@pytest.fixture(scope="session")
def toy_model(
    toy_collection: Path, toy_config: TrainConfig, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A bundle trained on the toy collection: domains photo, shape and sketch, 16 bits."""
    from opensearch.methods import Training, train

    out = tmp_path_factory.mktemp("model") / "toy"
    train(Training(toy_config, [toy_collection], out))
    return out
