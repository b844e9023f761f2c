"""Searching: candidates, rescoring, refinement, several files, words, negatives, filters."""

import re

import numpy as np
import pytest

from opensearch.engine import Engine, Query
from opensearch.errors import IndexMismatch, InvalidInput, StoreError, UnknownWord
from opensearch.model import Model
from opensearch.refinement import LambdaRule, refine_one
from opensearch.semantic import unit


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    path = tmp_path_factory.mktemp("index") / "toys"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection)
        yield engine


@pytest.fixture(scope="module")
def gallery(engine):
    """Every item with its embedding, straight from the store: the reference's input."""
    items = list(engine.records())
    rows, present = engine._store.embeddings([item.id for item in items])
    assert present.all()
    return items, unit(rows)


def reference(engine, gallery, vector, domains, k):
    """Keys of the k nearest by cosine, over all items of some domains."""
    items, rows = gallery
    scored = [
        (-float(row @ vector), item.id, item.key)
        for item, row in zip(items, rows, strict=True)
        if item.domain in domains
    ]
    return [key for _, _, key in sorted(scored)[:k]]


def test_rescored_hits_are_the_nearest_by_cosine(engine, gallery, toy_collection):
    file = toy_collection / "sketch" / "disc" / "08.png"
    hits = engine.search(file, targets=["photo", "shape"], k=7, refine=False)
    vector = engine.embed([file], "sketch")[0]
    assert [hit.key for hit in hits] == reference(engine, gallery, vector, ["photo", "shape"], 7)
    assert [hit.rank for hit in hits] == list(range(1, 8))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_refinement_moves_the_query_by_the_models_rule(engine, gallery, toy_collection):
    file = toy_collection / "sketch" / "cube" / "09.png"
    vector = engine.embed([file], "sketch")[0]
    nearest = reference(engine, gallery, vector, ["photo"], 1)[0]
    items, rows = gallery
    neighbour = rows[[item.key for item in items].index(nearest)]
    lam = engine.model.rule.of(vector[None], engine.model.seen_prototypes)[0]
    moved = refine_one(vector, neighbour, float(lam))
    hits = engine.search(file, targets=["photo"], k=9, refine=True)
    assert [hit.key for hit in hits] == reference(engine, gallery, moved, ["photo"], 9)


def test_a_model_that_is_not_calibrated_refines_no_query_by_itself(engine, toy_collection):
    file = toy_collection / "sketch" / "cube" / "09.png"
    answer = engine.ask(Query(files=[(file, 1.0)], k=9))
    assert answer.refined == {}
    assert answer.hits == engine.search(file, k=9, refine=False)


def test_of_a_file_no_word_is_read(engine, toy_collection, monkeypatch):
    """The lexicon took a third of the time of a first query; a fixed fraction asks for none."""
    asked = {"targets": ["photo"], "k": 5, "refine": True}
    file = toy_collection / "sketch" / "cube" / "09.png"
    monkeypatch.setitem(vars(engine.model), "rule", LambdaRule.fixed(0.4))
    wanted = engine.search(file, **asked)

    def refuse(model):
        raise AssertionError("words were read")

    for name in ("space", "seen_prototypes"):
        monkeypatch.setattr(Model, name, property(refuse))
    assert engine.search(file, **asked) == wanted
    assert engine.search(file, **{**asked, "refine": False})
    monkeypatch.setitem(vars(engine.model), "rule", LambdaRule(0.4, 0.7, 0.5))
    with pytest.raises(AssertionError, match="words were read"):  # its threshold is of a word
        engine.search(file, **asked)


def test_refinement_orders_within_a_domain_and_inflates_no_score(engine, gallery, toy_collection):
    file = toy_collection / "sketch" / "cube" / "09.png"
    vector = engine.embed([file], "sketch")[0]
    items, rows = gallery
    cosine = {item.key: float(row @ vector) for item, row in zip(items, rows, strict=True)}
    domains = ["photo", "shape", "sketch"]
    apart = {name: engine.search(file, targets=[name], k=12, refine=True) for name in domains}
    mixed = engine.search(file, targets=domains, k=12, refine=True)
    for hit in [*mixed, *apart["photo"]]:
        assert hit.score == pytest.approx(cosine[hit.key], abs=1e-5)
    assert len({hit.domain for hit in mixed}) > 1
    for name in domains:
        own = [hit.key for hit in mixed if hit.domain == name]
        assert own == [hit.key for hit in apart[name]][: len(own)]


def test_hamming_order_is_distance_then_id(engine, toy_collection):
    file = toy_collection / "photo" / "disc" / "08.jpg"
    hits = engine.search(file, k=20, refine=False, score="hamming")
    order = [(hit.distance, hit.id) for hit in hits]
    assert order == sorted(order)
    assert all(hit.score is None for hit in hits)


def test_an_indexed_file_finds_itself_at_distance_zero(engine, toy_collection):
    file = toy_collection / "shape" / "cube" / "00.off"
    hit = engine.search(file, targets=["shape"], k=1, refine=False)[0]
    assert (hit.key, hit.distance) == ("shape/cube/00.off", 0)
    assert hit.score == pytest.approx(1, abs=1e-3)


def test_max_distance_is_inclusive_and_may_leave_nothing(engine, toy_collection):
    file = toy_collection / "shape" / "cube" / "00.off"
    hits = engine.search(file, k=100, refine=False, max_distance=3)
    assert hits
    assert max(hit.distance for hit in hits) <= 3
    everything = engine.search(file, k=1000, refine=False)
    assert {h.key for h in hits} == {h.key for h in everything if h.distance <= 3}
    assert engine.search(file, where="domain = nothing") == []
    answer = engine.ask(Query(text="disc", max_distance=0, min_score=2, refine=False))
    assert answer.hits == []
    both = "no hit lies within 0 bits, as `max_distance` asks, and scores 2 or more"
    assert both in answer.notes[-1]


def test_max_distance_counts_the_bits_that_a_hit_of_a_refined_query_shows(engine, toy_collection):
    asked = {"k": 1000, "refine": True, "targets": ["photo"]}
    for file in sorted((toy_collection / "sketch").rglob("*.png"))[::3]:
        everything = engine.search(file, **asked)
        for most in sorted({hit.distance for hit in everything})[:3]:
            near = engine.search(file, **asked, max_distance=most)
            assert [h.key for h in near] == [h.key for h in everything if h.distance <= most]


def test_words_find_their_category_even_unseen(engine):
    for word in ("disc", "cube", "pyramid"):
        hits = engine.search(text=word, targets=["sketch"], k=8, refine=False)
        # of 37 sketches 11 are of the word: 2.4 of 8 by chance
        assert sum(hit.category == word for hit in hits) >= 6, word
    assert engine.search(text="bar", k=3)


def test_unknown_words_are_named(engine):
    answer = engine.ask(Query(text="disc zorble"))
    assert answer.hits
    assert any("zorble" in note for note in answer.notes)
    with pytest.raises(UnknownWord, match="zorble"):
        engine.search(text="zorble")


def test_weights_and_negatives_turn_the_query(engine, gallery, toy_collection):
    disc = toy_collection / "photo" / "disc" / "08.jpg"
    cube = toy_collection / "sketch" / "cube" / "08.png"
    a, b = engine.embed([disc], "photo")[0], engine.embed([cube], "sketch")[0]
    hits = engine.search([(disc, 1.0), (cube, 0.25)], targets=["photo"], k=6, refine=False)
    assert [h.key for h in hits] == reference(engine, gallery, unit(a + 0.25 * b), ["photo"], 6)
    hits = engine.search(disc, exclude=[cube], targets=["photo"], k=6, refine=False)
    assert [h.key for h in hits] == reference(engine, gallery, unit(a - 0.5 * b), ["photo"], 6)


def test_a_stored_item_as_query_is_no_hit_of_itself(engine, gallery):
    items, rows = gallery
    place = [item.key for item in items].index("sketch/disc/00.png")
    hits = engine.search(keys=["sketch/disc/00.png"], k=8, refine=False)
    wanted = reference(engine, gallery, rows[place], ["photo", "shape", "sketch"], 9)
    assert [h.key for h in hits] == [key for key in wanted if key != "sketch/disc/00.png"]


def test_a_domain_that_is_filtered_out_is_not_said_to_lack_embeddings(engine):
    query = Query(text="cube", where="domain = photo", refine=True)
    answer = engine.ask(query)
    assert {hit.domain for hit in answer.hits} == {"photo"}
    assert answer.notes == []


def test_where_filters_exactly(engine):
    hits = engine.search(text="cube", k=100, refine=False, where="year >= 2009 and domain = photo")
    found = engine.search(text="cube", k=1000, refine=False)
    wanted = {h.key for h in found if h.domain == "photo" and int(h.metadata["year"]) >= 2009}
    assert {hit.key for hit in hits} == wanted
    assert wanted


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({}, "a query needs a file, words"),
        ({"text": "disc", "k": 0}, "k must be a whole number of 1 or more, got 0"),
        ({"text": "disc", "targets": ["cartoon"]}, "no items of domain 'cartoon'; it holds photo"),
        ({"keys": ["nope"]}, "no item 'nope'"),
        ({"query": "missing.png"}, "missing.png is not a file"),
        ({"text": "disc", "max_distance": -1}, "max_distance must be a whole number of 0 or more"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(engine, asked, text):
    with pytest.raises(InvalidInput, match=text):
        engine.search(**asked)


def test_a_weight_is_positive(engine, toy_collection):
    with pytest.raises(InvalidInput, match=r"weight of .* must be above 0, got -1"):
        engine.search((toy_collection / "photo/disc/08.jpg", -1.0))


@pytest.mark.filterwarnings("error")
def test_a_weight_is_no_greater_and_no_less_than_vectors_can_bear(engine, toy_collection):
    file = toy_collection / "photo/disc/08.jpg"
    for weight in (1e31, 1e308, 1e-31, 1e-320):
        told = rf"^the weight of .*08\.jpg must be 1e-30 to 1e\+30, got {re.escape(str(weight))}$"
        with pytest.raises(InvalidInput, match=told):
            engine.search((file, weight))
    part = engine.part(file)
    for weight in (1e308, -1e308, 1e-31, -1e-31):
        with pytest.raises(
            InvalidInput, match=r"a weight must be 1e-30 to 1e\+30, or -1e\+30 to -1e-30"
        ):
            Query(parts=[(part, weight), (part, 1.0)])
    hits = [hit.key for hit in engine.search(file)]
    for weight in (1e30, 1e-30):
        assert [hit.key for hit in engine.search((file, weight))] == hits
    assert [hit.key for hit in engine.ask(Query(parts=[(part, 1e-30)])).hits] == hits
    assert [hit.key for hit in engine.search([(file, 1e30), (file, 1e30)])] == hits
    assert engine.ask(Query(text="disc", parts=[(part, -1e30)])).hits


def test_parts_that_cancel_out_are_refused(engine, toy_collection, monkeypatch):
    file = toy_collection / "photo" / "disc" / "08.jpg"
    monkeypatch.setattr("opensearch.engine.query.point.AGAINST", 1.0)
    with pytest.raises(InvalidInput, match="cancel out"):
        engine.search(file, exclude=[file])


def test_another_model_is_refused_and_an_extended_one_fits(
    engine, toy_collection, toy_config, toy_model, tmp_path
):
    from opensearch.methods import Training, train

    other = tmp_path / "other"
    train(Training(toy_config.model_copy(update={"seed": 5}), [toy_collection], other))
    with pytest.raises(IndexMismatch, match="Leave `model` out"):
        Engine.open(engine.path, other)
    extended = tmp_path / "extended"
    pictures = tmp_path / "more"
    rows = (toy_collection / "split.csv").read_text().splitlines()
    (pictures / "cartoon").mkdir(parents=True)
    for category in ("disc", "cube"):
        folder = pictures / "cartoon" / category
        folder.symlink_to(toy_collection / "photo" / category, target_is_directory=True)
    lines = ["path,domain,category,split"]
    lines += [
        f"cartoon/{c}/{n:02d}.jpg,cartoon,{c},train" for c in ("disc", "cube") for n in range(8)
    ]
    for folder in (pictures / "cartoon").iterdir():
        target = folder.resolve()
        folder.unlink()
        folder.mkdir()
        for file in target.iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
    (pictures / "split.csv").write_text("\n".join(lines) + "\n")
    assert rows
    train(Training(toy_config, [pictures], extended, extend=toy_model, domain="cartoon"))
    with Engine.open(engine.path, extended) as opened:
        file = pictures / "cartoon" / "disc" / "00.jpg"
        assert opened.search(file, source="cartoon", targets=["photo"], k=2)
    with pytest.raises(InvalidInput, match="no domain 'cartoon'"):
        engine.search(file, source="cartoon")


def test_what_is_no_index_says_how_to_make_one(tmp_path):
    with pytest.raises(StoreError, match=r"made of files: `Engine.create\("):
        Engine.open(tmp_path)


def test_damaged_search_files_are_found_and_repaired(toy_model, toy_collection, tmp_path):
    path = tmp_path / "index"
    with Engine.create(path, toy_model) as engine:
        engine.add(toy_collection / "photo")
        engine._generations.current().searcher.fold()
        expected = [hit.key for hit in engine.search(text="disc", refine=False)]
    files = sorted((path / "search").rglob("*.codes"))
    assert files
    files[0].write_bytes(bytes(255 - b for b in files[0].read_bytes()))
    with Engine.open(path) as engine:
        assert any("differ from the store" in problem for problem in engine.verify())
        engine.verify(repair=True)
        assert engine.verify() == []
        assert [hit.key for hit in engine.search(text="disc", refine=False)] == expected


def test_the_same_seed_gives_the_same_codes(toy_collection, toy_config, tmp_path):
    from opensearch.encoders.bundle import Bundle
    from opensearch.methods import Training, train

    marks = []
    for name in ("a", "b"):
        train(Training(toy_config, [toy_collection], tmp_path / name))
        marks.append(Bundle.open(tmp_path / name).card.identities)
    assert marks[0] == marks[1]
    assert np.unique(list(marks[0].values())).size == len(marks[0])


def test_a_filter_that_nothing_passes_says_so_and_names_fields_that_are_not_there(engine):
    answer = engine.ask(Query(text="disc", where="yaer > 1900 and domain = photo"))
    assert answer.hits == []
    assert answer.notes[-2:] == [
        "no item passes the filter",
        "no item has a field 'yaer'; did you mean 'year'?",
    ]
    answer = engine.ask(Query(text="disc", where="year > 2999"))
    assert answer.notes[-1] == "no item passes the filter", "the field is there"
