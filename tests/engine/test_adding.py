"""Adding to an index: what is encoded, what is left alone, and books that close."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.engine import Engine
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.errors import InvalidInput, StoreError, UnreadableFile
from opensearch.store import LmdbStore


@pytest.fixture
def files(toy_collection, tmp_path):
    """A folder of its own: the test part of the toy collection, without its manifest."""
    folder = tmp_path / "files"
    for domain in ("photo", "shape", "sketch"):
        for category in ("disc", "cube", "bar"):
            shutil.copytree(toy_collection / domain / category, folder / domain / category)
    return folder


@pytest.fixture
def engine(toy_model, tmp_path):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        yield engine


def codes(engine):
    """Code of every key, read from the store itself."""
    with LmdbStore.open(IndexFolder.open(engine.path).store, readonly=True) as store:
        rows = {
            int(id_): code.tobytes()
            for domain in store.meta().counts
            for block in store.blocks(domain)
            for id_, code in zip(block.ids, block.codes, strict=True)
        }
        return {item.key: rows[item.id] for item in store.walk()}


def books(report):
    assert report.closes
    return (report.added, report.replaced, report.moved, report.unchanged, report.failed)


@pytest.mark.parametrize("year", [1600, 1969, 2500, 3000])
def test_a_file_of_any_year_is_stored_and_carried_over(toy_model, tmp_path, year):
    Image.new("RGB", (8, 8), "red").save(tmp_path / "a.png")
    seconds = round((year - 1970) * 365.2425 * 86400)
    os.utime(tmp_path / "a.png", ns=(0, seconds * 10**9))
    with Engine.create(tmp_path / "index", toy_model) as engine:
        report = engine.add(tmp_path / "a.png", domain="photo")
        assert (report.added, report.failures) == (1, [])
        assert engine.add(tmp_path / "a.png", domain="photo").unchanged == 1
        engine.export_to(tmp_path / "out")
    with Engine.create(tmp_path / "other", toy_model) as engine:
        assert engine.import_from(tmp_path / "out").added == 1
        assert engine.add(tmp_path / "a.png", domain="photo").unchanged == 1


def test_a_second_run_encodes_nothing(engine, files, monkeypatch):
    first = engine.add(files)
    n = first.added
    assert n == sum(1 for path in files.rglob("*.*"))
    monkeypatch.setattr(
        type(engine.model), "opened", lambda *_: pytest.fail("an unchanged file was read")
    )
    assert books(engine.add(files)) == (0, 0, 0, n, 0)


def test_a_code_does_not_depend_on_the_company_of_its_file(engine, files, toy_model, tmp_path):
    engine.add(files)
    together = codes(engine)
    with Engine.create(tmp_path / "one-by-one", toy_model) as other:
        for path in sorted(files.rglob("*.*"), reverse=True)[::3]:
            other.add(path, domain=path.relative_to(files).parts[0])
        alone = codes(other)
    by_name = {}
    for key, code in together.items():
        by_name.setdefault(key.rsplit("/", 1)[1], set()).add(code)
    assert alone
    assert all(code in by_name[key.rsplit("/", 1)[-1]] for key, code in alone.items())


def test_changed_touched_moved_and_removed_files(engine, files):
    n = engine.add(files).added
    changed, touched, moved, gone = sorted((files / "photo" / "disc").iterdir())[:4]
    Image.new("RGB", (40, 40), "green").save(changed)
    os.utime(touched, ns=(1, 1))
    moved.rename(moved.with_name("elsewhere.jpg"))
    gone.unlink()
    before = codes(engine)
    report = engine.add(files, prune=True)
    assert books(report) == (0, 1, 1, n - 3, 0)
    assert report.removed == 1
    after = codes(engine)
    assert set(before) - set(after) == {f"photo/disc/{moved.name}", f"photo/disc/{gone.name}"}
    assert after["photo/disc/elsewhere.jpg"] == before[f"photo/disc/{moved.name}"]
    assert [item.path for item in engine.records() if item.mtime_ns == 1] == [str(touched)]
    assert engine.verify() == []


def test_a_folder_that_moved_as_a_whole_is_not_encoded_again(engine, files, monkeypatch):
    n = engine.add(files).added
    files.rename(files.with_name("renamed"))
    monkeypatch.setattr(type(engine.model), "opened", lambda *_: pytest.fail("read again"))
    assert books(engine.add(files.with_name("renamed"))) == (0, 0, n, 0, 0)
    hit = engine.search(keys=["photo/disc/00.jpg"], k=1, refine=False)[0]
    assert "renamed" in hit.path


def test_without_prune_vanished_files_stay(engine, files):
    n = engine.add(files).added
    shutil.rmtree(files / "shape")
    report = engine.add(files)
    assert report.removed == 0
    assert sum(engine.info()["items"].values()) == n


def test_prune_spares_other_folders_and_a_root_that_vanished(engine, files, tmp_path):
    n = engine.add(files).added
    other = tmp_path / "other"
    shutil.copytree(files / "photo" / "disc", other / "photo" / "disc")
    added = engine.add(other).added
    shutil.rmtree(files / "sketch")
    assert engine.add(other, prune=True).removed == 0
    assert sum(engine.info()["items"].values()) == n + added


def test_one_key_in_two_folders_names_both(engine, files, tmp_path):
    engine.add(files / "photo", domain="photo")
    other = tmp_path / "other" / "photo"
    shutil.copytree(files / "photo", other)
    for path in other.rglob("*.jpg"):
        Image.new("RGB", (30, 30), "blue").save(path)
    report = engine.add(other, domain="photo")
    assert (report.replaced, report.moved, report.failed) == (0, 0, 0)
    keys = codes(engine)
    assert "disc/00.jpg" in keys
    assert "photo/disc/00.jpg" in keys
    assert engine.add(other, domain="photo").unchanged == report.added


def test_a_file_in_two_sources_is_one_item(engine, files):
    report = engine.add(files, files / "photo", files / "sketch" / "bar")
    assert report.closes
    assert report.added == len(engine) == sum(1 for path in files.rglob("*.*"))
    assert report.ignored_suffixes == {"in two sources": report.ignored}
    again = engine.add(files, files)
    assert again.unchanged == again.ignored == report.added


def test_a_folder_and_a_link_to_it_are_one(engine, files, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(files, target_is_directory=True)
    count = sum(1 for path in files.rglob("*.*"))
    report = engine.add(link, files, link / "photo")
    assert report.closes
    assert (report.added, len(engine)) == (count, count)
    assert report.ignored_suffixes == {"in two sources": report.ignored}
    keys = set(codes(engine))
    for again in (files, link, files / "photo"):
        report = engine.add(again)
        assert (report.added, report.replaced, report.failed) == (0, 0, 0)
    assert set(codes(engine)) == keys


def test_a_link_to_a_file_is_a_file_of_its_own(engine, files):
    first = files / "photo" / "disc" / "00.jpg"
    first.with_name("linked.jpg").symlink_to(first)
    engine.add(files, files / "photo")
    assert {"photo/disc/00.jpg", "photo/disc/linked.jpg"} <= set(codes(engine))


def test_equal_files_are_items_of_their_own(engine, files):
    first = files / "photo" / "disc" / "00.jpg"
    shutil.copy(first, first.with_name("copy.jpg"))
    engine.add(files)
    assert codes(engine)["photo/disc/copy.jpg"] == codes(engine)["photo/disc/00.jpg"]


def test_bad_files_among_good_are_named_with_their_reason(engine, files):
    good = sum(1 for _ in files.rglob("*.*"))
    folder = files / "photo" / "disc"
    (folder / "empty.png").write_bytes(b"")
    (folder / "cut.jpg").write_bytes((folder / "00.jpg").read_bytes()[:300])
    (folder / "text.png").write_text("not a picture")
    (files / "shape" / "disc" / "flat.off").write_text("OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n")
    nan = "OFF\n3 1 0\nnan 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
    (files / "shape" / "disc" / "nan.off").write_text(nan)
    Image.new("RGB", (32, 32), "red").save(folder / "café—фото.png")
    (folder / "notes.txt").write_text("no item")
    report = engine.add(files)
    assert report.closes
    assert (report.added, report.failed, report.ignored) == (good + 1, 5, 1)
    assert report.ignored_suffixes == {".txt": 1}
    reasons = {failure.path.rsplit("/", 1)[1]: failure.reason for failure in report.failures}
    assert set(reasons) == {"empty.png", "cut.jpg", "text.png", "flat.off", "nan.off"}
    assert "is empty" in reasons["empty.png"]
    assert all(reasons.values())
    assert "photo/disc/café—фото.png" in codes(engine)


def test_strict_stops_at_the_first_bad_file_and_keeps_what_was_stored(engine, files):
    engine.add(files / "photo")
    (files / "sketch" / "bad.png").write_bytes(b"x")
    with pytest.raises(UnreadableFile, match="bad"):
        engine.add(files, strict=True)
    assert engine.verify() == []


def test_a_file_that_turns_bad_keeps_its_item(engine, files):
    engine.add(files)
    path = files / "photo" / "disc" / "00.jpg"
    before = codes(engine)
    path.write_bytes(b"")
    report = engine.add(files)
    assert (report.failed, report.removed) == (1, 0)
    assert codes(engine) == before


def test_a_missing_source_is_refused_before_anything_is_read(engine, tmp_path):
    with pytest.raises(InvalidInput, match="does not exist; give an address as text"):
        engine.add(Path("s3://bucket/photos"))
    with pytest.raises(InvalidInput, match=r"does not exist$"):
        engine.add(tmp_path / "nowhere")


def test_an_empty_folder_is_no_error(engine, tmp_path):
    (tmp_path / "empty").mkdir()
    assert books(engine.add(tmp_path / "empty")) == (0, 0, 0, 0, 0)


def test_a_domain_the_model_lacks_is_named(engine, files):
    with pytest.raises(InvalidInput, match="no domain 'cartoon'; it has photo, shape, sketch"):
        engine.add(files, domain="cartoon")


def test_progress_reaches_every_file(engine, files):
    seen = []
    report = engine.add(files, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (report.seen, report.seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_an_index_is_not_made_over_other_files(toy_model, tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(StoreError, match="holds other files"):
        Engine.create(tmp_path, toy_model)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_ready_codes_are_found_by_code_and_scored_by_it(engine):
    rng = np.random.default_rng(0)
    given = rng.integers(0, 256, (50, 2), np.uint8)
    ids = engine.add_codes(given, domain="photo", metadata=[{"n": i} for i in range(50)])
    distances, found = engine.search_batch(given[:5], ["photo"], k=50)
    expected = np.unpackbits(given[:5, None] ^ given[None], axis=2).sum(axis=2)
    assert np.array_equal(distances, np.sort(expected, axis=1))
    assert sorted(found[0].tolist()) == ids.tolist()
    hits = engine.search(text="disc", targets=["photo"], k=3, where="n < 2")
    assert {hit.metadata["n"] for hit in hits} == {0, 1}
    logits = engine.model.hasher.logits(engine.model.space.prototypes(["disc"]))[0]
    for hit in hits:
        signs = 2.0 * np.unpackbits(given[hit.metadata["n"]]) - 1
        assert hit.score == pytest.approx(logits @ signs / np.linalg.norm(logits) / 4, abs=2e-6)


def test_a_key_of_ready_codes_that_comes_twice_is_refused(engine):
    codes = np.zeros((3, engine.model.bundle.card.bits // 8), np.uint8)
    with pytest.raises(InvalidInput, match="keys must all be different, got 'q' twice"):
        engine.add_codes(codes, "photo", keys=["q", "r", "q"])
    assert len(engine) == 0
    engine.add_codes(codes, "photo")
    assert len(engine) == 3, "without keys they are named by their ids"


def test_a_guessed_sketch_that_no_reader_takes_is_named_with_the_reason_of_sketches(
    engine, tmp_path
):
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "cut.ndjson").write_text('{"word": "cup", "drawing": [[[0, 9')
    report = engine.add(tmp_path / "files")
    assert report.failed == 1
    assert "suffix" not in report.failures[0].reason
    assert report.failures[0].reason.startswith("sketch 'cut.ndjson")


def test_a_plain_picture_guessed_to_be_a_sketch_is_stored_as_a_picture(
    engine, tmp_path, monkeypatch
):
    from opensearch.domains.opening.guess import Guess

    monkeypatch.setenv("OPENSEARCH_READERS", "0")  # another process would not see the next line
    monkeypatch.setattr(
        "opensearch.domains.opening.opener.guess_domain", lambda *_: Guess("sketch", 0.1, False)
    )
    (tmp_path / "files").mkdir()
    Image.new("RGB", (40, 40), "blue").save(tmp_path / "files" / "blue.png")
    report = engine.add(tmp_path / "files")
    assert (report.added, report.guessed, report.guessed_files) == (1, 1, ["blue.png"])
    assert engine.info()["items"]["photo"] == 1
