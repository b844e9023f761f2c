"""Training from files to a bundle, both ways, extended, resumed and killed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from toy_files import make_collection

from opensearch import starter_model
from opensearch.encoders.bundle import Bundle
from opensearch.errors import BundleError, InvalidInput, UnknownWord
from opensearch.loop import alone
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.training.backbone import write_backbone

QUICK = [
    "backbone.name=tiny",
    "size=32",
    "domains.shape={views: 2, augment: false}",
    "loop={epochs: 3, batch: 8, checkpoint: 3}",
    "projector={hidden: 8, dropout: 0.5}",
    "hash={bits: 16, gdmh: {steps: 8, batch: 8, hidden: 8}}",
    "refinement.rule=fixed",
]


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    """Three categories and one unseen, four files to train on in each of two domains."""
    folder = tmp_path_factory.mktemp("toys") / "c"
    return make_collection(folder, domains=("photo", "sketch"), train=4)


def task(toys, out, *overrides, mode="frozen", **fields):
    provider = f"space.provider=attributes:{toys / 'attributes.csv'}"
    config = load_train_config("prototype", [*QUICK, provider, f"backbone.mode={mode}", *overrides])
    return Training(config, [toys], out, **fields)


def files_of(folder):
    """Contents of a bundle's files by name; versions and the like stand in `model.json`."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def same_bundles(one, other):
    """Whether all files are equal, `model.json` and metrics included."""
    return files_of(one) == files_of(other)


@pytest.fixture(scope="module")
def frozen(toys, tmp_path_factory):
    """(bundle, notes) of a frozen backbone's training."""
    notes = []
    out = tmp_path_factory.mktemp("frozen") / "m"
    return train(task(toys, out), note=notes.append), notes


def test_a_frozen_backbone_gives_a_bundle_with_one_trunk(frozen, toys):
    bundle, notes = frozen
    assert bundle.domains == ["photo", "sketch"]
    assert bundle.card.categories == ["cube", "disc", "pyramid"]
    assert len({card.backbone.tensors for card in bundle.card.domains.values()}) == 1
    assert any(
        re.match("warning: backbone tiny starts from random weights.*shipped", note)
        for note in notes
    )
    assert "left out, unseen in the data or excluded: 1 categories" in notes
    left = {file.name for file in bundle.folder.iterdir()} - bundle.card.files()
    assert left == {"model.json", "metrics.jsonl", "training"}
    embedding = bundle.encoder("sketch").embed(np.zeros((2, 1, 32, 32, 3), np.uint8))
    assert embedding.shape == (2, 4)


def test_no_file_but_the_hint_names_a_place_of_this_machine(frozen, toys):
    bundle, _ = frozen
    for name, content in files_of(bundle.folder).items():
        if name == "model.json":
            content = json.dumps(json.loads(content) | {"hint": None}).encode()
        assert str(toys.parent).encode() not in content


def test_the_same_training_elsewhere_gives_the_same_bundle(frozen, toys, tmp_path):
    other = train(task(toys, tmp_path / "m"))
    assert same_bundles(frozen[0].folder, other.folder)
    seeded = train(task(toys, tmp_path / "s", "seed=5"))
    assert seeded.card.identities["encoder/photo"] != other.card.identities["encoder/photo"]


def test_a_finished_training_is_not_done_again(frozen, toys):
    bundle, _ = frozen
    before, steps, notes = files_of(bundle.folder), [], []
    given = task(toys, bundle.folder)
    again = train(given, lambda what, *_: steps.append(what), notes.append)
    assert files_of(again.folder) == before
    assert not steps
    assert f"{bundle.folder} was finished before, with these settings" in notes[-1]


def test_two_runs_into_one_folder_are_refused(frozen, shapes, toys, tmp_path):
    more = {"extend": frozen[0].folder, "domain": "shape"}
    given = [task(toys, tmp_path / "m"), task(shapes, tmp_path / "m", **more)]
    with alone(tmp_path / "m"):
        for one in given:
            with pytest.raises(InvalidInput, match="another run is training into"):
                train(one)
        assert not list((tmp_path / "m").iterdir())


def test_a_finished_training_that_lost_a_file_is_finished_again(toys, tmp_path):
    bundle = train(task(toys, tmp_path / "m"))
    before = files_of(bundle.folder)
    (bundle.folder / bundle.card.hash.tensors).unlink()
    assert files_of(train(task(toys, tmp_path / "m")).folder) == before


def test_a_run_that_is_not_finished_is_told_from_a_folder_of_something_else(toys, tmp_path):
    def progress(what, done, total):
        if what == "sketch":
            raise Cut

    with pytest.raises(Cut):
        train(task(toys, tmp_path / "m"), progress=progress)
    with pytest.raises(BundleError, match="holds a training run that is not finished; run the"):
        Bundle.open(tmp_path / "m")
    with pytest.raises(BundleError, match=r"is not a model: it has no model\.json"):
        Bundle.open(tmp_path)


def test_other_settings_in_the_same_folder_are_refused(frozen, toys):
    with pytest.raises(InvalidInput, match=r"config\.loop\.lr from 0\.02 to 0\.5"):
        train(task(toys, frozen[0].folder, "loop.lr=0.5"))


def test_other_labels_of_as_many_files_are_refused(toys, tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo",), train=4)
    train(task(data, tmp_path / "m"))
    text = (data / "split.csv").read_text()
    (data / "split.csv").write_text(text.replace("photo,cube,train", "photo,disc,train", 1))
    with pytest.raises(InvalidInput, match=r"changed: files\.photo from 12 files, .* to 12 files"):
        train(task(data, tmp_path / "m"))


class Cut(Exception):
    """A run that ends in the middle."""


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
def test_cut_off_and_resumed_equals_uninterrupted(toys, tmp_path, mode):
    """Cut in the second domain, after the first has ended."""

    def progress(what, done, total):
        if (what, done) == ("sketch", 2):
            raise Cut

    whole = train(task(toys, tmp_path / "whole", mode=mode))
    with pytest.raises(Cut):
        train(task(toys, tmp_path / "cut", mode=mode), progress=progress)
    assert not (tmp_path / "cut" / "model.json").exists()
    train(task(toys, tmp_path / "cut", mode=mode))
    assert same_bundles(whole.folder, tmp_path / "cut")
    trunks = {card.backbone.tensors for card in whole.card.domains.values()}
    assert len(trunks) == (1 if mode == "frozen" else 2)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shapes") / "c"
    return make_collection(folder, domains=("shape",), train=4)


@pytest.mark.parametrize("mode", ["frozen", "finetune"])
def test_a_domain_added_leaves_all_else_bit_identical(frozen, shapes, tmp_path, mode):
    base = frozen[0]
    before = files_of(base.folder)
    given = task(shapes, tmp_path / "m", mode=mode, extend=base.folder, domain="shape")
    bundle = train(given)
    assert files_of(base.folder) == before
    assert bundle.domains == ["photo", "sketch", "shape"]
    for name, content in before.items():
        if name not in ("model.json", "metrics.jsonl"):
            assert (bundle.folder / name).read_bytes() == content
    marks = dict(bundle.card.identities)
    assert set(marks) - set(base.card.identities) == {"encoder/shape"}
    marks.pop("encoder/shape")
    assert marks == base.card.identities
    fields = {"domains", "identities", "categories"}
    assert bundle.card.model_dump(exclude=fields) == base.card.model_dump(exclude=fields)
    assert bundle.encoder("shape").embed(np.zeros((1, 2, 32, 32, 3), np.uint8)).shape == (1, 4)
    again = files_of(bundle.folder)
    assert files_of(train(given).folder) == again


def test_an_extension_that_is_cut_off_is_no_model_yet(frozen, shapes, tmp_path):
    def progress(what, done, total):
        if what == "shape":
            raise Cut

    given = task(shapes, tmp_path / "m", extend=frozen[0].folder, domain="shape")
    with pytest.raises(Cut):
        train(given, progress=progress)
    assert not (tmp_path / "m" / "model.json").exists()
    assert "shape" in train(given).domains


@pytest.mark.parametrize(
    ("fields", "overrides", "message"),
    [
        ({"domain": None}, [], "`extend` and `domain` go together"),
        ({"extend": None}, [], "`extend` and `domain` go together"),
        ({"domain": "../x"}, [], "'../x' cannot name a domain"),
        ({"domain": "photo"}, [], "already has a domain 'photo'"),
        ({"domain": "cartoon"}, [], "'cartoon' was asked for"),
        ({"out": "base"}, [], "is the model to extend; the longer one needs another `out`"),
        ({}, ["hash.name=pq"], "no hasher 'pq'; known: lsh, itq"),
    ],
)
def test_what_cannot_be_extended_is_refused_before_anything_is_written(
    frozen, shapes, toys, tmp_path, fields, overrides, message
):
    base = frozen[0].folder
    out = base if fields.get("out") else tmp_path / "m"
    data = toys if fields.get("domain") == "photo" else shapes
    given = task(data, out, *overrides, extend=base, domain="shape")
    with pytest.raises(InvalidInput, match=re.escape(message)):
        train(replace(given, **{k: v for k, v in fields.items() if k != "out"}))
    assert not (tmp_path / "m").exists()


def test_an_extension_takes_backbone_and_size_from_the_model_and_says_so(frozen, shapes, tmp_path):
    notes = []
    other = ["backbone.name=resnet18", "size=64", "space.transform=whiten"]
    other += ["hash.bits=128", "hash.name=lsh"]
    given = task(shapes, tmp_path / "m", *other, extend=frozen[0].folder, domain="shape")
    bundle = train(given, note=notes.append)
    assert "shape uses the model's tiny, not resnet18" in notes
    assert "views of shape have 32 pixels, as the model's" in notes
    assert "hash.bits stays as the model has it: 16, not 128" in notes
    assert "hash.name stays as the model has it: gdmh, not lsh" in notes
    assert "space.transform stays as the model has it: none, not whiten" in notes
    provider = f"attributes:{shapes / 'attributes.csv'}"
    stays = f"space.provider stays as the model has it: {frozen[0].card.hint}, not {provider}"
    assert stays in notes
    assert (bundle.card.bits, bundle.card.hash) == (16, frozen[0].card.hash)
    assert bundle.card.domains["shape"].reader.size == 32


@pytest.mark.parametrize(("domain", "pooling", "views"), [("cad", "upright", 12), ("x", "mean", 6)])
def test_the_starter_is_extended_by_a_domain_and_nothing_else_is_said(
    tmp_path, domain, pooling, views
):
    """A domain of meshes is seen as the starter's shapes are, whose direction of up it takes."""
    kind = "shape" if domain == "cad" else "sketch"
    data = make_collection(tmp_path / "c", domains=(kind,), train=2)
    text = (data / "split.csv").read_text()
    (data / "split.csv").write_text(text.replace(f",{kind},", f",{domain},"))
    few = ["loop={epochs: 1, batch: 4}", "hash={gdmh: {steps: 2, batch: 4}}"]
    few.append("domains.cad.reader=mesh")
    config, notes, base = load_train_config("prototype", few), [], Bundle.open(starter_model())
    out = tmp_path / "m"
    bundle = train(Training(config, [data], out, base.folder, domain), note=notes.append)
    card, photo = bundle.card.domains[domain], base.card.domains["photo"]
    assert (card.pooling, card.reader.views) == (pooling, views)
    assert (card.reader.size, card.backbone) == (photo.reader.size, photo.backbone)
    size = card.reader.size
    views = np.zeros((1, views if domain == "cad" else 1, size, size, 3), np.uint8)
    assert bundle.encoder(domain).embed(views).shape == (1, base.card.dim)
    assert not [note for note in notes if "unseen" not in note and "vector" not in note]


def test_prototypes_on_the_starters_backbone_keep_its_file_as_it_is(tmp_path):
    """Weights in float16 are not written out in float32, and have the name of their content."""
    data = make_collection(tmp_path / "c", domains=("sketch",), train=2)
    few = ["loop={epochs: 1, batch: 4}", "hash={name: lsh}", "refinement.rule=fixed"]
    bundle = train(Training(load_train_config("prototype", few), [data], tmp_path / "m"))
    shipped = next(iter(Bundle.open(starter_model()).card.domains.values()))
    card = bundle.card.domains["sketch"]
    assert card.backbone == shipped.backbone
    assert card.reader.size == shipped.reader.size


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("backbone.name=resnet19", "unknown backbone"),
        ("backbone.weights=/nowhere/w.pth", "do not exist"),
        ("hash.name=md5", "no hasher 'md5'; known: lsh, itq"),
    ],
)
def test_settings_that_cannot_be_are_refused_before_anything_is_written(
    toys, tmp_path, override, message
):
    with pytest.raises(InvalidInput, match=message):
        train(task(toys, tmp_path / "m", override))
    assert not (tmp_path / "m").exists()


def test_categories_without_vectors_are_left_out_with_a_note(toys, tmp_path):
    text = (toys / "attributes.csv").read_text()
    table = tmp_path / "a.csv"
    table.write_text(re.sub("^cube.*\n", "", text, flags=re.MULTILINE))
    notes = []
    bundle = train(
        task(toys, tmp_path / "m", f"space.provider=attributes:{table}"), note=notes.append
    )
    assert bundle.card.categories == ["disc", "pyramid"]
    assert "1 of 3 categories have no vector: cube" in notes
    table.write_text("category,a\nzebra,1\n")
    with pytest.raises(UnknownWord, match=r"none of the 3 categories .*another space\.provider"):
        train(task(toys, tmp_path / "n", f"space.provider=attributes:{table}"))


def test_damaged_files_are_skipped_and_told_and_most_is_an_error(tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo",), train=4)
    (data / "photo" / "disc" / "00.jpg").write_text("no picture")
    failures = []
    bundle = train(task(data, tmp_path / "m"), failed=failures.append)
    assert bundle.domains == ["photo"]
    assert [failure.path for failure in failures] == ["photo/disc/00.jpg"]
    for file in data.glob("photo/*/*.jpg"):
        file.write_text("no picture")
    with pytest.raises(
        InvalidInput, match="12 of 12 files of domain 'photo' cannot be read, which"
    ):
        train(task(data, tmp_path / "n"))


def test_one_picture_is_not_enough(tmp_path):
    data = make_collection(tmp_path / "c", domains=("photo",), train=1)
    for path in [*data.glob("photo/cube/*"), *data.glob("photo/pyramid/*")]:
        path.unlink()
    (data / "split.csv").write_text(
        "path,domain,category,split\nphoto/disc/00.jpg,photo,disc,train\n"
    )
    with pytest.raises(
        InvalidInput, match="'photo' has a single picture to train on; give it more"
    ):
        train(task(data, tmp_path / "m"))


def test_a_threshold_is_fitted_on_categories_held_out(toys, tmp_path):
    notes, steps = [], []
    bundle = train(
        task(toys, tmp_path / "m", "refinement={rule: auto, held_out: 0.4}"),
        note=notes.append,
        progress=lambda what, *_: steps.append(what),
    )
    rule = bundle.card.refinement
    assert (rule["seen"], rule["unseen"]) == (0.4, 0.7)
    assert -1 <= rule["threshold"] <= 1
    assert {"photo.validation", "sketch.validation"} <= set(steps)
    names = {file.name for file in (tmp_path / "m" / "training").iterdir()}
    assert {"photo.validation.safetensors", "photo.safetensors"} <= names


def test_too_few_categories_fix_lambda_with_a_note(toys, tmp_path):
    notes = []
    bundle = train(task(toys, tmp_path / "m", "refinement={rule: auto}"), note=notes.append)
    assert bundle.card.refinement == {"seen": 0.55, "unseen": 0.55, "threshold": None}
    assert "too few categories to fit λ on: it is fixed at 0.55" in notes


def test_all_negatives_put_prototypes_of_other_domains_in_the_softmax(toys, tmp_path):
    """The first loss counts one more category, so it is larger."""
    data = make_collection(tmp_path / "c", domains=("photo", "sketch"), train=4)
    for path in (data / "sketch" / "cube").iterdir():
        path.unlink()
    text = (data / "split.csv").read_text()
    (data / "split.csv").write_text(re.sub("^sketch/cube.*\n", "", text, flags=re.MULTILINE))
    first = {}
    for negatives in ("own", "all"):
        train(task(data, tmp_path / negatives, f"loop.negatives={negatives}", "loop.epochs=1"))
        lines = (tmp_path / negatives / "metrics.jsonl").read_text().splitlines()
        first[negatives] = {line["stage"]: line["loss"] for line in map(json.loads, lines)}
    assert first["own"]["photo"] == first["all"]["photo"]
    assert first["own"]["sketch"] < first["all"]["sketch"]


def test_without_onnx_a_note_says_what_it_costs(toys, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    notes = []
    bundle = train(task(toys, tmp_path / "m"), note=notes.append)
    assert bundle.backbone("photo").runtime == "torch"
    assert [note for note in notes if "opensearch-visual[train]" in note and "slower" in note]


def test_a_trunks_graph_is_named_by_the_size_of_its_views(tmp_path):
    """Two bundles on one trunk at two sizes must not share a graph when one replaces the other."""
    from opensearch.encoders.backbones import build_backbone

    cards = [
        write_backbone(tmp_path, build_backbone("tiny"), size, lambda text: None)
        for size in (32, 48)
    ]
    assert cards[0].tensors == cards[1].tensors
    assert cards[0].graph != cards[1].graph


def test_killed_and_started_again_gives_the_same_bundle(toys, tmp_path):
    """The verb in a process of its own, killed once its first checkpoint is on disk."""
    loop = "loop={epochs: 40, batch: 8, checkpoint: 3}"
    command = [
        sys.executable,
        "-m",
        "opensearch",
        "train",
        "prototype",
        "--quiet",
        f"--data={toys}",
        *(f"--set={text}" for text in [*QUICK, loop]),
        f"--set=space.provider=attributes:{toys / 'attributes.csv'}",
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    out = tmp_path / "killed"
    command.append(f"--out={out}")
    running = subprocess.Popen(command, env=environment)
    deadline = time.monotonic() + 120
    while not (out / "training" / "photo.safetensors").exists() and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.002)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    assert not (out / "model.json").exists()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    whole = train(task(toys, tmp_path / "whole", loop)).folder
    assert same_bundles(out, whole)
    assert Bundle.open(out).domains == ["photo", "sketch"]
