"""Reading in other processes: what hangs, crashes or takes all memory is one bad file."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import trimesh
from PIL import Image
from spoiling import spoil

from opensearch.config import ReaderSettings
from opensearch.domains.opening.opener import NoReader, Opener
from opensearch.domains.opening.workers import Readers
from opensearch.errors import InvalidInput, OpenSearchError, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.processes.frames import send
from opensearch.processes.pool import POOL, Pool, Worker, worker_count

SETTINGS = {
    "photo": ReaderSettings(reader="image", size=48),
    "sketch": ReaderSettings(reader="sketch", size=48),
    "shape": ReaderSettings(reader="mesh", size=48, views=2, line_views=1),
}


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """Writes a picture by name whose reading, in processes started from now on, runs its text."""
    POOL.end()
    monkeypatch.setenv("PYTHONPATH", spoil(tmp_path / "spoiled"))

    def write(name, code):
        (tmp_path / name).write_text(code)
        return tmp_path / name

    yield write
    POOL.end()


def collection(folder):
    folder.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    Image.fromarray(noise).save(folder / "мебель.png")
    trimesh.creation.box().export(folder / "box.stl")
    stroke = '{"word": "cup", "drawing": [[[0, 90, 200], [5, 200, 5]]]}\n'
    (folder / "cups.ndjson").write_text(stroke * 2)
    return [
        *((folder / name, None) for name in ("noise.png", "мебель.png", "box.stl")),
        (folder / "cups.ndjson", 2),
    ]


def test_apart_and_here_give_the_same_to_the_bit(tmp_path):
    here = Opener(SETTINGS, Limits())
    with Readers(SETTINGS) as readers:
        for path, part in collection(tmp_path / "files"):
            one, other = here.open(path, part, books=True), readers.open(path, part, books=True)
            assert np.array_equal(one.reading.views, other.reading.views)
            assert one.reading.aspect == other.reading.aspect
            assert (one.reading.portrait is None) == (path.suffix != ".stl")
            assert np.array_equal(one.reading.portrait, other.reading.portrait)
            for name in ("domain", "sure", "size", "mtime_ns", "digest", "thumbnail"):
                assert getattr(one, name) == getattr(other, name), name
            assert one.thumbnail
            assert one.size == path.stat().st_size


def test_errors_are_those_of_the_reader_in_its_words(tmp_path):
    (tmp_path / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    Image.new("RGB", (50, 50)).save(tmp_path / "large.png")
    with Readers(SETTINGS, Limits(pixels=100)) as readers:
        with pytest.raises(UnreadableFile, match=r"^picture 'cut.png' "):
            readers.open(tmp_path / "cut.png", domain="photo")
        with pytest.raises(OverLimit, match="has 2,500 pixels, over the limit"):
            readers.open(tmp_path / "large.png", domain="photo")
        with pytest.raises(UnreadableFile, match="No such file"):
            readers.open(tmp_path / "none.png", books=True)
        with pytest.raises(NoReader, match="no reader for the domain 'cartoon'; there are photo"):
            readers.open(tmp_path / "cut.png", domain="cartoon")


def test_a_relative_path_and_odd_bytes_come_through(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Path(os.fsdecode(b"odd-\xff"))
    folder.mkdir()
    Image.new("RGB", (50, 50), "red").save(folder / "a.png")
    with Readers(SETTINGS) as readers:
        assert readers.open(folder / "a.png", domain="photo").reading.views.shape == (1, 48, 48, 3)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import ctypes; ctypes.string_at(0)", r"its reader ended with SIGSEGV$"),
        ("import os; os.abort()", r"its reader ended with SIGABRT$"),
        ("import os; os._exit(3)", r"its reader ended with exit code 3$"),
        ("import os; os.kill(os.getpid(), 9)", r"needs more memory than there is$"),
        ("bytearray(2**33)", r"^'bad.png' needs over 0.5 GiB of memory, the limit$"),
        ("[bytearray(2**24) for _ in range(2**8)]", r"needs over 0.5 GiB of memory, the limit$"),
        ("raise KeyError('left')", r"'bad.png' cannot be read: 'left'$"),
        ("import os; os.write(1, b'noise' * 99); print('noise'); 1 / 0", "division by zero$"),
        ("while True: pass", r"^'bad.png' took over 1 s, the limit$"),
        ("import ctypes; ctypes.PyDLL(None).sleep(60)", r"^'bad.png' took over 1 s, the limit$"),
    ],
)
def test_what_ends_or_holds_a_reader_is_one_bad_file(spoiled, tmp_path, code, reason):
    bad = spoiled("bad.png", code)
    limits = Limits(seconds=1 if "took" in reason else 60, memory=2**29)
    with Readers(SETTINGS, limits) as readers:
        start = time.monotonic()
        with pytest.raises(UnreadableFile, match=reason):
            readers.open(bad, domain="photo")
        assert time.monotonic() - start < 30
        trimesh.creation.box().export(tmp_path / "good.stl")
    with Readers(SETTINGS) as readers:
        assert readers.open(tmp_path / "good.stl").domain == "shape"


@pytest.mark.parametrize("ending", ["os.abort()", "time.sleep(60)", "os._exit(77)"])
def test_no_folder_stays_of_what_was_read_as_it_ended(spoiled, tmp_path, monkeypatch, ending):
    """Copies of meshes, which some libraries open by name, filled the disk one by one."""
    rooms = tmp_path / "rooms"
    rooms.mkdir()
    (rooms / "opensearch-another").mkdir()
    monkeypatch.setenv("TMPDIR", str(rooms))
    monkeypatch.setattr(tempfile, "tempdir", None)
    made = "from opensearch.processes.room import room; import os, time; folder = room()"
    written = "open(folder.name + '/mesh.fbx', 'w').write('x')"
    bad = spoiled("bad.png", f"{made}; {written}; {ending}")
    with Readers(SETTINGS, Limits(seconds=1)) as readers, pytest.raises(UnreadableFile):
        readers.open(bad, domain="photo")
    assert os.listdir(rooms) == ["opensearch-another"]


def test_stopping_tells_whoever_waits_at_once(spoiled):
    slow = spoiled("slow.png", "import time; time.sleep(60)")
    told = []

    def read():
        try:
            readers.open(slow, domain="photo")
        except OpenSearchError as error:
            told.append((str(error), time.monotonic()))

    with Readers(SETTINGS) as readers:
        waiting = threading.Thread(target=read)
        waiting.start()
        time.sleep(1)
        start = time.monotonic()
    waiting.join(10)
    assert [text for text, _ in told] == ["reading was stopped"]
    assert told[0][1] - start < 5
    with pytest.raises(OpenSearchError, match="stopped"):
        readers.open(slow, domain="photo")


def test_threads_share_no_more_processes_than_there_may_be(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENSEARCH_READERS", "2")
    files = collection(tmp_path / "files") * 5
    with Readers(SETTINGS) as readers:
        found = []
        threads = [
            threading.Thread(target=lambda f=file: found.append(readers.open(*f).domain))
            for file in files
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(found) == sorted(["photo", "photo", "shape", "sketch"] * 5)
    assert len(POOL._idle) <= 2
    assert not POOL._busy


def test_resting_keeps_as_many_idle_processes_as_are_at_work(monkeypatch):
    """Else threads that read one file each would start a process for each."""

    class Idle:
        alive = True

        def end(self):
            ended.append(self)

    ended, pool = [], Pool()
    monkeypatch.setattr("opensearch.processes.pool.Worker", Idle)
    taken = [pool.take(9) for _ in range(7)]
    for worker in taken[:4]:
        pool.give_back(worker, keep=True)
    pool.rest(2)
    assert len(ended) == 1
    for worker in taken[4:]:
        pool.give_back(worker, keep=True)
    pool.rest(2)
    assert len(ended) == 5


def test_the_number_of_processes_is_a_number(monkeypatch):
    monkeypatch.setenv("OPENSEARCH_READERS", "many")
    with pytest.raises(InvalidInput, match=r"OPENSEARCH_READERS=many must be a number"):
        worker_count()


def test_a_process_that_cannot_start_is_no_fault_of_the_file(tmp_path, monkeypatch):
    POOL.end()
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    Image.new("RGB", (50, 50)).save(tmp_path / "a.png")
    with Readers(SETTINGS) as readers, pytest.raises(OpenSearchError, match="cannot be started"):
        readers.open(tmp_path / "a.png")


# A script without a guard, as in the README: it must be run once, whatever reads its files.
SCRIPT = """
import os, sys, time
print("once", flush=True)
from opensearch.config import ReaderSettings
from opensearch.processes.frames import send
from opensearch.processes.pool import POOL
from opensearch.domains.opening.workers import Readers
from pathlib import Path
file = Path(sys.argv[1])
readers = Readers({"photo": ReaderSettings(reader="image", size=48)})
"""
READ = """
print(readers.open(file, domain="photo").reading.views.shape, flush=True)
"""


def script(tmp_path, *parts):
    file = tmp_path / "scripts" / "script.py"
    file.parent.mkdir()
    file.write_text(SCRIPT + "".join(map(textwrap.dedent, parts)))
    Image.new("RGB", (50, 50), "red").save(tmp_path / "a.png")
    return [sys.executable, str(file), str(tmp_path / "a.png")]


def run(tmp_path, *parts):
    # Beside the data, and where the command is run, lies what nobody meant to import.
    (tmp_path / "numpy.py").write_text("raise SystemExit('imported')")
    command = script(tmp_path, *parts)
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_a_script_without_a_guard_is_run_once(tmp_path):
    assert run(tmp_path, READ) == ["once", "(1, 48, 48, 3)"]


def test_a_forked_child_reads_with_processes_of_its_own(tmp_path):
    fork = """
    child = os.fork()
    print(readers.open(file, domain="photo").domain, flush=True)
    if child:
        assert os.waitpid(child, 0)[1] == 0
        assert readers.open(file, domain="photo").domain == "photo"
    """
    assert run(tmp_path, READ, fork) == ["once", "(1, 48, 48, 3)", "photo", "photo"]


@pytest.mark.parametrize("ending", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_no_process_outlives_who_started_it(spoiled, tmp_path, ending):
    """One is idle, one hangs in compiled code and holds the interpreter's lock."""
    hanging = spoiled("hang.png", "import ctypes; ctypes.PyDLL(None).sleep(60)")
    hang = f"""
    import signal, threading
    signal.alarm(90)  # whatever goes wrong, nobody waits for ever
    hanging = Path({str(hanging)!r})
    threading.Thread(
        target=lambda: readers.open(hanging, domain="photo"), daemon=True
    ).start()
    while not (POOL._busy and next(iter(POOL._busy))._ready):
        time.sleep(0.01)
    time.sleep(0.2)
    POOL.start(1)
    print(*(worker._process.pid for worker in [*POOL._idle, *POOL._busy]), flush=True)
    time.sleep(60)
    """
    command = script(tmp_path, hang)
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert parent.stdout.readline() == "once\n"
    processes = [int(word) for word in parent.stdout.readline().split()]
    assert len(processes) == 2
    parent.send_signal(getattr(signal, ending))
    parent.wait(20)
    parent.stdout.close()
    until = time.monotonic() + 20
    while any(map(lives, processes)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [process for process in processes if lives(process)] == []


def test_a_job_whose_sender_left_before_it_began_is_not_worked_on(spoiled):
    hanging = spoiled("hang.png", "import ctypes; ctypes.PyDLL(None).sleep(60)")
    job = {"setup": Readers(SETTINGS)._setup, "path": str(hanging), "part": None, "stamp": None}
    worker = Worker()
    send(worker._jobs.fileno(), {**job, "domain": "photo", "books": False, "up": None})
    worker._jobs.close()
    try:
        assert worker._process.wait(30) == 0
    finally:
        worker.end()


def lives(process):
    """Whether there is a process of that number that is no zombie."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_jpeg_of_two_hundred_million_pixels_is_read_small(tmp_path):
    Image.new("L", (20_000, 10_000), 90).save(tmp_path / "a.jpg")
    settings = {"photo": ReaderSettings(reader="image", size=32)}
    with Readers(settings, Limits()) as readers:
        opened = readers.open(tmp_path / "a.jpg", None, "photo")
    assert opened.reading.views[0, 16, 16].tolist() == [90, 90, 90]
    assert opened.reading.aspect == 2
