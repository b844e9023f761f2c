"""Ray itself, on this machine: the same index as without it, ids and codes and books."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.extras import installed
from opensearch.store import LmdbStore

pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(not installed("ray"), reason="the extra ray is not installed"),
]

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "golden" / "model"


@pytest.fixture
def files(toy_collection, tmp_path):
    """Some files of each domain, and one that cannot be read."""
    folder = tmp_path / "files"
    for domain in ("photo", "shape", "sketch"):
        shutil.copytree(toy_collection / domain / "cube", folder / domain / "cube")
    (folder / "photo" / "cube" / "broken.jpg").write_bytes(b"no picture")
    return folder


def index(files, to, *words):
    """The books of a run, and the code of every key by id."""
    command = [sys.executable, "-m", "opensearch", "index", str(files), "--to", str(to), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENSEARCH_READERS": "1"}
    done = subprocess.run(
        [*command, "--model", str(MODEL), *words], env=environment, capture_output=True, text=True
    )
    if "Ray cannot be started on this machine: The current node timed out" in done.stderr:
        pytest.skip("this machine is too busy for Ray, which gives itself half a minute to start")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    with LmdbStore.open(IndexFolder.open(to).store, readonly=True) as store:
        rows = {
            int(id_): code.tobytes()
            for domain in store.meta().counts
            for block in store.blocks(domain)
            for id_, code in zip(block.ids, block.codes, strict=True)
        }
        return report, {item.id: (item.key, rows[item.id]) for item in store.walk()}


def test_the_index_is_the_one_that_this_process_would_make(files, tmp_path):
    report, codes = index(files, tmp_path / "here")
    assert report["failed"] == 1
    assert index(files, tmp_path / "there", "--ray", "local", "--workers", "2") == (report, codes)
