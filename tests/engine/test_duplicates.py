"""Groups of near-identical items: by codes, weeded by embeddings, never across domains."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine
from opensearch.engine.query import duplicates
from opensearch.errors import InvalidInput
from opensearch.records import Item

MODEL = Path(__file__).parents[1] / "golden" / "model"
CODES = np.array([[0, 0], [0, 1], [0, 3], [255, 0], [255, 255], [255, 255], [0, 0]], np.uint8)


@pytest.fixture
def engine(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        yield engine


def keys(engine, *arguments):
    return [[item.key for item in g.items] for g in engine.duplicates(*arguments)]


def test_ready_codes_are_grouped_by_distance_alone(engine):
    engine.add_codes(CODES, "photo", list("abcdefg"))
    engine.add_codes(CODES[:1], "shape", ["z"])  # its twins are of another domain
    engine.remove(["g"])
    assert keys(engine, 0) == [["e", "f"]]
    assert keys(engine, 1) == [["a", "b", "c"], ["e", "f"]]  # a and c by way of b
    group = next(engine.duplicates(1))
    assert (group.distances, group.scores) == ([0, 1, 2], [None, None, None])


def test_a_tie_by_chance_is_weeded_by_the_embeddings(engine):
    items = [Item(-1, key, "photo") for key in "abcd"]
    vectors = np.array([[1, 0, 0, 0], [0.999, 0.01, 0, 0], [0, 1, 0, 0], [0, 0.99, 0.05, 0]])
    engine._store.put(items, np.zeros((4, 2), np.uint8), vectors)
    assert keys(engine, 0, 0.98) == [["a", "b"], ["c", "d"]]
    assert keys(engine, 0, 0.9999) == [["a", "b"]]
    engine.add_codes(np.zeros((1, 2), np.uint8), "photo", ["bare"])  # it has a code alone
    assert keys(engine, 0, 0.98) == [["a", "b", "c", "d", "bare"]]
    scores = next(engine.duplicates(0, 0.98)).scores
    assert scores[0] == pytest.approx(1, abs=1e-3)
    assert scores[-1] is None


def test_of_a_distance_and_a_score_that_is_not_said_is_taken_as_documented(engine):
    """6 bits, inclusive, and a cosine of .97: first codes, then embeddings of one code."""
    far = np.array([[0, 0], [0, 0b111111], [255, 0b11111111], [255, 0b1]], np.uint8)  # 6 and 7
    engine.add_codes(far, "photo", list("abcd"))
    assert [[item.key for item in g.items] for g in engine.duplicates(min_score=0.0)] == [
        ["a", "b"]
    ]
    items = [Item(-1, key, "shape") for key in "efgh"]
    angles = [0.0, np.arccos(0.972), 2.0, 2.0 + np.arccos(0.968)]
    vectors = np.array([[np.cos(angle), np.sin(angle), 0, 0] for angle in angles])
    engine._store.put(items, np.zeros((4, 2), np.uint8), vectors)
    assert [[item.key for item in g.items] for g in engine.duplicates(max_distance=0)] == [
        ["e", "f"]
    ]


def test_a_cosine_that_was_told_groups_its_pair(engine):
    angles = np.linspace(0.01, 0.9, 24)
    items = [Item(-1, f"{pair}{end}", "photo") for pair in range(24) for end in "ab"]
    codes = np.repeat(np.arange(24, dtype=np.uint8) * 5, 2)[:, None].repeat(2, axis=1)
    vectors = np.zeros((48, 4))
    vectors[0::2, 0], vectors[1::2] = 1, [[np.cos(a), np.sin(a), 0, 0] for a in angles]
    engine._store.put(items, codes, vectors)
    told = {group.items[0].key: group.scores[1] for group in engine.duplicates(0, 0.0)}
    assert len(told) == 24
    for first, cosine in told.items():
        assert [first, first.replace("a", "b")] in keys(engine, 0, cosine)


def test_groups_are_those_of_a_plain_search_through_all_pairs(engine, monkeypatch):
    monkeypatch.setattr(duplicates, "_SOME", 7)
    monkeypatch.setattr(duplicates, "_MANY", 20)
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 256, (120, 2), np.uint8) & 0b11100111
    vectors = rng.normal(size=(120, 4))
    engine._store.put([Item(-1, f"{at:03}", "photo") for at in range(120)], codes, vectors)
    vectors = vectors.astype(np.float16).astype(float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    groups = {at: {at} for at in range(120)}
    for a in range(120):
        for b in range(a):
            near = np.unpackbits(codes[a] ^ codes[b]).sum() <= 2 and vectors[a] @ vectors[b] > 0.8
            if near and groups[a] is not groups[b]:
                groups[a] |= groups[b]
                for member in groups[b]:
                    groups[member] = groups[a]
    expected = sorted({tuple(sorted(group)) for group in groups.values() if len(group) > 1})
    assert keys(engine, 2, 0.8) == [[f"{at:03}" for at in group] for group in expected]
    assert len(expected) > 3


def test_pairs_are_linked_in_several_goes(monkeypatch):
    monkeypatch.setattr(duplicates, "_MANY", 2)
    ends = [(0, 1), (4, 5), (1, 2), (5, 3), (7, 6)]
    labels = duplicates.connected(9, [(np.array([a]), np.array([b])) for a, b in ends])
    groups = [np.flatnonzero(labels == label).tolist() for label in dict.fromkeys(labels)]
    assert groups == [[0, 1, 2], [3, 4, 5], [6, 7], [8]]


def test_odd_questions_are_refused(engine):
    engine.add_codes(CODES, "photo")
    with pytest.raises(
        InvalidInput, match="max_distance must be a whole number of 0 or more, got -1"
    ):
        next(engine.duplicates(-1))
    with pytest.raises(InvalidInput, match="no items of domain 'cartoon'; it holds photo"):
        next(engine.duplicates(domain="cartoon"))


def test_the_verb_prints_groups(engine):
    engine.add_codes(CODES, "photo", list("abcdefg"))
    words = ["duplicates", str(engine.path), "--max-distance", "0"]
    result = CliRunner().invoke(main, words)
    assert result.stdout.splitlines()[0] == "photo: 2 items"
    assert result.stderr == "4 items in 2 groups\n"
    lines = CliRunner().invoke(main, [*words, "--json"]).stdout.splitlines()
    assert [[item["key"] for item in json.loads(line)["items"]] for line in lines] == [
        ["a", "g"],
        ["e", "f"],
    ]
    assert list(json.loads(lines[0])["items"][0]) == ["id", "key", "path", "distance", "score"]


def test_a_domain_that_is_emptied_meanwhile_is_none(engine, monkeypatch):
    engine.add_codes(CODES[:2], "photo", ["a", "b"])
    engine.add_codes(CODES[4:6], "shape", ["c", "d"])
    held = duplicates.held_domains

    def then_emptied(store, domain):
        found = held(store, domain)
        thread = threading.Thread(target=engine.remove, args=(["a", "b"],))
        thread.start()
        thread.join()
        return found

    monkeypatch.setattr(duplicates, "held_domains", then_emptied)
    assert [len(group.items) for group in engine.duplicates(0)] == [2]
    assert len(engine) == 2
