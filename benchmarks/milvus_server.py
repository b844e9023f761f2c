"""A Milvus server for benchmarks: that of the package `milvus`, in an environment of its own.

    python3 -m venv server && server/bin/pip install milvus==2.3.5 'setuptools<81'

The package carries the standalone server for Linux; the environment keeps its old pins away from
ours. A server whose folder is kept starts in seconds, a new one in minutes on a busy machine.
"""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

_RUN = """
import signal, socket, sys, threading
from contextlib import suppress
from milvus import default_server

def bound(port):
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    with suppress(OSError):
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return listener

# The package takes the next port where connections to a killed server still linger.
default_server.config.try_bind_port = bound
default_server.set_base_dir(sys.argv[1])
default_server.config.configs["proxy_port"] = int(sys.argv[2])
default_server.show_startup_banner = False
ended = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: ended.set())
default_server.start()
print("up", default_server.server_proc.pid, flush=True)
ended.wait()
default_server.stop()
"""


class Server:
    """A server that can be started, killed and started again over the same folder.

    Args:
        python: of an environment that has the package `milvus`.
        folder: where it keeps everything.
        port: where it listens.
    """

    def __init__(self, python: Path, folder: Path, port: int) -> None:
        self._command = [str(python), "-c", _RUN, str(folder.absolute()), str(port)]
        self._run: subprocess.Popen[str] | None = None
        self.folder = folder
        self.pid = 0
        self.address = f"milvus://127.0.0.1:{port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._run.stdout is not None
        for line in self._run.stdout:
            if line.startswith("up "):
                self.pid = int(line.split()[1])
                return
        raise SystemExit("the Milvus server did not start")

    def kill(self) -> None:
        """SIGKILL it, as a machine would that loses its power."""
        os.kill(self.pid, signal.SIGKILL)
        self.stop()

    def stop(self) -> None:
        """End it in order, where it runs."""
        if self._run is not None:
            self._run.terminate()
            self._run.wait(60)
            self._run = None

    def memory(self) -> int:
        """Bytes of it in memory."""
        return memory_of(self.pid)


def memory_of(pid: int) -> int:
    """Bytes of a process that are in memory; 0 where it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def seconds_of(pid: int) -> float:
    """Seconds of the processor that a process has used; 0 where it is gone."""
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def children_of(pid: int) -> list[int]:
    """Processes that a process has started."""
    with suppress(OSError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(each) for each in text.split()]
    return []


def size_of(folder: Path) -> int:
    """Bytes of all files in a folder, as the disk holds them."""
    files = [path.lstat() for path in folder.rglob("*") if not path.is_symlink()]
    return sum(512 * about.st_blocks for about in files)
