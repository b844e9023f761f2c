"""Bad files among good ones: the run ends with exit 3 and names each with its reason.

    python -m benchmarks.bad_input MODEL [--keep DIR]

Makes a folder of good pictures and meshes (one with a non-ASCII name, one mesh of a million
faces) and of bad ones (empty, cut short, not what their suffix says, without faces, with NaN
vertices, 80 million pixels, 3 million faces, a broken link, a pipe, no permission), and one folder
that vanishes while it is indexed. Prints what `opensearch index` said, and exits 0 if every bad
file was named, every good one was stored, and the books close.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

GOOD = 40
VANISHING = 200


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.option("--keep", type=click.Path(path_type=Path), help="Keep the files there.")
def main(model: Path, keep: Path | None) -> None:
    """Exit 0 if every bad file was named and every good one stored."""
    folder = keep or Path(tempfile.mkdtemp())
    good = make_good(folder / "files")
    bad = make_bad(folder / "files")
    vanishing = make_vanishing(folder / "files")
    command = [sys.executable, "-m", "opensearch", "index", str(folder / "files"), "--json"]
    command += ["--to", str(folder / "index"), "--model", str(model)]
    threading.Thread(target=vanish, args=(vanishing, folder / "index"), daemon=True).start()
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    named = {failure["path"]: failure["reason"] for failure in report["failures"]}
    print(f"exit {done.returncode} after {time.perf_counter() - start:.1f} s")
    for path, reason in named.items():
        if "vanishing" not in path:
            print(f"  {path}: {reason}")
    lost = [reason for path, reason in named.items() if "vanishing" in path]
    print(f"  vanishing/: {len(lost)} files lost, e.g. {lost[:1]}")
    missing = [name for name in bad if not any(name in path for path in named)]
    wrongly = [name for name in good if any(path.endswith(name) for path in named)]
    books = ("added", "replaced", "moved", "unchanged", "ignored", "failed")
    closes = report["seen"] == sum(report[name] for name in books)
    print(f"bad but not named: {missing}; good but failed: {wrongly}; books close: {closes}")
    if keep is None:
        shutil.rmtree(folder)
    sys.exit(0 if done.returncode == 3 and closes and not missing and not wrongly else 1)


def make_good(folder: Path) -> list[str]:
    """Pictures of noise on stripes, a name in three scripts, a mesh of a million faces."""
    rng = np.random.default_rng(0)
    (folder / "photo").mkdir(parents=True)
    (folder / "shape").mkdir()
    names = [f"photo/good-{number:02d}.jpg" for number in range(GOOD)]
    names += ["photo/café — фото — 写真.jpg"]
    for name in names:
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(small).resize((160, 120)).save(folder / name)
    write_grid(folder / "shape/million.ply", 708)
    return [*names, "shape/million.ply"]


def make_bad(folder: Path) -> list[str]:
    """One file a way to be bad; the names that must be reported."""
    photo, shape = folder / "photo", folder / "shape"
    whole = (photo / "good-00.jpg").read_bytes()
    (photo / "empty.jpg").write_bytes(b"")
    (photo / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (photo / "text.png").write_text("this is no picture")
    (photo / "wrong-suffix.png").write_bytes(b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
    Image.new("RGB", (10_000, 8_000), "red").save(photo / "eighty-megapixels.png")
    (photo / "broken-link.png").symlink_to(photo / "nowhere.png")
    os.mkfifo(photo / "pipe.png")
    (shape / "empty.obj").write_bytes(b"")
    (shape / "zero-faces.off").write_text("OFF\n3 0 0\n0 0 0\n1 0 0\n0 1 0\n")
    (shape / "nan.off").write_text("OFF\n3 1 0\nnan nan nan\n1 0 0\n0 1 0\n3 0 1 2\n")
    (shape / "truncated.ply").write_bytes((shape / "million.ply").read_bytes()[:100_000])
    (shape / "picture.obj").write_bytes(whole)
    write_grid(shape / "three-million-faces.ply", 1225)
    names = ["empty.jpg", "truncated.jpg", "text.png", "wrong-suffix.png", "eighty-megapixels.png"]
    names += ["broken-link.png", "pipe.png", "empty.obj", "zero-faces.off", "nan.off"]
    names += ["truncated.ply", "picture.obj", "three-million-faces.ply"]
    if os.geteuid() != 0:  # to root nothing is unreadable
        (photo / "no-permission.jpg").write_bytes(whole)
        (photo / "no-permission.jpg").chmod(0)
        names.append("no-permission.jpg")
    return names


def make_vanishing(folder: Path) -> Path:
    """A folder that sorts last, so that it is still to be read when it vanishes."""
    rng = np.random.default_rng(1)
    (folder / "sketch" / "vanishing").mkdir(parents=True)
    for number in range(VANISHING):
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        Image.fromarray(small).save(folder / "sketch" / "vanishing" / f"{number:03d}.png")
    return folder / "sketch" / "vanishing"


def vanish(folder: Path, index: Path) -> None:
    """Delete a folder as soon as the index is being written."""
    while not (index / "manifest.json").exists():
        time.sleep(0.01)
    time.sleep(0.2)
    shutil.rmtree(folder)


def write_grid(path: Path, side: int) -> None:
    """A wavy square of 2 side² triangles as binary PLY."""
    x, y = np.meshgrid(np.linspace(-1, 1, side + 1), np.linspace(-1, 1, side + 1))
    points = np.stack([x, y, 0.3 * np.sin(4 * x) * np.cos(3 * y)], axis=2).reshape(-1, 3)
    corner = (np.arange(side)[:, None] * (side + 1) + np.arange(side)).reshape(-1, 1)
    halves = [corner + np.array([0, 1, side + 1]), corner + np.array([1, side + 2, side + 1])]
    faces = np.concatenate(halves)
    rows = np.empty(len(faces), np.dtype([("n", "u1"), ("v", "<i4", 3)]))
    rows["n"], rows["v"] = 3, faces
    header = (
        f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n"
        "property float x\nproperty float y\nproperty float z\n"
        f"element face {len(faces)}\nproperty list uchar int vertex_indices\nend_header\n"
    )
    path.write_bytes(header.encode() + points.astype("<f4").tobytes() + rows.tobytes())


if __name__ == "__main__":
    main()
