"""What ends a run from outside, and where its output cannot go."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.engine import Engine

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "tests" / "golden" / "model"


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    path = tmp_path_factory.mktemp("stopping") / "index"
    with Engine.create(path, MODEL) as engine:
        engine.add_codes(np.zeros((400, 2), np.uint8), "photo")
    return path


def start(*words, code=None, **more):
    """The command, or other code, as a process of its own."""
    command = ["-c", code] if code else ["-m", "opensearch"]
    return subprocess.Popen(
        [sys.executable, *command, *map(str, words)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
        **more,
    )


def until(run, said):
    """Wait until a run has said something, and has had time to wait for what comes next.

    Python 3.14 may see a signal late that comes just as other threads let its main one go on.
    """
    assert run.stdout.readline() == f"{said}\n"
    time.sleep(0.3)


# Work that no signal ends by itself, and that does not end when it is asked to the first time.
STUBBORN = """
import sys, threading, time
from opensearch.cli.stopping import run_stoppable
def work():
    thread = threading.Thread(target=time.sleep, args=(30,))
    thread.start()
    try:
        print("ready", flush=True)  # a signal may come at once
        time.sleep(30)
    finally:
        if "slow" in sys.argv:
            print("ending", flush=True)
            time.sleep(30)
run_stoppable(work)
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [
        (signal.SIGINT, 130, "interrupted"),
        (signal.SIGTERM, 143, "terminated"),
        (signal.SIGHUP, 129, "hung up"),
        (signal.SIGQUIT, 131, "quit"),
    ],
)
def test_one_signal_ends_the_work_and_does_not_wait_for_its_threads(number, code, said):
    with start(code=STUBBORN, stdout=subprocess.PIPE) as run:
        until(run, "ready")
        run.send_signal(number)
        assert run.wait(10) == code
        assert run.stderr.read() == f"{said}; the same command starts from the beginning\n"


HALF_MADE = """
import os, signal
from opensearch.cli.stopping import run_stoppable
class Half:
    def __init__(self):
        os.kill(os.getpid(), signal.SIGINT)
        self.file = None
    def __del__(self):
        self.file.close()
run_stoppable(Half)
"""


def test_an_interrupt_while_the_command_is_loaded_says_nothing():
    code = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "opensearch.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from opensearch.__main__ import main
main()
"""
    run = start("--version", code=code)
    assert run.communicate(timeout=60)[1] == ""
    assert run.returncode == -signal.SIGINT


def test_what_a_signal_leaves_half_made_does_not_complain():
    done = subprocess.run([sys.executable, "-c", HALF_MADE], capture_output=True, text=True)
    assert done.returncode == 130
    assert done.stderr == "interrupted; the same command starts from the beginning\n"


def test_an_export_that_a_closed_terminal_stops_leaves_nothing(index, tmp_path):
    code = f"""
import time
from opensearch.cli.stopping import run_stoppable
from opensearch.engine import Engine
def told(done, total):
    print("ready", flush=True)
    time.sleep(30)
def work():
    with Engine.open({str(index)!r}) as engine:
        engine.export_to({str(tmp_path / "out")!r}, progress=told)
run_stoppable(work)
"""
    with start(code=code, stdout=subprocess.PIPE) as run:
        until(run, "ready")
        run.send_signal(signal.SIGHUP)
        assert run.wait(10) == 129
    assert not list(tmp_path.iterdir())


def test_what_running_again_does_is_said_of_the_verb(index, monkeypatch, capfd):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(Engine, "duplicates", stopped)
    assert CliRunner().invoke(main, ["duplicates", str(index)]).exit_code == 130
    assert capfd.readouterr().err == "interrupted; the same command starts from the beginning\n"
    monkeypatch.setattr("opensearch.experiments.demo.run_demo", stopped)
    assert CliRunner().invoke(main, ["demo", "--keep", str(index.parent / "d")]).exit_code == 130
    said = "interrupted; the same command starts from the beginning, with --keep once the folder"
    said += " that was begun is removed\n"
    assert capfd.readouterr().err == said
    monkeypatch.setattr(Engine, "add", stopped)
    words = ["index", str(index.parent), "--to", str(index), "--quiet"]
    assert CliRunner().invoke(main, words).exit_code == 130
    assert "interrupted; run the same command again to go on\n" in capfd.readouterr().err


def test_a_second_signal_does_not_wait_for_what_the_first_one_began():
    with start("slow", code=STUBBORN, stdout=subprocess.PIPE) as run:
        until(run, "ready")
        run.send_signal(signal.SIGINT)
        until(run, "ending")
        run.send_signal(signal.SIGINT)
        assert run.wait(10) == 130


def test_a_signal_that_was_to_be_ignored_stays_ignored():
    quiet = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    with start(code=quiet + STUBBORN, stdout=subprocess.PIPE) as run:
        until(run, "ready")
        run.send_signal(signal.SIGINT)
        time.sleep(0.2)
        run.send_signal(signal.SIGTERM)
        assert run.wait(10) == 143


@pytest.mark.skipif(
    subprocess.run(
        ["unshare", "--pid", "--fork", "--user", "--map-root-user", "true"], check=False
    ).returncode
    if Path("/usr/bin/unshare").exists()
    else True,
    reason="needs to be allowed a process namespace of its own",
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_what_stops_a_container_ends_process_1(number):
    command = ["unshare", "--pid", "--fork", "--user", "--map-root-user", sys.executable, "-c"]
    with subprocess.Popen(
        [*command, STUBBORN],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as run:
        until(run, "ready")
        children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
        os.kill(int(children[0]), number)
        assert run.wait(10) == 128 + number


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
@pytest.mark.parametrize(
    "words", [["query", "{}", "--text", "disc", "--json"], ["info", "{}"], ["--help"]]
)
def test_output_to_a_full_disk_is_one_line(index, words):
    words = [word.format(index) for word in words]
    with open("/dev/full", "w") as full, start(*words, stdout=full) as run:
        said = run.stderr.read()
    assert run.returncode == 1
    assert said.splitlines()[-1].startswith("error: the disk is full: the output cannot be written")
    assert "Traceback" not in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has this device")
def test_errors_to_a_full_disk_change_no_exit_code(index):
    """Newer Pythons than 3.11 end with 120 if standard error cannot be flushed at their end."""
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "opensearch"]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [*command, "query", index, "--text", "disc", "--json"],
            stderr=full, stdout=subprocess.PIPE, env=env, check=False,
        )  # fmt: skip
        assert done.returncode == 0
        assert len(done.stdout.splitlines()) == 10
        refused = [*command, "query", index, "--text", "disc", "--to", "none"]
        assert subprocess.run(refused, stderr=full, env=env, check=False).returncode == 2


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["list {}", "duplicates {}", "index {}/.. --to {} --dry-run"])
def test_streams_that_are_closed_change_no_exit_code(index, words, closed):
    command = f"{sys.executable} -m opensearch {words.format(index, index)} {closed}"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"error" not in done.stderr


def test_nothing_that_is_opened_gets_the_number_of_a_closed_stream():
    code = "import opensearch.__main__ as it; it._open_streams(); print(open('/dev/null').fileno())"
    command = f'{sys.executable} -c "{code}" <&- 2>&-'
    done = subprocess.run(
        ["sh", "-c", command], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
        check=True,
    )  # fmt: skip
    assert int(done.stdout) > 2


def test_a_reader_that_has_seen_enough_is_no_error(index):
    with start("query", index, "--text", "disc", "-k", 400, stdout=subprocess.PIPE) as run:
        run.stdout.close()
        assert "Traceback" not in run.stderr.read()
    assert run.returncode == 0


def test_any_text_can_be_printed_anywhere(tmp_path):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        keys = ["a\udce9.png", "Ж.png"]
        engine.add_codes(np.zeros((2, 2), np.uint8), "photo", keys=keys)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "opensearch",
            "query",
            tmp_path / "index",
            "--text",
            "disc",
            "--json",
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    assert [json.loads(line)["key"] for line in done.stdout.splitlines()] == keys
