import json

import numpy as np
import pytest

from opensearch.errors import InvalidInput
from opensearch.evaluation import Labelled, any_to_any, direction, format_matrix


def line(queries, gallery):
    """Items are points on a line; distance is how far they lie apart."""
    return np.abs(queries[:, None] - gallery[None, :])


def points(values, labels):
    return Labelled(np.array(values, dtype=float), np.array(list(labels)))


def two_domains():
    """Three categories; `c` has two sketches and one photo only."""
    return {
        "sketch": points([0.0, 1, 2, 10, 11, 12, 5, 6], "aaabbbcc"),
        "photo": points([0.5, 1.5, 2.5, 10.5, 11.5, 4, 1.8], "aaabbbc"),
    }


def random_sets(seed=0, spread=0.8, d=8, sizes=(60, 45, 30)):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(6, d))
    sets = {}
    for domain, n in zip(("sketch", "photo", "shape"), sizes, strict=True):
        labels = rng.integers(0, 6, n)
        rows = centres[labels] + spread * rng.normal(size=(n, d))
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        sets[domain] = Labelled(rows, np.array([f"c{label}" for label in labels]))
    return sets


def angular(queries, gallery):
    return 1 - queries @ gallery.T


def slow_cell(source, target, same, rank, min_gallery):
    """Reference: the protocol's rules one query at a time; APs by category."""
    aps = {}
    for at, (row, label) in enumerate(zip(source.rows, source.labels, strict=True)):
        others = [g for g in range(len(target.rows)) if not (same and g == at)]
        hits = [target.labels[g] == label for g in others]
        if sum(hits) < min_gallery:
            continue
        distances = rank(row[None], target.rows[others])[0]
        order = sorted(range(len(others)), key=lambda i, d=distances: (d[i], i))
        found = np.cumsum([hits[i] for i in order])
        precision = found / np.arange(1, len(order) + 1)
        ap = np.mean([precision[p] for p, i in enumerate(order) if hits[i]])
        aps.setdefault(str(label), []).append(ap)
    return aps


@pytest.mark.parametrize("min_gallery", [1, 4, 6])
def test_every_cell_follows_the_rules_one_by_one(min_gallery):
    sets = random_sets()
    matrix = any_to_any(sets, angular, min_gallery=min_gallery, resamples=10)
    for source in sets:
        for target in sets:
            aps = slow_cell(sets[source], sets[target], source == target, angular, min_gallery)
            cell = matrix.cell(source, target)
            assert cell.queries == sum(map(len, aps.values()))
            assert cell.categories == len(aps)
            assert cell.gallery == len(sets[target].rows) - (source == target)
            micro = np.mean([ap for values in aps.values() for ap in values])
            assert cell.map_all == pytest.approx(micro, abs=1e-6)
            macro = np.mean([np.mean(values) for values in aps.values()])
            assert cell.map_macro == pytest.approx(macro, abs=1e-6)


def test_means_are_those_of_the_cells():
    matrix = any_to_any(random_sets(), angular, resamples=10)
    cross = [cell for cell in matrix.cells if cell.source != cell.target]
    assert (matrix.cross.cells, matrix.overall.cells) == (6, 9)
    assert matrix.cross.map_all == pytest.approx(np.mean([cell.map_all for cell in cross]))
    assert matrix.cross.map_macro == pytest.approx(np.mean([cell.map_macro for cell in cross]))
    assert matrix.overall.map_all == pytest.approx(np.mean([c.map_all for c in matrix.cells]))
    for mean in (matrix.cross, *matrix.cells):
        for value, (low, high) in (
            (mean.map_all, mean.map_all_interval),
            (mean.map_macro, mean.map_macro_interval),
        ):
            assert low < value < high


def test_a_rare_category_distracts_but_does_not_query():
    """Toward photo, c has one item: no c query, but photo c at 1.8 stands among the a's.

    Sketch a at 2 meets photos at 1.5 a, 1.8 c, 2.5 a (distances .5, .2, .5), then .5 a at 1.5
    and the rest: ranking c a a a, so AP = (1/2 + 2/3 + 3/4) / 3.
    """
    matrix = any_to_any(two_domains(), line, min_gallery=3, resamples=5)
    cell = matrix.cell("sketch", "photo")
    assert (cell.queries, cell.categories, cell.gallery) == (6, 2, 7)
    only = {
        "sketch": points([2.0], "a"),
        "photo": two_domains()["photo"],
    }
    alone = any_to_any(only, line, min_gallery=3, resamples=5).cell("sketch", "photo")
    assert alone.map_all == pytest.approx((1 / 2 + 2 / 3 + 3 / 4) / 3)


def test_in_its_own_domain_the_query_is_not_among_the_relevant_items():
    """Three items of a category have two others each: enough for 2, too few for 3."""
    sets = {"sketch": two_domains()["sketch"]}
    assert any_to_any(sets, line, min_gallery=2, resamples=5).cells[0].queries == 6
    assert any_to_any(sets, line, min_gallery=3, resamples=5).cells[0].queries == 0


def test_an_item_never_finds_itself():
    """Two far pairs of different categories: the nearest other item is always wrong.

    With itself in the ranking each query would have AP near 1; without, the partner of its
    category is last or last but one of three.
    """
    sets = {"photo": points([0.0, 0.1, 10.0, 10.1], "abab")}
    cell = any_to_any(sets, line, min_gallery=1, resamples=5).cells[0]
    assert cell.gallery == 3
    assert cell.map_all == pytest.approx(np.mean([1 / 2, 1 / 3, 1 / 3, 1 / 2]))


def test_refinement_is_told_of_its_own_domain_and_sees_whole_galleries():
    sets, told = two_domains(), []

    def refine(queries, gallery, same):
        told.append((len(queries), len(gallery), same))
        return queries

    plain = any_to_any(sets, line, min_gallery=1, resamples=5)
    refined = any_to_any(sets, line, refine, min_gallery=1, resamples=5)
    assert told == [(8, 8, True), (8, 7, False), (7, 8, False), (7, 7, True)]
    assert refined.cells == plain.cells
    assert refined.refined
    assert not plain.refined


def test_refined_queries_are_the_ones_ranked():
    """Each query is moved onto its nearest other item, also within its domain."""

    def to_nearest(queries, gallery, same):
        apart = line(queries, gallery)
        if same:
            np.fill_diagonal(apart, np.inf)
        return gallery[apart.argmin(axis=1)]

    sets = {"sketch": points([0.0, 4, 5, 9], "abab")}
    cell = any_to_any(sets, line, to_nearest, min_gallery=1, resamples=5).cells[0]
    # 0 moves to 4: 4b 5a 9b -> 1/2; 4 to 5: 5a 9b 0a -> 1/2 (4 itself is out);
    # 5 to 4: 4b 0a 9b -> 1/2; 9 to 5: 5a 4b 0a -> 1/2
    assert cell.map_all == pytest.approx(1 / 2)
    # unmoved: 0: 4b 5a -> 1/2; 4: 5a 0a 9b -> 1/3; 5: 4b 9b 0a -> 1/3; 9: 5a 4b -> 1/2
    plain = any_to_any(sets, line, min_gallery=1, resamples=5).cells[0]
    assert plain.map_all == pytest.approx((1 / 2 + 1 / 3 + 1 / 3 + 1 / 2) / 4)


def test_rows_are_encoded_after_refinement_with_their_domain():
    sets = two_domains()

    def refine(queries, gallery, same):
        return queries + 100

    def encode(rows, domain):
        seen.append((domain, float(rows.max())))
        return rows

    seen = []
    any_to_any(sets, line, refine, encode=encode, min_gallery=1, resamples=5)
    assert seen[:4] == [("sketch", 112.0), ("sketch", 12.0), ("sketch", 112.0), ("photo", 11.5)]


def test_chunks_change_nothing(monkeypatch):
    whole = any_to_any(random_sets(), angular, resamples=10)
    sizes = []

    def rank(queries, gallery):
        sizes.append(len(queries) * len(gallery))
        return angular(queries, gallery)

    monkeypatch.setattr(direction, "CELLS", 200)
    parts = any_to_any(random_sets(), rank, resamples=10)
    assert max(sizes) <= 200
    assert len(sizes) > 9
    for a, b in zip(whole.cells, parts.cells, strict=True):
        assert a.map_all == pytest.approx(b.map_all, abs=1e-9)


def test_expected_ties_do_not_depend_on_the_order_of_files():
    def coarse(queries, gallery):
        return line(queries, gallery).astype(int) // 4

    sets = two_domains()
    turned = {d: Labelled(s.rows[::-1], s.labels[::-1]) for d, s in sets.items()}
    both = [
        any_to_any(part, coarse, ties="expected", min_gallery=1, resamples=5).cross.map_all
        for part in (sets, turned)
    ]
    assert both[0] == pytest.approx(both[1])
    by_order = [
        any_to_any(part, coarse, min_gallery=1, resamples=5).cross.map_all
        for part in (sets, turned)
    ]
    assert by_order[0] != pytest.approx(by_order[1])


def test_expected_ties_are_the_same_for_whole_and_real_distances():
    def tenths(queries, gallery):
        return (10 * line(queries, gallery)).round().astype(np.int64)

    sets = random_sets()
    flat = {domain: Labelled(part.rows[:, 0], part.labels) for domain, part in sets.items()}
    whole = any_to_any(flat, tenths, ties="expected", resamples=10)
    real = any_to_any(flat, lambda q, g: tenths(q, g) / 7 - 3, ties="expected", resamples=10)
    ordered = any_to_any(flat, tenths, ties="order", resamples=10)
    assert len(real.cells) == 9
    for cell, same, other in zip(real.cells, whole.cells, ordered.cells, strict=True):
        assert cell.map_all == pytest.approx(same.map_all, rel=1e-12)
        assert cell.measures["map_voc"] == same.measures["map_voc"]
        assert cell.map_all != pytest.approx(other.map_all)


def test_numbers_serve_as_labels_too():
    sets = random_sets()
    numbered = {
        domain: Labelled(part.rows, np.array([int(label[1:]) for label in part.labels]))
        for domain, part in sets.items()
    }
    named, plain = (any_to_any(part, angular, resamples=10) for part in (sets, numbered))
    assert named == plain


def test_a_seed_decides_the_whole_matrix():
    first, again, other = (any_to_any(random_sets(), angular, seed=s) for s in (1, 1, 2))
    assert first == again
    assert first.cross.map_all == other.cross.map_all
    assert first.cross.map_all_interval != other.cross.map_all_interval


def test_a_direction_without_queries_is_empty_and_null_in_json():
    sets = {"sketch": points([0.0, 1, 2], "aaa"), "photo": points([5.0, 6, 7], "bbb")}
    matrix = any_to_any(sets, line, min_gallery=1, resamples=5)
    assert (matrix.cross.cells, matrix.overall.cells) == (0, 2)
    plain = json.loads(json.dumps(matrix.to_dict(), allow_nan=False))
    assert plain["cells"][1]["queries"] == 0
    assert plain["cells"][1]["map_all"] is None
    assert plain["cross"]["map_all_interval"] == [None, None]
    assert "-" in format_matrix(matrix).splitlines()[2]


@pytest.mark.parametrize("count", [0, 1])
def test_a_domain_of_almost_nothing_is_no_error(count):
    sets = {"sketch": points([0.0, 1, 2], "aaa"), "photo": points([5.0] * count, "a" * count)}
    if not count:
        sets["photo"] = Labelled(np.zeros(0), np.zeros(0, dtype=str))

    def refine(queries, gallery, same):
        assert len(gallery) > same
        return queries

    matrix = any_to_any(sets, line, refine, min_gallery=1, resamples=5)
    assert matrix.cell("photo", "photo").queries == 0
    assert matrix.cell("sketch", "photo").queries == 3 * count


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"ties": "random"}, "ties must be one of order, expected, got 'random'"),
        ({"min_gallery": 0}, "must be 1 or more, got 0 and"),
        ({"resamples": 0}, "must be 1 or more, got 4 and 0"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(options, reason):
    with pytest.raises(InvalidInput, match=reason):
        any_to_any(two_domains(), line, **options)


def test_sets_that_cannot_be_searched_are_refused():
    with pytest.raises(InvalidInput, match="one domain or more"):
        any_to_any({}, line)
    broken = {"photo": Labelled(np.zeros(3), np.array(["a", "b"]))}
    with pytest.raises(InvalidInput, match=r"'photo' has rows \(3,\) and labels \(2,\)"):
        any_to_any(broken, line)


def test_a_rank_of_another_shape_is_refused():
    with pytest.raises(InvalidInput, match=r"shape \(8, 8\), got \(8, 7\)"):
        any_to_any(two_domains(), lambda q, g: line(q, g)[:, 1:], min_gallery=1)


def test_the_table_shows_every_direction_and_the_means():
    matrix = any_to_any(random_sets(), angular, resamples=10)
    lines = format_matrix(matrix).splitlines()
    assert len(lines) == 1 + 9 + 2 + 1
    for cell, text in zip(matrix.cells, lines[1:10], strict=True):
        assert text.startswith(f"{cell.source} → {cell.target} ")
        assert f" {cell.map_all:.3f} " in text
        assert text.split()[-3:] == [str(cell.queries), str(cell.gallery), str(cell.categories)]
    assert f"{matrix.cross.map_all:.3f}" in lines[10]
    assert "not refined" in lines[12]
