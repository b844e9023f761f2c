"""Networks on features: how they start, what they give, and when training stops."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from opensearch.config import NetworkSettings
from opensearch.encoders.encoder import Encoder
from opensearch.errors import InvalidInput
from opensearch.training.heads import (
    common_centre,
    embed,
    fitted_head,
    learner,
    new_head,
    pooled,
    refuse_no_pairs,
    shifted,
    spread,
)
from opensearch.training.items import Batch, Batches, Items

SETTINGS = NetworkSettings(layers=[7], dim=5, classes=2, items=3)


def items_of(name, labels, views=1, pooling="mean", seed=0):
    rng = np.random.default_rng([seed, len(labels)])
    rows = torch.from_numpy(rng.normal(3, 2, (len(labels), views, 6)).astype(np.float32))
    data = SimpleNamespace(name=name, start=None)
    return Items(data, pooling, np.array(labels), rows)


def batch_of(labels, rows=None, domain="sketch"):
    rows = torch.eye(len(labels)) if rows is None else torch.as_tensor(rows)
    return Batch(domain, "batch 3 of cgn", rows[:, None], torch.tensor(labels), "mean")


def test_a_network_starts_the_same_for_a_seed_and_a_domain_alone():
    items = items_of("sketch", [0, 0, 1, 1])
    first, again = new_head(items, SETTINGS, 1), new_head(items, SETTINGS, 1)
    other, elsewhere = new_head(items, SETTINGS, 2), new_head(items_of("x", [0] * 4), SETTINGS, 1)
    assert torch.equal(first[1].weight, again[1].weight)
    assert not torch.equal(first[1].weight, other[1].weight)
    assert not torch.equal(first[1].weight, elsewhere[1].weight)


def test_features_come_in_standardised_over_items_and_views():
    items = items_of("shape", [0] * 50, views=4)
    standard = new_head(items, SETTINGS, 0)[0]
    out = standard(items.rows.flatten(0, 1))
    assert out.mean(0).numpy() == pytest.approx(np.zeros(6), abs=1e-5)
    assert out.std(0, correction=0).numpy() == pytest.approx(np.ones(6), abs=1e-5)
    bare = SETTINGS.model_copy(update={"standardise": False})
    assert isinstance(new_head(items, bare, 0)[0], nn.Linear)


@pytest.mark.parametrize("pooling", ["mean", "max", "mean-features", "max-features"])
def test_training_and_encoder_agree_on_items_of_several_views(pooling):
    """Items are pooled before the network where their features are, as `domain_items` does."""
    items = items_of("shape", [0] * 9, views=4, pooling=pooling)
    before = {"mean-features": lambda x: x.mean(1), "max-features": lambda x: x.amax(1)}
    rows = before[pooling](items.rows)[:, None] if pooling in before else items.rows
    network = new_head(Items(items.data, pooling, items.labels, rows), SETTINGS, 0).eval()
    with torch.inference_mode():
        wanted = nn.functional.normalize(pooled(network, rows, pooling)).numpy()
    fitted = fitted_head(items, network)
    got = Encoder(None, fitted.projector, fitted.pooling).embed_features(items.rows.numpy())
    assert got == pytest.approx(wanted, abs=1e-5)


def test_a_batch_depends_on_its_number_alone():
    items = [items_of("sketch", [0, 1, 2] * 8), items_of("shape", [0, 1, 2] * 4)]
    batches = Batches("cgn", items, SETTINGS, seed=1)
    first, again = batches.draw(4), Batches("cgn", items, SETTINGS, seed=1).draw(4)
    for one, other in zip(first, again, strict=True):
        assert torch.equal(one.rows, other.rows)
        assert torch.equal(one.labels, other.labels)
    assert sorted(set(first[0].labels.tolist())) == sorted(set(first[1].labels.tolist()))
    assert first[0].place == "batch 5 of cgn"
    assert batches.epoch == 24 // 6
    others = [batches.draw(step)[0].rows for step in range(5, 9)]
    assert not all(torch.equal(first[0].rows, rows) for rows in others)


def test_the_spread_of_points_is_a_share_of_their_length():
    points = torch.tensor([[3.0, 1.0], [3.0, -1.0]])  # one from the mean; lengths root ten
    assert spread(points) == pytest.approx(1 / 10**0.5)
    assert spread(points * 7) == pytest.approx(1 / 10**0.5)


def test_collapse_stops_with_the_batch_and_the_way_out():
    dead = nn.Linear(4, 3)
    nn.init.zeros_(dead.weight)
    told = (
        r"training has collapsed: the 4 items of domain 'sketch' in batch 3 of cgn all have the"
        r" same embedding \(spread .*\); train with a lower learning rate"
    )
    with pytest.raises(InvalidInput, match=told):
        embed(dead, batch_of([0, 0, 1, 1]))
    assert embed(nn.Linear(4, 3), batch_of([0, 0, 1, 1])).shape == (4, 3)


def test_items_that_are_one_picture_are_no_collapse():
    assert embed(nn.Linear(4, 3), batch_of([0, 1], torch.ones(2, 4))).shape == (2, 3)


@pytest.mark.parametrize(
    ("labels", "other", "told"),
    [
        ([0, 1, 2], None, "batch 3 of cgn has no pair of one category in domain 'sketch': draw"),
        ([1, 1, 1], None, "has no pair of different categories in domain 'sketch': draw more"),
        ([0, 1], [2, 3], "has no pair of one category in domain 'sketch' and 'shape': draw"),
        ([0, 0], [0, 0], "has no pair of different categories in domain 'sketch' and 'shape'"),
    ],
)
def test_a_batch_without_pairs_stops_with_its_place(labels, other, told):
    across = None if other is None else batch_of(other, domain="shape")
    with pytest.raises(InvalidInput, match=told):
        refuse_no_pairs(batch_of(labels), across)


def test_a_batch_with_pairs_goes_on():
    refuse_no_pairs(batch_of([0, 0, 1]))
    refuse_no_pairs(batch_of([0, 1]), batch_of([1, 1], domain="shape"))


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_a_learner_moves_all_networks_at_a_falling_rate(name):
    networks = [nn.Linear(2, 1), nn.Linear(2, 1)]
    settings = NetworkSettings(optimiser=name, lr=0.5, floor=0.1)
    made = learner(networks, settings)
    assert len(made.optimiser.param_groups[0]["params"]) == 4
    assert [made.rate(share, 1.0) for share in (0.0, 0.5, 1.0)] == pytest.approx([0.5, 0.3, 0.1])


def test_counting_from_the_common_centre_changes_no_distance_and_domains_lie_around_it():
    """Two domains count alike, however many items they have."""
    network = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid())
    rows = [torch.randn(n, 3, generator=torch.Generator().manual_seed(n)) for n in (5, 50)]
    with torch.no_grad():
        before = [network(own) for own in rows]
        after = [shifted(network, common_centre(before))(own) for own in rows]
    assert torch.allclose(torch.cdist(*before), torch.cdist(*after), atol=1e-5)
    assert (after[0].mean(0) + after[1].mean(0)).abs().max() < 1e-5
