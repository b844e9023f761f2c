"""The adaptation: its equations against slow references, its steps, its encoder without torch."""

import numpy as np
import pytest
import torch

from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction.card import Part
from opensearch.reconstruction.latent import SIDE, LineEncoder, ink, softened
from opensearch.reconstruction.settings import AdaptationSettings, ReconstructionConfig
from opensearch.reconstruction.training.adaptation import steps
from opensearch.reconstruction.training.adaptation.data import Lines, varied
from opensearch.reconstruction.training.adaptation.losses import (
    adaptation_loss,
    discriminator_loss,
    judging,
)
from opensearch.reconstruction.training.adaptation.networks import AdaptationModel
from opensearch.reconstruction.training.adaptation.steps import adaptation_job

SMALL = AdaptationSettings(code=6, channels=(2, 3, 4, 5), critic=(2, 2, 3, 3), batch=3, steps=4)


def drawings(count, seed=0):
    rows = np.full((count, SIDE, SIDE), 255, np.uint8)
    for row, (x, y) in zip(
        rows, np.random.default_rng(seed).integers(8, 56, (count, 2)), strict=True
    ):
        row[y, 4:60] = row[4:60, x] = 0
    return rows


LINES = Lines(
    drawings(5), drawings(8, 1).reshape(4, 2, SIDE, SIDE), np.array(["a"] * 5), np.array(["a"] * 4)
)


def apart(out, target, inked):
    """|out - target| pixel by pixel: mean over pixels, or over ink and paper apart; then items."""
    per_item = []
    for made, wanted in zip(out.tolist(), target.tolist(), strict=True):
        sums, counts = [0.0, 0.0], [0.0, 0.0]
        for row, meant in zip(made, wanted, strict=True):
            for a, b in zip(row, meant, strict=True):
                for place, share in enumerate([b, 1 - b]):
                    sums[place] += share * abs(a - b)
                    counts[place] += share
        mean = [s / max(c, 1) for s, c in zip(sums, counts, strict=True)]
        shares = None if inked is None else [inked, 1 - inked]
        per_item.append(np.dot(shares, mean) if shares else sum(sums) / sum(counts))
    return sum(per_item) / len(per_item)


@pytest.mark.parametrize("inked", [0.3, 0.5, None])
def test_losses_are_those_of_the_notes(inked):
    rng = torch.Generator().manual_seed(0)
    x, v, x_back, v_back, x_judged, v_judged = torch.rand(6, 2, 5, 7, generator=rng)
    terms = adaptation_loss(x, v, x_back, v_back, x_judged, 0.3, inked)
    expected = {  # L_G2D with (23) of both and (24) of the sketches
        "sketches": 0.7 * apart(x_back, x, inked),
        "renders": 0.7 * apart(v_back, v, inked),
        "adversarial": 0.3 * apart(x_judged, x_back, inked),
    }
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(expected)
    real, made = judging(v_back, x_back, (v_judged, x_judged), inked)
    assert float(real) == pytest.approx(apart(v_judged, v_back, inked))
    k = 0.4
    total = sum(discriminator_loss(real, made, torch.tensor(k)).values())
    wanted = apart(v_judged, v_back, inked) - k * apart(x_judged, x_back, inked)
    assert float(total) == pytest.approx(wanted)


def test_a_step_descends_l_g2d_then_l_d2d_and_moves_k():
    torch.manual_seed(0)
    config = ReconstructionConfig(adaptation=SMALL.model_copy(update={"balance_rate": 0.1}))
    model = AdaptationModel(config.adaptation)
    job = adaptation_job(config, LINES, model)
    step = job.step(0)
    descent = next(step)
    assert descent.learners == [job.learners[0]]
    assert set(descent.losses) == {"sketches", "renders", "adversarial"}
    sum(descent.losses.values()).backward()
    assert all(p.grad is not None for p in model.autoencoder.parameters())
    assert all(p.grad is None for p in model.critic.parameters()), "the critic stands still"
    model.autoencoder.zero_grad(set_to_none=True)
    descent = next(step)
    assert descent.learners == [job.learners[1]]
    sum(descent.losses.values()).backward()
    assert all(p.grad is None for p in model.autoencoder.parameters()), "and now the encoder does"
    real = float(descent.losses["critic_real"].detach())
    gap = descent.measured["convergence"] - real  # |gamma real - made|
    assert list(step) == []
    assert float(model.balance) in (0, pytest.approx(0.1 * gap, rel=1e-4))


def test_the_encoder_without_torch_gives_what_torch_gives():
    torch.manual_seed(0)
    coder = AdaptationModel(AdaptationSettings(code=10)).autoencoder.eval()
    kept = {n: t.numpy() for n, t in coder.state_dict().items() if n.startswith(("down", "narrow"))}
    given = ink(drawings(3))
    assert set(np.unique(given)) == {0, 1}
    with torch.no_grad():
        wanted = coder.encode(torch.from_numpy(given)).numpy()
    encoder = LineEncoder(kept)
    assert encoder.code == 10
    assert encoder(given) == pytest.approx(wanted, abs=1e-5)
    assert encoder(given[:0]).shape == (0, 10)
    with pytest.raises(InvalidInput, match=r"must have shape \(n, 64, 64\), got \(3, 64, 64, 3\)"):
        encoder(np.zeros((3, 64, 64, 3), np.float32))
    with pytest.raises(BundleError, match=r"narrow\.bias are missing"):
        LineEncoder({name: array for name, array in kept.items() if name != "narrow.bias"})
    kept["narrow.weight"] = kept["narrow.weight"][:, 1:]
    with pytest.raises(BundleError, match="not those of an encoder of drawings"):
        LineEncoder(kept)


def test_an_autoencoder_brings_drawings_back_of_the_size_they_had():
    coder = AdaptationModel(SMALL).autoencoder
    back = coder(torch.rand(2, SIDE, SIDE)).detach()
    assert back.shape == (2, SIDE, SIDE)
    assert 0 < float(back.min()) < float(back.max()) < 1


def test_drawings_are_varied_a_little_and_stay_drawings():
    given = ink(drawings(8))
    made = varied(torch.from_numpy(given), np.random.default_rng(0)).numpy()
    assert made.shape == given.shape
    assert made.dtype == np.float32
    assert not np.array_equal(made, given)
    assert 0 <= made.min() < made.max() <= 1
    assert made.sum(axis=(1, 2)) == pytest.approx(given.sum(axis=(1, 2)), rel=0.5)
    again = varied(torch.from_numpy(given), np.random.default_rng(0))
    assert np.array_equal(made, again.numpy())


def test_lines_that_lie_beside_each_other_overlap_once_they_are_soft():
    given = np.zeros((2, SIDE, SIDE), np.float32)
    given[0, 20, 10:50] = given[1, 23, 10:50] = 1
    soft = softened(given, 2.0)
    assert softened(given, 0.0) is given
    assert (given[0] * given[1]).sum() == 0 < (soft[0] * soft[1]).sum()
    assert 0 <= soft.min() < 0.5 < soft.max() <= 1
    assert soft[0, 20, 30] == soft[0].max()
    by_hand = np.exp(-0.5 * ((20 - 18) / 2) ** 2)  # two rows off, against the row itself
    assert soft[0, 18, 30] / soft[0, 20, 30] == pytest.approx(by_hand, rel=1e-3)


def test_an_encoder_softens_as_it_was_trained():
    torch.manual_seed(0)
    state = AdaptationModel(SMALL).autoencoder.state_dict()
    kept = {n: t.numpy() for n, t in state.items() if n.startswith(("down", "narrow"))}
    given = ink(drawings(3))
    part = Part(tensors="a", settings={"softness": 1.5}, identity="b")
    assert np.array_equal(LineEncoder(kept, part)(given), LineEncoder(kept)(softened(given, 1.5)))


@pytest.mark.parametrize("steady", [True, False])
def test_steady_drawings_come_back_as_they_were_before_they_were_varied(steady, monkeypatch):
    seen = {}

    def told(sketches, renders, *rest):
        seen["wanted"] = torch.cat([sketches, renders])
        return adaptation_loss(sketches, renders, *rest)

    monkeypatch.setattr(steps, "adaptation_loss", told)
    settings = SMALL.model_copy(update={"steady": steady, "softness": 0.0})
    model = AdaptationModel(settings)
    next(adaptation_job(ReconstructionConfig(adaptation=settings), LINES, model).step(0))
    sharp = set(np.unique(seen["wanted"].numpy())) == {0, 1}
    assert sharp == steady  # turned and stretched, lines have edges of grey
