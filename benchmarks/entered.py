"""How much of the code one job goes through: files entered, changes of room, files opened twice.

    python -m benchmarks.entered [TREE]

Indexes three files of the demo's collection (a photo, a sketch, a shape) with a working tree's
command line, then asks by one of them, with readers in place of processes of their own
(`OPENSEARCH_READERS=0`) so that one interpreter sees all. For each of the two jobs:

- files: modules of the package in which a function ran, imports apart;
- changes of room: pairs of functions, one calling the other, in two rooms;
- opened, listed: how often each file of the collection was opened and each of its folders listed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import click

HERE = Path(__file__).parents[1]
TRACER = r"""
import collections, json, os, sys
root, collection, out = os.path.realpath(sys.argv[1]), os.path.realpath(sys.argv[2]), sys.argv[3]
package = os.path.join(root, "opensearch") + os.sep
files, pairs = set(), set()
opened, listed = collections.Counter(), collections.Counter()

def room(name):
    return name[len(package):].split(os.sep)[0].removesuffix(".py")

def entered(frame, event, argument):
    code = frame.f_code
    if event != "call" or not code.co_filename.startswith(package) or code.co_name == "<module>":
        return
    caller = None
    frame = frame.f_back
    while frame:
        if frame.f_code.co_filename.startswith(package):
            if frame.f_code.co_name == "<module>":
                return  # a module is being imported
            caller = caller or frame.f_code
        frame = frame.f_back
    files.add(code.co_filename)
    if caller and room(code.co_filename) != room(caller.co_filename):
        pairs.add((caller, code))

def heard(event, arguments):
    wanted = event in ("open", "os.scandir", "os.listdir")
    if wanted and isinstance(arguments[0], (str, os.PathLike)):
        path = os.path.realpath(arguments[0])
        if path.startswith(collection):
            (opened if event == "open" else listed)[path[len(collection):].lstrip("/") or "."] += 1

sys.addaudithook(heard)
sys.argv = ["opensearch", *sys.argv[4:]]
import threading
from opensearch.__main__ import main
threading.setprofile(entered)
sys.setprofile(entered)
try:
    main()
except SystemExit as end:
    if end.code:
        raise
finally:
    sys.setprofile(None)
    with open(out, "w") as file:
        json.dump({"files": len(files), "changes of room": len(pairs),
                   "opened": dict(sorted(opened.items())), "listed": dict(sorted(listed.items()))},
                  file)
"""


@click.command()
@click.argument("tree", type=click.Path(exists=True, file_okay=False, path_type=Path), default=HERE)
def main(tree: Path) -> None:
    """Print what `index` of three files and a query enter in TREE, a line of JSON each."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        collection = work / "collection"
        with zipfile.ZipFile(tree / "opensearch/experiments/demo_collection.zip") as archive:
            names = archive.namelist()
            three = [
                next(n for n in names if n.startswith(d)) for d in ("photo", "sketch", "shape")
            ]
            archive.extractall(collection, three)
        sketch = str(collection / three[1])
        for job in (
            ["index", str(collection), "--to", str(work / "index"), "-q"],
            ["query", str(work / "index"), sketch, "--from", "sketch"],
        ):
            click.echo(json.dumps({"job": job[0], **traced(tree, collection, work / "out", job)}))


def traced(tree: Path, collection: Path, out: Path, job: list[str]) -> dict[str, object]:
    """What a command of the tree's command line enters and opens."""
    env = os.environ | {"PYTHONPATH": str(tree.resolve()), "OPENSEARCH_READERS": "0"}
    command = [sys.executable, "-P", "-c", TRACER, str(tree), str(collection), str(out), *job]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise click.ClickException(ran.stderr.strip())
    found: dict[str, object] = json.loads(out.read_text())
    return found


if __name__ == "__main__":
    main()
