"""The array path: codes in, ids out, records for hits only."""

import subprocess
import sys

import numpy as np
import pytest

from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.records import Item


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        yield engine


def rows(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 2), np.uint8)


def ranked(query, codes, k):
    """Reference: distances and places of all codes, in order of (distance, place)."""
    distances = np.unpackbits(query ^ codes, axis=1).sum(axis=1)
    order = np.lexsort((np.arange(len(codes)), distances))[:k]
    return distances[order].tolist(), order.tolist()


def test_codes_alone_are_searchable_at_once_and_have_implied_keys(engine):
    codes = rows(500)
    ids = engine.add_codes(codes, domain="photo")
    assert (ids.dtype, ids.tolist()) == (np.int64, list(range(500)))
    distances, found = engine.search_batch(codes[:20], targets=["photo"], k=7)
    assert (distances.dtype, found.dtype) == (np.int32, np.int64)
    for row in range(20):
        expected = ranked(codes[row], codes, 7)
        assert (distances[row].tolist(), found[row].tolist()) == expected
    assert engine.items([*found[0, :2], -1]) == [
        Item(int(id_), f"photo/#{id_}", "photo") for id_ in found[0, :2]
    ]
    assert engine.verify() == []


def test_codes_of_several_domains_are_one_order(engine):
    codes = rows(300)
    engine.add_codes(codes[:100], "photo")
    engine.add_codes(codes[100:], "shape", keys=[f"s/{at}" for at in range(200)])
    distances, ids = engine.search_batch(codes[:1], k=50)
    assert (distances[0].tolist(), ids[0].tolist()) == ranked(codes[0], codes, 50)
    domains = [item.domain for item in engine.items(ids[0])]
    assert domains == ["photo" if id_ < 100 else "shape" for id_ in ids[0]]
    only = engine.search_batch(codes[:1], ["shape"], k=300)[1][0]
    assert (np.sort(only[:200]) == np.arange(100, 300)).all()
    assert (only[200:] == -1).all()


def test_a_domain_without_items_is_refused_by_name(engine):
    with pytest.raises(InvalidInput, match="no items of domain 'photo'; it holds nothing yet"):
        engine.search_batch(rows(1), ["photo"])
    engine.add_codes(rows(1), "shape")
    with pytest.raises(InvalidInput, match="no items of domain 'photo'; it holds shape"):
        engine.search_batch(rows(1), ["photo"])
    assert engine.search_batch(rows(1), k=2)[1].tolist() == [[0, -1]]


def test_fields_of_ready_codes_are_in_their_hits_and_filters(engine):
    engine.add_codes(
        rows(4),
        "photo",
        keys=list("abcd"),
        metadata=[{"year": at} for at in range(4)],
        categories=["cup", None, "cup", None],
    )
    engine.add_codes(rows(3), "photo")
    hits = engine.search(text="disc", k=10, where="category = cup or id >= 5")
    assert sorted((hit.key, hit.category) for hit in hits) == [
        ("a", "cup"),
        ("c", "cup"),
        ("photo/#5", None),
        ("photo/#6", None),
    ]
    assert engine.remove(["photo/#5", "a"]) == 2
    assert engine.search_batch(rows(1), k=10)[1][0].max() == 6
    assert {5, 0} & set(engine.search_batch(rows(1), k=10)[1][0].tolist()) == set()


def test_what_items_without_embeddings_lack_is_said_once(engine, toy_collection):
    from opensearch.engine import Query

    engine.add_codes(rows(30), "photo")
    engine.add_codes(rows(30), "shape")
    for refine in (True, False):
        answer = engine.ask(Query(text="disc", refine=refine))
        assert [note for note in answer.notes if "embeddings" in note] == [
            "some items have no embeddings: they are not refined or rescored, and their scores are"
            " told from their codes"
        ]
        assert len(answer.hits) == 10
        assert {hit.score_kind for hit in answer.hits} == {"asymmetric"}
        scores = [hit.score for hit in answer.hits]
        assert scores == sorted(scores, reverse=True)
    answer = engine.ask(Query(text="disc", refine=False, score="hamming"))
    assert answer.notes == []
    engine.add(toy_collection / "photo" / "disc", domain="photo")
    answer = engine.ask(Query(text="disc", targets=["photo"], k=60))
    assert {hit.score is None for hit in answer.hits} == {True, False}
    assert sum("embeddings" in note for note in answer.notes) == 1


def test_another_process_finds_what_was_added(engine):
    engine.add_codes(rows(200), "photo")
    program = (
        "import sys, numpy as np\n"
        "from opensearch.engine import Engine\n"
        "with Engine.open(sys.argv[1]) as engine:\n"
        "    for line in sys.stdin:\n"
        "        code = np.array([[int(part) for part in line.split()]], np.uint8)\n"
        "        print(*engine.search_batch(code, k=1)[1][0], flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(engine.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:

        def ask(code):
            other.stdin.write(" ".join(map(str, code)) + "\n")
            other.stdin.flush()
            return int(other.stdout.readline())

        missing = next(
            code for code in np.ndindex(256, 256) if not (rows(200) == code).all(axis=1).any()
        )
        assert ask(missing) < 200
        assert engine.add_codes(np.array([missing], np.uint8), "photo").tolist() == [200]
        assert ask(missing) == 200
        other.stdin.close()


def test_an_approximate_structure_is_used_only_when_named_and_shown_by_info(engine):
    codes = rows(400)
    engine.add_codes(codes, "photo")
    assert engine.info()["structures"] == {"photo": {"exact": "flat"}}
    with pytest.raises(InvalidInput, match="'photo' has no structure 'ivf'"):
        engine.search_batch(codes[:3], structure="ivf")
    recalls = engine.build_structure("ivf")
    shown = engine.info()["structures"]["photo"]["ivf"]
    assert (shown["recall"], shown["rows"]) == (recalls["photo"], 400)
    assert engine.search_batch(codes[:3], k=1, structure="ivf")[0].tolist() == [[0]] * 3
    assert engine.verify(repair=True) == []
    assert engine.info()["structures"] == {"photo": {"exact": "flat"}}
