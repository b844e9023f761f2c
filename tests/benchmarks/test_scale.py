"""The benchmark of scale: its data, its measures, and how a run goes on where it was."""

import json
import time

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import fresh, ingest, scale, scale_others, scale_peers, scale_report, scale_worker
from benchmarks.scale_data import AWAY, CLUSTERS, WITHIN, Case, codes_of, prepared, queries_of
from opensearch.errors import MissingExtra


def test_codes_lie_in_clusters_and_queries_at_their_distances():
    case = Case(3000, 64, "clustered")
    codes = codes_of(case)
    assert np.array_equal(codes, codes_of(case))
    queries = queries_of(case, codes)
    nearest = {
        kind: np.bitwise_count(some[:50, None] ^ codes).sum(axis=2).min(axis=1).mean()
        for kind, some in queries.items()
    }
    assert nearest["inside"] < nearest["away"] < nearest["anywhere"]
    # A query and a code of its cluster differ in a bit when just one of the two was flipped.
    chance = WITHIN * (1 - AWAY) + AWAY * (1 - WITHIN)
    assert nearest["away"] < 64 * chance < nearest["anywhere"]
    assert len(codes) / CLUSTERS > 5  # so that a cluster has a nearest code to find


@pytest.mark.parametrize(
    "name", ["opensearch", "opensearch-keyed", "opensearch-hnsw", "opensearch-ivf", "faiss-hnsw"]
)
def test_a_peer_is_built_opened_and_measured(tmp_path, name):
    case = Case(1000, 64, "random")
    arrays = prepared(case, tmp_path)
    built = scale_worker.build(
        scale_others.PEERS[name](tmp_path / "index", 64), arrays, time.perf_counter, 5
    )
    assert built["disk_mb"] > 0.008
    peer = scale_others.PEERS[name](tmp_path / "index", 64)
    found = scale_worker.search(peer, arrays, time.perf_counter, 5)
    assert set(found["kinds"]) == {"near", "anywhere"}
    assert found["add_found"] == 1
    for measures in found["kinds"].values():
        assert measures["exact"] == (measures["recall"] == 1)
        assert measures["exact"] or name.endswith(("hnsw", "ivf"))
        assert 0 < measures["ms"]["p50"] <= measures["ms"]["p99"]


def test_recall_counts_ties_as_found():
    nearest = np.array([[1, 2, 3], [4, 4, 4]])
    assert scale_worker.recall(np.array([[1, 3, 4], [4, 4, 5]]), nearest) == pytest.approx(4 / 6)


RESULT = {
    "effort": 0,
    "build_s": 1.0,
    "open_s": 0.5,
    "add_ms": 2.0,
    "rss_mb": 100.0,
    "disk_mb": 8.0,
    "kinds": {
        "near": {
            "ms": {"p50": 0.5, "p90": 1.0, "p99": 2.0},
            "flat_ms": {"p50": 1.0, "p90": 1.0, "p99": 1.0},
            "batch_ms": 0.2,
            "flat_batch_ms": 0.1,
            "recall": 1.0,
            "exact": True,
        }
    },
}


def test_a_second_run_measures_only_what_is_missing(tmp_path, monkeypatch):
    measured = []

    def measure(spec, out, limit):
        measured.append(spec["peer"])
        return None if spec["peer"] == "usearch" else {**spec, **RESULT}

    monkeypatch.setattr(scale, "_measure", measure)
    monkeypatch.setattr(scale, "plot", lambda *_: None)
    asked = [str(tmp_path), "--rows", "1000", "--bits", "64", "--data", "random"]
    asked += ["--peer", "opensearch", "--peer", "usearch"]
    assert CliRunner().invoke(scale.main, asked, catch_exceptions=False).exit_code == 0
    with (tmp_path / "results.jsonl").open("a") as file:
        file.write('\n{"peer": "cut sh')
    result = CliRunner().invoke(scale.main, [*asked, "--peer", "faiss-flat"])
    assert measured == ["opensearch", "usearch", "usearch", "faiss-flat"]
    assert [row["peer"] for row in json.loads((tmp_path / "results.json").read_text())] == [
        "opensearch",
        "faiss-flat",
    ]
    line = "| opensearch | near | 0.50 | 1.00 | 2.00 | 2.00 | 0.50 | exact | 1.0 | 0.50 | 2.0 |"
    assert line in result.output
    assert line in (tmp_path / "report.md").read_text()


def test_from_ten_million_on_only_the_engine_and_faiss_are_run():
    cases = [Case(10**6, 64, "random"), Case(10**7, 64, "random")]
    specs = list(scale._specs(cases, list(scale_others.PEERS), {}))
    assert {spec["peer"] for spec in specs if spec["rows"] == 10**6} == set(scale_others.PEERS)
    assert {spec["peer"] for spec in specs if spec["rows"] == 10**7} == set(scale.AT_LARGE)


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    with pytest.raises(MissingExtra, match="nowhere_to_be_found is not installed; pip install it"):
        scale_peers.package("nowhere_to_be_found", "it")
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install opensearch-visual\[bench\]"):
        scale_report.plot([], tmp_path / "plot.png")


def test_a_phase_that_fails_is_said_and_passed_over(tmp_path, capsys):
    spec = {"peer": "faiss-flat", "rows": 1000, "bits": 64, "data": "random", "seed": 0}
    spec |= {"queries": 1, "clock": "no such clock"}
    assert scale._measure(spec, tmp_path, 60.0) is None
    assert "passed over: build failed" in capsys.readouterr().out


@pytest.mark.parametrize("more", [[], ["--keyed"]])
def test_an_added_item_is_found_by_another_process(tmp_path, more):
    arguments = [str(tmp_path), "--rows", "2000", "--adds", "3", *more]
    done = CliRunner().invoke(fresh.main, arguments, catch_exceptions=False)
    acknowledged, found = done.output.splitlines()
    assert acknowledged.startswith("acknowledged: p50 ")
    assert found.startswith("found elsewhere: p50 ")
    assert not (tmp_path / "fresh").exists()


def test_memory_is_told_after_every_tenth(tmp_path):
    arguments = [str(tmp_path), "--rows", "105", "--batch", "4"]
    done = CliRunner().invoke(ingest.main, arguments, catch_exceptions=False)
    lines = done.output.strip().splitlines()[2:]
    counts = [line.split("|")[1].strip() for line in lines]
    assert counts == ["0", "10", "21", "31", "42", "52", "63", "73", "84", "94", "105"]
    assert all(float(line.split("|")[3]) > 10 for line in lines)
