"""Nothing leaves the machine: no name is looked up, and files appear in the index alone."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image

PATH = '<path d="M1 1L9 9M2 9L7 3" stroke="black" fill="none"/>'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">{PATH}</svg>'
# Loaded by the interpreter before anything of ours: whoever asks for the network ends the run.
GUARD = """
import socket
def refuse(*asked, **named):
    raise SystemExit(f"the network was asked for: {asked}")
for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "create_connection"):
    setattr(socket, name, refuse)
class Guarded(socket.socket):
    connect = connect_ex = sendto = refuse
socket.socket = Guarded
"""
WRITES = re.compile(r'(?:open(?:at)?\(.*"(?P<opened>[^"]+)", .*O_(?:WRONLY|RDWR|CREAT))')
MAKES = re.compile(r'(?:mkdir|mkdirat|rename|creat|symlink|link)\(.*"(?P<made>[^"]+)"')


@pytest.fixture
def machine(tmp_path):
    """A user who has never run anything: empty home, cache and temporary folders."""
    for name in ("home", "cache", "temporary", "guard", "collection"):
        (tmp_path / name).mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    files = tmp_path / "collection"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(files / "noise.png")
    (files / "lines.svg").write_text(SVG)
    for name in ("box.stl", "box.glb", "box.3mf", "box.obj"):
        trimesh.creation.box().export(files / name)
    return tmp_path


def run(machine, *words, runtime="auto", before=()):
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": os.pathsep.join([str(machine / "guard"), str(Path(__file__).parents[1])]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(machine / "home"),
        "XDG_CACHE_HOME": str(machine / "cache"),
        "TMPDIR": str(machine / "temporary"),
        "OPENSEARCH_RUNTIME": runtime,
    }
    command = [*before, sys.executable, "-m", "opensearch", *map(str, words)]
    done = subprocess.run(command, env=environment, cwd=machine, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def written(machine):
    folders = ("home", "cache", "temporary")
    return [path for name in folders for path in (machine / name).rglob("*") if path.is_file()]


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_index_and_query_write_into_the_index_alone(machine, runtime):
    index, picture = machine / "index", machine / "collection" / "noise.png"
    assert "1 added" in run(machine, "index", picture, "--to", index, "-q", runtime=runtime)
    assert "noise" in run(machine, "query", index, picture, runtime=runtime)
    assert written(machine) == []
    assert sorted(path.name for path in machine.iterdir()) == [
        *("cache", "collection", "guard", "home", "index", "temporary")
    ]


def test_a_library_imported_after_ours_is_silent_too(machine):
    """The device id is written on import, before the library can be asked not to."""
    code = "import opensearch, onnxruntime"
    home = {"HOME": str(machine / "home"), "XDG_CACHE_HOME": str(machine / "cache")}
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **home}, check=True)
    assert written(machine) == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_the_kernel_sees_no_look_up_and_no_foreign_file(machine):
    trace = machine / "trace"
    calls = "trace=network,open,openat,creat,mkdir,mkdirat,rename,link,symlink"
    before = ("strace", "-f", "-A", "-s", "300", "-e", calls, "-o", str(trace))
    index, collection = machine / "index", machine / "collection"
    run(machine, "index", collection, "--to", index, "-q", before=before)
    run(machine, "query", index, collection / "box.stl", "--text", "crate", before=before)
    lines = trace.read_text("utf-8", "replace").splitlines()
    assert len(lines) > 1000, "the trace is empty"
    assert [line for line in lines if "AF_INET" in line or "sin_port" in line] == []
    assert [line for line in lines if _foreign(line, machine / "index")] == []


def _foreign(line, index):
    found = WRITES.search(line) or MAKES.search(line)
    if found is None or " = -1 " in line:
        return False
    path = next(name for name in found.groups() if name)
    return not path.startswith((str(index), "/dev/", "/proc/"))
