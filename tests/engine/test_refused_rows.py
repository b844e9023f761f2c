"""What the store refuses of a batch fails alone; the rest of the batch is stored."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from opensearch.engine import Engine
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.store import LmdbStore

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "photo"
    folder.mkdir()
    for at in range(7):
        noise = np.random.default_rng(at).integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{at}.png")
    return folder


def test_one_bad_row_never_ends_a_run(pictures, tmp_path, monkeypatch):
    put = LmdbStore.put

    def choosy(store, items, *rest, **kept):
        if any(item.key.endswith("3.png") for item in items):
            raise InvalidInput("the store does not want it")
        return put(store, items, *rest, **kept)

    monkeypatch.setattr(LmdbStore, "put", choosy)
    with (
        Engine.create(tmp_path / "index", MODEL) as engine,
        pytest.raises(UnreadableFile, match="the store does not want it"),
    ):
        engine.add(pictures, domain="photo", strict=True)
    with Engine.create(tmp_path / "other", MODEL) as engine:
        report = engine.add(pictures, domain="photo")
        assert (report.seen, report.added, report.failed) == (7, 6, 1)
        assert report.closes
        [failure] = report.failures
        assert (failure.path, failure.reason) == ("3.png", "the store does not want it")
        monkeypatch.undo()
        assert engine.add(pictures, domain="photo").added == 1
        assert engine.verify() == []
