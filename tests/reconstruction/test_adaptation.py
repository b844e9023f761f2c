"""The adaptation: its equations against slow references, its steps, its encoder without torch."""

import numpy as np
import pytest
import torch

from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction.latent import SIDE, LineEncoder, ink
from opensearch.reconstruction.settings import AdaptationSettings, ReconstructionConfig
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
