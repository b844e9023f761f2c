"""An index at another place is the same, ids and model included; whole, or not there."""

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli.group import main
from opensearch.engine import Engine
from opensearch.engine.exchange import copying
from opensearch.errors import StoreError
from opensearch.records import Item


@pytest.fixture
def index(tmp_path, toy_model):
    """Items of files and ready codes in turn, some removed, so that ids have gaps."""
    with Engine.create(tmp_path / "index", toy_model) as engine:
        store, dim = engine._store, engine.model.bundle.card.dim
        chance = np.random.default_rng(0)
        for batch in range(6):
            codes = chance.integers(0, 256, (7, 2), np.uint8)
            if batch % 3 == 2:
                engine.add_codes(codes, "photo")
                continue
            domain = ("photo", "shape")[batch % 2]
            items = [
                Item(-1, f"{domain}/{batch}/{at}é", domain, f"/p/{at}", "cup", 3, 5, b"d",
                     {"year": 2000 + at, "odd": [at]}, "image-1")
                for at in range(7)
            ]  # fmt: skip
            vectors = chance.normal(size=(7, dim)) if batch % 2 else None
            store.put(items, codes, vectors, [b"jpeg", b""] + [b"x"] * 5, imprints=[b"i"] * 7)
        engine.remove([f"photo/0/{at}é" for at in range(0, 7, 2)] + ["photo/#16"])
        yield engine


def everything(engine):
    """All that an index holds, with its ids."""
    store = engine._store
    items = list(store.every())
    ids = [item.id for item in items]
    rows, present = store.embeddings(ids)
    codes = {
        int(id_): code.tobytes()
        for domain in store.meta().domains
        for block in store.live(domain)
        for id_, code in zip(block.ids, block.codes, strict=True)
    }
    books = store.meta()
    return (
        sorted(items, key=lambda item: item.id), rows.tolist(), present.tolist(), codes,
        store.thumbnails(ids), store.imprints(ids), books.counts, books.embedded, books.unnamed,
        store.readers(), engine.model.bundle.card.identities,
    )  # fmt: skip


def test_a_copy_holds_the_same_under_the_same_ids(index, tmp_path, monkeypatch):
    monkeypatch.setattr(copying, "_PAGE", 5)
    seen = []
    assert index.copy_to(tmp_path / "copy", lambda *told: seen.append(told)) == len(index)
    assert seen[-1] == (len(index), len(index))
    with Engine.open(tmp_path / "copy") as copy:
        assert everything(copy) == everything(index)
        assert copy.verify() == []
        given = copy.add_codes(np.zeros((1, 2), np.uint8), "photo")
        assert given.min() > max(item.id for item in index.records())


def test_what_lies_there_is_left_as_it_is(index, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("mine")
    for there in ("taken", "index"):
        with pytest.raises(StoreError, match="is there already; name a new folder"):
            index.copy_to(tmp_path / there)
    assert (tmp_path / "taken" / "file").read_text() == "mine"


def test_a_copy_that_fails_leaves_nothing(index, tmp_path, monkeypatch):
    def fail(*_):
        raise StoreError("no room")

    monkeypatch.setattr(copying, "_put", fail)
    with pytest.raises(StoreError, match="no room"):
        index.copy_to(tmp_path / "copy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index"]


def test_files_that_are_ignored_are_so_in_the_copy(index, tmp_path):
    index.remove(["photo/0/1é"], ignore=True)
    index.copy_to(tmp_path / "copy")
    with Engine.open(tmp_path / "copy") as copy:
        assert copy.ignored() == index.ignored() != []


def test_the_verb_says_how_many_and_where(index, tmp_path):
    count, to = len(index), tmp_path / "copy"
    index.close()
    run = CliRunner().invoke(main, ["copy", str(tmp_path / "index"), "--to", str(to), "-q"])
    assert (run.exit_code, run.stdout) == (0, f"{count} copied to {to}\n")
    again = CliRunner().invoke(main, ["copy", str(to), "--to", str(tmp_path / "index"), "-q"])
    assert again.exit_code == 1
    assert "is there already; name a new folder" in again.stderr
    wrong = CliRunner().invoke(main, ["copy", str(to), "--to", "s3://bucket/x", "-q"])
    assert wrong.exit_code == 2
    assert "in a folder or at milvus://" in wrong.stderr
