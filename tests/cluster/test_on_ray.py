"""Ray itself, on this machine: the same index as without it, ids and codes and books."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opensearch.cluster.connecting import LOCAL, connected
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.errors import OpenSearchError
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


LET_IN = """
import logging, sys
import ray
ray.init(address=sys.argv[1], logging_level=logging.ERROR, log_to_driver=False)
print("let in")
"""


def test_a_cluster_of_this_machine_obeys_nobody_else():
    environment = {name: value for name, value in os.environ.items() if "RAY_AUTH" not in name}
    try:
        with connected(LOCAL, 0, 1) as ray:
            gcs = ray.get_runtime_context().gcs_address
            command = [sys.executable, "-c", LET_IN, gcs]
            stranger = subprocess.run(command, env=environment, capture_output=True, text=True)
            known = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True)
    except OpenSearchError as error:
        if "timed out" not in str(error):
            raise
        pytest.skip("this machine is too busy for Ray, which gives itself half a minute to start")
    assert (stranger.returncode, stranger.stdout) == (1, "")
    assert "let in" in known.stdout
    assert "RAY_AUTH_TOKEN" not in os.environ
