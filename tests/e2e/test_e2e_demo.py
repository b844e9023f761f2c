"""The demo from the command line, with fewer training files than a user's."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.domains import find_sources
from opensearch.engine import Engine
from opensearch.experiments import demo
from opensearch.experiments.toys import UNSEEN

DIRECTIONS = [("sketch", "photo"), ("photo", "shape"), ("shape", "sketch")]


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The folder of a demo that was kept, and what was printed."""
    folder = tmp_path_factory.mktemp("demo")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "TRAIN", 4)
        patch.setenv("OPENSEARCH_CACHE", str(folder / "users-cache"))
        found = CliRunner().invoke(main, ["demo", "--keep", str(folder / "kept"), "-q"])
    assert found.exit_code == 0, found.output
    assert not (folder / "users-cache").exists()
    return folder / "kept", found.output


def test_every_direction_is_printed_with_what_chance_would_give(kept):
    _, output = kept
    for source, target in DIRECTIONS:
        assert f"{source} to {target}: {source}/" in output
    measured = re.findall(
        r"P@5 over all \d+ queries of untrained.*: (0\.\d+), ([\d.]+) times", output
    )
    assert len(measured) == 4
    assert all(float(p) <= 1 for p, _ in measured)


def test_printed_hits_are_of_the_domain_searched(kept):
    _, output = kept
    for source, target in DIRECTIONS:
        part = output.split(f"{source} to {target}: ")[1].split("P@5")[0]
        keys = re.findall(r"\d\.\d{4} +\d+  (\w+)/", part)
        assert keys == [target] * 5


def test_trained_categories_are_found_far_above_chance(kept):
    """New files of 27 categories, chance about .03: ten times that in every direction."""
    folder, _ = kept
    files = [s for s in find_sources(folder / "gallery") if s.category not in UNSEEN]
    with Engine.open(folder / "index") as engine:
        for source, target in DIRECTIONS:
            queries = [s for s in files if s.domain == source][::5]
            right = []
            for query in queries:
                hits = engine.search(query.path, source=source, targets=[target], k=5)
                assert {hit.domain for hit in hits} == {target}
                right.append(np.mean([hit.category == query.category for hit in hits]))
            assert np.mean(right) > 0.3, (source, target)


def test_training_files_are_not_indexed(kept):
    folder, _ = kept
    with Engine.open(folder / "index") as engine:
        indexed = sum(engine.info()["items"].values())
        trained = engine.model.bundle.card.categories
    assert indexed == sum(1 for _ in find_sources(folder / "gallery"))
    assert indexed == 3 * (27 * 5 + 4 * 8)
    assert not set(trained) & set(UNSEEN)


def test_pages_show_what_was_printed(kept):
    folder, output = kept
    pages = sorted((folder / "pages").iterdir())
    assert [page.stem for page in pages] == [
        "photo-to-shape",
        "shape-to-sketch",
        "sketch-to-photo",
        "word-to-anything",
    ]
    shown = output.split("sketch to photo: ")[1].split("P@5")[0]
    keys = re.findall(r"photo/\S+\.jpg", shown)
    assert re.findall(r'class="key">(.*?)<', pages[2].read_text("utf-8")) == keys


def test_a_folder_with_files_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("dear")
    found = CliRunner().invoke(main, ["demo", "--keep", str(tmp_path)])
    assert found.exit_code == 2
    assert "new or empty folder" in found.output
    assert [file.name for file in Path(tmp_path).iterdir()] == ["mine.txt"]
