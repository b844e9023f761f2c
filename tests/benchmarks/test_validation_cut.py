"""The validation collections hold train files alone, and nothing that is unseen anywhere."""

import importlib.util
from pathlib import Path

import pytest

from opensearch.domains.collections.catalog import read_collection
from opensearch.semantic.names import normalise

ROOT = Path(__file__).parents[2]
SEEN = ["car", "Chair", "hot_air_balloon", "knife", "ship", "table", "train", "wheel"]
DOMAINS = ["sketch", "photo", "shape"]


@pytest.fixture(scope="module")
def benchmark():
    path = ROOT / "benchmarks" / "validation_cut.py"
    spec = importlib.util.spec_from_file_location("validation_cut", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make(folder, groups):
    """A collection with ten files for each (domain, category, split); empty files do."""
    lines = ["path,domain,category,split"]
    for domain, category, split in groups:
        (folder / domain / category).mkdir(parents=True, exist_ok=True)
        for n in range(10):
            key = f"{domain}/{category}/{split}{n}.png"
            (folder / key).write_text(key)
            lines.append(f"{key},{domain},{category},{split}")
    (folder / "split.csv").write_text("\n".join(lines))


@pytest.fixture
def data(tmp_path):
    triad = [(d, c, s) for d in DOMAINS for c in SEEN for s in ("train", "test")]
    triad += [(d, "door", "train") for d in DOMAINS] + [(d, "cup", "unseen") for d in DOMAINS]
    make(tmp_path / "triad", [*triad, ("sketch", "ant", "train"), ("photo", "horse", "train")])
    hot = ("sketch", "hot air-balloon", "train")
    make(tmp_path / "sketchy", [("photo", "Door", "unseen"), ("photo", "car", "train"), hot])
    make(tmp_path / "tuberlin", [("sketch", name, "train") for name in ("cup", "chair")])
    make(tmp_path / "pacs", [("photo", "horse", "unseen"), ("photo", "car", "train")])
    return tmp_path


def test_the_rules(benchmark, data):
    originals = {name: read_collection(data / name) for name in benchmark.ORIGINALS}
    made = benchmark.cut(originals, draw=0)
    assert list(made) == ["triad", "sketchy", "tuberlin"]
    drawn = {normalise(s.category) for s in made["triad"] if s.split == "unseen"}
    assert len(drawn) == 5
    assert drawn < {normalise(name) for name in SEEN}
    for name, sources in made.items():
        train = {s.key for s in originals[name] if s.split == "train"}
        assert {s.key for s in sources} <= train
        names = {normalise(s.category) for s in sources}
        assert not names & {"door", "cup", "horse"}
        for source in sources:
            assert (source.split == "unseen") == (normalise(source.category) in drawn)
        assert {s.split for s in sources} <= (
            {"train", "test", "unseen"} if name == "triad" else {"train", "unseen"}
        )
    for domain in DOMAINS:
        for category in set(SEEN) - {c for c in SEEN if normalise(c) in drawn}:
            own = [s for s in made["triad"] if (s.domain, s.category) == (domain, category)]
            assert [s.split for s in own].count("test") == 2, (domain, category)
            assert len(own) == 10
    assert {s.split for s in made["triad"] if s.category == "ant"} == {"train"}


def test_a_draw_is_its_seeds(benchmark, data):
    originals = {name: read_collection(data / name) for name in benchmark.ORIGINALS}
    assert benchmark.cut(originals, 1) == benchmark.cut(originals, 1)
    draws = [tuple(benchmark.unseen(benchmark.cut(originals, n)["triad"])) for n in range(8)]
    assert len(set(draws)) > 1


def test_what_is_written_reads_as_it_was_cut(benchmark, data, tmp_path):
    originals = {name: read_collection(data / name) for name in benchmark.ORIGINALS}
    cut = benchmark.cut(originals, 0)["triad"]
    for _ in range(2):  # a second run over the first
        benchmark.write(cut, tmp_path / "out")
        again = read_collection(tmp_path / "out")
        fields = [(s.key, s.domain, s.category, s.split) for s in cut]
        assert [(s.key, s.domain, s.category, s.split) for s in again] == fields
        assert all(s.path.read_text() == s.key for s in again)
