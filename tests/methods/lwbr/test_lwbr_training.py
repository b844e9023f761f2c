"""Shapes come in as barycentres of their views, in training and from then on."""

import sys

import numpy as np
import pytest
from toy_files import toy_settings

from opensearch.encoders.barycentre import COST, BarycentrePooling
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import Published
from opensearch.encoders.projection import Projection
from opensearch.encoders.tensors import load_tensors
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.lwbr.settings import LwbrSettings


@pytest.fixture(scope="module")
def bundle(toy_collection, tmp_path_factory):
    given = [
        *toy_settings(toy_collection),
        "space={provider: onehot, transform: none}",
        "lwbr={layers: [16], dim: 16, classes: 3, items: 3, steps: 6, checkpoint: 9}",
        "domains.shape.barycentre={groups: 4, rounds: 9}",
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        out = tmp_path_factory.mktemp("lwbr") / "m"
        return train(Training(load_train_config("lwbr", given), [toy_collection], out))


def test_the_card_says_how_shapes_are_pooled_and_how_the_paper_ranks(bundle):
    card = bundle.card
    assert {name: domain.pooling for name, domain in card.domains.items()} == dict.fromkeys(
        ["photo", "shape", "sketch"], "barycentre"
    )
    assert card.published == Published(distance="euclidean")


def test_a_shape_is_encoded_by_its_barycentre(bundle):
    tensors = load_tensors(bundle.folder / bundle.card.domains["shape"].projector)
    assert COST in tensors
    width = tensors["layers.0.standard.mean"].shape[0]
    features = np.random.default_rng(0).uniform(0, 2, (3, 2, width)).astype(np.float32)
    wanted = Projection(tensors)(BarycentrePooling(tensors)(features))
    found = Bundle.open(bundle.folder).encoder("shape").codes(features)
    assert found == pytest.approx(wanted, abs=1e-6)


def test_pictures_need_no_barycentre(bundle):
    assert COST not in load_tensors(bundle.folder / bundle.card.domains["sketch"].projector)


def test_beta_is_a_domains_own_where_it_is_given():
    settings = LwbrSettings(scatter=0.2, domain_scatter={"shape": 0.7})
    assert (settings.scatter_of("shape"), settings.scatter_of("sketch")) == (0.7, 0.2)
