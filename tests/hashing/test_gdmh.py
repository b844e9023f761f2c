"""The branch of domain migration: what each loss asks, and what training makes of it."""

import math

import numpy as np
import pytest
import torch

from opensearch.config import GdmhSettings, HashSettings
from opensearch.errors import InvalidInput
from opensearch.hashing import HashData, fit_hasher, hamming
from opensearch.hashing.gdmh.anchors import anchored, choose_anchors
from opensearch.hashing.gdmh.fading import with_faded
from opensearch.hashing.gdmh.fitting import pivot_of
from opensearch.hashing.gdmh.losses import (
    balance_loss,
    cycle_loss,
    independence_loss,
    quantisation_loss,
    semantic_loss,
    similarity_loss,
)
from opensearch.hashing.gdmh.networks import Branch, Discriminator, Generator
from opensearch.semantic import unit

DIM, CATEGORIES = 24, 8
QUICK = {"steps": 150, "batch": 48, "hidden": 32}


def items(n=600, shift=0.0, seed=0, domains=("photo", "sketch")):
    """Items around their prototypes; every domain but the first is pushed aside by `shift`."""
    rng = np.random.default_rng(seed)
    prototypes = unit(rng.normal(size=(CATEGORIES, DIM)))
    aside = unit(rng.normal(size=(1, DIM)))
    labels = rng.integers(0, CATEGORIES, n)
    owners = rng.integers(0, len(domains), n)
    rows = prototypes[labels] + 0.12 * rng.normal(size=(n, DIM))
    rows = unit(rows + shift * (owners > 0)[:, None] * aside)
    words = unit(rng.normal(size=(50, DIM)))
    return HashData(rows, np.array(domains)[owners], labels, prototypes, words)


def fitted(data, bits=32, seed=0, **settings):
    settings = GdmhSettings(**{**QUICK, **settings})
    return fit_hasher(HashSettings(name="gdmh", bits=bits, gdmh=settings), data, seed)


def part(data, domain):
    rows = data.domains == domain
    return HashData(
        data.embeddings[rows], data.domains[rows], data.labels[rows], data.prototypes, data.words
    )


def gap(made, data):
    """How much farther other categories are than the own, across domains, in bits."""
    photo, sketch = part(data, "photo"), part(data, "sketch")
    distances = hamming(
        made.encode(sketch.embeddings, "sketch"), made.encode(photo.embeddings, "photo")
    )
    same = sketch.labels[:, None] == photo.labels
    return distances[~same].mean() - distances[same].mean()


def test_similarity_asks_for_the_agreement_of_random_signs():
    """Angles of 0, 60 and 90 degrees want agreements of 1, 1/3 and 0."""
    points = torch.tensor([[1.0, 0], [0.5, math.sqrt(0.75)], [0, 1.0]])
    codes = torch.tensor([[1.0, 1, 1], [1.0, 1, -1], [1.0, 1, 1]])
    wanted = {(0, 1): 1 / 3, (0, 2): 0.0, (1, 2): 2 / 3}
    given = {(0, 1): 1 / 3, (0, 2): 1.0, (1, 2): 1 / 3}
    reference = np.mean([(wanted[pair] - given[pair]) ** 2 for pair in wanted])
    assert float(similarity_loss(codes, points)) == pytest.approx(reference, abs=1e-5)


def test_semantic_loss_is_least_at_the_own_prototype():
    prototypes = torch.tensor([[1.0, 1], [1.0, -1]])
    right = semantic_loss(prototypes, prototypes, torch.tensor([0, 1]), 0.5)
    # cosines 1 and 0 over .5: -log(e^2 / (e^2 + 1))
    assert float(right) == pytest.approx(math.log(1 + math.exp(-2)), abs=1e-6)
    assert semantic_loss(prototypes, prototypes, torch.tensor([1, 0]), 0.5) > right


def test_bits_that_are_sharp_balanced_and_independent_cost_nothing():
    best = torch.tensor([[1.0, 1], [1.0, -1], [-1.0, 1], [-1.0, -1]])
    for loss in (quantisation_loss, balance_loss, independence_loss):
        assert float(loss(best)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("loss", "codes", "value"),
    [
        (quantisation_loss, [[0.5, -1.0]], 0.125),
        (balance_loss, [[1.0, 1.0], [1.0, -1.0]], 0.5),
        (independence_loss, [[1.0, 1.0], [-1.0, -1.0]], 1.0),
    ],
)
def test_what_bits_cost_otherwise(loss, codes, value):
    assert float(loss(torch.tensor(codes))) == pytest.approx(value, abs=1e-4)


def test_the_way_back_costs_by_its_cosine():
    there = torch.tensor([[1.0, 0], [1.0, 0]])
    back = torch.tensor([[1.0, 0], [0, 1.0]])
    assert float(cycle_loss(there, back)) == pytest.approx(0.5)


def test_a_generator_begins_as_the_identity():
    points = torch.from_numpy(items().embeddings[:5])
    torch.testing.assert_close(Generator(DIM, 16)(points), points)


def test_only_a_conditional_discriminator_minds_the_prototype():
    points = torch.from_numpy(items().embeddings[:5])
    prototypes = torch.from_numpy(items().prototypes[:5])
    for conditional in (True, False):
        judge = Discriminator(DIM, conditional)
        same = torch.equal(judge(points, prototypes), judge(points, prototypes.flip(0)))
        assert same is not conditional


def test_the_pivot_and_words_stay_where_they_are():
    branch = Branch(["cartoon", "photo", "sketch"], "photo", DIM, 16, 8)
    assert branch.moving == ["cartoon", "sketch"]
    points = torch.from_numpy(items().embeddings[:5])
    assert branch.migrate(points, "photo") is points
    assert Branch(["photo", "sketch"], "photo", DIM, 16, 0).moving == []


@pytest.mark.parametrize(("domains", "pivot"), [(("photo", "sketch"), "photo"), (("a", "b"), "b")])
def test_the_pivot_is_the_one_set_or_the_largest(domains, pivot):
    data = items(domains=domains)
    owners = np.where(np.arange(600) < 100, domains[0], domains[1])
    assert (
        pivot_of(HashData(data.embeddings, owners, data.labels, data.prototypes), GdmhSettings())
        == pivot
    )


def test_generators_bring_domains_together():
    """A constant push aside, which a head shared by all domains cannot undo."""
    data = items(shift=1.2)
    apart = gap(fitted(data, hidden=0), data)
    together = gap(fitted(data), data)
    assert together > apart + 1


def test_numpy_gives_what_torch_trained():
    """The hasher against networks rebuilt from its tensors."""
    data = items()
    made = fitted(data, anchors=0)
    generator = Generator(DIM, QUICK["hidden"]).eval()
    own = made.own("sketch")
    generator.load_state_dict(
        {name: torch.from_numpy(array).float() for name, array in own.items()}
    )
    weight, bias = (torch.from_numpy(made.tensors()[name]) for name in ("weight", "bias"))
    rows = torch.from_numpy(data.embeddings[:50])
    with torch.no_grad():
        wanted = generator(rows) @ weight.T + bias
    np.testing.assert_allclose(
        made.logits(data.embeddings[:50], "sketch"), wanted.numpy(), atol=1e-5
    )
    assert made.own("photo") == {}


def test_a_late_domain_learns_its_generator_under_the_old_head():
    data = items(shift=1.2)
    made = fitted(part(data, "photo"))
    before = {name: array.copy() for name, array in made.tensors().items()}
    settings = HashSettings(name="gdmh", bits=32, gdmh=GdmhSettings(**QUICK))
    late = made.adapted("sketch", part(data, "sketch"), settings, 0)
    assert gap(late, data) > gap(made, data) + 0.5
    for name, array in late.tensors().items():
        np.testing.assert_array_equal(array, before[name])


def test_a_late_domain_brings_nothing_where_none_migrates():
    data = items(n=200)
    settings = HashSettings(name="gdmh", bits=32, gdmh=GdmhSettings(**{**QUICK, "hidden": 0}))
    late = fitted(data, hidden=0).adapted("sketch", part(data, "sketch"), settings, 0)
    assert late.own("sketch") == {}


def test_items_of_unknown_category_are_not_learnt_from():
    data = items(n=400)
    noise = unit(np.random.default_rng(1).normal(size=(50, DIM)))
    more = HashData(
        np.concatenate([data.embeddings, noise]),
        np.concatenate([data.domains, np.full(50, "sketch")]),
        np.concatenate([data.labels, np.full(50, -1)]),
        data.prototypes,
    )
    settings = {"steps": 5, "words": 0}
    with pytest.raises(InvalidInput, match="of known categories, of which there are none"):
        fitted(HashData(noise, np.full(50, "a"), np.full(50, -1), data.prototypes), **settings)
    assert fitted(more, **settings).bits == 32


def test_training_tells_how_far_it_is():
    told = []
    settings = HashSettings(name="gdmh", bits=16, gdmh=GdmhSettings(**{**QUICK, "steps": 3}))
    fit_hasher(settings, items(n=100), 0, lambda *step: told.append(step))
    assert told == [("codes", 1, 3), ("codes", 2, 3), ("codes", 3, 3)]


def test_anchors_draw_by_the_softmax_of_their_cosines():
    """Worked out by hand: cosines 1 and 0 over a temperature of 1 weigh e to 1."""
    anchors = np.array([[1.0, 0.0], [0.0, 1.0]])
    mean = np.array([math.e, 1.0]) / math.hypot(math.e, 1.0)
    wanted = np.array([1.0, 0.0]) + 2.0 * mean
    drawn = anchored(np.array([[1.0, 0.0]]), anchors, temperature=1.0, weight=2.0)
    np.testing.assert_allclose(drawn[0], wanted / np.linalg.norm(wanted), atol=1e-12)


def test_anchored_points_are_nearer_to_the_words_around_them():
    data = items()
    anchors = choose_anchors(data, GdmhSettings(anchors=20), 0)
    assert anchors.shape == (20, DIM)
    drawn = anchored(data.embeddings, anchors, 0.1, 1.0)
    before = (data.embeddings @ anchors.T).max(axis=1)
    assert ((drawn @ anchors.T).max(axis=1) > before).mean() > 0.99
    np.testing.assert_allclose(np.linalg.norm(drawn, axis=1), 1, atol=1e-9)


@pytest.mark.parametrize(
    ("asked", "words", "got"), [(0, 50, 0), (16, 50, 16), (99, 50, 50), (99, 0, 8)]
)
def test_there_are_as_many_anchors_as_asked_for_or_as_words(asked, words, got):
    data = items()
    data = HashData(data.embeddings, data.domains, data.labels, data.prototypes, data.words[:words])
    chosen = choose_anchors(data, GdmhSettings(anchors=asked), 0)
    assert chosen.shape == (got, DIM)
    np.testing.assert_array_equal(chosen, choose_anchors(data, GdmhSettings(anchors=asked), 0))


def test_without_anchors_items_stay_where_they_are():
    data = items(n=200)
    made = fitted(data, anchors=0, hidden=0, steps=5)
    weight, bias = made.tensors()["weight"], made.tensors()["bias"]
    np.testing.assert_allclose(
        made.logits(data.embeddings), data.embeddings @ weight.T + bias, atol=1e-5
    )


def test_a_copy_lost_part_of_its_prototype_and_nothing_else():
    data = items()
    faded = with_faded(data, 0.9, 0)
    n = len(data.embeddings)
    np.testing.assert_array_equal(faded.embeddings[:n], data.embeddings)
    np.testing.assert_array_equal(faded.labels[n:], data.labels)
    np.testing.assert_array_equal(faded.domains[n:], data.domains)
    prototypes, copies = data.prototypes[data.labels], faded.embeddings[n:]
    np.testing.assert_allclose(np.linalg.norm(copies, axis=1), 1, atol=1e-6)

    def along(points):
        return (points * prototypes).sum(axis=1, keepdims=True)

    before, after = along(data.embeddings), along(copies)
    assert (after < before).all()
    assert (after > 0).all()
    rest = unit(data.embeddings - before * prototypes)
    np.testing.assert_allclose(unit(copies - after * prototypes), rest, atol=1e-3)


def test_copies_are_of_known_categories_alone_and_of_none_when_nothing_fades():
    data = items(n=100)
    labels = np.where(np.arange(100) < 30, -1, data.labels)
    data = HashData(data.embeddings, data.domains, labels, data.prototypes, data.words)
    assert len(with_faded(data, 0.5, 0).labels) == 170
    assert with_faded(data, 0.0, 0) is data
    unknown = HashData(data.embeddings, data.domains, np.full(100, -1), data.prototypes)
    assert with_faded(unknown, 0.5, 0) is unknown


def test_codes_of_untrained_categories_gain_from_faded_copies():
    """Three of eight categories are not trained on, and their items lie far from their words."""

    def score(fade, seed):
        data = items(n=900, shift=0.3, seed=seed)
        trained = data.labels < CATEGORIES - 3
        far = data.embeddings - 0.6 * data.prototypes[data.labels]
        known = HashData(
            data.embeddings[trained],
            data.domains[trained],
            data.labels[trained],
            data.prototypes,
            data.words,
        )
        rest = HashData(
            unit(far)[~trained],
            data.domains[~trained],
            data.labels[~trained],
            data.prototypes,
            data.words,
        )
        return gap(fitted(known, fade=fade, seed=seed, steps=60), rest)

    assert np.mean([score(0.9, s) - score(0.0, s) for s in range(3)]) > 0
