"""A base install has no torch: what works without it, and what says which extra brings it."""

import configparser
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.config import HashSettings
from opensearch.encoders.runtime import TorchBackbone
from opensearch.errors import MissingExtra
from opensearch.extras import BROUGHT_BY, installed, require
from opensearch.hashing import HASHERS, HashData

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "tests" / "golden" / "model"
HINT = r"pip install 'opensearch-visual\[train\]'"
# Loaded by every interpreter before anything of ours, those that read files among them.
BLOCKED = """
import sys
others = ("skimage", "trimesh", "networkx", "lxml")
for name in ("torch", "torchvision", "onnx", "onnxscript", *others):
    sys.modules[name] = None
"""
VERBS = """
import sys
from pathlib import Path
from opensearch.cli import main
collection, model, picture = sys.argv[1:]
for line in Path("verbs").read_text().splitlines():
    words = line.format(collection=collection, model=model, picture=picture).split()
    try:
        code = main(words, standalone_mode=False)
    except SystemExit as ended:
        code = ended.code
    assert not code, (words, code)
"""
STEPS = """\
index {collection} --to index --model {model} -q
query index {picture} --to shape
query index --text cube --score asymmetric
info index
info {model}
remove index photo/cube/00.jpg
compact index
verify index
duplicates index
export index export
import export --to other --model {model}
render {picture} --out views
evaluate {model} --data {collection} --bits 16 --hasher itq -q
"""


def test_verbs_that_train_nothing_run_without_torch(toy_collection, tmp_path):
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(BLOCKED)
    (tmp_path / "verbs").write_text(STEPS)
    paths = os.pathsep.join([str(tmp_path / "guard"), str(ROOT)])
    picture = sorted((toy_collection / "photo").rglob("*.jpg"))[1]
    done = subprocess.run(
        [sys.executable, "-c", VERBS, toy_collection, MODEL, picture],
        env={**os.environ, "PYTHONPATH": paths, "OPENSEARCH_RUNTIME": "auto"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "itq-16" in done.stdout
    assert (tmp_path / "export").is_dir()


@pytest.fixture
def bare(monkeypatch):
    for package in BROUGHT_BY:
        monkeypatch.setitem(sys.modules, package, None)


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("train prototype --data {collection} --out new", "training"),
        ("evaluate {model} --data {collection} --bits 16 --hasher gdmh", "fitting codes of gdmh"),
        ("refit {model} --data {collection} --out new", "fitting codes of gdmh"),
    ],
)
def test_a_verb_that_trains_names_the_extra(bare, toy_collection, verb, what):
    words = verb.format(collection=toy_collection, model=MODEL).split()
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {what} needs torch, which the extra 'train' brings: ")
    assert result.stderr.count("\n") == 1


def test_a_model_run_in_torch_names_the_extra(bare, monkeypatch):
    with pytest.raises(MissingExtra, match=f"^a model without an ONNX graph needs torch.*{HINT}"):
        TorchBackbone("tiny", {})
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "torch")
    with pytest.raises(MissingExtra, match=r"^OPENSEARCH_RUNTIME=torch needs torch"):
        TorchBackbone("tiny", {})


@pytest.mark.parametrize("name", HASHERS)
def test_hashers_that_learn_name_the_extra_and_others_do_without(bare, name):
    rows = np.eye(16, dtype=np.float32)
    data = HashData(rows, np.array(["photo"] * 16), np.arange(16), rows)
    if HASHERS[name].learns:
        with pytest.raises(MissingExtra, match=HINT):
            HASHERS[name].fit(data, HashSettings(name=name, bits=16), 0)
    else:
        assert HASHERS[name].fit(data, HashSettings(name=name, bits=16), 0).bits == 16


def test_the_extras_named_are_those_of_the_package():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = setup["options.extras_require"]
    for package, extra in BROUGHT_BY.items():
        lines = [line.split(">=")[0].strip() for line in extras[extra].split("\n")]
        assert distribution(package) in lines, package
    base = {line.split(">=")[0] for line in setup["options"]["install_requires"].split("\n")}
    assert base.isdisjoint(map(distribution, BROUGHT_BY))


def distribution(package):
    names = {"skimage": "scikit-image", "cv2": "opencv-python-headless"}
    return names.get(package, package.replace("_", "-"))


def test_a_package_is_looked_for_and_not_loaded(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert not installed("onnx")
    assert installed("numpy")
    assert installed("antigravity")
    assert "antigravity" not in sys.modules
    with pytest.raises(MissingExtra, match=r"^drawing needs onnx, which the extra 'train' brings"):
        require("drawing", "torch", "onnx")
