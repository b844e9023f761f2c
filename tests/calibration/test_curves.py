"""Curves: fitted to hits, rising, kept in `model.json`, and measured."""

import json

import numpy as np
import pytest
from calibration_made import calibration, direction
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from opensearch.calibration import (
    Calibration,
    Curve,
    Judged,
    fit_curve,
    fit_curves,
    reliability,
)
from opensearch.errors import InvalidInput

SCORES = st.lists(st.floats(-1, 1), min_size=2, max_size=30)


@pytest.mark.parametrize(
    "fields", [{"slope": 5e-324}, {"slope": 1e308}, {"middle": 1e308}, {"middle": -1e200}]
)
def test_numbers_that_no_fit_gives_are_refused_when_a_model_is_opened(fields):
    """A query that met them ended in a traceback."""
    with pytest.raises(ValidationError):
        Curve(**{"slope": 1.0, "middle": 0.5, **fields})
    steepest = Curve(slope=1e-9, middle=1e12).among(2, 10**9)
    assert np.isfinite(steepest(np.array([-1.0, 1.0]))).all()


@given(st.floats(0.01, 500), st.floats(-2, 2), SCORES)
def test_a_curve_rises_within_0_and_1(slope, middle, scores):
    said = Curve(slope=slope, middle=middle)(np.sort(np.array(scores)))
    assert ((said >= 0) & (said <= 1)).all()
    assert (np.diff(said) >= 0).all()


def test_known_values_and_what_is_no_number():
    said = Curve(slope=2.0, middle=0.5)(np.array([0.5, 1.0, np.nan]))
    assert said[:2] == pytest.approx([0.5, 1 / (1 + np.exp(-1))])
    assert np.isnan(said[2])


@pytest.mark.parametrize("slope", [0, -1, float("inf"), float("nan")])
def test_a_curve_that_does_not_rise_is_refused(slope):
    with pytest.raises(ValidationError):
        Curve(slope=slope, middle=0)


@settings(max_examples=15)
@given(st.floats(5, 30), st.floats(0.2, 0.8), st.integers(0, 99))
def test_the_curve_that_made_the_hits_is_found_again(slope, middle, seed):
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0, 1, 20_000)
    true = Curve(slope=slope, middle=middle)
    found = fit_curve(scores, rng.random(len(scores)) < true(scores))
    places = np.linspace(0, 1, 11)
    assert found(places) == pytest.approx(true(places), abs=0.06)


def test_nothing_is_fitted_to_too_few_or_to_what_falls():
    rng = np.random.default_rng(0)
    scores = rng.uniform(0, 1, 200)
    assert fit_curve(scores, scores > 0.99) is None, "hardly any right"
    assert fit_curve(scores, scores > 0.01) is None, "hardly any wrong"
    assert fit_curve(scores, rng.random(200) > scores) is None, "the higher the worse"


def test_a_calibration_comes_back_from_json():
    made = calibration({"photo": 0.7}, refine=[("sketch", "photo")])
    assert Calibration(**json.loads(made.model_dump_json())) == made
    assert made.direction("sketch", "photo").refine
    assert made.direction(None, "photo") == direction(0.7)
    assert made.direction("cartoon", "photo") is made.direction("photo", "cartoon") is None


@pytest.mark.parametrize(
    "wrong", [{"absent": 1.1}, {"absent": -0.1}, {"kinds": 1}, {"categories": 0}, {"hits": 0}]
)
def test_a_calibration_of_nothing_is_refused(wrong):
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        Calibration(**calibration().model_dump() | wrong)


def test_more_kinds_of_things_divide_the_odds():
    curve = Curve(slope=10, middle=0.6)
    scores = np.array([0.2, 0.6, 0.9])
    few, many = curve(scores), curve.among(11, 41)(scores)
    assert many / (1 - many) == pytest.approx(few / (1 - few) / 2)  # the root of 4
    assert curve.among(11, 11) == curve
    whole = calibration()
    assert (
        whole.probabilities(scores, "cosine", ["photo"], "photo", 10)
        > whole.probabilities(scores, "cosine", ["photo"], "photo")
    ).all()


def slow_error(said, right, bins=10):
    """Reference: hit by hit into tenths."""
    tenths = [[] for _ in range(bins)]
    for p, truth in zip(said, right, strict=True):
        tenths[min(int(p * bins), bins - 1)].append((p, truth))
    return sum(abs(sum(p for p, _ in t) - sum(truth for _, truth in t)) for t in tenths if t) / len(
        said
    )


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_reliability_is_what_its_definitions_say(hits):
    said, right = np.array([p for p, _ in hits]), np.array([r for _, r in hits])
    found = reliability(said, right)
    assert found.error == pytest.approx(slow_error(said, right), abs=1e-9)
    assert found.brier == pytest.approx(np.mean([(p - r) ** 2 for p, r in hits]))
    assert found.brier_base == pytest.approx(right.mean() * (1 - right.mean()))
    assert sum(each.count for each in found.bins) == found.count == len(hits)
    pairs = [(p > q) + (p == q) / 2 for p, r in hits if r for q, s in hits if not s]
    if pairs:
        assert found.auroc == pytest.approx(np.mean(pairs))
    else:
        assert found.auroc is None


def test_by_hand():
    found = reliability(np.array([0.95, 0.95, 0.05, 0.05]), np.array([True, False, False, False]))
    assert found.error == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)
    assert found.auroc == pytest.approx((1 + 1 + 0.5) / 3)


def judged(rng, count, middle, slope=8.0):
    scores = rng.random(count)
    right = rng.random(count) < 1 / (1 + np.exp(slope * (middle - scores)))
    return Judged(scores, right)


def test_curves_of_many_hits_are_their_own_and_those_of_few_like_the_others():
    rng = np.random.default_rng(0)
    few = judged(rng, 60, 0.5)
    parts = {"low": judged(rng, 20_000, 0.3), "high": judged(rng, 20_000, 0.7), "few": few}
    found = fit_curves({**parts, "none": Judged(few.scores, few.scores < 2)})
    assert found["none"] is None
    assert found["low"].middle == pytest.approx(0.3, abs=0.02)
    assert found["high"].middle == pytest.approx(0.7, abs=0.02)
    alone = fit_curve(few.scores, few.right)
    assert abs(found["few"].slope - 8) < abs(alone.slope - 8)


def test_each_of_many_curves_has_its_own_slope_however_slight():
    rng = np.random.default_rng(1)
    parts = {
        "steep": judged(rng, 20_000, 0.5, slope=20),
        "slight": judged(rng, 20_000, 0.5, slope=1.5),
        "between": judged(rng, 20_000, 0.5, slope=8),
    }
    found = fit_curves(parts)
    assert found["steep"].slope == pytest.approx(20, rel=0.1)
    assert found["slight"].slope == pytest.approx(1.5, abs=0.3)
    assert found["between"].slope == pytest.approx(8, rel=0.1)


@pytest.mark.parametrize(
    ("said", "right", "reason"),
    [
        ([], [], "a probability for each of some hits"),
        ([0.5], [True, False], "a probability for each of some hits"),
        ([1.5], [True], "within 0 and 1"),
        ([float("nan")], [True], "within 0 and 1"),
    ],
)
def test_what_is_no_probability_is_refused(said, right, reason):
    with pytest.raises(InvalidInput, match=reason):
        reliability(np.array(said), np.array(right, np.bool_))
