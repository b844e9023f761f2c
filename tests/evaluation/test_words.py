import json

import numpy as np
import pytest

from opensearch.errors import InvalidInput
from opensearch.evaluation import Labelled, any_to_any, format_matrix, word_to_any


def line(queries, gallery):
    """Items are points on a line; distance is how far they lie apart."""
    return np.abs(queries[:, None] - gallery[None, :])


def points(values, labels):
    return Labelled(np.array(values, dtype=float), np.array(list(labels)))


def shelves(seed=0):
    """Two domains of points about their categories' places, and a word at each place."""
    rng = np.random.default_rng(seed)
    sets = {}
    for domain, n in (("photo", 50), ("shape", 33)):
        labels = rng.integers(0, 5, n)
        sets[domain] = points(labels + rng.normal(0, 0.8, n), "".join("abcde"[i] for i in labels))
    return points(range(5), "abcde"), sets


def slow_average_precision(word, label, gallery):
    """Reference: walk down the ranking, one item at a time."""
    order = sorted(range(len(gallery.rows)), key=lambda i: (abs(gallery.rows[i] - word), i))
    hits, total = 0, 0.0
    for rank, item in enumerate(order, start=1):
        if gallery.labels[item] == label:
            hits += 1
            total += hits / rank
    return total / hits


@pytest.mark.parametrize("min_gallery", [1, 4, 9])
def test_a_category_is_one_query_in_every_domain(min_gallery):
    words, sets = shelves()
    found = word_to_any(words, sets, line, min_gallery=min_gallery)
    assert [(cell.source, cell.target) for cell in found.cells] == [
        ("word", "photo"),
        ("word", "shape"),
    ]
    for cell in found.cells:
        gallery = sets[cell.target]
        aps = [
            slow_average_precision(word, label, gallery)
            for word, label in zip(words.rows, words.labels, strict=True)
            if (gallery.labels == label).sum() >= min_gallery
        ]
        assert cell.queries == cell.categories == len(aps)
        assert cell.gallery == len(gallery.rows)
        assert cell.map_all == pytest.approx(np.mean(aps))
        assert cell.map_macro == pytest.approx(cell.map_all)
        assert cell.map_all_interval[0] <= cell.map_all <= cell.map_all_interval[1]
    counted = [cell.map_all for cell in found.cells if cell.queries]
    assert found.mean.map_all == pytest.approx(np.mean(counted))
    assert found.mean.cells == len(counted)


def test_a_word_worked_out_by_hand():
    """The word a at 0 meets photos at 1 b, 2 a, 3 a: AP = (1/2 + 2/3) / 2; two in 25 are hits."""
    found = word_to_any(
        points([0], "a"), {"photo": points([1, 2, 3], "baa")}, line, min_gallery=2
    ).cells[0]
    assert found.map_all == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.measures["precision_25"] == pytest.approx(2 / 25)
    assert found.measures["precision_100"] == pytest.approx(2 / 100)


def test_words_change_no_direction_of_the_matrix():
    words, sets = shelves()
    before = any_to_any(sets, line, resamples=10)
    word_to_any(words, sets, line)
    assert any_to_any(sets, line, resamples=10) == before


def test_a_word_without_items_does_not_query():
    _, sets = shelves()
    more = points([0.0, 99], "az")
    cells = word_to_any(more, sets, line, min_gallery=1).cells
    assert [cell.queries for cell in cells] == [1, 1]


def test_words_are_refined_as_strangers_and_encoded_without_a_domain():
    words, sets = shelves()
    told, coded = [], []

    def refine(queries, gallery, same):
        told.append((len(queries), len(gallery), same))
        return queries + 1000

    def encode(rows, domain):
        coded.append((domain, bool(rows.min() > 500)))
        return rows

    word_to_any(words, sets, line, refine, encode=encode)
    assert told == [(5, 50, False), (5, 33, False)]
    assert coded == [(None, True), ("photo", False), (None, True), ("shape", False)]


def test_the_table_and_json_show_the_words():
    words, sets = shelves()
    found = word_to_any(words, {**sets, "sketch": points([1.0], "q")}, line)
    lines = format_matrix(any_to_any(sets, line, resamples=5), found).splitlines()
    assert len(lines) == 1 + 4 + 2 + 3 + 1 + 1
    assert lines[7].startswith("word → photo ")
    assert f" {found.cells[0].map_all:.3f} " in lines[7]
    assert "P@25" in lines[0]
    assert lines[10].startswith("mean of words ")
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert plain["mean"]["cells"] == 2
    assert plain["cells"][0]["source"] == "word"
    assert plain["cells"][2]["map_all"] is None


def test_words_that_cannot_be_asked_are_refused():
    words, sets = shelves()
    with pytest.raises(InvalidInput, match=r"the set of words has rows \(5,\) and labels \(2,\)"):
        word_to_any(Labelled(words.rows, np.array(["a", "b"])), sets, line)
    with pytest.raises(InvalidInput, match="must be 1 or more, got 0"):
        word_to_any(words, sets, line, min_gallery=0)
