"""Which networks a loss of adaptation teaches."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from opensearch.encoders.encoder import Encoder
from opensearch.methods.dca.networks import DcaModel
from opensearch.methods.dca.settings import DcaSettings
from opensearch.training.heads import fitted_head
from opensearch.training.items import Batch, Items

SETTINGS = DcaSettings(layers=[7], dim=5, transform_layers=[6], critic_layers=[3])


def items_of(name, views):
    rng = np.random.default_rng(len(name))
    rows = torch.from_numpy(rng.normal(size=(8, views, 6)).astype(np.float32))
    data = SimpleNamespace(name=name, start=None)
    return Items(data, "mean", np.array([0, 0, 0, 0, 1, 1, 1, 1]), rows)


@pytest.fixture
def items():
    return [items_of("shape", 1), items_of("sketch", 3)]


@pytest.fixture
def model(items):
    return DcaModel(items, SETTINGS, seed=0)


def batch_of(own):
    return Batch(own.name, "batch 1 of dca", own.rows, torch.from_numpy(own.labels), own.pooling)


def test_the_target_alone_has_no_transformation(model):
    assert (list(model.metrics), list(model.transforms), list(model.critics)) == (
        ["shape", "sketch"],
        ["sketch"],
        ["sketch"],
    )


def test_transformed_features_teach_the_transformation_and_nothing_else(model, items):
    model.train()
    model.transformed(batch_of(items[1])).square().sum().backward()
    taught = {name.split(".")[0] for name, p in model.named_parameters() if p.grad is not None}
    assert taught == {"transforms"}
    assert all(network.training for network in model.metrics.values())
    assert not model.features(batch_of(items[0])).requires_grad


def test_what_is_transformed_in_training_is_what_a_bundle_gives(model, items):
    """Of an item with several views as well."""
    wanted = torch.nn.functional.normalize(model.transformed(batch_of(items[1]))).detach().numpy()
    fitted = fitted_head(items[1], model.encoder("sketch"))
    got = Encoder(None, fitted.projector, fitted.pooling).embed_features(items[1].rows.numpy())
    assert got == pytest.approx(wanted, abs=1e-5)
