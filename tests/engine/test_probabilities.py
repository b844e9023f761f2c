"""Scores of a calibrated model: probabilities that merge domains, and what is said of them."""

import numpy as np
import pytest
from calibration_made import DOMAINS, calibrated, calibration, direction

from opensearch.calibration import Curve, Direction
from opensearch.engine import Engine, Query
from opensearch.engine.query.candidates import Ranked
from opensearch.engine.query.meaning import Meaning

MIDDLES = {"photo": 0.9, "shape": 0.2, "sketch": 0.5}


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    """The toy collection, and 5 photos that are codes alone, under a model with a calibration."""
    folder = tmp_path_factory.mktemp("calibrated")
    made = calibration(MIDDLES, refine=[("sketch", "photo")])
    with Engine.create(folder / "index", calibrated(toy_model, folder / "model", made)) as engine:
        engine.add(toy_collection)
        codes = engine.codes(engine.model.space.prototypes(["disc"] * 5))
        codes[:, 1] ^= np.arange(5, dtype=np.uint8)
        engine.add_codes(codes, "photo", keys=[f"ready/{i}" for i in range(5)])
        yield engine


@pytest.fixture
def file(toy_collection):
    return toy_collection / "sketch" / "cube" / "09.png"


def slow_probability(score, target):
    return 1 / (1 + np.exp(-8 * (score - MIDDLES[target])))


def test_scores_are_the_probabilities_of_the_cosines_and_merge_domains(engine, file):
    answer = engine.ask(Query(files=[(file, 1.0)], source="sketch", k=1000, refine=False))
    scored = [hit for hit in answer.hits if hit.cosine is not None]
    for hit in scored:
        assert hit.score == pytest.approx(slow_probability(hit.cosine, hit.domain), abs=1e-5)
        assert hit.score_kind == "probability"
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)
    cosines = [hit.cosine for hit in scored]
    assert cosines != sorted(cosines, reverse=True), "the order is not that of cosines"
    assert answer.score_kind == "probability"


@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("targets", [["photo"], ["photo", "shape"]])
def test_items_of_codes_alone_are_scored_by_the_unrounded_query(engine, file, targets, refine):
    hits = engine.search(file, source="sketch", targets=targets, k=1000, refine=refine)
    ready = {hit.key: hit for hit in hits if hit.key.startswith("ready/")}
    logits = engine.model.hasher.logits(engine.embed([file], "sketch"), "sketch")[0]
    disc = engine.codes(engine.model.space.prototypes(["disc"]))[0]
    assert len(ready) == 5
    for number in range(5):
        signs = 2.0 * np.unpackbits(disc ^ np.array([0, number], np.uint8)) - 1
        score = logits @ signs / np.linalg.norm(logits) / 4  # the root of 16 bits
        hit = ready[f"ready/{number}"]
        assert hit.cosine is None
        assert hit.score == pytest.approx(slow_probability(score, "photo"), abs=1e-5)
    scores = [hit.score for hit in hits]
    assert refine or scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("score", ["hamming", "asymmetric"])
def test_every_way_of_scoring_has_its_curve(engine, file, score):
    hits = engine.search(file, source="sketch", targets=["shape"], k=9, score=score, refine=False)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert {hit.cosine for hit in hits} == {None}
    if score == "hamming":
        wanted = [slow_probability(1 - 2 * hit.distance / 16, "shape") for hit in hits]
        assert scores == pytest.approx(wanted, abs=1e-5)


def test_refinement_goes_where_the_calibration_says_and_changes_no_score(engine, file):
    asked = {"files": [(file, 1.0)], "source": "sketch", "k": 1000}
    by_default = engine.ask(Query(**asked))
    assert list(by_default.refined) == ["photo"]
    plain = engine.ask(Query(**asked, refine=False))
    assert plain.refined == {}
    scores = {hit.id: hit.score for hit in plain.hits}
    assert {hit.id: hit.score for hit in by_default.hits} == pytest.approx(scores, abs=1e-6)
    everywhere = engine.ask(Query(**asked, refine=True))
    assert list(everywhere.refined) == list(DOMAINS)
    assert list(engine.ask(Query(text="cube", k=5)).refined) == []


def test_refined_counts_the_hits_that_came_forward(engine, file):
    asked = {"files": [(file, 1.0)], "source": "sketch", "targets": ["photo"], "k": 6}
    refined, plain = engine.ask(Query(**asked)), engine.ask(Query(**asked, refine=False))
    came = {hit.id for hit in refined.hits} - {hit.id for hit in plain.hits}
    assert {name: set(ids) for name, ids in refined.refined.items()} == {"photo": came}


def asked_in_every_way(toy_collection):
    """Files and words whose lists refinement orders, each scored in every way."""
    files = [toy_collection / "sketch" / name / "09.png" for name in ("cube", "disc", "pyramid")]
    asked = [{"files": [(each, 1.0)], "source": "sketch"} for each in files]
    asked += [{"text": text} for text in ("disc, pyramid", "cube -disc")]
    scores = ("rescored", "asymmetric", "hamming")
    return [{**each, "score": score, "refine": True} for each in asked for score in scores]


def told(hits):
    return [(hit.id, hit.score, hit.cosine, hit.distance) for hit in hits]


def test_where_a_refined_hit_stands_depends_on_no_limit_of_hits(engine, toy_collection):
    """Neither on how many are wanted, nor on those that score or distance leave out."""
    moved = 0
    for asked in asked_in_every_way(toy_collection):
        every = engine.ask(Query(**asked, k=1000)).hits
        for k in (1, 4, 15):
            assert told(engine.ask(Query(**asked, k=k)).hits) == told(every[:k])
        least = sorted(hit.score for hit in every)[len(every) // 2]
        reaching = [hit for hit in every if hit.score >= least]
        assert told(engine.ask(Query(**asked, k=1000, min_score=least)).hits) == told(reaching)
        near = [hit for hit in every if hit.distance <= 6]
        assert told(engine.ask(Query(**asked, k=1000, max_distance=6)).hits) == told(near)
        moved += [hit.score for hit in every] != sorted((h.score for h in every), reverse=True)
    assert moved > 5


def test_refinement_of_any_query_changes_no_score_and_counts_what_came(engine, toy_collection):
    brought = 0
    for asked in asked_in_every_way(toy_collection):
        asked["targets"] = ["photo"]
        plain = {**asked, "refine": False}
        scores = {hit.id: hit.score for hit in engine.ask(Query(**plain, k=1000)).hits}
        for k in (2, 6, 12):
            answer = engine.ask(Query(**asked, k=k))
            assert [hit.score for hit in answer.hits] == [scores[hit.id] for hit in answer.hits]
            known = {hit.id for hit in engine.ask(Query(**plain, k=k)).hits}
            came = sorted(hit.id for hit in answer.hits if hit.id not in known)
            assert answer.refined == {"photo": came}
            brought += len(came)
    assert brought > 5


def test_min_score_leaves_out_what_is_less_likely(engine, file):
    everything = engine.search(file, source="sketch", k=1000)
    least = everything[5].score
    kept = engine.search(file, source="sketch", k=1000, min_score=least)
    assert {hit.id for hit in kept} == {hit.id for hit in everything if hit.score >= least}
    answer = engine.ask(
        Query(files=[(file, 1.0)], targets=["shape"], source="sketch", min_score=1.5)
    )
    assert answer.hits == []
    assert answer.notes == ["no hit scores 1.5 or more, as `min_score` asks; no score is above 1"]


def test_an_answer_without_a_likely_hit_says_so(engine, file):
    asked = {"files": [(file, 1.0)], "source": "sketch", "refine": False}
    unlikely = engine.ask(Query(**asked, where="domain = photo and category = disc"))
    assert unlikely.likely is False
    shown = max(hit.score for hit in unlikely.hits)
    assert unlikely.notes[-1] == (
        f"nothing here is likely to be what was asked for: the best hit has {shown:.2f}"
    )
    assert engine.ask(Query(**asked, targets=["sketch"])).likely is True


def test_of_a_query_of_several_things_no_answer_is_called_unlikely(engine, file):
    where = "domain = photo and category = disc"
    one = {"files": [(file, 1.0)], "source": "sketch", "refine": False, "where": where}
    for more in ({"text": "disc"}, {"exclude": [file.with_name("09.png")]}):
        answer = engine.ask(Query(**one, **more))
        assert answer.score_kind == "probability"
        assert answer.likely is not False
        assert not [note for note in answer.notes if "likely" in note]


def test_without_a_curve_for_every_target_scores_stay_cosines():
    whole = calibration()
    assert Meaning(whole, "cosine", ["photo", None], DOMAINS).kind == "probability"
    for sources, targets in ((["photo"], ["cartoon"]), (["cartoon"], ["photo"])):
        meaning = Meaning(whole, "cosine", sources, [*DOMAINS, *targets])
        assert (meaning.calibrated, meaning.kind) == (False, "cosine")
        scores = np.array([0.3, np.nan], np.float32)
        shown = meaning.shown(scores, "photo")
        assert shown.tolist() == pytest.approx([0.3, np.nan], nan_ok=True)
    assert Meaning(None, "distance", ["photo"], DOMAINS).kind is None


@pytest.mark.parametrize(
    ("name", "by_codes"), [("cosine", 0.3), ("asymmetric", 0.3), ("distance", 0.2)]
)
def test_what_has_no_score_is_told_by_the_curve_of_its_codes(name, by_codes):
    made = calibration()
    middles = {"cosine": 0.1, "distance": 0.2, "asymmetric": 0.3}
    curves = {each: Curve(slope=8, middle=middle) for each, middle in middles.items()}
    made.domains["photo"]["photo"] = Direction(**curves, refine=False)
    meaning = Meaning(made, name, ["photo"], ["photo"])
    scores = np.array([0.4, np.nan], np.float32)
    shown = 1 / (1 + np.exp(-8 * (0.4 - middles[name])))
    assert meaning.shown(scores, "photo") == pytest.approx([shown, np.nan], abs=1e-6, nan_ok=True)
    told = meaning.told_by_codes(np.array([0.4]), "photo")
    assert told == pytest.approx([1 / (1 + np.exp(-8 * (0.4 - by_codes)))], abs=1e-6)


def test_a_query_of_several_parts_has_the_mean_of_their_probabilities():
    made = calibration()
    made.domains["photo"]["photo"] = direction(middle=0.1)
    meaning = Meaning(made, "cosine", ["photo", "sketch"], ["photo"])
    scores = np.array([0.4], np.float32)
    one, two = 1 / (1 + np.exp(-8 * 0.3)), 1 / (1 + np.exp(8 * 0.1))
    assert meaning.shown(scores, "photo") == pytest.approx([(one + two) / 2], abs=1e-6)


@pytest.mark.parametrize("place", range(12))
def test_a_score_that_was_told_reaches_itself(engine, file, place):
    hit = engine.search(file, source="sketch", k=1000)[place]
    kept = engine.search(file, source="sketch", k=1000, min_score=hit.score)
    assert hit.id in {each.id for each in kept}


def test_of_equal_merits_the_greater_score_comes_first_and_what_has_none_last():
    scores = np.array([np.nan, 0.2, 0.7, 0.7, 0.1], np.float32)
    merits = np.array([np.nan, 0.5, 0.5, 0.5, 0.9])
    ids, distances = np.arange(5), np.zeros(5, np.int32)
    ranked = Ranked(ids, distances, scores, merits, merits).sorted()
    assert ranked.ids.tolist() == [4, 2, 3, 1, 0]


@pytest.fixture(scope="module")
def cosines_alone(toy_model, toy_collection, tmp_path_factory):
    """As `engine`, under a model that `refit` gave new codes, with which the curves of codes go."""
    folder = tmp_path_factory.mktemp("refitted")
    made = calibration(MIDDLES, refine=[("sketch", "photo")], codes=False)
    with Engine.create(folder / "index", calibrated(toy_model, folder / "model", made)) as engine:
        engine.add(toy_collection)
        codes = engine.codes(engine.model.space.prototypes(["disc"] * 5))
        engine.add_codes(codes, "photo", keys=[f"ready/{i}" for i in range(5)])
        yield engine


def test_without_curves_of_codes_cosines_have_the_same_probabilities(engine, cosines_alone, file):
    asked = {"files": [(file, 1.0)], "source": "sketch", "k": 1000}
    known, answer = engine.ask(Query(**asked)), cosines_alone.ask(Query(**asked))
    assert answer.score_kind == "probability"
    assert list(answer.refined) == ["photo"]
    told = {hit.key: hit.score for hit in known.hits if hit.cosine is not None}
    assert {hit.key: hit.score for hit in answer.hits if hit.cosine is not None} == told
    bare = [(hit.score, hit.score_kind) for hit in answer.hits if hit.cosine is None]
    assert bare == [(None, None)] * 5
    assert [hit.key for hit in answer.hits if hit.domain == "photo"][-1].startswith("ready/")
    assert answer.notes == [
        "some items have no embeddings: they are not refined, not rescored and have no score"
    ]


@pytest.mark.parametrize(("score", "kind"), [("hamming", None), ("asymmetric", "asymmetric")])
def test_without_curves_of_codes_what_they_tell_is_no_probability(cosines_alone, file, score, kind):
    for targets in (["photo"], ["photo", "shape"]):
        answer = cosines_alone.ask(
            Query(files=[(file, 1.0)], source="sketch", targets=targets, k=1000, score=score)
        )
        assert answer.score_kind == kind
        assert {hit.score_kind for hit in answer.hits} == {kind}
        assert {hit.score is None for hit in answer.hits} == {kind is None}
        assert answer.refined == {}
