"""The networks of (5) and (6), their hidden layers, and view weights that they learn."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from opensearch.encoders.encoder import Encoder
from opensearch.encoders.pooling import SOFTMAX
from opensearch.errors import InvalidInput
from opensearch.losses.margins import Points
from opensearch.methods.configs import load_train_config
from opensearch.methods.dcml import Dchml, Dcml
from opensearch.methods.dcml.fitting import holistic_loss
from opensearch.methods.dcml.losses import CorrelatedLoss
from opensearch.methods.dcml.networks import DomainNetwork
from opensearch.methods.dcml.settings import DchmlSettings, DcmlSettings
from opensearch.training.heads import refuse_unpaired
from opensearch.training.items import Batch, Items

SMALL = {"layers": [7, 5], "dim": 4}


def items_of(name="shape", views=3, pooling="mean"):
    rows = np.random.default_rng(views).normal(size=(6, views, 8)).astype(np.float32)
    data = SimpleNamespace(name=name, start=None)
    return Items(data, pooling, np.array([0, 0, 1, 1, 2, 2]), torch.from_numpy(rows))


def test_equations_5_and_6():
    """Each layer is the sigmoid of a linear map of the one before; the last is f."""
    network = DomainNetwork(items_of(views=1), DcmlSettings(**SMALL, standardise=False), 0)
    rows = items_of(views=1).rows
    a = rows[:, 0].numpy().astype(float)
    outputs = network(rows)
    linear = [layer for layer in network.layers if isinstance(layer, torch.nn.Linear)]
    assert len(outputs) == len(linear) == 3
    for layer, output in zip(linear, outputs, strict=True):
        weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
        a = 1 / (1 + np.exp(-(a @ weight.T + bias)))
        assert output.detach().numpy() == pytest.approx(a, abs=1e-5)


def test_a_network_of_relus_ends_without_one():
    network = DomainNetwork(items_of(), DcmlSettings(**SMALL, activation="relu"), 0)
    hidden, last, embedding = network(items_of().rows)
    assert (hidden >= 0).all()
    assert (last >= 0).all()
    assert (embedding < 0).any()
    assert [x.shape[1] for x in (hidden, last, embedding)] == [7, 5, 4]


def test_a_domain_may_have_layers_of_its_own():
    settings = DcmlSettings(**SMALL, domain_layers={"sketch": [9]})
    assert [
        x.shape[1] for x in DomainNetwork(items_of("sketch"), settings, 0)(items_of().rows)
    ] == [
        9,
        4,
    ]


@pytest.mark.parametrize("pooling", ["mean", "max", "softmax"])
def test_training_and_encoder_agree_on_items_of_several_views(pooling):
    items = items_of(pooling=pooling)
    network = DomainNetwork(items, DcmlSettings(**SMALL), 0).eval()
    if network.view_weights is not None:
        torch.nn.init.normal_(network.view_weights, std=2.0)
    centre = torch.tensor([0.5, -3.0, 0.0, 2.0])
    fitted = network.fitted(items, centre)
    assert (SOFTMAX in fitted.projector) == (pooling == "softmax")
    codes = Encoder(None, fitted.projector, fitted.pooling).codes(items.rows.numpy())
    assert codes == pytest.approx((network.points(items.rows) - centre).numpy(), abs=1e-5)


def parts_of(*labels):
    rows = torch.zeros(len(labels[0]), 1, 2)
    return [
        Batch(f"d{n}", "batch 2 of dcml", rows, torch.tensor(own), "mean")
        for n, own in enumerate(labels)
    ]


def test_holistic_losses_are_those_of_the_layers_counted_from_the_last():
    """Of two domains one has a layer more: hidden layers meet by their place from the end."""
    generator = torch.Generator().manual_seed(0)
    one = [torch.rand(4, w, generator=generator) for w in (5, 3, 2)]
    two = [torch.rand(4, w, generator=generator) for w in (3, 2)]
    parts = parts_of([0, 0, 1, 1], [0, 0, 1, 1])
    loss = CorrelatedLoss(0.5, 1.0, "mean", True)

    def at(back):
        return float(loss([Points(x[back], parts[0].labels) for x in (one, two)]))

    alone = holistic_loss(loss, [one, two], parts, DcmlSettings())
    assert float(alone) == pytest.approx(at(-1))
    both = holistic_loss(loss, [one, two], parts, DchmlSettings(holistic_weight=0.3))
    assert float(both) == pytest.approx(at(-1) + 0.3 * at(-2))


def test_a_batch_that_no_other_domain_shares_a_category_with_is_named():
    refuse_unpaired(parts_of([0, 0, 1], [1, 1, 2], [2, 2, 0]))
    with pytest.raises(
        InvalidInput, match=r"batch 2 of dcml has no pair of one category.*'d0' and"
    ):
        refuse_unpaired(parts_of([0, 0, 1], [2, 2, 3]))


@pytest.mark.parametrize(
    ("method", "given"),
    [
        (Dcml(), ["dcml={layers: [8], holistic: 2}"]),
        (Dchml(), ["dchml.layers=[]"]),
        (Dchml(), ["dchml={layers: [8, 6], domain_layers: {shape: [8, 5]}}"]),
    ],
)
def test_hidden_layers_that_do_not_meet_are_refused(method, given):
    config = load_train_config(method.name, given)
    with pytest.raises(InvalidInput, match=rf"{method.name}\.holistic is . *: .*same widths"):
        method.check(config)


def test_what_grows_without_end_is_cut_where_networks_do_not_end_in_sigmoids():
    assert not DcmlSettings().cuts
    assert DcmlSettings(activation="relu").cuts
    assert DcmlSettings(bounded=True).cuts
    assert not DcmlSettings(activation="relu", bounded=False).cuts
