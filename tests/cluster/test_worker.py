"""What a worker does with a job: the features of this process to the bit, or a refusal."""

import os
import pickle
from dataclasses import replace

import pytest

from opensearch.cluster.on_ray import OnRay, _seen
from opensearch.cluster.worker import Job, Unseen, Worker, job_of
from opensearch.engine import Engine
from opensearch.engine.ingest.batches import Work
from opensearch.engine.ingest.encoding import IN_PLACE
from opensearch.errors import IndexMismatch, InvalidInput, MissingExtra, OpenSearchError
from opensearch.records import Source


@pytest.fixture
def model(toy_model, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "auto")  # a worker sets them in its own process
    monkeypatch.setenv("OPENSEARCH_THREADS", "0")
    monkeypatch.setenv("OPENSEARCH_READERS", "0")
    with Engine.create(tmp_path / "index", toy_model) as engine:
        yield engine.model


def works(collection):
    files = [*sorted((collection / "photo").rglob("*.*"))[:3], collection / "split.csv"]
    return [Work(Source(file, file.name), file.name, str(file), False) for file in files]


def travelled(value):
    """What arrives at a worker: Ray pickles what it sends, and these bytes are our own."""
    return pickle.loads(pickle.dumps(value))


def told(done):
    features = None if done.features is None else done.features.tobytes()
    work = done.source
    kept = (work.key, work.domain, work.thumbnail, work.imprint, work.stamp)
    return *kept, features, str(done.error)


def test_a_worker_gives_what_this_process_gives(model, toy_collection):
    worker = Worker()
    assert worker.prepare(travelled(job_of(model, 1))) == ""
    there = travelled(worker.encode(travelled(works(toy_collection))))
    here = list(IN_PLACE.encode_works(model, works(toy_collection)))
    assert [told(done) for done in there] == [told(done) for done in here]
    assert [done.features is None for done in there] == [False, False, False, True]


def test_a_worker_reads_in_as_many_processes_as_it_has_processors(model, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "")
    monkeypatch.setenv("OPENSEARCH_READERS", "")  # as if it were not set
    job = job_of(model, 3)
    assert job.runtime == "auto"
    Worker().prepare(job)
    assert os.environ["OPENSEARCH_READERS"] == str(job.processors)


def test_the_model_leaves_no_file_behind(model, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "here"))
    Worker().prepare(job_of(model, 1))
    assert list((tmp_path / "here").iterdir()) == []


@pytest.mark.parametrize("what", ["opensearch-visual", "readers", "runtime"])
def test_a_worker_that_would_give_other_codes_refuses(model, what):
    job = job_of(model, 1)
    other: Job = replace(job, same={**job.same, what: "another"})
    with pytest.raises(IndexMismatch, match=f"has {what} .*, but .* has another: their codes"):
        Worker().prepare(other)


def test_a_machine_that_rounds_otherwise_says_so(model):
    said = Worker().prepare(replace(job_of(model, 1), probe="of another processor"))
    assert "rounds numbers differently from this one" in said


def test_what_the_worker_does_not_see_but_we_do_is_no_fault_of_the_file(model, tmp_path):
    worker = Worker()
    worker.prepare(job_of(model, 1))
    file = tmp_path / "there.png"
    (done,) = worker.encode([Work(Source(file, "there.png"), "there.png", str(file), False)])
    assert isinstance(done.error, Unseen)
    assert _seen(done) is done
    file.write_bytes(b"it is here after all")
    with pytest.raises(OpenSearchError, match="see the sources under the same paths"):
        _seen(done)


@pytest.mark.parametrize("address", ["ray://head:10001", "head", "head:port", "", "  "])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(InvalidInput, match="'local', 'auto' or HOST:PORT, got"):
        OnRay(address)


def test_no_workers_are_refused():
    with pytest.raises(InvalidInput, match="1 or more, got 0"):
        OnRay("local", 0)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(MissingExtra, match=r"opensearch-visual\[ray\]"):
        OnRay("local")
