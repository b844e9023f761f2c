"""The losses of adaptation against sums written from the equations."""

import math

import numpy as np
import pytest
import torch

from opensearch.losses.hardest import hardest_triplets
from opensearch.methods.dca.losses import (
    discriminator_loss,
    generator_loss,
    mean_discrepancy,
    transformation_losses,
)
from opensearch.methods.dca.settings import DcaSettings


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


@pytest.fixture
def sample():
    """Transformed features, their labels and logits, and the target's features and labels."""
    rng = np.random.default_rng(0)
    made, real = rng.normal(size=(9, 4)), rng.normal(size=(7, 4))
    labels = np.array([0, 0, 0, 1, 1, 2, 2, 2, 3]), np.array([0, 0, 1, 1, 1, 2, 4])
    return made, labels[0], rng.normal(size=(9, 1)), real, labels[1]


def tensors(sample):
    return [torch.from_numpy(array) for array in sample]


def equation_21(made, made_labels, real, real_labels, power):
    total = 0.0
    for y in set(made_labels.tolist()) & set(real_labels.tolist()):
        parts = (
            [row for row, label in zip(made, made_labels, strict=True) if label == y],
            [row for row, label in zip(real, real_labels, strict=True) if label == y],
        )
        means = [[sum(x) / len(part) for x in zip(*part, strict=True)] for part in parts]
        total += math.dist(*means) ** power
    return total


def test_equations_19_and_20_with_d_the_sigmoid_of_logits(sample):
    _, _, logits, _, _ = sample
    real = [1.5, -0.3, 0.2]
    made = [float(logit) for logit in logits[:, 0]]
    wanted = -sum(math.log(sigmoid(r)) for r in real) / len(real)
    wanted -= sum(math.log(1 - sigmoid(m)) for m in made) / len(made)
    got = discriminator_loss(torch.tensor(real)[:, None], torch.from_numpy(logits))
    assert float(got) == pytest.approx(wanted)
    saturating = sum(math.log(1 - sigmoid(m)) for m in made) / len(made)
    assert float(generator_loss(torch.from_numpy(logits), True)) == pytest.approx(saturating)
    usual = -sum(math.log(sigmoid(m)) for m in made) / len(made)
    assert float(generator_loss(torch.from_numpy(logits), False)) == pytest.approx(usual)


def test_sure_discriminators_leave_numbers():
    sure = torch.tensor([[1e4], [-1e4]], requires_grad=True)
    for loss in (generator_loss(sure, True), generator_loss(sure, False)):
        assert torch.isfinite(loss)


def test_both_generator_losses_fall_where_d_is_convinced():
    for saturating in (True, False):
        logits = torch.tensor([[0.0]], requires_grad=True)
        generator_loss(logits, saturating).backward()
        assert float(logits.grad) < 0


@pytest.mark.parametrize(("squared", "power"), [(False, 1), (True, 2)])
def test_equation_21_is_a_norm_unless_it_is_squared(sample, squared, power):
    made, made_labels, _, real, real_labels = sample
    got = mean_discrepancy(*tensors((made, made_labels, real, real_labels)), squared)
    assert float(got) == pytest.approx(equation_21(made, made_labels, real, real_labels, power))


def test_means_that_are_one_have_a_gradient_that_is_a_number():
    made = torch.ones(2, 3, requires_grad=True)
    labels = torch.tensor([0, 0])
    mean_discrepancy(made, labels, torch.ones(2, 3), labels, False).backward()
    assert torch.isfinite(made.grad).all()


def test_equation_22_adds_16_on_transformed_features_alone_with_unit_weights(sample):
    made, made_labels, logits, real, real_labels = tensors(sample)
    losses = transformation_losses(made, made_labels, logits, real, real_labels, DcaSettings())
    wanted = (
        hardest_triplets(made, made_labels, 0.5)
        + generator_loss(logits, True)
        + mean_discrepancy(made, made_labels, real, real_labels, False)
    )
    assert list(losses) == ["semantic", "adversary", "discrepancy"]
    assert float(sum(losses.values())) == pytest.approx(float(wanted))
    other = transformation_losses(made, made_labels, logits, real * 9, real_labels, DcaSettings())
    assert torch.equal(other["semantic"], losses["semantic"])


def test_weights_and_the_other_forms_are_options(sample):
    settings = DcaSettings(
        semantic=2,
        adversary=3,
        discrepancy=5,
        squared=True,
        generator="non-saturating",
        reduction="mean",
        importance="violation",
    )
    made, made_labels, logits, real, real_labels = tensors(sample)
    losses = transformation_losses(made, made_labels, logits, real, real_labels, settings)
    weighed = hardest_triplets(made, made_labels, 0.5, importance="violation", mean=True)
    assert float(losses["semantic"]) == pytest.approx(2 * float(weighed))
    assert float(losses["adversary"]) == pytest.approx(3 * float(generator_loss(logits, False)))
    gap = mean_discrepancy(made, made_labels, real, real_labels, True)
    assert float(losses["discrepancy"]) == pytest.approx(5 * float(gap))
