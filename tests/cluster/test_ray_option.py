"""`index --ray`: what is refused before anything is read, and what is handed on."""

import sys
import threading
from io import StringIO

import pytest
from click.testing import CliRunner

from opensearch.cli.group import main
from opensearch.cluster import connecting
from opensearch.cluster.ray_crew import _in_short
from opensearch.errors import OpenSearchError

DIED = (
    "The actor died unexpectedly before finishing this task. class_name: Worker actor_id: 72 pid: 1"
    " ip: 192.0.2.7 The actor is dead because its worker process has died. Worker exit type:"
    " SYSTEM_ERROR Worker exit detail: Worker unexpectedly exits with a connection error code 2."
    " End of file. Some common causes include: (1) the process was killed"
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    (tmp_path / "files").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(*words):
        return CliRunner().invoke(main, ["index", "files", "--to", "index", *words])

    return run


def test_workers_need_a_cluster(run):
    done = run("--workers", "2")
    assert done.exit_code == 2
    assert "--workers are those of a Ray cluster; name it with --ray" in done.output


def test_an_address_of_another_kind_is_refused(run):
    done = run("--ray", "ray://head:10001")
    assert done.exit_code == 2
    assert "HOST:PORT, got 'ray://head:10001'" in done.output


def test_without_the_extra_it_is_named(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = run("--ray", "local")
    assert done.exit_code == 1
    assert "pip install 'opensearch-visual[ray]'" in done.output


def test_where_nothing_is_new_ray_is_not_started(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", object())  # any use of it would fail
    done = run("--ray", "local", "--workers", "2")
    assert done.exit_code == 0
    assert "0 seen" in done.output


def test_nobody_listening_is_told_at_once():
    with pytest.raises(OSError, match="refused"):
        connecting._knock("127.0.0.1:1")


def test_a_death_is_told_in_a_line():
    assert _in_short(DIED) == (
        "on 192.0.2.7, Worker unexpectedly exits with a connection error code 2"
    )
    assert _in_short("MemoryError()") == "MemoryError()"


def test_what_ray_prints_of_itself_does_not_reach_standard_output():
    kept = StringIO()
    stream = connecting._WithoutRay(kept)
    ray = threading.Thread(target=print, args=["died"], kwargs={"file": stream}, name="ray_listen")
    ray.start()
    ray.join()
    print("{}", file=stream, flush=True)
    assert kept.getvalue() == "{}\n"


class Slow:
    """Ray on a machine that is too busy for it, the first times."""

    def __init__(self, times):
        self.left, self.stopped = times, 0

    def init(self, **options):
        self.left -= 1
        if self.left >= 0:
            raise Exception("The current node timed out during startup. This could happen")

    def shutdown(self):
        self.stopped += 1


def test_a_busy_machine_is_given_three_starts():
    ray = Slow(2)
    connecting._start(ray, "local", {})
    assert ray.stopped == 2
    with pytest.raises(OpenSearchError, match="Ray cannot be started on this machine: The curr"):
        connecting._start(Slow(3), "local", {})
