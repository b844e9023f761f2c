"""Draws: which categories meet in a batch, and how often each comes."""

import numpy as np
import pytest

from opensearch.samplers.balanced import Balance, BalancedSampler

LABELS = {
    "a": np.array([0, 0, 1, 2]),
    "b": np.array([0, 1, 1, 3]),
    "c": np.array([0, 1, 4]),
}


def test_common_categories_come_first_and_in_every_domain():
    drawn = BalancedSampler(LABELS, Balance(0.5, 0.5, 0)).draw(8, np.random.default_rng(0))
    labels = [own[items] for own, items in zip(LABELS.values(), drawn, strict=True)]
    assert labels[0][:4].tolist() == labels[1][:4].tolist() == labels[2][:4].tolist()
    assert set(labels[0][:4].tolist()) <= {0, 1}
    assert all(len(items) == 8 for items in drawn)


def test_paired_categories_meet_where_they_are():
    labels = {"a": np.array([0, 5]), "b": np.array([0, 5]), "c": np.array([0, 0])}
    drawn = BalancedSampler(labels, Balance(0.5, 0, 0.75)).draw(4, np.random.default_rng(1))
    met = [own[items] for own, items in zip(labels.values(), drawn, strict=True)]
    assert met[0][:3].tolist() == met[1][:3].tolist() == [5, 5, 5]
    assert met[2].tolist() == [0] * 4


def test_a_domain_that_gives_fewer_items_has_as_many_fewer_that_meet():
    """Of eight items half meet, so of four the first two of the same categories do."""
    sampler = BalancedSampler(LABELS, Balance(0.5, 0.5, 0))
    drawn = sampler.draw([8, 4, 2], np.random.default_rng(0))
    labels = [own[items].tolist() for own, items in zip(LABELS.values(), drawn, strict=True)]
    assert [len(own) for own in labels] == [8, 4, 2]
    assert labels[0][:2] == labels[1][:2]
    assert labels[0][0] == labels[2][0]


def test_one_size_is_the_same_as_that_size_for_each():
    draws = [
        BalancedSampler(LABELS, Balance(0.5, 0.4, 0.3)).draw(size, np.random.default_rng(3))
        for size in (6, [6, 6, 6])
    ]
    assert all(np.array_equal(one, two) for one, two in zip(*draws, strict=True))


def test_domains_can_be_named_whose_categories_are_common():
    """a and c alone share 0 and 1 with b as well; d shares none, and has its own throughout."""
    labels = {**LABELS, "d": np.array([9, 9])}
    named = BalancedSampler(labels, Balance(0.5, 0.5, 0, ["a", "b", "c"]))
    met = [
        own[items].tolist()
        for own, items in zip(labels.values(), named.draw(8, np.random.default_rng(0)), strict=True)
    ]
    assert met[0][:4] == met[1][:4] == met[2][:4]
    assert set(met[0][:4]) <= {0, 1}
    assert met[3] == [9] * 8


@pytest.mark.parametrize(("power", "share"), [(1.0, 0.5), (0.0, 0.9), (0.5, 0.75)])
def test_balance_weighs_categories_by_their_size(power, share):
    """Nine items of one category, one of another: drawn as 9 ** (1 - power) to 1."""
    labels = np.array([0] * 9 + [1])
    drawn = BalancedSampler({"a": labels}, Balance(power, 0, 0)).draw(
        4000, np.random.default_rng(2)
    )[0]
    assert (labels[drawn] == 0).mean() == pytest.approx(share, abs=0.03)
