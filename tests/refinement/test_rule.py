from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.errors import InvalidInput
from opensearch.refinement import LAMBDA_SEEN, LAMBDA_UNSEEN, LambdaRule, fit_threshold

TENTHS = st.lists(st.integers(-10, 10).map(lambda x: x / 10), min_size=1, max_size=8)


def balanced_accuracy(seen, unseen, threshold):
    return (np.mean([x >= threshold for x in seen]) + np.mean([x < threshold for x in unseen])) / 2


def slow_threshold(seen, unseen):
    """Reference: try every gap between values, from below, and keep the first best."""
    values = sorted({*seen, *unseen})
    gaps = [values[0] - 1, *((a + b) / 2 for a, b in pairwise(values))]
    return max(
        [*gaps, values[-1] + 1], key=lambda gap: round(balanced_accuracy(seen, unseen, gap), 12)
    )


def test_the_paper_moves_unseen_queries_further():
    assert (LAMBDA_SEEN, LAMBDA_UNSEEN) == (0.4, 0.7)


def test_the_rule_looks_at_the_nearest_seen_prototype():
    prototypes = np.eye(3, dtype=np.float32)[:2]
    queries = np.array([[0, 1, 0], [0.6, 0, 0.8], [0, 0, 1]], np.float32)
    rule = LambdaRule(0.4, 0.7, threshold=0.6)
    assert rule.of(queries, prototypes).tolist() == pytest.approx([0.4, 0.4, 0.7])
    assert rule.of(queries, prototypes).dtype == np.float32


def test_a_fixed_rule_needs_no_prototypes():
    rule = LambdaRule.fixed(0.25)
    assert rule.of(np.eye(3, dtype=np.float32), np.zeros((0, 3), np.float32)).tolist() == [0.25] * 3


def test_a_threshold_needs_prototypes():
    with pytest.raises(InvalidInput, match="no seen prototype"):
        LambdaRule(threshold=0.5).of(np.eye(3, dtype=np.float32), np.zeros((0, 3), np.float32))


def test_two_fractions_without_a_threshold_are_refused():
    with pytest.raises(InvalidInput, match="want a threshold"):
        LambdaRule(0.4, 0.7, None)


@pytest.mark.parametrize("lam", [-0.1, 1.1, float("nan")])
def test_a_fraction_outside_the_way_is_refused(lam):
    with pytest.raises(InvalidInput, match="lambda must be within 0 and 1"):
        LambdaRule.fixed(lam)
    for one in ({"seen": lam}, {"unseen": lam}):
        with pytest.raises(InvalidInput, match="lambda must be within 0 and 1"):
            LambdaRule(**one, threshold=0.5)


def test_a_clean_gap_is_cut_in_its_middle():
    assert fit_threshold(np.array([0.8, 0.9]), np.array([0.1, 0.4])) == pytest.approx(0.6)


@given(TENTHS, TENTHS)
def test_the_threshold_is_the_lowest_of_the_best(seen, unseen):
    fitted = fit_threshold(np.array(seen), np.array(unseen))
    assert fitted == pytest.approx(slow_threshold(seen, unseen))


@pytest.mark.parametrize(("seen", "unseen"), [([], [0.1]), ([0.1], []), ([0.2, np.nan], [0.1])])
def test_a_side_without_cosines_is_refused(seen, unseen):
    with pytest.raises(InvalidInput, match="wants cosines of both sides"):
        fit_threshold(np.array(seen), np.array(unseen))
