"""The demo's collection: what is shipped is what the script makes, and readable."""

import zipfile
from importlib.resources import files
from itertools import chain

import numpy as np
import pytest

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import read_collection
from opensearch.domains.mesh import load_triangles
from opensearch.experiments.demo_collection import ARCHIVE, unpack_demo
from opensearch.limits import Limits
from tools.figures import FIGURES
from tools.make_demo import COUNT, demo_files, main

READERS = {"photo": "image", "shape": "mesh", "sketch": "sketch"}
SUFFIXES = {"photo": ".jpg", "shape": ".ply", "sketch": ".png"}
AGAIN = ("airplane", "bus", "cup", "sword", "tree")  # of all scenes; a file of each made anew


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo") / "collection"
    unpack_demo(folder)
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """All shapes of the collection and a few of its pictures and sketches, made anew."""
    folder = tmp_path_factory.mktemp("made")
    drawn = demo_files(1, AGAIN, ["photo", "sketch"])
    for key, content in chain(demo_files(COUNT, tuple(FIGURES), ["shape"]), drawn):
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(content)
    return folder


def reader(domain):
    views = {"views": 1} if domain == "shape" else {}
    return open_reader(ReaderSettings(reader=READERS[domain], size=64, **views))


def test_every_domain_holds_every_category(shipped):
    found = sorted((s.domain, s.category, s.path.name) for s in read_collection(shipped))
    assert found == [
        (domain, category, f"{number:02d}{SUFFIXES[domain]}")
        for domain in READERS
        for category in sorted(FIGURES)
        for number in range(COUNT)
    ]


def test_the_shipped_files_are_those_the_script_makes(shipped, made):
    """Compared as what they show: encoders of pictures differ in bytes between machines."""
    for source in read_collection(made):
        old = shipped / source.key
        if source.domain == "shape":
            points, faces = load_triangles(source.path, Limits())
            shown, joined = load_triangles(old, Limits())
            assert faces.tolist() == joined.tolist(), source.key
            np.testing.assert_allclose(points, shown, atol=1e-5)
        else:
            here, there = (reader(source.domain)(p, None).views for p in (source.path, old))
            apart = np.abs(here.astype(int) - there).mean()
            assert apart < 0.5, f"{source.key}: run python -m tools.make_demo"
    assert len(read_collection(made)) == COUNT * len(FIGURES) + 2 * len(AGAIN)


def test_two_individuals_are_further_apart_than_the_drift_allowed(shipped):
    for domain in ("photo", "sketch"):
        one, other = (
            reader(domain)(shipped / domain / "cup" / f"0{n}{SUFFIXES[domain]}", None).views
            for n in (0, 1)
        )
        assert np.abs(one.astype(int) - other).mean() > 5


def test_no_two_files_are_alike(shipped):
    for domain in READERS:
        paths = [s.path for s in read_collection(shipped) if s.domain == domain]
        assert len({path.read_bytes() for path in paths}) == len(paths)


def test_it_stays_small():
    with (files("opensearch.experiments") / ARCHIVE).open("rb") as file:
        entries = zipfile.ZipFile(file).infolist()
    assert sum(entry.file_size for entry in entries) < 3_000_000
    assert {entry.date_time[0] for entry in entries} == {1980}


def test_the_script_writes_the_same_archive_twice(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.make_demo.FIGURES", {"table": FIGURES["table"]})
    for name in ("a.zip", "b.zip"):
        main([str(tmp_path / name), "--count", "1"])
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert zipfile.ZipFile(tmp_path / "a.zip").namelist() == [
        "photo/table/00.jpg",
        "shape/table/00.ply",
        "sketch/table/00.png",
    ]
