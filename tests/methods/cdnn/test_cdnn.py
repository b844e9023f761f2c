"""Method cdnn: equation 3 against slow references, networks by level, and what is refused."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from toy_files import make_collection, toy_settings

from opensearch.encoders.card import Published
from opensearch.encoders.encoder import Encoder
from opensearch.encoders.networks import projector_tensors
from opensearch.encoders.tensors import load_tensors
from opensearch.engine import Engine
from opensearch.errors import InvalidInput, MissingExtra
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.methods import Training, train
from opensearch.methods.cdnn.fitting import fixed_targets, layers_to_targets
from opensearch.methods.cdnn.losses import target_loss
from opensearch.methods.cdnn.networks import LevelNetworks, has_pyramid
from opensearch.methods.cdnn.settings import CdnnSettings
from opensearch.methods.configs import load_train_config
from opensearch.training.items import Items

OWN = ["space={provider: onehot, transform: none}"]


def slow_loss(outputs, labels, targets):
    """The first term of equation 3: 1 / P times the sum of ||x^ - h(x)||^2."""
    total = 0.0
    for output, label in zip(outputs, labels, strict=True):
        total += sum((t - o) ** 2 for t, o in zip(targets[label], output, strict=True))
    return total / len(outputs)


def test_the_loss_is_equation_3():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(7, 4)), rng.normal(size=(3, 4))
    labels = rng.integers(0, 3, 7)
    made = target_loss(*map(torch.from_numpy, (outputs, labels, targets)))
    assert float(made) == pytest.approx(slow_loss(outputs, labels, targets))


def test_targets_are_units_alike_for_a_seed():
    random = fixed_targets(5, CdnnSettings(dim=8), 3)
    assert torch.allclose(random.norm(dim=1), torch.ones(5))
    assert torch.equal(random, fixed_targets(5, CdnnSettings(dim=8), 3))
    assert not torch.equal(random, fixed_targets(5, CdnnSettings(dim=8), 4))
    onehot = fixed_targets(3, CdnnSettings(dim=4, targets="onehot"), 0)
    assert onehot.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]]


def items_of(looks, width, views=1, name="d"):
    rows = torch.randn(9, views, width, generator=torch.Generator().manual_seed(width))
    data = SimpleNamespace(name=name, looks=looks, start=None)
    return Items(data, "mean", np.arange(9) % 3, rows)


def test_each_level_of_a_drawing_sees_its_cells_and_a_shape_the_same_at_all():
    settings = CdnnSettings(levels=[1, 2, 4], layers=[5], dim=4)
    drawn = LevelNetworks(items_of("sketch", 3 * 21), settings, 0)
    assert drawn.hidden.columns == [(0, 3), (3, 15), (15, 63)]
    shape = LevelNetworks(items_of("mesh", 3), settings, 0)
    assert shape.hidden.columns == [(0, 3)] * 3
    assert not has_pyramid("sketch", [1])


@pytest.mark.parametrize("representation", ["hidden", "target"])
@pytest.mark.parametrize("standardise", [True, False])
def test_the_encoder_gives_the_levels_in_a_row(representation, standardise):
    settings = CdnnSettings(levels=[1, 2], layers=[6, 5], dim=4, standardise=standardise)
    items = items_of("sketch", 15, views=2)
    network = LevelNetworks(items, settings, 0).eval()
    (lasts,) = layers_to_targets(["d"], settings, 0)
    with torch.inference_mode():
        hidden, outputs = network(items.rows, lasts)
    wanted = hidden if representation == "hidden" else torch.cat(outputs, dim=1)
    tensors = projector_tensors(network.encoder(representation, lasts))
    made = Encoder(None, tensors, "mean").codes(items.rows.numpy())
    assert made.shape == (9, 10 if representation == "hidden" else 8)
    assert made == pytest.approx(wanted.numpy(), abs=1e-5)


def test_layers_to_targets_are_shared_or_not():
    shared = layers_to_targets(["a", "b"], CdnnSettings(), 0)
    assert shared[0] is shared[1]
    own = layers_to_targets(["a", "b"], CdnnSettings(last="own"), 0)
    assert not torch.equal(own[0][0].weight, own[1][0].weight)


def train_toys(toys, folder, overrides):
    config = load_train_config("cdnn", [*toy_settings(toys), *OWN, *overrides])
    train(Training(config, [toys], folder / "out", cache=folder / "cache"))


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        (["cdnn.levels=[1, 1]"], "levels of a pyramid are different numbers"),
        (["domains.shape.pooling=max"], "domains.shape.pooling: method cdnn brings the mean"),
        (["cdnn={targets: onehot, dim: 2}"], "2, and onehot targets of 3 categories .*dim=3"),
        (
            ["cdnn.levels=[1, 2]", "domains.sketch.reader=image"],
            r"cut drawings into cells, and none of the domains photo, sketch is of drawings",
        ),
        (
            ["cdnn.levels=[1, 2]", "backbone.name=mobilenet_v2"],
            "mobilenet_v2 does not end in a mean over its feature map",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_files_are_written(overrides, told, tmp_path):
    toys = make_collection(tmp_path / "c", domains=("photo", "sketch"), train=2)
    with pytest.raises(InvalidInput, match=told):
        train_toys(toys, tmp_path, overrides)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("config", ["cdnn", "pcdnn"])
def test_it_learns_and_ranks_as_published(config, toy_collection, tmp_path, monkeypatch):
    """Untrained backbone, three categories: by chance mAP would be about .4."""
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # graphs are slow to make
    quick = [f"cdnn.{name}" for name in ("layers=[16]", "dim=16", "steps=100", "classes=3")]
    settings = [*toy_settings(toy_collection), *OWN, *quick, "cdnn.lr=0.01", "hash.bits=16"]
    made = load_train_config(config, settings)
    bundle = train(Training(made, [toy_collection], tmp_path / "model"))
    assert bundle.card.published == Published(distance="euclidean", views="pooled")
    assert bundle.card.dim == 16 * len(made.cdnn.levels)
    names = {name: own.backbone.name for name, own in bundle.card.domains.items()}
    drawn = "tiny" if config == "cdnn" else "pyramid-1x2x4/tiny"
    assert names == {"photo": "tiny", "shape": "tiny", "sketch": drawn}
    rows = evaluate(Evaluation(bundle.folder, toy_collection, ["train"], as_published=True)).rows
    found = {(r.representation, r.refinement): r.matrix.cross.map_all for r in rows}
    assert min(found["real", "none"], found["published", "none"]) > 0.7


SMALL = ["cdnn.features=scspm", "cdnn.scspm={words: 12, step: 16, nearest: 2, descriptors: 400}"]


def test_a_model_on_sift_codes_learns_and_opens(toy_collection, tmp_path):
    pytest.importorskip("cv2", reason="the extra scspm is not installed")
    quick = [f"cdnn.{name}" for name in ("layers=[16]", "dim=16", "steps=100", "classes=3")]
    settings = [*toy_settings(toy_collection), *OWN, *quick, *SMALL, "cdnn.lr=0.01", "hash.bits=16"]
    made = load_train_config("pcdnn", settings)
    bundle = train(Training(made, [toy_collection], tmp_path / "model", cache=tmp_path / "cache"))
    assert {own.backbone.name for own in bundle.card.domains.values()} == {"scspm:1x2x4"}
    (words,) = {own.backbone.tensors for own in bundle.card.domains.values()}
    assert load_tensors(bundle.folder / words)["words"].shape == (12, 128)
    rows = evaluate(Evaluation(bundle.folder, toy_collection, ["train"])).rows
    found = {(r.representation, r.refinement): r.matrix.cross.map_all for r in rows}
    assert found["real", "none"] > 0.6  # by chance about .4
    with Engine.create(tmp_path / "index", bundle.folder) as engine:
        engine.add(toy_collection)
        hits = engine.search(toy_collection / "sketch" / "cube" / "00.png", targets=["shape"], k=2)
    assert [hit.domain for hit in hits] == ["shape"] * 2


def test_what_sift_codes_want_is_told_before_files_are_written(tmp_path, monkeypatch):
    toys = make_collection(tmp_path / "c", domains=("photo", "sketch"), train=2)
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingExtra, match=r"features=scspm needs cv2, .* extra 'scspm'"):
        train_toys(toys, tmp_path, SMALL)
    assert not (tmp_path / "out").exists()


def test_more_words_than_patches_are_refused(tmp_path):
    pytest.importorskip("cv2", reason="the extra scspm is not installed")
    toys = make_collection(tmp_path / "c", domains=("photo", "sketch"), train=2)
    with pytest.raises(InvalidInput, match=r"words is 9000, and the views hold \d+ patches"):
        train_toys(toys, tmp_path, [*SMALL, "cdnn.scspm.words=9000"])
