"""The main job on real files: train on cached features, index, search across domains.

Needs the collections named by OPENSEARCH_DATA, and beside them `weights/` with a pretrained
backbone.
"""

import csv
import os
import shutil
from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest

from opensearch.config import ReaderSettings
from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import find_sources
from opensearch.engine import Engine
from opensearch.methods.configs import load_train_config
from opensearch.records import Source

pytestmark = pytest.mark.realdata

SEEN = ("airplane", "book", "bottle", "car", "chair", "fish")
UNSEEN = ("cup", "guitar")
COUNTS = {"train": 14, "test": 5, "unseen": 5}


@pytest.fixture(scope="module")
def data():
    return Path(os.environ["OPENSEARCH_DATA"])


@pytest.fixture(scope="module")
def part(data, tmp_path_factory):
    """Eight categories of the triad, a few files of each."""
    folder = tmp_path_factory.mktemp("triad")
    taken, rows = Counter(), []
    with (data / "triad" / "split.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            place = (row["domain"], row["category"], row["split"])
            if row["category"] in SEEN + UNSEEN and taken[place] < COUNTS[row["split"]]:
                taken[place] += 1
                rows.append(row)
                (folder / row["path"]).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(data / "triad" / row["path"], folder / row["path"])
    with (folder / "split.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["path", "domain", "category", "split"])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="module")
def engine(data, part, tmp_path_factory):
    from opensearch.methods import Training, train

    out = tmp_path_factory.mktemp("real")
    overrides = [
        f"space.provider=vectors:{data / 'vectors' / 'word2vec-450.txt'}",
        f"backbone.weights={data.parent / 'weights' / 'mobilenet_v2-imagenet1k.pth'}",
        "size=128",
        "loop.batch=32",
        "refinement.rule=fixed",
    ]
    train(Training(load_train_config("prototype", overrides), [part], out / "model"))
    with Engine.create(out / "index", out / "model") as engine:
        report = engine.add(part)
        assert report.closes
        assert report.failed == 0
        yield engine


@pytest.mark.parametrize(("source", "target"), list(permutations(["sketch", "photo", "shape"], 2)))
def test_new_files_of_trained_categories_find_their_own(engine, part, source, target):
    """P@5 over the test files; by chance it is about 1/8."""
    right = queries = 0
    with (part / "split.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["domain"] == source and row["split"] == "test":
                hits = engine.search(part / row["path"], source=source, targets=[target], k=5)
                right += sum(hit.category == row["category"] for hit in hits)
                queries += 1
    assert queries >= 20
    assert right / (5 * queries) > 0.4


def test_words_find_trained_categories_in_every_domain(engine):
    for domain in ("photo", "shape", "sketch"):
        right = 0
        for word in SEEN:
            hits = engine.search(text=word, targets=[domain], k=5)
            right += sum(hit.category == word for hit in hits)
        assert right / (5 * len(SEEN)) > 0.5, domain


def test_a_second_run_encodes_nothing(engine, part):
    report = engine.add(part)
    assert (report.added, report.replaced, report.failed) == (0, 0, 0)
    assert engine.verify() == []


def test_stroke_files_and_raw_meshes_are_read(data):
    readers = {
        "sketch": open_reader(ReaderSettings(reader="sketch", size=64)),
        "shape": open_reader(ReaderSettings(reader="mesh", size=64, views=2)),
    }
    counts = Counter()
    for folder, domain in (("strokes", "sketch"), ("meshes-raw", "shape")):
        found = [s for s in find_sources(data / folder) if isinstance(s, Source)]
        for source in found[:: max(1, len(found) // 40)]:
            views = readers[domain](source.path, source.part).views
            assert views.min() < 160 < views.max()  # ink or a shaded shape on white
            counts[domain] += 1
    assert counts["sketch"] >= 40
    assert counts["shape"] == 6
