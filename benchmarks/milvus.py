"""One collection at three places: a folder (LMDB), a file of Milvus Lite, a Milvus server.

    python -m benchmarks.milvus OUT [--rows 1000000] [--place folder --place lite --place server]
        [--python server/bin/python --data FOLDER --port 19530]

Random 64-bit codes in clusters with records (key, category, two fields) are added through
`Engine.add_codes`, then searched: single queries and batches of 64, k = 10. Each place is measured
in a process of its own; the answers of all are compared, ids and distances. A result is written to
OUT/<place>.json as soon as a part of it is there, with wall time and that of the processor, of
client and server together; a place that has one is passed over. The server is that of
`benchmarks/milvus_server.py`, started and ended here; run this in an environment with pymilvus and
milvus-lite==2.5.1.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click

from benchmarks.milvus_server import Server


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option("--rows", default=1_000_000, show_default=True, type=click.IntRange(min=1000))
@click.option("--place", "places", multiple=True, type=click.Choice(["folder", "lite", "server"]))
@click.option("--python", type=click.Path(exists=True, path_type=Path),
              help="Python of the environment of the server.")  # fmt: skip
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the server.")
@click.option("--port", default=19530, show_default=True)
def main(
    out: Path, rows: int, places: tuple[str, ...], python: Path | None, data: Path | None, port: int
) -> None:
    """Measure what is not yet in OUT, then print the table."""
    out.mkdir(parents=True, exist_ok=True)
    for place in places or ("folder", "lite", "server"):
        if (out / f"{place}.json").exists():
            continue
        server = None
        if place == "server":
            if python is None:
                raise click.UsageError("a server needs --python")
            server = Server(python, data or out / "server", port)
            server.start()
        where = {"folder": str(out / "index"), "lite": f"milvus:///{(out / 'x.db').absolute()}"}
        address = where.get(place, f"{server.address}/benchmark" if server else "")
        try:
            asked = [sys.executable, "-m", "benchmarks.milvus_worker", place, str(out), str(rows),
                     address, str(server.pid if server else 0)]  # fmt: skip
            subprocess.run(asked, check=True)
        finally:
            if server is not None:
                server.stop()
    print(table(out))


def table(out: Path) -> str:
    """What was measured, and whether all answered alike."""
    results = [json.loads(file.read_text()) for file in sorted(out.glob("*.json"))]
    lines = ["| | " + " | ".join(result["place"] for result in results) + " |"]
    lines.append("|---" * (len(results) + 1) + "|")
    names = dict.fromkeys(name for result in results for name in result)
    for name in [name for name in names if name not in ("place", "answers", "filtered")]:
        cells = [f"{result[name]:,}" if name in result else "" for result in results]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    same = len({result.get("answers") for result in results}) == 1
    filters = zip(*(result.get("filtered", []) for result in results), strict=False)
    alike = [len(set(each)) == 1 for each in filters]
    lines.append(f"same ids for the same queries: {same}; of {len(alike)} filters: {all(alike)}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
