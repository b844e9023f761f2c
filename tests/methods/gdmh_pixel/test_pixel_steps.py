"""Steps of training on pixels: what learns from what, the schedule, what is remembered."""

import numpy as np
import pytest
import torch

from opensearch.encoders.backbones import build_backbone
from opensearch.losses.adversarial import least_squares
from opensearch.methods.gdmh_pixel.data import PairBatch
from opensearch.methods.gdmh_pixel.losses import discriminator_losses, hash_losses, migrate
from opensearch.methods.gdmh_pixel.networks import Memory, PixelModel
from opensearch.methods.gdmh_pixel.settings import PixelConfig, PixelSettings
from opensearch.methods.gdmh_pixel.steps import Learners, rates

SETTINGS = PixelSettings(blocks=1, width=2, batch=3, pool=4)
CONFIG = PixelConfig(size=32, pixel=SETTINGS, hash={"bits": 16})
LABELS = [np.array([0, 0, 1, 1]), np.array([0, 1, 1]), np.array([1, 0])]
"""Of the pivot and two other domains."""


def made_model():
    return PixelModel(CONFIG, build_backbone("tiny"), LABELS, 2).train()


def batch(place):
    """Two pairs of the domain at `place`, one of each category."""
    generator = torch.Generator().manual_seed(place)
    other, pivot = torch.rand(2, 2, 3, 32, 32, generator=generator) * 2 - 1
    first = [int(np.flatnonzero(LABELS[place + 1] == c)[0]) for c in (0, 1)]
    return PairBatch(other, pivot, np.array(first), np.array([1, 2]), np.array([1, 0]))


def hashed(guide):
    model = made_model()
    batches = [batch(0), batch(1)]
    migrated = [migrate(p, b, 10.0) for p, b in zip(model.pairs, batches, strict=True)]
    settings = SETTINGS.model_copy(update={"guide": guide})
    losses, right = hash_losses(model, batches, migrated, settings)
    return model, batches, migrated, losses, right


@pytest.mark.parametrize("guide", [0.0, 1.0])
def test_generators_learn_from_the_codes_if_asked(guide):
    model, _, _, losses, _ = hashed(guide)
    sum(losses.values()).backward()
    slopes = [p.grad for p in model.generators() if p.grad is not None]
    assert any(bool(slope.any()) for slope in slopes) == bool(guide)
    assert all(bool(p.grad.any()) for p in model.hash.linear.parameters())


def test_the_guide_scales_what_generators_learn():
    def slope(guide):
        model, _, _, losses, _ = hashed(guide)
        sum(losses.values()).backward()
        return model.pairs[0].to_pivot.paint[0].weight.grad

    assert torch.allclose(slope(0.5), slope(1.0) / 2, rtol=1e-4, atol=1e-9)


def test_hash_losses_by_the_papers_sums():
    """From the logits of each pair alone, item by item, divided by the bits."""
    model, batches, migrated, losses, right = hashed(1.0)
    memory = model.memories[0]
    inputs = [m.masked for m in migrated] + [m.pivot for m in migrated]
    logits = model.hash(torch.cat(inputs)).detach()
    sums = {"quantisation": 0.0, "agreement": 0.0, "triplet": 0.0}
    rights = []
    for place, one in enumerate(batches):
        for i in range(2):
            code_i = memory.codes[one.pivot_items[i]]
            code_s = model.memories[place + 1].codes[one.other_items[i]]
            h_i, h_s = logits[2 * place + i], logits[4 + 2 * place + i]
            h_k = logits[4 + 2 * place + 1 - i]
            sums["quantisation"] += ((h_i - code_i) ** 2).sum() + ((h_s - code_s) ** 2).sum()
            sums["agreement"] += ((h_i - h_s) ** 2).sum()
            hinge = 16 * SETTINGS.margin + ((h_i - h_s) ** 2).sum() - ((h_i - h_k) ** 2).sum()
            sums["triplet"] += hinge.clamp(min=0)
            rights += [(h_i >= 0) == (code_i > 0), (h_s >= 0) == (code_s > 0)]
    for name, value in sums.items():
        assert float(losses[name].detach()) == pytest.approx(float(value) / 4 / 16, rel=1e-4)
    assert right == pytest.approx(float(torch.stack(rights).float().mean()))


def test_what_the_network_gave_is_remembered():
    model, batches, migrated, _, _ = hashed(1.0)
    inputs = [m.masked for m in migrated] + [m.pivot for m in migrated]
    logits = model.hash(torch.cat(inputs)).detach()
    of_domain = model.memories[2].outputs[batches[1].other_items]
    assert torch.allclose(of_domain, logits[6:8], atol=1e-5)
    # items 1 and 2 of the pivot were in both batches: the last one stays
    assert torch.allclose(model.memories[0].outputs[1:3], logits[2:4], atol=1e-5)
    assert not model.memories[0].outputs[[0, 3]].any()


def test_a_migrated_picture_is_judged_and_comes_back():
    model, one = made_model(), batch(0)
    pair = model.pairs[0]
    made = migrate(pair, one, 10.0)
    wanted = least_squares(pair.pivot_critic(made.pivot), real=True)
    assert float(made.losses["to_pivot"].detach()) == pytest.approx(float(wanted.detach()))
    again = pair.from_pivot(made.pivot)[0]
    cycle = 10 * (again - one.other).abs().mean()
    assert float(made.losses["cycle"].detach()) == pytest.approx(float(cycle.detach()), rel=1e-4)
    assert set(made.losses) == {"to_pivot", "from_pivot", "cycle", "pivot_cycle"}


def test_only_real_pictures_move_a_generators_statistics():
    model, one = made_model(), batch(0)
    other = made_model()
    migrate(model.pairs[0], one, 10.0)
    other.pairs[0].to_pivot(one.other)
    other.pairs[0].from_pivot(one.pivot)
    for name in ("to_pivot", "from_pivot"):
        mine, its = (getattr(made.pairs[0], name).buffers() for made in (model, other))
        pairs = [(a, b) for a, b in zip(mine, its, strict=True) if a.is_floating_point()]
        assert len(pairs) > 10
        assert all(torch.equal(a, b) for a, b in pairs)


def test_critics_learn_from_real_and_made_and_generators_do_not():
    model, one = made_model(), batch(0)
    pair = model.pairs[0]
    made = migrate(pair, one, 10.0)
    losses = discriminator_losses(pair, one, made, np.random.default_rng(0))
    real = least_squares(pair.other_critic(one.other), real=True)
    fake = least_squares(pair.other_critic(made.other.detach()), real=False)
    half = float((real + fake).detach()) / 2
    assert float(losses["critic"].detach()) == pytest.approx(half, rel=1e-5)
    (losses["critic"] + losses["pivot_critic"]).backward()
    assert all(p.grad is None for p in model.generators())
    assert all(p.grad is not None for p in pair.pivot_critic.parameters())
    assert int(pair.pivot_pool.count) == 2


def test_every_network_belongs_to_one_optimiser():
    model = made_model()
    optimisers = [learner.optimiser for learner in Learners.of(model, SETTINGS).all()]
    groups = [[id(p) for p in o.param_groups[0]["params"]] for o in optimisers]
    together = [place for group in groups for place in group]
    assert sorted(together) == sorted(id(p) for p in model.parameters())
    assert all(o.param_groups[0]["betas"] == (0.5, 0.999) for o in optimisers)


@pytest.mark.parametrize(
    ("share", "rate", "hash_rate"),
    [(0.0, 2.0, 4.0), (0.49, 2.0, 4.0), (0.5, 2.0, 0.4), (0.8, 2.0, 0.4), (0.9, 1.0, 0.2)],
)
def test_rates_by_hand(share, rate, hash_rate):
    settings = PixelSettings(lr=2, hash_lr=4, hash_drop=0.5, decay=0.8)
    assert rates(share, settings) == pytest.approx((rate, hash_rate))


def test_thirty_epochs_decay_from_the_25th_as_in_the_released_code():
    settings = PixelSettings()
    assert rates(24.9 / 30, settings)[0] == settings.lr
    assert rates(27.5 / 30, settings)[0] == pytest.approx(settings.lr / 2)


def test_codes_start_at_random_and_settle_on_their_categories():
    model = made_model()
    starts = torch.cat([memory.codes for memory in model.memories])
    assert set(starts.unique().tolist()) == {-1.0, 1.0}
    assert 0.3 < float((starts > 0).float().mean()) < 0.7
    changed = model.discrete_step(1e-5)
    codes = torch.cat([memory.codes for memory in model.memories])
    assert changed == pytest.approx(float((codes != starts).float().mean()))
    labels = np.concatenate(LABELS)
    for category in (0, 1):
        assert len(codes[labels == category].unique(dim=0)) == 1
    assert model.discrete_step(1e-5) == 0


def test_models_of_one_seed_start_alike_whatever_the_callers_chance():
    def state(noise, seed=0):
        torch.manual_seed(noise)
        config = CONFIG.model_copy(update={"seed": seed})
        return PixelModel(config, build_backbone("tiny"), LABELS, 2).state_dict()

    one, again, other = state(1), state(2), state(1, seed=5)
    assert all(torch.equal(one[name], again[name]) for name in one)
    differing = [name for name in one if not torch.equal(one[name], other[name])]
    assert {name.split(".")[0] for name in differing} == {"pairs", "hash", "memories"}


def test_a_memory_keeps_the_last_of_an_item_named_twice():
    memory = Memory(np.array([0, 1]), 16, torch.Generator())
    memory.keep(np.array([1, 1]), torch.stack([torch.ones(16), torch.full((16,), 2.0)]))
    assert memory.outputs[1].unique().tolist() == [2]
    assert not memory.outputs[0].any()
