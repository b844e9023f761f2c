"""Groups of copies in an index: by what is kept of items, whatever domain they are filed under."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw

from opensearch.cli import main
from opensearch.engine import Engine, Query
from opensearch.engine.query import copies
from opensearch.errors import InvalidInput, StoreError
from opensearch.records import Item


def picture(seed):
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 5, 3), np.uint8))
    made = coarse.resize((120, 90), Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(made)
    for _ in range(3):
        corner = rng.integers(0, 80, 2)
        box = [*corner.tolist(), *(corner + rng.integers(10, 40, 2)).tolist()]
        pen.ellipse(box, fill=tuple(rng.integers(0, 256, 3).tolist()))
    return made


@pytest.fixture
def engine(tmp_path):
    model = Path(__file__).parents[1] / "golden" / "model"
    with Engine.create(tmp_path / "index", model) as engine:
        yield engine


@pytest.fixture
def collection(tmp_path):
    """Three photos; of the first a smaller one, a mirrored one among the sketches, and a file."""
    folder = tmp_path / "collection"
    for domain in ("photo", "sketch"):
        (folder / domain).mkdir(parents=True)
    for seed in range(3):
        picture(seed).save(folder / "photo" / f"{seed}.png")
    picture(0).reduce(2).save(folder / "photo" / "half.jpg")
    mirrored = picture(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(folder / "sketch" / "mirrored.png")
    (folder / "photo" / "again.png").write_bytes((folder / "photo" / "0.png").read_bytes())
    return folder


def keys(groups):
    return [sorted(item.key for item in group.items) for group in groups]


def test_copies_are_grouped_across_domains_and_exact_ones_apart(engine, collection):
    engine.add(collection)
    exact = ["photo/0.png", "photo/again.png", "photo/half.jpg"]
    assert keys(engine.duplicates()) == [[*exact, "sketch/mirrored.png"]]
    assert keys(engine.duplicates(exact=True)) == [exact]
    assert keys(engine.duplicates(domain="photo")) == [exact]
    assert keys(engine.duplicates(domain="sketch")) == []
    (group,) = engine.duplicates()
    by_key = dict(zip([i.key for i in group.items], group.changes, strict=True))
    assert by_key == dict.fromkeys(exact, "") | {"sketch/mirrored.png": "mirrored"}
    assert min(group.likeness) > 0.95
    engine.remove(["photo/0.png", "photo/again.png"])
    assert keys(engine.duplicates()) == [["photo/half.jpg", "sketch/mirrored.png"]]


def test_likeness_is_told_of_the_first_of_each_group_whatever_the_page(
    engine, collection, monkeypatch
):
    for place, seed in enumerate((1, 2)):
        picture(seed).reduce(2).save(collection / "sketch" / f"half{place}.png")
    engine.add(collection)
    groups = list(engine.duplicates())
    assert [len(group.items) for group in groups] == [4, 2, 2]
    monkeypatch.setattr(copies, "_PAGE", 3)
    assert list(engine.duplicates()) == groups
    for group in groups:
        imprints = engine._store.imprints([item.id for item in group.items])
        found = copies.matches(imprints[0], imprints)
        assert (group.changes, group.likeness[0]) == (found.changes, 1.0)
        np.testing.assert_allclose(group.likeness, found.likeness, atol=0.02)


def test_what_is_compared_is_told(engine, collection):
    engine.add(collection)
    told = []
    list(engine.duplicates(progress=lambda *step: told.append(step)))
    assert told[0] == ("comparing pictures coarsely", 5, 5)  # two of six files are equal
    assert {what for what, _, _ in told[1:]} == {"comparing pairs closely"}
    assert told[-1][1] == told[-1][2] > 0


def test_equal_imprints_are_one_and_links_join_groups(engine):
    items = [Item(-1, key, "photo") for key in "abc"]
    engine._store.put(items, np.zeros((3, 2), np.uint8), imprints=[b"\x01x"] * 2 + [b"\xffx"])
    engine.add_codes(np.zeros((2, 2), np.uint8), "photo")
    assert engine.without_imprint() == engine.without_imprint("photo") == 3
    with pytest.raises(InvalidInput, match="no items of domain 'shape'"):
        engine.without_imprint("shape")


def test_exact_goes_with_no_codes(engine):
    engine.add_codes(np.zeros((2, 2), np.uint8), "photo")
    assert list(engine.duplicates()) == []
    with pytest.raises(InvalidInput, match="`exact` copies are told by pictures and shapes"):
        engine.duplicates(3, exact=True)


def test_the_verb_says_what_was_done_and_what_is_left_out(engine, collection):
    engine.add(collection)
    engine.add_codes(np.zeros((2, 2), np.uint8), "shape")
    result = CliRunner().invoke(main, ["duplicates", str(engine.path)])
    lines = result.stdout.splitlines()
    assert lines[0] == "4 copies"
    assert sum(line.endswith("sketch   sketch/mirrored.png  (mirrored)") for line in lines) == 1
    assert result.stderr.splitlines() == [
        "2 items left out, as nothing is kept to recognise copies by: `opensearch"
        " compact` adds it for items of imports and of older versions, --max-distance groups"
        " ready codes",
        "4 items in 1 group",
    ]
    result = CliRunner().invoke(main, ["duplicates", str(engine.path), "--json"])
    member = json.loads(result.stdout)["items"][0]
    assert list(member) == [
        *("id", "key", "path", "distance", "score", "domain", "likeness", "change")
    ]


def test_a_read_only_or_compacted_index_keeps_them(engine, collection):
    engine.add(collection)
    before = keys(engine.duplicates())
    engine.remove(["photo/2.png"])
    engine.compact()
    assert keys(engine.duplicates()) == before
    assert engine.verify() == []


def test_an_item_is_asked_for_by_its_copies(engine, collection):
    engine.add(collection)
    of_file = engine.ask(Query(files=[(collection / "photo" / "half.jpg", 1.0)], like="exact"))
    answer = engine.ask(Query(keys=["photo/half.jpg"], like="exact"))
    assert [(hit.key, hit.score, hit.distance) for hit in answer.hits] == [
        (hit.key, hit.score, hit.distance) for hit in of_file.hits if hit.key != "photo/half.jpg"
    ]
    assert answer.notes[0] == "only copies of photo/half.jpg, taken as a photo, are looked for"
    with pytest.raises(InvalidInput, match="the index has no item 'photo/none'"):
        engine.ask(Query(keys=["photo/none"], like="exact"))
    engine.add_codes(np.zeros((1, engine.info()["bits"] // 8), np.uint8), "photo", ["x"])
    with pytest.raises(StoreError, match="no imprint is kept of item 'x'"):
        engine.ask(Query(keys=["x"], like="exact"))


def test_a_file_is_asked_for_by_its_copies(engine, collection):
    engine.add(collection)
    file = collection / "photo" / "half.jpg"
    answer = engine.ask(Query(files=[(file, 1.0)], like="exact"))
    assert {hit.key for hit in answer.hits[:3]} == {
        *("photo/0.png", "photo/again.png", "photo/half.jpg")
    }
    assert [hit.key for hit in answer.hits[3:]] == ["sketch/mirrored.png"]
    assert answer.hits[0].score == 1.0
    assert answer.hits[0].distance == 0
    assert {hit.score_kind for hit in answer.hits} == {answer.score_kind} == {"likeness"}
    assert "sketch/mirrored.png: mirrored" in answer.notes
    least = Query(files=[(file, 1.0)], like="exact", min_score=answer.hits[-1].score)
    assert engine.ask(least).hits == answer.hits, "a likeness that was told reaches itself"
    words = ["query", str(engine.path), str(file), "--like", "exact", "--to", "sketch", "--json"]
    result = CliRunner().invoke(main, words)
    assert json.loads(result.stdout)["key"] == "sketch/mirrored.png"
    assert json.loads(result.stdout)["score_kind"] == "likeness"
    page = collection.parent / "copies.html"
    assert CliRunner().invoke(main, [*words[:-1], "--html", str(page)]).exit_code == 0
    assert "How much the item looks like" in page.read_text("utf-8")
    assert "by embeddings" not in page.read_text("utf-8")
    assert "Cosine of the embeddings" not in page.read_text("utf-8")
    with pytest.raises(InvalidInput, match="looks for copies of one file or one item"):
        engine.ask(Query(text="dog", like="exact"))
    with pytest.raises(InvalidInput, match="looks for copies of one file or one item"):
        engine.ask(Query(files=[(file, 1.0)], keys=["photo/half.jpg"], like="exact"))
    with pytest.raises(InvalidInput, match="unknown `like` 'x'; known: meaning, exact"):
        Query(text="dog", like="x")


def test_items_that_cannot_be_compared_are_told(engine, collection, tmp_path):
    engine.add(collection)
    engine.export_to(tmp_path / "exported")
    file, none = str(collection / "photo" / "half.jpg"), "of 6 of 6 items nothing is kept"
    with Engine.create(tmp_path / "imported", engine.path / "model") as imported:
        imported.import_from(tmp_path / "exported")
        answer = imported.ask(Query(files=[(Path(file), 1.0)], like="exact"))
        assert (answer.hits, answer.notes[1].startswith(none)) == ([], True)
        told = CliRunner().invoke(main, ["query", str(imported.path), file, "--like", "exact"])
        assert "items nothing is kept to recognise copies by; opensearch compact" in told.stderr
        assert imported.compact().imprints == 6
        answer = imported.ask(Query(files=[(Path(file), 1.0)], like="exact"))
        assert len(answer.hits) == 4
        assert "nothing is kept" not in " ".join(answer.notes)


def test_of_a_large_index_the_nearest_are_compared_and_that_is_said(engine, collection):
    engine.add(collection)
    every = engine.ask(Query(keys=["photo/half.jpg"], like="exact"))
    enough = engine.ask(Query(keys=["photo/half.jpg"], like="exact", compared=6))
    assert enough == every
    few = engine.ask(Query(keys=["photo/half.jpg"], like="exact", compared=3))
    nearest = engine.search(keys=["photo/half.jpg"], score="hamming", refine=False, k=2)
    assert {hit.id for hit in few.hits} <= {hit.id for hit in nearest}  # itself is the third
    assert few.hits == [hit for hit in every.hits if hit.id in {near.id for near in nearest}]
    assert "compared with the 3 of 6 items that are nearest by code" in few.notes
    with pytest.raises(InvalidInput, match="compared must be a whole number of 1 or more, got 0"):
        Query(keys=["photo/half.jpg"], like="exact", compared=0)
