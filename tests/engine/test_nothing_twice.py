"""A run of `add` lists each folder once and digests each file once at most."""

import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.collections import catalog
from opensearch.domains.collections.walk import Ignored
from opensearch.domains.opening import opener
from opensearch.domains.opening.opener import Opener
from opensearch.engine import Engine
from opensearch.engine.ingest.listing import Listing
from opensearch.records import Failure, Source, Stamp

GOLDEN = Path(__file__).parents[1] / "golden" / "model"
FILES = ("a.png", "s/b.png", "s/c.png", "t/deep/d.png")


@pytest.fixture
def engine(tmp_path):
    with Engine.create(tmp_path / "index", GOLDEN) as made:
        yield made


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "photos"
    for seed, name in enumerate(FILES):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
        Image.fromarray(noise).save(folder / name)
    return folder


@pytest.fixture
def counted(monkeypatch):
    """Folders listed and files digested in this process, which reads the files as well."""
    monkeypatch.setenv("OPENSEARCH_READERS", "0")
    listed, digested = Counter(), Counter()
    scandir, digest = os.scandir, catalog.digest

    def count_folder(path="."):
        listed[str(path)] += 1
        return scandir(path)

    def count_file(source):
        digested[source.path.name] += 1
        return digest(source)

    monkeypatch.setattr(os, "scandir", count_folder)
    for room in (opener, catalog):
        monkeypatch.setattr(room, "digest", count_file)
    return listed, digested


def once(folder):
    return {str(path): 1 for path in (folder, *(p for p in folder.rglob("*") if p.is_dir()))}


def of(listed, folder):
    return {path: count for path, count in listed.items() if path.startswith(str(folder))}


def names(pictures):
    return {path.name: 1 for path in pictures.rglob("*.png")}


def test_an_empty_index(engine, pictures, counted):
    folders = once(pictures)
    counted[0].clear()
    assert engine.add(pictures, domain="photo").added == len(FILES)
    assert of(counted[0], pictures) == folders
    assert counted[1] == names(pictures)


def test_new_changed_moved_and_touched_files_of_a_filled_index(engine, pictures, counted):
    engine.add(pictures, domain="photo")
    new, changed, moved, touched = (pictures / name for name in ("n.png", *FILES[:3]))
    shutil.copy(changed, new)
    Image.new("RGB", (9, 9), "red").save(changed)
    moved.rename(moved.with_name("moved.png"))
    os.utime(touched, ns=(1, 1))
    folders = once(pictures)
    for counter in counted:
        counter.clear()
    report = engine.add(pictures, domain="photo")
    assert (report.added, report.replaced, report.moved, report.unchanged) == (1, 1, 1, 2)
    assert of(counted[0], pictures) == folders
    assert counted[1] == {"n.png": 1, "a.png": 1, "moved.png": 1, "c.png": 1}


def test_items_under_keys_of_the_callers(engine, pictures, counted):
    paths = sorted(pictures.rglob("*.png"))
    engine.add_items([*paths, paths[0].read_bytes()], list("abcde"), domain="photo")
    assert counted[1] == names(pictures)


def test_comparing_by_content_and_dry_runs(engine, pictures, counted):
    engine.add(pictures, domain="photo")
    Image.new("RGB", (9, 9), "red").save(pictures / "a.png")
    folders = once(pictures)
    for options in ({"dry_run": True}, {}):
        for counter in counted:
            counter.clear()
        assert engine.add(pictures, domain="photo", compare="content", **options).replaced == 1
        assert of(counted[0], pictures) == folders
        assert counted[1] == names(pictures)


def test_a_file_that_changed_since_it_was_looked_at_is_digested_again(pictures):
    from opensearch.config import ReaderSettings
    from opensearch.limits import Limits

    opener = Opener({"photo": ReaderSettings(reader="image", size=32)}, Limits())
    file = pictures / "a.png"
    status, right = file.stat(), catalog.digest(Source(file, "a.png"))
    kept = Stamp(status.st_size, status.st_mtime_ns, b"as it was told")
    stale = Stamp(status.st_size, status.st_mtime_ns - 1, b"as it was told")
    found = [opener.open(file, None, "photo", True, stamp=stamp) for stamp in (kept, stale, None)]
    assert [opened.digest for opened in found] == [kept.digest, right, right]


def test_a_listing_gives_what_was_found_in_its_order_again_and_again(tmp_path):
    found = [
        Source(Path("/a/é\udce9.png"), "é.png", None, "photo", "cup", "test", {"n": 1.5}),
        Source(Path("b.ndjson"), "b.ndjson#2", 2),
        Ignored(Path(".x"), "", "hidden"),
        Failure("c\n.png", "is\u2028odd"),
    ]
    with Listing(iter(found)) as listing:
        assert len(listing) == 4
        assert list(listing) == found
        assert list(listing) == found
