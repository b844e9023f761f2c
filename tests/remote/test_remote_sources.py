"""Indexes of files at an address: the items of a folder, and as little fetched as in one."""

import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from opensearch.cli import main
from opensearch.cluster.worker import Worker, job_of
from opensearch.engine import Engine
from opensearch.engine.ingest.batches import Work
from opensearch.errors import InvalidInput, OverLimit, Refused, UnreadableFile
from opensearch.limits import Limits
from opensearch.records import Remote
from opensearch.remote import fetched, find_sources

MODEL = Path(__file__).parents[1] / "golden" / "model"
ROOT = "memory://bucket/photos"
NAMES = ("photo/cat/a.png", "photo/cat/b.png", "photo/dog/c.png", "photo/dog/d.png")


def png(seed):
    buffer = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def bucket(memory):
    """Puts a file below `ROOT`."""

    def put(name, data):
        memory.pipe_file(f"/bucket/photos/{name}", data)

    for seed, name in enumerate(NAMES):
        put(name, png(seed))
    return put


@pytest.fixture
def engine(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_READERS", "0")  # no processes
    with Engine.create(tmp_path / "index", MODEL) as made:
        yield made


@pytest.fixture
def opened(monkeypatch):
    """Paths that were opened to be read, in order."""
    found = []
    read = MemoryFileSystem.open

    def noted(self, path, *args, **options):
        found.append(path.removeprefix("/bucket/photos/"))
        return read(self, path, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "open", noted)
    return found


def books(report):
    assert report.closes
    return (report.added, report.replaced, report.moved, report.unchanged, report.failed)


def items(engine):
    """What is kept of each item but where its file lies and when it changed, in order of id."""
    return [
        (item.key, item.domain, item.category, item.size, item.digest, engine.thumbnail(item.id))
        for item in engine.items(engine.find().ids.tolist())
    ]


def paths(engine):
    return {item.key: item.path for item in engine.items(engine.find().ids.tolist())}


def test_the_index_is_that_of_a_folder(engine, bucket, tmp_path):
    for seed, name in enumerate(NAMES):
        (tmp_path / "all" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "all" / name).write_bytes(png(seed))
    report = engine.add(ROOT)
    with Engine.create(tmp_path / "other", MODEL) as other:
        assert books(other.add(tmp_path / "all")) == books(report) == (4, 0, 0, 0, 0)
        assert items(engine) == items(other)
        query = tmp_path / "all" / NAMES[0]
        told = [[(hit.key, hit.distance, hit.score) for hit in each.search(query)]
                for each in (engine, other)]  # fmt: skip
        assert told[0] == told[1]
    assert paths(engine) == {name: f"{ROOT}/{name}" for name in NAMES}
    assert engine.verify() == []
    assert len(engine.find(f"path ^= {ROOT}/photo/cat/")) == 2


def test_what_is_unchanged_is_not_fetched_again(engine, bucket, opened):
    engine.add(ROOT)
    assert sorted(opened) == sorted(NAMES)
    opened.clear()
    assert books(engine.add(f"{ROOT}/")) == (0, 0, 0, 4, 0)
    assert opened == []
    bucket(NAMES[0], png(0))  # touched
    bucket(NAMES[1], png(7))
    bucket("photo/cat/new.png", png(8))
    assert books(engine.add(ROOT)) == (1, 1, 0, 3, 0)
    assert set(opened) == {NAMES[0], NAMES[1], "photo/cat/new.png"}
    opened.clear()
    assert books(engine.add(ROOT)) == (0, 0, 0, 5, 0)
    assert books(engine.add(ROOT, compare="content")) == (0, 0, 0, 5, 0)
    assert len(opened) == 5


def test_pruning_asks_what_lies_there(engine, bucket, memory):
    engine.add(ROOT)
    memory.rm(f"/bucket/photos/{NAMES[0]}")
    planned = engine.add(ROOT, prune=True, dry_run=True)
    assert planned.removed == 1
    assert engine.add(ROOT, prune=True).removed == 1
    assert sorted(paths(engine)) == sorted(NAMES[1:])
    for name in NAMES[2:]:
        memory.rm(f"/bucket/photos/{name}")
    with pytest.raises(
        Refused, match="the files of 2 of the 3 items of memory://bucket/photos are gone"
    ):
        engine.add(ROOT, prune=True)
    assert engine.add(ROOT, prune="force").removed == 2


def test_a_copy_in_a_folder_takes_nothing_from_the_item_at_the_address(engine, bucket, tmp_path):
    engine.add(ROOT)
    copy = tmp_path / "all" / NAMES[0]
    copy.parent.mkdir(parents=True)
    copy.write_bytes(png(0))
    assert books(engine.add(tmp_path / "all", prune=True)) == (1, 0, 0, 0, 0)
    assert paths(engine) == {
        **{name: f"{ROOT}/{name}" for name in NAMES},
        f"all/{NAMES[0]}": str(copy),
    }


def test_a_key_that_is_taken_gets_more_of_the_address(engine, bucket, memory):
    engine.add(ROOT)
    memory.pipe_file(f"/elsewhere/photos/{NAMES[0]}", png(9))
    engine.add("memory://elsewhere/photos")
    assert paths(engine)[f"photos/{NAMES[0]}"] == f"memory://elsewhere/photos/{NAMES[0]}"


def test_bad_files_are_rows_of_the_report(engine, bucket, monkeypatch):
    bucket("photo/cat/bad.png", b"no picture")
    read = MemoryFileSystem.open

    def broken(self, path, *args, **options):
        if path.endswith(NAMES[1]):
            raise ConnectionError("reset by peer")
        return read(self, path, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "open", broken)
    report = engine.add(ROOT)
    assert books(report) == (3, 0, 0, 0, 2)
    reasons = {failure.path: failure.reason for failure in report.failures}
    assert reasons[NAMES[1]] == "cannot be fetched: reset by peer"
    assert "'bad.png' holds no picture" in reasons["photo/cat/bad.png"]
    monkeypatch.undo()
    assert books(engine.add(ROOT)) == (1, 0, 0, 3, 1)


def test_no_more_is_fetched_than_the_limit(bucket, opened, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    size = len(png(0))
    with (
        pytest.raises(OverLimit, match=f"'a.png' holds {size:,} bytes, over the limit of 9"),
        fetched(Remote(f"{ROOT}/{NAMES[0]}", size, 0), Limits(bytes=9)),
    ):
        pass
    assert opened == []
    with (
        pytest.raises(OverLimit, match="over the limit of 9"),
        fetched(Remote(f"{ROOT}/{NAMES[0]}", 1, 0), Limits(bytes=9)),
    ):
        pass
    with fetched(Remote(f"{ROOT}/{NAMES[0]}", size, 0), Limits()) as copy:
        assert (copy.name, copy.read_bytes()) == ("a.png", png(0))
    with (
        pytest.raises(UnreadableFile, match="cannot be fetched"),
        fetched(Remote(f"{ROOT}/gone.png", 1, 0), Limits()),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_worker_fetches_by_itself(engine, bucket, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "auto")  # a worker sets them in its own process
    monkeypatch.setenv("OPENSEARCH_THREADS", "0")
    worker = Worker()
    worker.prepare(job_of(engine.model, 1))
    works = [
        Work(source, source.key, source.remote.address, False, given=source.remote)
        for source in find_sources(ROOT)
    ]
    done = worker.encode(works)
    assert [each.error for each in done] == [None] * 4
    assert [each.source.stamp.mtime_ns for each in done] == [
        work.source.remote.mtime_ns for work in works
    ]


def test_the_command_line_takes_addresses(tmp_path, bucket):
    words = ["index", ROOT, "--to", str(tmp_path / "made"), "--model", str(MODEL)]
    planned = CliRunner().invoke(main, [*words, "--dry-run"])
    assert planned.output.splitlines()[-1].startswith("4 seen = 4 added")
    made = CliRunner().invoke(main, words)
    assert (made.exit_code, made.output.splitlines()[0][:16]) == (0, "4 seen = 4 added")
    listed = CliRunner().invoke(main, ["list", str(tmp_path / "made"), "--paths"])
    assert listed.stdout.split() == [f"{ROOT}/{name}" for name in NAMES]
    place = str(tmp_path / "made")
    for folder in (f"{ROOT}/photo/cat", f"{ROOT}/photo/cat/"):
        some = CliRunner().invoke(main, ["list", place, "--folder", folder, "--paths"])
        assert some.stdout.split() == [f"{ROOT}/{name}" for name in NAMES[:2]]
    gone = CliRunner().invoke(main, ["remove", place, "--folder", f"{ROOT}/photo/cat", "--ignore"])
    assert gone.stdout.startswith("2 removed")
    back = CliRunner().invoke(main, ["remove", place, "--folder", f"{ROOT}/photo", "--unignore"])
    assert back.stdout.startswith("2 ignored no longer")
    wrong = CliRunner().invoke(main, ["index", "memory://none", "--to", str(tmp_path / "made")])
    assert wrong.exit_code == 2
    assert "memory://none does not exist" in wrong.output


def test_nothing_is_left_of_an_index_of_an_address_where_nothing_lies(tmp_path):
    index = tmp_path / "made"
    wrong = CliRunner().invoke(main, ["index", "memory://none", "--to", str(index)])
    assert "memory://none does not exist" in wrong.output
    assert not index.exists()


def test_a_path_that_lost_a_slash_is_told(engine, tmp_path):
    with pytest.raises(InvalidInput, match="does not exist"):
        engine.add("memory://bucket/none")
