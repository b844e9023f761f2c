"""What a query was understood as, told beside its hits."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from opensearch import Query, Understood
from opensearch.engine import Engine
from opensearch.engine.query import point, understood
from opensearch.engine.query.each_word import _merged
from opensearch.errors import InvalidInput
from opensearch.model import Content
from opensearch.records import Hit
from opensearch.semantic import unit


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("index") / "toys", toy_model) as engine:
        engine.add(toy_collection)
        yield engine


def test_words_that_were_searched_for_are_told(engine):
    assert engine.ask(Query(text="Disc")).understood.words == ["disc"]


def test_what_is_empty_is_not_told():
    assert Understood(words=["disc"]).to_dict() == {"words": ["disc"]}
    assert Understood().to_dict() == {}


def test_words_without_a_say_are_told_and_change_nothing(engine):
    plain, wordy = (
        engine.ask(Query(text=text, refine=False)) for text in ("disc", "two big red discs running")
    )
    assert [hit.key for hit in wordy.hits] == [hit.key for hit in plain.hits]
    assert wordy.understood.not_counted == ["two", "big", "red", "running"]
    assert wordy.notes[0].startswith("searched for disc; not counted: two, big, red, running (")
    assert plain.notes == []


def test_words_to_leave_out_turn_the_query_as_excluded_files_do(engine):
    answer = engine.ask(Query(text="disc without cubes", refine=False))
    assert (answer.understood.words, answer.understood.excluded) == (["disc"], ["cube"])
    assert answer.notes == ["searched for disc; left out: cube"]


def test_unknown_words_are_told_with_near_ones(engine):
    understood = engine.ask(Query(text="disc and pyramyd")).understood
    assert understood.unknown["pyramyd"][0] == "pyramid"


def test_a_text_that_only_leaves_out_joins_a_file_and_is_refused_alone(engine, toy_collection):
    file = toy_collection / "photo" / "disc" / "08.jpg"
    answer = engine.ask(Query(files=[(file, 1.0)], text="not a cube"))
    assert answer.understood.excluded == ["cube"]
    with pytest.raises(
        InvalidInput, match=r"'not a cube' only says what to leave out \(cube\); say"
    ):
        engine.ask(Query(text="not a cube"))


def test_what_is_asked_for_and_left_out_is_refused(engine):
    with pytest.raises(InvalidInput, match="asks for disc and leaves it out"):
        engine.ask(Query(text="disc -disc"))


def cosines(engine, words):
    """Cosines of every item with each of some words, (n, w), and the items."""
    items = list(engine.records())
    rows, _ = engine._store.embeddings([item.id for item in items])
    return items, unit(rows) @ engine.model.space.prototypes(words).T


def test_of_several_words_a_hit_is_near_any_and_scored_by_the_nearest(engine):
    items, near = cosines(engine, ["disc", "pyramid"])
    answer = engine.ask(Query(text="a disc on a pyramid", refine=False, k=20))
    best = near.max(axis=1)
    score = {item.key: row for item, row in zip(items, best.tolist(), strict=True)}
    scores = [hit.score for hit in answer.hits]
    assert scores == pytest.approx([score[hit.key] for hit in answer.hits], abs=1e-5)
    assert scores == pytest.approx(np.sort(best)[::-1][:20].tolist(), abs=1e-5)
    assert [hit.rank for hit in answer.hits] == list(range(1, 21))
    assert answer.notes == ["searched for disc or pyramid"]


def test_very_many_words_are_searched_for_by_their_mean(engine, monkeypatch):
    monkeypatch.setattr(point, "WORDS", 1)
    monkeypatch.setattr(understood, "WORDS", 1)
    names = ["disc", "pyramid"]
    prototypes = engine.model.space.prototypes(names)
    answer = engine.ask(Query(text=", ".join(names), refine=False, k=5))
    _, near = cosines(engine, names)
    best = np.sort(near.mean(axis=1))[::-1][:5] / np.linalg.norm(prototypes.mean(axis=0))
    assert [hit.score for hit in answer.hits] == pytest.approx(best.tolist(), abs=1e-5)
    assert answer.notes == [
        "searched for the mean of disc or pyramid: up to 1 words are each searched for"
    ]


def test_what_is_nearer_to_a_word_left_out_is_no_hit(engine):
    items, near = cosines(engine, ["pyramid", "disc"])
    hits = engine.search(text="pyramid -disc", refine=False, k=len(items))
    kept = {item.key for item, (wanted, out) in zip(items, near, strict=True) if wanted >= out}
    assert {hit.key for hit in hits} == kept
    assert 0 < len(kept) < len(items)


def test_ready_codes_have_no_say_in_what_is_left_out(engine, tmp_path, toy_model):
    with Engine.create(tmp_path / "codes", toy_model) as bare:
        bare.add_codes(np.zeros((3, 2), np.uint8), "photo", ["a", "b", "c"])
        hits = bare.search(text="disc, pyramid and no cube", k=5)
    assert [hit.key for hit in hits] == ["a", "b", "c"]
    assert len({hit.score for hit in hits}) == 1


def test_equal_scores_of_several_words_are_merged_by_cosine():
    def hit(id_, score, cosine):
        return Hit(1, id_, str(id_), "", "photo", None, 0, score, cosine=cosine)

    first = [hit(1, 0.9, 0.8), hit(2, 0.9, 0.6), hit(3, 0.2, 0.1)]
    second = [hit(4, 0.9, 0.7), hit(2, 0.5, 0.5)]
    merged = _merged([first, second])
    assert [each.id for each in merged] == [1, 4, 2, 3]
    assert merged[2].score == 0.9, "the better of the two words scores it"


def test_each_list_of_several_keeps_its_order():
    def hit(id_, score):
        return Hit(1, id_, str(id_), "", "photo", None, 0, score, cosine=score)

    refined = [hit(1, 0.5), hit(2, 0.9)]  # the scores of a moved query go to no hit by themselves
    assert [each.id for each in _merged([refined, [hit(3, 0.7)]])] == [1, 3, 2]


def test_a_photo_of_a_thing_asked_by_as_a_drawing_is_remarked_on(engine, tmp_path):
    rng = np.random.default_rng(0)
    blobs = Image.fromarray(rng.integers(0, 255, (6, 6, 3), np.uint8)).resize((320, 320))
    soft = np.asarray(blobs.filter(ImageFilter.GaussianBlur(20)))
    photo = (soft + rng.normal(0, 12, (320, 320, 1))).clip(0, 255).astype(np.uint8)
    Image.fromarray(photo).save(tmp_path / "thing.png")
    asked = Query(files=[(tmp_path / "thing.png", 1.0)], source="sketch")
    remark = "thing.png looks like a photo of a thing: if it is, use `source='photo'`"
    assert remark in engine.ask(asked).notes


@pytest.mark.parametrize(
    ("name", "lines", "told"),
    [("s.ndjson", 2, True), ("s.ndjson#2", 2, False), ("s.ndjson", 1, False)],
)
def test_that_the_first_of_several_drawings_asks_is_remarked_on(
    engine, tmp_path, name, lines, told
):
    data = b'{"drawing": [[[0, 9], [0, 9]]]}\n' * lines
    (tmp_path / "s.ndjson").write_bytes(data)
    for given in (tmp_path / name, Content(data, name)):
        notes = engine.ask(Query(files=[(given, 1.0)])).notes
        remark = f"s.ndjson has {lines} drawings: the first one asks; name another by #n"
        assert (remark in notes) == told
