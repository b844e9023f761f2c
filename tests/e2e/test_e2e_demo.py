"""The demo from the command line, on a part of its collection and with a toy model."""

import re
import shlex
import shutil

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from toy_files import toy_overrides

from opensearch.cli import main
from opensearch.domains.collections.catalog import find_sources
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.errors import InvalidInput
from opensearch.experiments import demo as job
from opensearch.experiments.demo_collection import unpack_demo
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config

DIRECTIONS = [("sketch", "photo"), ("photo", "shape"), ("shape", "sketch")]
LEFT_OUT = ("cup", "vase")  # by the toy model; it is trained on chairs and tables
TAKEN = ("chair", "table", *LEFT_OUT)


def part(folder):
    """Unpack four categories of the collection."""
    unpack_demo(folder)
    for path in folder.glob("*/*"):
        if path.name not in TAKEN:
            shutil.rmtree(path)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Layers this small wait for each other on two, for seconds on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny model of the shipped lexicon's words, trained on two of the four categories."""
    folder = tmp_path_factory.mktemp("demo-model")
    part(folder / "c")
    for path in (folder / "c").glob("*/*"):
        if path.name in LEFT_OUT:
            shutil.rmtree(path)
    own = ["space.provider=lexicon", "domains.shape.views=1", "loop.epochs=10"]
    overrides = [*toy_overrides(folder), *own]
    train(Training(load_train_config("prototype", overrides), [folder / "c"], folder / "m"))
    return folder / "m"


def run(*arguments):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "unpack_demo", part)
        return CliRunner().invoke(main, ["demo", "-q", *map(str, arguments)])


@pytest.fixture(scope="module")
def kept(model, tmp_path_factory):
    """The folder of a demo, and what was printed."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    found = run("--keep", folder, "--model", model)
    assert found.exit_code == 0, found.output
    return folder, found.output


def shown(output, title):
    """What is printed of one kind of search."""
    return output.split(f"\n{title}: ")[1].split("\n\n")[0]


def test_everything_unpacked_is_indexed_and_called_what_it_is(kept):
    folder, output = kept
    files = list(find_sources(folder / "collection"))
    with Engine.open(folder / "index") as engine:
        assert sum(engine.info()["items"].values()) == len(files) == 3 * 4 * 6
    assert f"{len(files)} files indexed: unpacking" in output
    assert "\nnever trained on: cup, vase\ntrained on: chair, table\n" in output


@pytest.mark.parametrize(("source", "target"), DIRECTIONS)
def test_a_direction_shows_a_query_never_trained_on_with_its_hits_marked(kept, source, target):
    text = shown(kept[1], f"{source} to {target}")
    asked = re.match(rf"{source}/(\w+)/\d\d", text)
    assert asked
    assert asked[1] in LEFT_OUT
    hits = re.findall(r"^ ([+ ]) +\d  +-?\d\.\d{4} +\d+  (\w+)/(\w+)/", text, re.MULTILINE)
    assert [domain for _, domain, _ in hits] == [target] * 5
    assert [mark == "+" for mark, *_ in hits] == [c == asked[1] for *_, c in hits]


def test_precision_is_the_mean_over_all_queries_against_chance(kept):
    """Counted anew, by the files themselves in place of their stored embeddings."""
    folder, output = kept
    files = [s for s in find_sources(folder / "collection") if s.domain == "sketch"]
    right = {True: [], False: []}
    with Engine.open(folder / "index") as engine:
        for query in files:
            hits = engine.search(query.path, source="sketch", targets=["photo"], k=5)
            same = np.mean([hit.category == query.category for hit in hits])
            right[query.category in LEFT_OUT].append(same)
    found = re.findall(
        r"P@5 over (\d+) queries of categories (never )?trained on: (\d\.\d\d), ([\d.]+) times",
        shown(output, "sketch to photo"),
    )
    assert [(int(n), never) for n, never, *_ in found] == [(12, "never "), (12, "")]
    for (_, never, value, times), mean in zip(found, map(np.mean, right.values()), strict=True):
        assert float(value) == pytest.approx(mean, abs=0.03), never
        assert float(times) == pytest.approx(float(value) / 0.25, abs=0.05)


def test_pages_show_what_was_printed(kept):
    folder, output = kept
    names = [f"{source}-to-{target}" for source, target in DIRECTIONS] + ["word-to-anything"]
    for name in names:
        page = folder / "pages" / f"{name}.html"
        assert f"\n  {page}\n" in output
        keys = re.findall(r"  (\w+/\w+/\d\d\.\w+)$", shown(output, name.replace("-", " ")), re.M)
        assert len(keys) == 5
        assert re.findall(r'class="key">(.*?)<', page.read_text("utf-8")) == keys


def test_what_to_try_next_works_as_printed(kept, tmp_path, monkeypatch):
    """Each command is run with a file or folder of the user's in its capitals' place."""
    folder, output = kept
    commands = re.findall(r"^  opensearch ((?:query|index) .*)$", output, re.MULTILINE)
    assert len(commands) == 4
    mine = folder / "collection"
    monkeypatch.chdir(tmp_path)
    for command in commands:
        words = [
            str({"FILE": mine / "photo/cup/00.jpg", "FOLDER": mine / "photo"}.get(word, word))
            for word in shlex.split(command)
        ]
        found = CliRunner().invoke(main, words)
        assert found.exit_code == 0, (command, found.output)
    assert (tmp_path / "hits.html").is_file()


def test_without_a_folder_named_each_run_has_its_own(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder in ("opensearch-demo", "opensearch-demo-2"):
        found = run("--model", model)
        assert found.exit_code == 0, found.output
        assert f"Everything is kept in {folder}." in found.output
        assert (tmp_path / folder / "pages" / "sketch-to-photo.html").is_file()


def test_the_shipped_model_is_the_default(model, tmp_path, monkeypatch):
    monkeypatch.setattr("opensearch.starter_model", lambda: model)
    found = run("--keep", tmp_path / "d")
    assert found.exit_code == 0, found.output
    used, given = (Bundle.open(folder).card for folder in (tmp_path / "d/index/model", model))
    assert used.identities == given.identities
    assert "--model" not in found.output


def test_a_folder_with_files_is_refused(model, tmp_path):
    (tmp_path / "mine.txt").write_text("dear")
    found = run("--keep", tmp_path, "--model", model)
    assert found.exit_code == 2
    assert "new or empty folder" in found.output
    assert found.output.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_model_without_a_domain_is_refused_before_anything_is_written(
    model, tmp_path, monkeypatch
):
    monkeypatch.setattr("opensearch.encoders.bundle.Bundle.domains", ["photo", "sketch"])
    with pytest.raises(InvalidInput, match=r"has no shape\. Name another with `model`"):
        job.run_demo(tmp_path / "d", model)
    assert not (tmp_path / "d").exists()
