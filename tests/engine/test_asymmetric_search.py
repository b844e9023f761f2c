"""`score="asymmetric"`: Hamming candidates in order of the query's logits against their codes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opensearch.engine import Engine, Query
from opensearch.refinement import refine_one
from opensearch.semantic import unit

READY = 400
WORDS = ("disc", "cube", "pyramid", "bar")


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    """The toy collection, and ready codes without embeddings among its photos and apart."""
    path = tmp_path_factory.mktemp("index") / "toys"
    few = np.random.default_rng(0).integers(0, 256, (30, 2), dtype=np.uint8)
    drawn = np.random.default_rng(1).integers(0, 30, READY)
    with Engine.create(path, toy_model) as engine:
        engine.add_codes(few[drawn], "photo")
        engine.add(toy_collection)
        engine.add_codes(few[drawn], "cartoon")
        yield engine


@pytest.fixture(scope="module")
def rows(engine):
    """Every (id, domain, code): the reference's input."""
    blocks = [(d, b) for d in engine.info()["items"] for b in engine._store.blocks(d)]
    return [(int(i), d, c) for d, b in blocks for i, c in zip(b.ids, b.codes, strict=True)]


def reference(engine, rows, vector, source, domains, depth):
    """(id, distance, score) of the whole shells around a vector, best first, bit by bit."""
    logits = engine.model.hasher.logits(vector[None], source)[0].astype(np.float64)
    found = []
    for id_, domain, code in rows:
        if domain in domains:
            bits = np.unpackbits(code).astype(bool)
            score = np.where(bits, logits, -logits).sum() / np.linalg.norm(logits) / 4  # 16 bits
            found.append((int((bits != (logits >= 0)).sum()), id_, float(score)))
    found.sort()
    reach = found[:depth][-1][0]
    kept = [(id_, apart, score) for apart, id_, score in found if apart <= reach]
    return sorted(kept, key=lambda hit: (-round(hit[2], 6), hit[1], hit[0]))


def plain(hits):
    return [(hit.id, hit.distance) for hit in hits]


@settings(max_examples=40)
@given(
    st.sampled_from(WORDS),
    st.sets(st.sampled_from(["photo", "sketch", "cartoon"]), min_size=1),
    st.integers(1, 60),
    st.integers(1, 60),
)
def test_hits_are_whole_shells_in_order_of_score_distance_and_id(engine, rows, word, to, k, depth):
    hits = engine.search(
        text=word, targets=sorted(to), k=k, depth=depth, refine=False, score="asymmetric"
    )
    vector = engine.model.space.text(word).vector
    wanted = reference(engine, rows, vector, None, to, max(k, depth))[:k]
    assert plain(hits) == [(id_, apart) for id_, apart, _ in wanted]
    assert [hit.score for hit in hits] == pytest.approx([hit[2] for hit in wanted], abs=2e-6)
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


def test_equal_codes_have_equal_scores_and_lie_in_order_of_id(engine):
    hits = engine.search(text="cube", targets=["cartoon"], k=READY, score="asymmetric")
    groups = {}
    for hit in hits:
        groups.setdefault(hit.score, []).append((hit.distance, hit.id))
    assert len(hits) == READY
    assert 20 < len(groups) <= 30  # some of the 30 codes may score alike
    assert all(group == sorted(group) for group in groups.values())


def test_the_logits_are_those_of_the_querys_domain(engine, rows, toy_collection, monkeypatch):
    asked = []
    hasher = type(engine.model.hasher)
    logits = hasher.logits
    monkeypatch.setattr(
        hasher, "logits", lambda self, e, domain=None: asked.append(domain) or logits(self, e)
    )
    file = toy_collection / "sketch" / "disc" / "08.png"
    engine.search(file, source="sketch", targets=["photo"], score="asymmetric")
    assert set(asked) == {"sketch"}


def test_refinement_orders_each_target_and_targets_meet_by_the_score_as_asked(
    engine, rows, toy_collection
):
    file = toy_collection / "sketch" / "cube" / "09.png"
    vector = engine.embed([file], "sketch")[0]
    lam = engine.model.rule.of(vector[None], engine.model.seen_prototypes)[0]
    targets = ["photo", "shape"]
    asked = {"targets": targets, "k": 12, "score": "asymmetric", "refine": True}
    hits = engine.search(file, source="sketch", **asked)
    as_asked = {
        id_: score for id_, _, score in reference(engine, rows, vector, "sketch", targets, 1000)
    }
    assert [hit.score for hit in hits] == pytest.approx(
        [as_asked[hit.id] for hit in hits], abs=2e-6
    )
    for target in targets:
        nearest = engine.search(file, source="sketch", targets=[target], k=1, refine=False)
        neighbour = unit(engine._store.embeddings([nearest[0].id])[0])[0]
        moved = refine_one(vector, neighbour, float(lam))
        wanted = [id_ for id_, _, _ in reference(engine, rows, moved, "sketch", [target], 1000)]
        own = [hit.id for hit in hits if hit.domain == target]
        assert own == wanted[: len(own)]
    assert {hit.domain for hit in hits} == {"photo", "shape"}


def test_items_without_embeddings_are_scored_and_only_refinement_is_missed(engine):
    answer = engine.ask(
        Query(text="disc", targets=["cartoon"], k=5, score="asymmetric", refine=True)
    )
    assert all(hit.score is not None for hit in answer.hits)
    assert answer.notes == ["some items have no embeddings: they are not refined"]
    other = engine.ask(Query(text="disc", targets=["cartoon"], k=5))
    assert [(hit.id, hit.score, hit.cosine) for hit in other.hits] == [
        (hit.id, hit.score, None) for hit in answer.hits
    ]
    assert other.score_kind == "asymmetric"
    assert other.notes == [
        "some items have no embeddings: they are not refined or rescored, and their scores are told"
        " from their codes"
    ]
    mixed = engine.ask(Query(text="disc", targets=["photo"], k=100, refine=False))
    assert {hit.score is None for hit in mixed.hits} == {hit.cosine is None for hit in mixed.hits}
    assert {hit.cosine is None for hit in mixed.hits} == {True, False}
    assert mixed.notes == [
        "some items have no embeddings: they are not refined, not rescored and have no score"
    ]


def test_codes_alone_are_read_of_candidates(engine, monkeypatch):
    """Neither embeddings nor records of those that are no hits."""
    read = []
    items = engine._store.items
    monkeypatch.setattr(engine._store, "embeddings", None)
    monkeypatch.setattr(engine._store, "items", lambda ids: read.extend(ids) or items(ids))
    hits = engine.search(text="disc", k=3, refine=False, score="asymmetric")
    assert read == [hit.id for hit in hits]
    assert len(read) == 3


def test_filters_and_the_largest_distance_hold(engine):
    asked = {"text": "disc", "k": 1000, "refine": False, "score": "asymmetric"}
    everything = engine.search(**asked)
    near = engine.search(**asked, max_distance=6)
    assert plain(near) == [pair for pair in plain(everything) if pair[1] <= 6]
    assert near
    photos = engine.search(**asked, where="domain = photo and year > 2005")
    assert {hit.metadata["year"] > "2005" for hit in photos} == {True}
    assert engine.search(**asked, where="domain = nothing") == []
    own = engine.search(keys=["photo/disc/00.jpg"], k=1000, refine=False, score="asymmetric")
    assert len(own) == len(everything) - 1


def test_a_removed_item_is_scored_no_more(toy_model, toy_collection, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add(toy_collection / "photo")
        asked = {"text": "disc", "k": 50, "refine": False, "score": "asymmetric"}
        before = engine.search(**asked)
        engine.remove([before[0].key])
        assert plain(engine.search(**asked)) == plain(before[1:])


def test_where_nothing_is_left_nothing_is_said_of_embeddings(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add_codes(np.zeros((2, 2), np.uint8), "photo", ["a", "b"])
        assert "embeddings" in engine.ask(Query(text="disc")).notes[0]
        engine.remove(["a", "b"])
        assert engine.ask(Query(text="disc")).notes == ["the index holds no items yet"]
