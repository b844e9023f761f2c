"""Pooling that learns something, for methods that know nothing of it: on features and on views."""

import json
import sys

import numpy as np
import pytest
from toy_files import toy_settings

from opensearch.encoders.barycentre import COST, GROUPS
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.pooling import SOFTMAX, softmax_weights
from opensearch.encoders.tensors import load_tensors
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.training.view_pooling import fit_view_weights

QUICK = {
    "prototype": ["loop={epochs: 2, batch: 8, checkpoint: 9}"],
    "joint": [
        "projector={hidden: 16, dropout: 0.3}",
        "joint={side: 32, head_steps: 4, head_batch: 8, steps: 2, batch: 4, checkpoint: 9}",
    ],
}
NEEDED = {"barycentre": COST, "softmax": SOFTMAX}


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)


@pytest.mark.parametrize(
    ("method", "pooling"),
    [("prototype", "barycentre"), ("prototype", "softmax"), ("joint", "barycentre")],
)
def test_methods_that_know_nothing_of_a_pooling_make_bundles_with_it(
    toy_collection, tmp_path, method, pooling
):
    file = tmp_path / "mine.yaml"
    file.write_text(f"method: {method}\n")
    own = [f"domains.shape.pooling={pooling}", "domains.shape.barycentre={groups: 4, rounds: 9}"]
    config = load_train_config(str(file), [*toy_settings(toy_collection), *QUICK[method], *own])
    bundle = train(Training(config, [toy_collection], tmp_path / "m"))
    card = json.loads((bundle.folder / "model.json").read_text())["domains"]["shape"]
    assert card["pooling"] == pooling
    shape = bundle.card.domains["shape"]
    tensors = load_tensors(bundle.folder / (shape.norms or shape.projector))
    assert NEEDED[pooling] in tensors
    found = sorted((toy_collection / "shape").rglob("*.*"))[:2]
    embedding = Model(Bundle.open(bundle.folder)).embed(found, "shape")
    assert np.linalg.norm(embedding, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_view_weights_find_the_view_that_tells_categories_apart():
    """One of three views tells which of two categories; the others are the same noise for both."""
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(60, 3, 4)).astype(np.float32)
    categories = ["a", "b"] * 30
    codes[:, 1] = [[4, 0, 0, 0] if name == "a" else [0, 4, 0, 0] for name in categories]
    weights = softmax_weights(codes, fit_view_weights(codes, categories), np.zeros(3))
    assert weights[:, 1].mean() > 0.45  # alike would be a third
    again = fit_view_weights(codes, categories)
    assert np.array_equal(again, fit_view_weights(codes, categories))


def test_barycentres_leave_models_of_other_poolings_as_they_were(toy_model):
    shape = Bundle.open(toy_model).card.domains["shape"]
    tensors = load_tensors(toy_model / shape.projector)
    assert not {GROUPS, COST, SOFTMAX} & set(tensors)
