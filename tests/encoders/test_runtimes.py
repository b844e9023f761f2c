"""A backbone in ONNX Runtime and in torch: one set of weights, equal features."""

import os
import signal
import sys
import warnings

import numpy as np
import pytest

from opensearch.encoders import runtime
from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.graph import export_graph
from opensearch.encoders.openvino import OpenVinoBackbone
from opensearch.encoders.runtime import OnnxBackbone, TorchBackbone, choose_runtime
from opensearch.encoders.starter import starter_model
from opensearch.encoders.tensors import load_tensors, save_tensors
from opensearch.errors import BundleError, InvalidInput, MissingExtra

SHIPPED = "efficientnet_lite2"
SIZE = {"tiny": 32, "mobilenet_v2": 64, SHIPPED: 160}


@pytest.fixture(scope="module", params=["tiny", "mobilenet_v2", SHIPPED])
def backbone(request, tmp_path_factory):
    """(name, folder, tensor file, graph) of the starter's backbone, and of two that are made here.

    The statistics of all have left their start.
    """
    if request.param == SHIPPED:
        folder = starter_model()
        card = Bundle.open(folder).domain("photo").backbone
        return card.name, folder, folder / card.tensors, folder / card.graph
    import torch

    folder = tmp_path_factory.mktemp(request.param)
    backbone = build_backbone(request.param, seed=1)
    with torch.no_grad():
        backbone.train()(torch.rand(16, 32, 32, 3) * 255)
    tensors = {key: value.numpy() for key, value in backbone.state_dict().items()}
    file = save_tensors(folder, "trunk", tensors)
    export_graph(backbone, folder / file, folder / "trunk.onnx", SIZE[request.param])
    return request.param, folder, folder / file, folder / "trunk.onnx"


@pytest.fixture(scope="module")
def views(backbone):
    size = SIZE[backbone[0]]
    return np.random.default_rng(0).integers(0, 256, (9, size, size, 3), np.uint8)


def test_onnx_runtime_equals_torch(backbone, views):
    name, _, tensors, graph = backbone
    onnx = OnnxBackbone(graph).features(views)
    torch = TorchBackbone(name, load_tensors(tensors)).features(views)
    cosines = (onnx * torch).sum(1) / np.linalg.norm(onnx, axis=1) / np.linalg.norm(torch, axis=1)
    assert onnx.shape == torch.shape
    assert onnx.std() > 0.01  # zeros would agree too
    assert cosines.min() > 1 - (1e-6 if name == "tiny" else 1e-3)


def test_a_row_depends_on_its_view_alone(backbone, views):
    name, _, tensors, graph = backbone
    for opened in (OnnxBackbone(graph), TorchBackbone(name, load_tensors(tensors))):
        whole = opened.features(views)
        alone = np.concatenate([opened.features(views[i : i + 1]) for i in range(len(views))])
        fours = np.concatenate([opened.features(views[i : i + 4]) for i in range(0, 9, 4)])
        if opened.runtime == "onnx":
            assert np.array_equal(whole, alone)
            assert np.array_equal(whole, fours)
        else:  # torch splits sums among threads by the size of the batch
            assert np.allclose(whole, alone, rtol=1e-5, atol=1e-6)
            assert np.allclose(whole, fours, rtol=1e-5, atol=1e-6)


def in_openvino(graph):
    pytest.importorskip("openvino")
    return OpenVinoBackbone(graph, "bf16")


@pytest.mark.parametrize("opened", [OnnxBackbone, in_openvino])
def test_no_bit_depends_on_threads(backbone, views, opened, monkeypatch):
    found = []
    for number in (1, 2, 3):
        monkeypatch.setenv("OPENSEARCH_THREADS", str(number))
        one = opened(backbone[3])
        alone = [one.features(view[None]) for view in views[:5]]
        found += [one.features(views[:5]), np.concatenate(alone)]
    assert all(np.array_equal(found[0], other) for other in found[1:])


def test_an_empty_number_of_threads_is_that_of_all_cores(monkeypatch):
    monkeypatch.setenv("OPENSEARCH_THREADS", "")
    assert runtime.threads() == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_computes_as_its_parent_does(backbone, views, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_THREADS", "2")
    opened = OnnxBackbone(backbone[3])
    wanted = opened.features(views[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # from 3.12: other threads are running
        child = os.fork()
    if not child:
        signal.alarm(60)
        os._exit(not np.array_equal(opened.features(views[:2]), wanted))
    assert os.waitpid(child, 0)[1] == 0


def test_where_no_thread_can_be_started_one_does_all(backbone, views, monkeypatch):
    def refuse(*_):
        raise RuntimeError("cannot schedule new futures after interpreter shutdown")

    monkeypatch.setenv("OPENSEARCH_THREADS", "2")
    opened = OnnxBackbone(backbone[3])
    wanted = opened.features(views[:3])
    monkeypatch.setattr(runtime.ThreadPoolExecutor, "submit", refuse)
    assert np.array_equal(opened.features(views[:3]), wanted)


def test_the_graph_holds_no_weights_and_no_path(backbone):
    import onnx

    _, folder, tensors, graph = backbone
    assert graph.stat().st_size < min(200_000, tensors.stat().st_size / 10)
    assert str(folder).encode() not in graph.read_bytes()
    assert b".py" not in graph.read_bytes()
    model = onnx.load(graph, load_external_data=False)
    inside = [t for t in model.graph.initializer if t.data_location != onnx.TensorProto.EXTERNAL]
    assert sum(len(t.raw_data) for t in inside) < 1000
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            assert entry.key != "location" or entry.value == tensors.name


def test_a_damaged_graph_is_a_bundle_error_with_the_way_out(backbone, tmp_path):
    graph = backbone[3].read_bytes()
    for content in (b"", b"nonsense", graph[:-40], graph):  # the last lacks its tensors
        (tmp_path / "g.onnx").write_bytes(content)
        with pytest.raises(BundleError, match="OPENSEARCH_RUNTIME=torch runs") as caught:
            OnnxBackbone(tmp_path / "g.onnx").features(np.zeros((1, 32, 32, 3), np.uint8))
        assert "\n" not in str(caught.value)


def test_tensors_of_another_backbone_are_refused(backbone):
    _, _, tensors, _ = backbone
    with pytest.raises(BundleError, match="not those of a resnet18") as caught:
        TorchBackbone("resnet18", load_tensors(tensors))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("package", ["onnx", "onnxscript"])
def test_without_onnx_the_extra_is_named(monkeypatch, tmp_path, package):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=r"pip install 'opensearch-visual\[train\]'"):
        export_graph(build_backbone("tiny"), tmp_path / "t", tmp_path / "g.onnx", 32)
    assert not list(tmp_path.iterdir())


def test_a_backbone_that_cannot_be_traced_is_a_bundle_error(tmp_path):
    import torch

    class AsItsInputSays(torch.nn.Module):
        def forward(self, x):
            return x * int(x.sum().item() > 0 and len(str(x)) % 2)

    backbone = build_backbone("tiny")
    backbone.trunk = torch.nn.Sequential(backbone.trunk, AsItsInputSays())
    with pytest.raises(BundleError, match="no ONNX graph can be made: "):
        export_graph(backbone, tmp_path / "t", tmp_path / "g.onnx", 32)


def test_the_runtime_is_chosen_by_the_variable(monkeypatch, tmp_path):
    graph = tmp_path / "g.onnx"
    monkeypatch.delenv("OPENSEARCH_RUNTIME", raising=False)
    for quick, wanted in ((True, "openvino"), (False, "onnx")):
        monkeypatch.setattr(runtime, "is_quick", lambda quick=quick: quick)
        assert choose_runtime(graph) == wanted
    assert choose_runtime(None) == "torch"
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "torch")
    assert choose_runtime(graph) == "torch"
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "onnx")
    assert choose_runtime(graph) == "onnx"
    with pytest.raises(InvalidInput, match=r"no ONNX graph; train it with the extra `train`"):
        choose_runtime(None)
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "")
    assert choose_runtime(graph) == "onnx"  # it is not quick
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "cuda")
    with pytest.raises(InvalidInput, match=r"=cuda is unknown; known: auto, openvino, onnx, "):
        choose_runtime(graph)
