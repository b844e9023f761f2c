"""A verb run in a process of its own: its seconds, those of the processor, its peak of memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import click


def measured(words: list[str], folder: Path) -> tuple[dict[str, float], str]:
    """Run `opensearch WORDS`.

    Args:
        words: verb and arguments.
        folder: for what it prints.

    Returns:
        `seconds` from start to end, `cpu` seconds, `mib` resident at the peak; and what it printed.

    Raises:
        ClickException: it failed; with what it said.
    """
    start = time.perf_counter()
    with (folder / "out").open("w+b") as output, (folder / "err").open("w+b") as remarks:
        command = [sys.executable, "-m", "opensearch", *words]
        process = subprocess.Popen(command, stdout=output, stderr=remarks)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
    if process.returncode:
        raise click.ClickException((folder / "err").read_text())
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, KiB elsewhere
    cpu, mib = used.ru_utime + used.ru_stime, used.ru_maxrss / unit
    return {"seconds": seconds, "cpu": cpu, "mib": mib}, (folder / "out").read_text()
