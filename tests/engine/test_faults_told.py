"""What happens to an index, and what is said: lost files, damage, other writers, other versions."""

import errno
import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine, Query
from opensearch.errors import StoreError
from opensearch.records import Item
from opensearch.store import opening

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def index(tmp_path):
    """An index of 2,000 items with embeddings; more than one page of everything."""
    rng = np.random.default_rng(0)
    with Engine.create(tmp_path / "index", MODEL) as engine:
        items = [Item(-1, f"k{at}", "photo", path=f"/p/{at}") for at in range(2000)]
        codes = rng.integers(0, 256, (2000, 2), np.uint8)
        engine._store.put(items, codes, rng.normal(size=(2000, 4)))
        engine._generations.current().searcher.fold()
    return tmp_path / "index"


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def hits(engine):
    return [(hit.key, hit.score) for hit in engine.search(keys=["k7"], k=50)]


def test_search_files_may_be_deleted_at_any_time(index):
    with Engine.open(index) as engine:
        before = hits(engine)
        shutil.rmtree(index / "search")
        assert hits(engine) == before
        with Engine.open(index) as other:
            assert hits(other) == before
    assert run("verify", index).stdout == "whole\n"
    assert not (index / "search").exists()
    assert run("verify", index, "--repair").stdout == "whole\n"
    assert (index / "search").exists()
    with Engine.open(index) as engine:
        assert hits(engine) == before


def test_a_creation_that_was_killed_leaves_nothing_behind(tmp_path):
    """As of a kill while the model was copied: one file is half there."""
    left = tmp_path / "index" / "model" / ".trunk.safetensors.123.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(bytes(9))
    with Engine.create(tmp_path / "index", MODEL):
        assert not left.exists()
    assert run("verify", tmp_path / "index").stdout == "whole\n"


def test_a_read_only_index_is_searched_and_says_so(index, monkeypatch):
    monkeypatch.setattr(opening, "writable", lambda folder: False)
    with Engine.open(index) as engine:
        answer = engine.ask(Query(keys=["k7"]))
        assert len(answer.hits) == 10
        assert any(
            "is read-only: what another process adds may be missed" in n for n in answer.notes
        )
        for change in (engine.compact, lambda: engine.remove(["k1"])):
            with pytest.raises(StoreError, match="the folder is read-only; copy the index to a"):
                change()


def test_a_second_writer_is_told_who_writes(index):
    code = (
        "import sys; from opensearch.engine import Engine\n"
        "engine = Engine.open(sys.argv[1]); engine.remove(['none'])\n"
        "print('ready', flush=True); sys.stdin.read()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(index)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"ready\n"
        for words in (["remove", index, "k1"], ["compact", index]):
            result = run(*words)
            assert result.exit_code == 1
            assert f"process {holder.pid} is writing to it; wait until it ends" in result.stderr
        assert run("query", index, "--id", "k7").exit_code == 0
        holder.stdin.close()
    assert run("compact", index).exit_code == 0


def test_a_disk_that_knows_no_locks_is_not_called_another_writer(index, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with Engine.open(index) as engine:
        with pytest.raises(StoreError, match="No locks available") as told:
            engine.remove(["k1"])
        assert "is writing to it" not in str(told.value)


def test_a_store_and_a_manifest_of_a_newer_format_are_refused(index):
    manifest = json.loads((index / "manifest.json").read_text())
    (index / "manifest.json").write_text(json.dumps({**manifest, "format": 9}))
    result = run("info", index)
    assert result.exit_code == 1
    assert "has format 9, this version reads format 1; upgrade" in result.stderr


def damaged(index, work):
    file = index / "store" / "0" / "data.mdb"
    data = bytearray(file.read_bytes())
    work(data)
    file.write_bytes(data)
    return run("verify", index)


def test_a_changed_byte_of_a_code_is_found(index):
    with Engine.open(index) as engine:
        block = next(engine._store.blocks("photo"))
    rows = block.codes.tobytes()

    def flip(data):
        assert data.count(rows) == 1
        data[data.index(rows) + 1001] ^= 4

    result = damaged(index, flip)
    assert result.exit_code == 1
    assert "1 block of codes of 'photo' is not as it was written" in result.stdout
    assert "restore the index from a copy, or build it again" in result.stdout


@pytest.mark.parametrize("kind", ["zeros", "noise", "cut"])
def test_verify_survives_damage_that_kills_readers(index, kind):
    def work(data):
        page = os.sysconf("SC_PAGE_SIZE")
        if kind == "cut":
            del data[len(data) // 2 :]
        for at in range(2 * page, len(data), page):
            size = min(page, len(data) - at)
            fill = bytes(size) if kind == "zeros" else np.random.default_rng(at).bytes(size)
            data[at : at + size] = fill if kind != "cut" else data[at : at + size]

    result = damaged(index, work)
    assert result.exit_code == 1
    assert re.search("damaged|cut short", result.output)
    assert re.search("build (it|the index) again", result.output)
    assert "Traceback" not in result.output
