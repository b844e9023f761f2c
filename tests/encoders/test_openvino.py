"""A backbone in OpenVINO: features in any batch, precision, what is kept compiled, silence."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from opensearch.encoders import openvino
from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.graph import export_graph
from opensearch.encoders.openvino import KEPT, OpenVinoBackbone, compiled_file, has_bf16
from opensearch.encoders.runtime import OnnxBackbone, choose_precision, open_backbone
from opensearch.encoders.starter import starter_model
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import BundleError, InvalidInput
from opensearch.extras import installed

pytestmark = pytest.mark.skipif(not installed("openvino"), reason="no OpenVINO on this machine")

SIDE = Bundle.open(starter_model()).domain("photo").reader.size
ANCIENT = "x86_64 Some Processor fpu sse2"
AVX2 = f"{ANCIENT} avx2"
NEW = f"{AVX2} avx512_bf16"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """(tensor file, graph) of four convolutions that were never trained."""
    folder = tmp_path_factory.mktemp("tiny")
    backbone = build_backbone("tiny", seed=1)
    tensors = {key: value.numpy() for key, value in backbone.state_dict().items()}
    file = folder / save_tensors(folder, "trunk", tensors)
    export_graph(backbone, file, folder / "trunk-32.onnx", 32)
    return file, folder / "trunk-32.onnx"


@pytest.fixture(scope="module")
def views():
    return np.random.default_rng(0).integers(0, 256, (9, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def starter():
    """The shipped graph."""
    (graph,) = starter_model().glob("*.onnx")
    return graph


@pytest.fixture(scope="module")
def drawn():
    """Views (17, side, side, 3) of the starter's side: noise in ever larger cells."""
    rng = np.random.default_rng(0)
    cells = [2 + 2 * (place % 8) for place in range(17)]
    noise = [rng.integers(0, 256, (-(-SIDE // cell),) * 2 + (3,), np.uint8) for cell in cells]
    grown = [n.repeat(c, 0).repeat(c, 1) for n, c in zip(noise, cells, strict=True)]
    return np.stack([view[:SIDE, :SIDE] for view in grown])


def cosines(a, b):
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_features_are_those_of_onnx_runtime(starter, drawn, precision):
    backbone = OpenVinoBackbone(starter, precision)
    features, wanted = backbone.features(drawn), OnnxBackbone(starter).features(drawn)
    assert features.dtype == np.float32
    assert cosines(wanted[:1], wanted[1:]).max() < 0.99  # or any features would do
    exact = backbone.runtime == "openvino-f32"
    assert cosines(features, wanted).min() > 1 - (1e-6 if exact else 2e-3)
    assert backbone.runtime == f"openvino-{precision if has_bf16() else 'f32'}"


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_row_depends_on_its_view_alone_to_the_bit(starter, drawn, precision):
    backbone = OpenVinoBackbone(starter, precision)
    whole = backbone.features(drawn)
    for size in (1, 4, 7):
        parts = [backbone.features(drawn[i : i + size]) for i in range(0, len(drawn), size)]
        assert np.array_equal(np.concatenate(parts), whole)
    assert np.array_equal(backbone.features(drawn[::-1])[::-1], whole)


def test_what_was_compiled_gives_the_same_bits(files, views, tmp_path):
    first = OpenVinoBackbone(files[1], "bf16", tmp_path / "compiled").features(views)
    (kept,) = (tmp_path / "compiled").iterdir()
    written = kept.stat().st_mtime_ns
    again = OpenVinoBackbone(files[1], "bf16", tmp_path / "compiled").features(views)
    assert np.array_equal(first, again)
    assert kept.stat().st_mtime_ns == written


def turned(data):
    """The file with the bits of a kilobyte turned, as its reader never tells."""
    at = len(data) * 3 // 4
    return data[:at] + bytes(~byte & 255 for byte in data[at : at + 1024]) + data[at + 1024 :]


@pytest.mark.parametrize(
    "damage", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b"x" * 99, turned]
)
def test_a_damaged_file_is_compiled_anew(files, views, tmp_path, damage):
    wanted = OpenVinoBackbone(files[1], "f32", tmp_path).features(views)
    file = compiled_file(files[1], "f32", tmp_path)
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert np.array_equal(OpenVinoBackbone(files[1], "f32", tmp_path).features(views), wanted)
    assert file.stat().st_size > len(whole) - 100  # names inside it vary


def test_a_folder_that_cannot_be_written_is_done_without(files, views, tmp_path):
    (tmp_path / "file").write_text("in the way")
    backbone = OpenVinoBackbone(files[1], "f32", tmp_path / "file" / "compiled")
    assert backbone.features(views).shape == (9, 128)


def test_graph_precision_processor_and_version_each_have_a_file(files, monkeypatch, tmp_path):
    other = tmp_path / files[1].name
    other.write_bytes(files[1].read_bytes() + b"\0")
    names = {
        compiled_file(files[1], "f32", tmp_path),
        compiled_file(files[1], "bf16", tmp_path),
        compiled_file(other, "f32", tmp_path),
    }
    monkeypatch.setattr(openvino, "_processor", lambda: AVX2)
    names.add(compiled_file(files[1], "f32", tmp_path))
    monkeypatch.setattr(openvino, "_version", lambda: "1.0")
    names.add(compiled_file(files[1], "f32", tmp_path))
    assert len(names) == 5


def test_the_oldest_are_dropped(files, tmp_path):
    for place in range(KEPT + 2):
        (tmp_path / f"old-{place}.openvino").write_bytes(b"")
        os.utime(tmp_path / f"old-{place}.openvino", ns=(place, place))
    OpenVinoBackbone(files[1], "f32", tmp_path)
    kept = {f"old-{place}.openvino" for place in range(3, KEPT + 2)}
    assert {path.name for path in tmp_path.iterdir()} == kept | {
        compiled_file(files[1], "f32", tmp_path).name
    }


def test_a_damaged_graph_is_a_bundle_error_with_the_way_out(files, tmp_path):
    for content in (b"", b"nonsense", files[1].read_bytes()):  # the last lacks its tensors
        (tmp_path / "g.onnx").write_bytes(content)
        with pytest.raises(BundleError, match=r"OPENSEARCH_RUNTIME=onnx or torch runs") as caught:
            OpenVinoBackbone(tmp_path / "g.onnx", "f32")
        assert "\n" not in str(caught.value)


def test_the_processor_decides(files, monkeypatch):
    monkeypatch.delenv("OPENSEARCH_RUNTIME", raising=False)
    told = {}
    for name, flags in (("ancient", ANCIENT), ("avx2", AVX2), ("new", NEW), ("arm64", "arm64")):
        monkeypatch.setattr(openvino, "_processor", lambda flags=flags: flags)
        backbone = open_backbone("tiny", *files, choose_precision(files[1], "tiny"))
        told[name] = (choose_precision(files[1], "tiny"), backbone.runtime)
    assert told == {
        "ancient": ("f32", "onnx"),
        "avx2": ("f32", "openvino-f32"),
        "new": ("bf16", "openvino-bf16"),
        "arm64": ("f32", "onnx"),
    }


def test_networks_that_redraw_the_picture_stay_in_f32(files, monkeypatch):
    monkeypatch.setattr(openvino, "_processor", lambda: NEW)
    assert choose_precision(files[1], "mobilenet_v2") == "bf16"
    assert choose_precision(files[1], "migration-2x8/mobilenet_v2") == "f32"
    assert choose_precision(None, "mobilenet_v2") == "f32"


def test_the_variable_decides_before_the_processor(files, monkeypatch):
    monkeypatch.setattr(openvino, "_processor", lambda: ANCIENT)
    for name, runtime in (("openvino", "openvino-f32"), ("onnx", "onnx"), ("torch", "torch")):
        monkeypatch.setenv("OPENSEARCH_RUNTIME", name)
        assert open_backbone("tiny", *files).runtime == runtime
        assert choose_precision(files[1], "tiny") == "f32"


def test_a_few_views_wait_for_no_compiler(files, monkeypatch, tmp_path):
    monkeypatch.delenv("OPENSEARCH_RUNTIME", raising=False)
    monkeypatch.setattr(openvino, "_processor", lambda: AVX2)

    def opened(at_once):
        made = open_backbone("tiny", *files, "f32", tmp_path, at_once=at_once)
        return made.runtime

    assert opened(at_once=True) == "onnx"
    assert opened(at_once=False) == "openvino-f32"
    assert opened(at_once=True) == "openvino-f32"


def test_where_openvino_fails_onnx_runtime_takes_over(files, monkeypatch):
    def fail(*_):
        raise RuntimeError("no such instruction")

    monkeypatch.delenv("OPENSEARCH_RUNTIME", raising=False)
    monkeypatch.setattr(openvino, "_processor", lambda: AVX2)
    monkeypatch.setattr(openvino, "_model", fail)
    assert open_backbone("tiny", *files).runtime == "onnx"
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "openvino")
    with pytest.raises(BundleError, match="no such instruction"):
        open_backbone("tiny", *files)


def test_without_openvino_the_way_out_is_named(files, monkeypatch):
    from opensearch.encoders import runtime

    monkeypatch.setattr(runtime, "installed", lambda package: False)
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "openvino")
    with pytest.raises(InvalidInput, match="pip install openvino"):
        open_backbone("tiny", *files)


def test_openvino_writes_nothing_and_its_telemetry_is_not_loaded(files, tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from opensearch.encoders.openvino import OpenVinoBackbone\n"
        f"OpenVinoBackbone(Path({str(files[1])!r}), 'f32')\n"
        "print([name for name in sys.modules if 'telemetry' in name or 'ovc' in name])"
    )
    home = {name: str(tmp_path) for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR")}
    home["PYTHONPATH"] = str(Path(__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]"
    assert list(tmp_path.iterdir()) == []
