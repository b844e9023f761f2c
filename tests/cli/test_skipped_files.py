"""Collections from the wild: some files are bad, and every verb that reads them goes on alike."""

import json
import os
import shutil

import pytest
from click.testing import CliRunner
from toy_files import make_collection, toy_overrides

from opensearch.cli import main

GONE = "photo/disc/gone.jpg: is a link that leads to nothing"
DAMAGED = "skipped photo/disc/00.jpg: picture '00.jpg' "


def run(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def spoilt(data):
    """A damaged file, a link whose file is gone, a name that is not UTF-8."""
    (data / "photo/disc/00.jpg").write_text("no picture")
    (data / "photo/disc/gone.jpg").symlink_to("/nowhere/a.jpg")
    (data / "photo/disc" / os.fsdecode(b"\xff.jpg")).write_bytes(b"")
    return data


@pytest.fixture(scope="module")
def wild(toy_collection, tmp_path_factory):
    data = tmp_path_factory.mktemp("wild") / "collection"
    shutil.copytree(toy_collection, data)
    return spoilt(data)


@pytest.fixture
def verbs(wild, toy_model, tmp_path):
    """Command lines of all verbs that read labelled collections, and how many files each skips."""
    model = tmp_path / "model"
    shutil.copytree(toy_model, model)
    settings = [part for each in toy_overrides(wild) for part in ("--set", each)]
    train = ["train", "prototype", "--data", wild, "--out", tmp_path / "new", *settings, "-q"]
    small = ["voxels.steps=2", "voxels.code=8", "voxels.channels=[4,4,4]", "voxels.groups=2",
             "voxels.critic=[2,2,2]", "adaptation.steps=0", "pooling.weights=[1.0]"]  # fmt: skip
    solid = [part for each in small for part in ("--set", each)]
    return {
        "evaluate": (["evaluate", model, "--data", wild, "--split", "all", "-q"], 3),
        "refit": (["refit", model, "--data", wild, "--out", tmp_path / "re", "--hasher", "lsh",
                   "--bits", 16, "-q"], 3),
        "train": ([*train, "--set", "loop.epochs=1"], 3),
        "train-3d": (["train-3d", "--data", wild, "--out", tmp_path / "3d", *solid, "-q"], 2),
    }  # fmt: skip


@pytest.mark.parametrize("verb", ["evaluate", "refit", "train", "train-3d"])
def test_bad_files_are_named_and_counted_and_the_rest_is_done(verbs, verb):
    words, count = verbs[verb]
    done = run(*words)
    assert done.exit_code == 3, done.output
    assert f"skipped {os.fsdecode(os.fsencode(words[words.index('--data') + 1]))}/{GONE}" in (
        done.stderr
    )
    assert (DAMAGED in done.stderr) == (count == 3)
    assert f"\n{count} files were skipped; everything else is done\n" in done.stderr
    assert done.stdout


def test_numbers_come_with_what_was_skipped(verbs, toy_model):
    words, _ = verbs["evaluate"]
    for more in ([], ["--against", toy_model]):
        told = json.loads(run(*words, *more, "--json").stdout)
        assert told["rows"]
        assert [failure["path"].split("/")[-1] for failure in told["failures"]][-1] == "00.jpg"


def test_a_collection_is_split_without_what_cannot_be_an_item(tmp_path):
    data = spoilt(make_collection(tmp_path / "c", domains=("photo",), train=4))
    (data / "split.csv").unlink()
    done = run("dataset", "split", data, "--json")
    assert done.exit_code == 3
    assert [failure["path"][-8:] for failure in json.loads(done.stdout)["failures"]] == [
        "gone.jpg",
        "\\xff.jpg",
    ]
    assert "2 files were skipped; everything else is done" in done.stderr
    assert "gone" not in (data / "split.csv").read_text("utf-8")


def test_a_split_leaves_out_links_within_it_to_nothing_and_pipes(tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo",), train=4)
    (data / "split.csv").unlink()
    (data / "photo/disc/gone.jpg").symlink_to("moved.jpg")
    os.mkfifo(data / "photo/disc/pipe.jpg")
    done = run("dataset", "split", data)
    assert done.exit_code == 3
    assert f"skipped {data}/{GONE}" in done.stderr
    assert "photo/disc/pipe.jpg: is no file or folder, but a device" in done.stderr
    assert "2 files were skipped; everything else is done" in done.stderr
    table = (data / "split.csv").read_text("utf-8")
    assert "gone" not in table
    assert "pipe" not in table


def test_a_collection_of_which_most_cannot_be_read_is_refused(toy_model, tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo",), train=4)
    for file in sorted(data.glob("photo/*/*.jpg"))[4:]:
        file.unlink()
        file.symlink_to("/nowhere/a.jpg")
    (data / "split.csv").unlink()
    told = "files of collection"
    for words in (["evaluate", toy_model, "--data"], ["dataset", "split"]):
        refused = run(*words, data)
        assert refused.exit_code == 2
        assert told in refused.stderr
        assert "which is most of them; the first: " in refused.stderr
    assert not (data / "split.csv").exists()


def test_most_of_a_domain_is_refused_too(toy_model, tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo", "sketch"), train=4)
    for file in data.glob("photo/*/*.jpg"):
        file.write_text("no picture")
    refused = run("evaluate", toy_model, "--data", data, "--split", "all")
    assert refused.exit_code == 2
    assert "25 of 25 files of the photo encoder cannot be read" in refused.stderr
