"""P × K batches."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opensearch.samplers.categories import CategorySampler

labels = st.lists(st.integers(0, 6), min_size=1, max_size=40).map(lambda own: np.array(own))


@given(
    st.lists(labels, min_size=1, max_size=3), st.integers(1, 5), st.integers(1, 4), st.integers()
)
def test_as_many_categories_and_items_as_there_are_and_none_twice(domains, p, k, seed):
    drawn = CategorySampler(domains, p, k).draw(np.random.default_rng(abs(seed)))
    for own, items in zip(domains, drawn, strict=True):
        assert len(set(items.tolist())) == len(items)
        names, counts = np.unique(own[items], return_counts=True)
        assert len(names) == min(p, len(np.unique(own)))
        assert counts.tolist() == [min(k, int((own == name).sum())) for name in names]


@given(st.lists(labels, min_size=2, max_size=3), st.integers(1, 5), st.integers())
def test_shared_categories_are_drawn_first_and_in_all_domains_that_hold_them(domains, p, seed):
    drawn = CategorySampler(domains, p, 2).draw(np.random.default_rng(abs(seed)))
    held = [set(own.tolist()) for own in domains]
    shared = {c for own in held for c in own if sum(c in other for other in held) > 1}
    met = [set(own[items].tolist()) for own, items in zip(domains, drawn, strict=True)]
    everywhere = set.union(*met) & shared
    assert len(everywhere) >= min(p, len(shared))
    if len(domains) == 2 and len(shared) >= p:
        assert met[0] == met[1]


def test_every_shared_category_gets_its_turn():
    labels = [np.arange(8).repeat(3), np.arange(4, 12).repeat(3)]
    sampler, rng = CategorySampler(labels, 2, 1), np.random.default_rng(0)
    seen = {int(labels[0][i]) for _ in range(60) for i in sampler.draw(rng)[0]}
    assert seen == {4, 5, 6, 7}
