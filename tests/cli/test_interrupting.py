"""Ctrl-C and SIGTERM end a run at once, even while a decoder hangs in compiled code."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest
import trimesh
from spoiling import spoil

HANG = "open({mark!r}, 'w').close(); import ctypes; ctypes.PyDLL(None).sleep(300)"
"""Says that it is reached, then holds the interpreter's lock."""


@pytest.fixture
def run(tmp_path):
    """Starts `index` on a collection whose picture hangs."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "hang.png").write_text(HANG.format(mark=str(tmp_path / "hanging")))
    trimesh.creation.box().export(files / "box.stl")
    command = ["-m", "opensearch", "index", str(files), "--to", str(tmp_path / "index")]
    environment = {**os.environ, "PYTHONPATH": spoil(tmp_path / "spoiled")}

    def start(*options):
        return subprocess.Popen(
            [sys.executable, *command, "--domain", "photo", "-q", *options],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


def readers(parent):
    """Numbers of the living children of a process."""
    children = f"/proc/{parent.pid}/task/{parent.pid}/children"
    found = set()
    for place in [children, *_others(parent)]:
        with suppress(OSError), open(place) as file:  # a thread may end meanwhile
            found |= {int(word) for word in file.read().split()}
    return found


def _others(parent):
    tasks = os.listdir(f"/proc/{parent.pid}/task")
    return [f"/proc/{parent.pid}/task/{task}/children" for task in tasks]


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="needs /proc")
@pytest.mark.parametrize(("sent", "codes"), [("SIGINT", {130}), ("SIGTERM", {143, -15})])
def test_a_signal_does_not_wait_for_a_file_that_hangs(run, tmp_path, sent, codes):
    parent = run()
    until = time.monotonic() + 120
    while not (tmp_path / "hanging").exists() and time.monotonic() < until:
        time.sleep(0.05)
    processes = readers(parent)
    assert processes
    start = time.monotonic()
    parent.send_signal(getattr(signal, sent))
    _, said = parent.communicate(timeout=60)
    assert time.monotonic() - start < 15
    assert parent.returncode in codes, said
    assert "Traceback" not in said
    until = time.monotonic() + 10
    while any(map(_lives, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [process for process in processes if _lives(process)] == []


def _lives(process):
    try:
        with open(f"/proc/{process}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
