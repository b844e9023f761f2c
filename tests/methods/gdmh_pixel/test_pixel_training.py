"""Training on pixels end to end: bundle, codes of all domains, words, cuts, sheets."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from toy_files import toy_overrides

from opensearch.domains.reading import contact_sheet
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.tensors import load_tensors
from opensearch.engine import Engine
from opensearch.errors import InvalidInput, UnknownWord
from opensearch.hashing import pack_codes
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model

TINY = [
    "backbone.name=tiny",
    "size=32",
    "domains.shape.views=2",
    "hash.bits=16",
    "pixel.blocks=1",
    "pixel.width=2",
    "pixel.batch=4",
    "pixel.epochs=4",
    "pixel.pool=3",
    "pixel.grids=3",
    "pixel.checkpoint=6",
]


@pytest.fixture(scope="module")
def config():
    return load_train_config("gdmh-pixel", TINY)


@pytest.fixture(scope="module")
def model(toy_collection, config, tmp_path_factory):
    out = tmp_path_factory.mktemp("pixel") / "model"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the run that is killed has
    yield train(Training(config, [toy_collection], out))
    torch.set_num_threads(threads)


def files_of(folder):
    """All that a run leaves, but the paths it was told."""
    files = [*folder.glob("*.safetensors"), *folder.glob("training/**/*.*"), folder / "model.json"]
    files.append(folder / "metrics.jsonl")
    return {str(f.relative_to(folder)): content(f) for f in files if f.name != "run.json"}


def content(file):
    """Bytes; of a checkpoint what it holds, as its header has entries in no fixed order."""
    if file.parent.name != "training" or file.suffix != ".safetensors":
        return file.read_bytes()
    with safe_open(file, "np") as held:
        tensors = {name: held.get_tensor(name).tobytes() for name in held.keys()}  # noqa: SIM118
        return held.metadata(), tensors


def test_domains_share_the_hash_network_and_differ_in_front(model):
    names = {name: model.domain(name).backbone.name for name in model.domains}
    assert names == {
        "photo": "masking-1x2x2/tiny",
        "shape": "migration-1x2/tiny",
        "sketch": "migration-1x2/tiny",
    }
    trunks = [load_tensors(model.folder / model.domain(n).backbone.tensors) for n in names]
    for name in (name for name in trunks[0] if name.startswith("trunk.")):
        assert np.array_equal(trunks[0][name], trunks[1][name])
        assert np.array_equal(trunks[0][name], trunks[2][name])
    assert not np.array_equal(
        trunks[1]["front.generator.paint.0.weight"], trunks[2]["front.generator.paint.0.weight"]
    )
    assert (model.card.method, model.card.dim, model.card.bits) == ("gdmh-pixel", 16, 16)
    assert model.card.hash.settings["name"] == "sign"


def test_a_code_is_the_signs_of_the_mean_of_the_views_logits(model, toy_collection):
    opened = Model(model)
    path = toy_collection / "shape" / "cube" / "08.off"
    views = opened.read("shape", path).views
    assert len(views) == 2
    features = model.backbone("shape").features(views)
    linear = load_tensors(model.folder / model.domain("shape").projector)
    logits = (features @ linear["linear.weight"].T + linear["linear.bias"]).mean(axis=0)
    embedding = opened.embed([path], "shape")
    np.testing.assert_allclose(embedding[0], logits / np.linalg.norm(logits), atol=1e-5)
    codes = opened.encode([features], ["shape"])[1]
    clear = np.abs(logits) > 1e-5
    bits = np.unpackbits(codes, axis=1)[0]
    assert np.array_equal(bits[clear], (logits >= 0)[clear])


def test_every_network_learned(model, config):
    """Everything but buffers of fronts and hash network differs from where it started."""
    state = load_file(model.folder / "training" / "pixel.safetensors")
    moments = {name for name in state if name.endswith("exp_avg")}
    assert len(moments) > 100
    still = {name for name in moments if not state[name].any()}
    # a bias before a batch norm has no say, so its slope is rounding or nothing
    assert len(still) < 0.3 * len(moments)
    lines = [json.loads(line) for line in (model.folder / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [6, 12, 18, 24]
    assert lines[-1]["sketch.cycle"] < lines[0]["sketch.cycle"]
    names = {"quantisation", "agreement", "triplet", "right", "changed", "lr", "hash_lr"}
    each = {"to_pivot", "from_pivot", "cycle", "pivot_cycle", "critic", "pivot_critic"}
    names |= {f"{domain}.{name}" for domain in ("shape", "sketch") for name in each}
    assert set(lines[0]) == names | {"stage", "epoch", "step"}
    assert lines[0]["changed"] > 0 == lines[1]["changed"]


def test_prototypes_are_the_codes_of_the_last_discrete_step(model):
    state = load_file(model.folder / "training" / "pixel.safetensors")
    space = Model(Bundle.open(model.folder)).space
    assert model.card.space.settings["provider"] == "codes"
    for number, category in enumerate(model.card.categories):
        rows = state["m.memories.0.labels"] == number
        code = state["m.memories.0.codes"][rows][0].numpy()
        prototype = space.prototypes([category])[0]
        assert np.array_equal(np.sign(prototype), code)
        np.testing.assert_allclose(prototype, code / 4, atol=1e-3)


def test_only_trained_words_are_known(model, toy_collection, tmp_path):
    with Engine.create(tmp_path / "index", model=model.folder) as engine:
        engine.add(toy_collection)
        hits = engine.search(text="cube", k=3)
        assert len(hits) == 3
        with pytest.raises(UnknownWord, match="no vector is known for 'zebra'"):
            engine.search(text="zebra")
        with pytest.raises(UnknownWord, match="no vector is known for 'bar'"):
            engine.search(text="bar")


def test_items_of_all_domains_are_found_by_those_of_any(model, toy_collection, tmp_path):
    with Engine.create(tmp_path / "index", model=model.folder) as engine:
        report = engine.add(toy_collection)
        assert report.failed == 0
        for domain, name in (("sketch", "08.png"), ("shape", "08.off"), ("photo", "08.jpg")):
            path = toy_collection / domain / "cube" / name
            hits = engine.search(path, source=domain, k=1000, refine=False)
            itself = next(hit for hit in hits if hit.key == f"{domain}/cube/{name}")
            assert itself.distance == 0
            assert itself.score == pytest.approx(1, abs=1e-3)
            assert {hit.domain for hit in hits} == {"photo", "shape", "sketch"}


def test_both_runtimes_give_near_embeddings(model, toy_collection, monkeypatch):
    path = toy_collection / "sketch" / "disc" / "08.png"
    made = {}
    for runtime in ("torch", "onnx"):
        monkeypatch.setenv("OPENSEARCH_RUNTIME", runtime)
        opened = Model(Bundle.open(model.folder))
        made[runtime] = opened.embed([path], "sketch")
        assert opened.bundle.backbone("sketch").runtime == runtime
    np.testing.assert_allclose(made["torch"], made["onnx"], atol=1e-3)


def test_sheets_show_what_the_networks_make(model):
    folder = model.folder / "training" / "grids"
    names = {file.name for file in folder.iterdir()}
    assert names == {f"{e:04d}-{d}.png" for e in (3, 4) for d in ("photo", "shape", "sketch")}
    from PIL import Image

    for name, rows in (("photo", 5), ("sketch", 4)):
        sheet = np.asarray(Image.open(folder / f"0004-{name}.png"))
        assert sheet.shape == contact_sheet(np.zeros((8 * rows, 32, 32, 3), np.uint8), 8).shape
        mask = sheet[4 + 36 : 4 + 36 + 32, 4 : 4 + 32]
        assert set(np.unique(mask)) <= {0, 255}


def test_a_killed_run_goes_on_as_if_nothing_had_been(model, config, toy_collection, tmp_path):
    """SIGKILL once some steps are past the first checkpoint; all on one thread, as `model` was."""
    out = tmp_path / "killed"
    command = [sys.executable, "-c", _RUN, str(toy_collection), str(out), *TINY]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    for line in run.stdout:
        if line.startswith("15"):
            break
    run.send_signal(signal.SIGKILL)
    run.stdout.close()
    assert run.wait() == -signal.SIGKILL
    assert not (out / "model.json").exists()
    assert (out / "training" / "pixel.safetensors").exists()
    train(Training(config, [toy_collection], out))
    assert files_of(out) == files_of(model.folder)


_RUN = """
import sys
from pathlib import Path
import torch
from opensearch.methods.configs import load_train_config
from opensearch.methods import Training, train
torch.set_num_threads(1)
def tell(what, done, total):
    if what == "pixel":
        print(done, flush=True)
data, out, *settings = sys.argv[1:]
train(Training(load_train_config("gdmh-pixel", settings), [Path(data)], Path(out)), tell)
"""


def test_half_precision_is_kept_half(toy_collection, config, tmp_path):
    few = config.model_copy(
        update={
            "backbone": config.backbone.model_copy(update={"half": True}),
            "pixel": config.pixel.model_copy(update={"epochs": 1}),
        }
    )
    made = train(Training(few, [toy_collection], tmp_path / "half"))
    tensors = load_tensors(made.folder / made.domain("sketch").backbone.tensors)
    assert tensors["front.generator.paint.0.weight"].dtype == np.float16
    assert load_tensors(made.folder / made.domain("sketch").projector)["linear.weight"].dtype == (
        np.float16
    )
    assert Model(made).embed([toy_collection / "sketch" / "disc" / "08.png"], "sketch").shape == (
        1,
        16,
    )


def test_a_loss_that_is_no_number_ends_the_run_with_the_way_out(toy_collection, config, tmp_path):
    wild = config.model_copy(update={"pixel": config.pixel.model_copy(update={"cycle": 1e39})})
    with pytest.raises(InvalidInput, match=r"is inf at step 1; .*lower pixel\.lr or"):
        train(Training(wild, [toy_collection], tmp_path / "wild"))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("size=30", r"multiple of 4 and at least 24 pixels, got size 30"),
        ("size=20", r"multiple of 4 and at least 24 pixels, got size 20"),
        ("space.provider=lexicon", r"space\.provider is onehot .*, got lexicon and none"),
        ("space.transform=centre", r"space\.transform none, got onehot and centre"),
        ("pixel.pivot=painting", r"pivot 'painting'; there are files of photo, shape, sketch\."),
        ("hash.name=pq", r"hash\.name: no hasher 'pq'"),
        ("exclude=[cube, disc]", r"domain 'photo' shares 1 categories with the pivot 'photo'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    override, message, toy_collection, tmp_path
):
    config = load_train_config("gdmh-pixel", [*TINY, override])
    with pytest.raises(InvalidInput, match=message):
        train(Training(config, [toy_collection], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_missing_gpu_is_refused(toy_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = load_train_config("gdmh-pixel", [*TINY, "pixel.device=cuda"])
    with pytest.raises(InvalidInput, match="torch finds none; give auto or cpu"):
        train(Training(config, [toy_collection], tmp_path / "out"))


def test_a_domain_cannot_be_added(model, toy_collection, config, tmp_path):
    training = Training(config, [toy_collection], tmp_path / "longer")
    with pytest.raises(InvalidInput, match="cannot extend a model; train a new one on all"):
        train(replace(training, extend=model.folder, domain="drawn"))


def test_signs_are_for_this_method_alone(toy_collection, tmp_path):
    config = load_train_config("prototype", [*toy_overrides(toy_collection), "hash.name=sign"])
    with pytest.raises(InvalidInput, match="sign is for method gdmh-pixel"):
        train(Training(config, [toy_collection], tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_packing_is_the_signs(model):
    prototype = Model(model).seen_prototypes
    assert np.array_equal(Model(model).hasher.encode(prototype), pack_codes(prototype))
