"""Read every file of some folders, and compare the result with what other programs make of it.

Command: python -m benchmarks.corpora FOLDER... [--suffix .obj ...] [--all] [--json rows.jsonl]
Needs `assimp`, `rsvg-convert` and ImageMagick (Debian's assimp-utils, librsvg2-bin, imagemagick);
a tenth of a second to a few seconds a file.

Meshes are compared by the bounds and the area of their faces, with assimp and with trimesh's
own loaders; pictures, made small, with ImageMagick; an SVG with the PNG of its name beside it,
if there is one, and else with librsvg. A row says what we did (read, or refused and why) and
which of the others agree:

    agrees      one of the others shows the same
    differs     others read it, none of them as we do
    alone       we read it and no other does
    unreadable  nobody reads it
    refused     we refuse what another reads
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

from benchmarks.oracles import MESH_ORACLES, PICTURE_ORACLES, by_us, drawn_by_us
from opensearch.domains import meshes, pictures
from opensearch.errors import UnreadableFile

Oracle: TypeAlias = Callable[[Path], object]
SUFFIXES = meshes.suffixes() | pictures.suffixes() | {".svg"}


@dataclass(frozen=True, slots=True)
class Row:
    """One file: the verdict, what we say of it, and what each oracle says."""

    path: str
    verdict: str
    ours: str
    oracles: dict[str, str]

    def __str__(self) -> str:
        others = "; ".join(f"{name}: {text}" for name, text in self.oracles.items())
        return f"{self.verdict:10}  {self.path}  {self.ours}" + (f"  ({others})" if others else "")


def judge(path: Path) -> Row:
    """Compare our reading of a file with those of the oracles of its kind."""
    mesh = path.suffix.lower() in meshes.suffixes()
    oracles: dict[str, Oracle] = {**MESH_ORACLES} if mesh else {**PICTURE_ORACLES}
    others: dict[str, Any] = {}
    for name, oracle in oracles.items():
        found = oracle(path)
        if found is not None:
            others[name] = found
        if name == "reference" and others:
            break  # what the file's author says needs no second opinion
    said = {name: str(found) for name, found in others.items()}
    try:
        ours: Any = by_us(path) if mesh else drawn_by_us(path)
    except Exception as error:
        reason = str(error) if isinstance(error, UnreadableFile) else repr(error)
        return Row(str(path), "refused" if others else "unreadable", reason, said)
    if ours is None:
        return Row(str(path), "refused" if others else "unreadable", "has no area", said)
    if not others:
        return Row(str(path), "alone", str(ours), said)
    agrees = any(ours.agrees(other) for other in others.values())
    return Row(str(path), "agrees" if agrees else "differs", str(ours), said)


def found_files(folders: list[Path], suffixes: frozenset[str]) -> Iterator[Path]:
    """Files of the suffixes in folders and below, in order."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in suffixes and path.is_file():
                yield path


def main() -> None:
    """Judge the files of the folders; rows but those that agree, and counts at the end."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--suffix", action="append", help="only files of this suffix; repeatable")
    parser.add_argument("--all", action="store_true", help="print rows that agree, too")
    parser.add_argument("--json", type=Path, help="write every row to this file, one a line")
    asked = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    rows: list[Row] = []
    for path in found_files(asked.folders, frozenset(asked.suffix or SUFFIXES)):
        row = judge(path)
        rows.append(row)
        counts.setdefault(path.suffix.lower(), Counter())[row.verdict] += 1
        if asked.all or row.verdict != "agrees":
            print(row, flush=True)
    for suffix, verdicts in sorted(counts.items()):
        print(f"{suffix}: {sum(verdicts.values())} files, {dict(verdicts)}")
    if asked.json:
        lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
        asked.json.write_text("".join(f"{line}\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
