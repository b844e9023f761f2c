"""Embeddings that were made before: stored with codes of the index's own, or refused by row."""

import io

import numpy as np
import pytest
from PIL import Image

from opensearch.engine import Engine
from opensearch.engine.ingest import embeddings as module
from opensearch.errors import IndexMismatch, InvalidInput, PartlyStored, StoreError


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as made:
        yield made


@pytest.fixture(scope="module")
def files():
    """Four photos as bytes."""
    made = []
    for seed in range(4):
        buffer = io.BytesIO()
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), np.uint8)
        Image.fromarray(pixels).save(buffer, "PNG")
        made.append(buffer.getvalue())
    return made


def unit(count, dim, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, dim))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def dim_of(engine):
    return engine.model.bundle.card.dim


def test_they_are_found_as_the_files_they_were_made_of_are(engine, files, toy_model, tmp_path):
    """Same codes, and the scores of an index that read the files itself, perhaps in bf16."""
    keys = [f"p/{number}" for number in range(4)]
    rows = engine.embed(files, domain="photo")
    ids = engine.add_embeddings(
        rows, "photo", keys, [{"n": n} for n in range(4)], ["disc", None, None, None]
    )
    assert ids.tolist() == [0, 1, 2, 3]
    with Engine.create(tmp_path / "read", toy_model) as other:
        other.add_items(files, keys, domain="photo")
        ours, theirs = (
            {hit.key: hit.score for hit in each.search(files[2], source="photo")}
            for each in (engine, other)
        )
    assert ours == pytest.approx(theirs, abs=0.005)
    assert max(ours, key=ours.get) == "p/2"
    nearest, _ = engine.search_batch(engine.codes(rows, "photo"), k=1)
    assert nearest.tolist() == [[0]] * 4
    hit = engine.search(keys=["p/1"], where="n = 0")[0]
    assert (hit.key, hit.category, hit.path, hit.metadata) == ("p/0", "disc", "", {"n": 0})
    assert engine.verify() == []


def test_rows_of_half_precision_are_made_exact_and_others_refused_by_number(engine):
    rows = unit(3, dim_of(engine))
    halves = rows.astype(np.float16)
    engine.add_embeddings(halves, "photo", ["a", "b", "c"])
    exact = halves.astype(np.float64)
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    expected = engine.model.hasher.encode(exact.astype(np.float32), "photo")
    assert engine.search_batch(expected, k=1)[0].tolist() == [[0]] * 3
    wrong = rows.copy()
    wrong[1] *= 3
    with pytest.raises(
        InvalidInput, match=r"row 1 has length 3 \(1 of 3 are no unit rows\); divide"
    ):
        engine.add_embeddings(wrong, "photo", ["d", "e", "f"])
    wrong[1] = 0
    with pytest.raises(InvalidInput, match="row 1 has length 0 "):
        engine.add_embeddings(wrong, "photo", ["d", "e", "f"])
    wrong[1] = np.nan
    with pytest.raises(InvalidInput, match="row 1 holds NaN"):
        engine.add_embeddings(wrong, "photo", ["d", "e", "f"])
    with pytest.raises(InvalidInput, match=rf"shape \(n, {dim_of(engine)}\), as this index's"):
        engine.add_embeddings(unit(1, 9), "photo", ["d"])
    assert len(engine) == 3


def test_a_domain_without_an_encoder_is_held_too(engine, tmp_path):
    """Whatever lies in the space can be found from any domain, and travels."""
    rows = unit(3, dim_of(engine))
    engine.add_embeddings(rows, "sound", ["s/1", "s/2", "s/3"])
    assert {hit.domain for hit in engine.search(text="disc", targets=["sound"])} == {"sound"}
    assert engine.export_to(tmp_path / "out") == 3
    with Engine.open_for(tmp_path / "out", tmp_path / "other", engine.path / "model") as other:
        assert other.import_from(tmp_path / "out").added == 3
        assert other.get("s/2").domain == "sound"
    engine.compact()
    assert {hit.key for hit in engine.search(keys=["s/2"])} == {"s/1", "s/3"}


def test_those_of_another_encoder_are_refused_when_they_say_so(engine):
    marks = engine.info()["identities"]
    rows = unit(1, dim_of(engine))
    for number, part in enumerate(("encoder/photo", "encoder/sketch", "space")):
        engine.add_embeddings(rows, "photo", [f"k{number}"], made_by=marks[part])
    for domain, part in (("photo", "encoder/photo"), ("sound", "space")):
        with pytest.raises(IndexMismatch, match=f"this index's {part} is '{marks[part]}': cosines"):
            engine.add_embeddings(rows, domain, ["x"], made_by="another")
    with pytest.raises(IndexMismatch, match="may mean nothing, as the encoder is another one by"):
        engine.add_embeddings(rows, "photo", ["x"], made_by="another")
    with pytest.raises(IndexMismatch):  # it is what makes codes, not embeddings
        engine.add_embeddings(rows, "photo", ["x"], made_by=marks["hash"])
    assert sorted(engine) == ["k0", "k1", "k2"]


def test_keys_are_replaced_and_batches_kept(engine, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    rows = unit(5, dim_of(engine))
    assert engine.add_embeddings(rows, "photo", list("abcde")).tolist() == [0, 1, 2, 3, 4]
    assert engine.add_embeddings(rows[:1], "photo", ["c"]).tolist() == [5]
    assert sorted(engine) == list("abcde")
    assert engine.add_embeddings(rows[:0], "photo", []).tolist() == []
    whole = engine._store.put
    calls = []

    def full(*given):
        calls.append(len(given[0]))
        if len(calls) == 3:
            raise StoreError("no room")
        return whole(*given)

    monkeypatch.setattr(type(engine._store), "put", lambda self, *given: full(*given))
    with pytest.raises(
        PartlyStored, match=r"the first 4 of 5 embeddings are stored.*no room"
    ) as cut:
        engine.add_embeddings(rows, "photo", list("vwxyz"))
    assert cut.value.ids.tolist() == [6, 7, 8, 9]
    assert [item.key for item in engine.items(cut.value.ids)] == list("vwxy")
