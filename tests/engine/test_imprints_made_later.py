"""Indexes of older versions get their imprints by `compact`: of thumbnails, or of files."""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.reading import imprint_of_file
from opensearch.engine import Engine
from opensearch.imprints.pictures import SIZE

MODEL = Path(__file__).parents[1] / "golden" / "model"


def picture(seed):
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return Image.fromarray(coarse).resize((96, 72), Image.Resampling.BICUBIC)


@pytest.fixture
def collection(tmp_path):
    folder = tmp_path / "collection"
    for domain in ("photo", "sketch", "shape"):
        (folder / domain).mkdir(parents=True)
    for seed in range(2):
        picture(seed).save(folder / "photo" / f"{seed}.png")
        lines = np.full((64, 64), 255, np.uint8)
        lines[8 + 20 * seed, 8:50] = lines[8:50, 30] = 0
        Image.fromarray(lines).save(folder / "sketch" / f"{seed}.png")
        corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1 + seed, 0], [0, 0, 1]])
        rows = "".join(f"v {x} {y} {z}\n" for x, y, z in corners)
        faces = "f 1 2 3\nf 1 2 4\nf 2 3 4\nf 1 3 4\n"
        (folder / "shape" / f"{seed}.obj").write_text(rows + faces)
    return folder


def forget(engine):
    """Make the index as an older version would have."""
    store = engine._store
    table = store._environment.tables["imprints"]
    store._environment.write(lambda txn: txn.drop(table, delete=False))


def test_compact_makes_what_older_versions_did_not_keep(tmp_path, collection):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(collection)
        assert engine.without_imprint() == 0
        ids = [engine.get(f"{d}/0.{s}").id for d, s in (("sketch", "png"), ("shape", "obj"))]
        before = engine._store.imprints(ids)
        forget(engine)
        assert engine.without_imprint() == 6
        (collection / "shape" / "1.obj").unlink()
        (collection / "photo" / "1.png").unlink()
        (collection / "sketch" / "1.png").unlink()
        assert engine.compact().imprints == 5
        assert engine.without_imprint() == 1
        assert engine._store.imprints(ids) == before
        assert engine._store.imprints([engine.get("shape/1.obj").id]) == [b""]
        assert engine.compact().imprints == 0
        assert engine.verify() == []


def test_compact_adds_the_strokes_that_older_versions_did_not_keep(tmp_path):
    strokes = tmp_path / "collection" / "sketch" / "two.ndjson"
    strokes.parent.mkdir(parents=True)
    drawings = [[[[0, 90, 40], [10, 20, 80]]], [[[0, 50, 0], [0, 50, 90]]]]
    strokes.write_text("".join(json.dumps({"drawing": each}) + "\n" for each in drawings))
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(tmp_path / "collection")
        ids = [item.id for item in engine._store.walk()]
        made = engine._store.imprints(ids)
        assert {each[:1] for each in made} == {b"\x03"}
        engine._store.put_imprints(ids, [b"\x01" + each[1:SIZE] for each in made])
        assert engine.without_imprint() == 0
        assert engine.compact().imprints == 2
        assert engine._store.imprints(ids) == made
        assert engine.compact().imprints == 0
        older = [b"\x01" + each[1:SIZE] for each in made]
        engine._store.put_imprints(ids, older)
        strokes.unlink()
        assert engine.compact().imprints == 0
        assert engine._store.imprints(ids) == older


@pytest.mark.parametrize("first", [b"\x02", b"\x04"])
def test_compact_adds_the_corners_that_older_versions_did_not_keep(tmp_path, collection, first):
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(collection)
        ids = engine._store.ids("shape").tolist()
        made = engine._store.imprints(ids)
        older = [first + each[1:265] for each in made]
        engine._store.put_imprints(ids, older)
        (collection / "shape" / "1.obj").unlink()
        assert engine.compact().imprints == 1
        now = engine._store.imprints(ids)
        assert sorted(each[:1] for each in now) == [first, b"\x05"]
        assert set(now) <= {*made, *older}


def _of_sixty_thousand_pixels():
    """A PNG whose header promises 60,000 by 60,000 pixels."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "png")
    data = bytearray(file.getvalue())
    data[16:24] = struct.pack(">II", 60_000, 60_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


_ODD_DDS = b"DDS " + struct.pack("<8I", 124, 0x1007, 8, 8, 0, 0, 0, 0) + bytes(40) + struct.pack(
    "<2I4s5I", 32, 4, b"ABCD", 0, 0, 0, 0, 0
) + bytes(20)  # fmt: skip


@pytest.mark.parametrize("data", [_of_sixty_thousand_pixels(), _ODD_DDS, b"", b"no picture"])
def test_a_thumbnail_that_cannot_be_read_has_no_imprint(data):
    """One that an import brought, with its sums, ended `compact` by an error of Pillow's."""
    assert imprint_of_file(data) == b""
