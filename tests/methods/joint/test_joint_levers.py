"""What joint training can be asked for besides: restyled views, holds, pairs of one item, soups."""

import json
import sys
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import normalize
from toy_files import toy_settings

from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.loop import Ahead
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.joint import fitting
from opensearch.methods.joint.batches import Batches
from opensearch.methods.joint.data import JointData
from opensearch.methods.joint.losses import JointLosses
from opensearch.methods.joint.networks import UprightHead
from opensearch.methods.joint.pools import Part, Pool
from opensearch.methods.joint.settings import JointSettings
from opensearch.methods.joint.uses import Use, uses_of
from opensearch.training.weights import on_the_way

CPU = torch.device("cpu")
LOOKS = {"icon": "sketch", "photo": "image", "shape": "mesh", "sketch": "sketch"}
RESTYLING = {
    "batch": 4,
    "sizes": {"photo": 6, "shape": 6},
    "outlines": {"photo": {"to": "sketch", "share": 0.5}, "shape": {"to": "sketch"}},
    "photographed": {"shape": {"to": "photo", "share": 0.667}},
}
QUICK = [
    "backbone={name: tiny, weights: null, half: false}",
    "projector.hidden=16",
    "joint={side: 32, head_steps: 6, head_batch: 8, steps: 6, batch: 4, checkpoint: 2, lr: 1e-3}",
]
EVERYTHING = [
    *QUICK,
    "joint.outlines={photo: {to: sketch}, shape: {to: sketch}}",
    "joint.photographed={shape: {to: photo, share: 0.667}}",
    "joint.sizes={shape: 6}",
    "joint.meeting=[photo, sketch]",
    "joint.photos=[photo]",
    "joint.pictures_alone=true",
    "joint.distil=2.0",
    "joint.hold=1.0",
    "joint.turned=0.2",
    "joint.bend=true",
    "joint.soup=[{distil: 0.5, hold: 0}, {instances: 0.5, lr: 2e-3}]",
    "joint.toward=0.8",
]


@pytest.fixture(autouse=True, scope="module")
def no_graphs():
    """Graphs are slow to make; others test them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "onnxscript", None)
        yield


class Rows:
    """Rows of one view each, a function of domain and item."""

    def __init__(self, made):
        self._made = made

    def row(self, index):
        return self._made[index][None]

    def take(self, indices):
        return np.stack([self.row(index) for index in indices])


def toy_data(side=24):
    """Ten items of each domain: views grey by item, features (3,) that tell domain and item."""
    rng = np.random.default_rng(0)
    views, features, labels = {}, {}, np.arange(10) % 5
    for number, name in enumerate(LOOKS):
        grey = np.linspace(20, 220, 10).astype(np.uint8)
        pages = np.full((10, side, side, 3), 255, np.uint8)
        pages[:, 6:-6, 6:-6] = grey[:, None, None, None]
        views[name] = Pool(Part(Rows(pages), labels, range(1)))
        told = np.stack([np.full(10, number), np.arange(10), rng.random(10)], 1)
        features[name] = Pool(Part(Rows(told.astype(np.float32)), labels, range(1)))
    points = normalize(torch.from_numpy(rng.normal(size=(5, 8))), dim=1).float().numpy()
    return JointData(LOOKS, views, features, features, points)


def batches_of(**settings):
    joint = JointSettings(side=24, common=0, paired=0, **settings)
    context = SimpleNamespace(config=SimpleNamespace(joint=joint, seed=0))
    return Batches(context, toy_data(), "trunk", uses_of(joint, LOOKS), CPU)


def test_uses_by_hand():
    found = uses_of(JointSettings(**RESTYLING), LOOKS)
    assert found == [
        Use("icon", "icon", "own", 4),
        Use("photo", "photo", "own", 6),
        Use("shape", "photo", "photograph", 4),
        Use("shape", "shape", "own", 6),
        Use("sketch", "sketch", "own", 4),
        Use("photo", "sketch", "outline", 3),
        Use("shape", "sketch", "outline", 3),
    ]
    assert {use.style for use in uses_of(JointSettings(), LOOKS)} == {"own"}


def test_a_batch_says_as_what_each_view_is_embedded_and_what_it_is_held_to():
    batches = batches_of(**RESTYLING, photos=["photo"])
    assert batches.counts == [4, 10, 6, 10]
    assert batches.domains.tolist() == [0] * 4 + [1] * 10 + [2] * 6 + [3] * 10
    own_photos = [False] * 4 + [True] * 6 + [False] * 20
    assert batches.image.tolist() == batches.held.tolist() == own_photos
    batch = batches.batch(0)
    assert batch.views().shape == (30, 24, 24, 3)
    restyled = [*range(10, 14), *range(24, 30)]
    assert batch.upright[restyled].tolist() == [-1] * 10
    assert (np.delete(batch.upright.numpy(), restyled) >= 0).all()


def test_instances_are_one_item_whatever_domain_it_is_given_to():
    """Two numbers are equal exactly where domain and item, as told by features, are."""
    batches = batches_of(**RESTYLING)
    met = 0
    for step in range(5):
        batch = batches.batch(step)
        told = torch.cat(batch.features())[:, :2]
        same = (told[:, None] == told[None]).all(dim=2)
        assert torch.equal(batch.instances[:, None] == batch.instances[None], same)
        met += int((same & (batches.domains[:, None] != batches.domains[None])).sum())
        labels = told[:, 1].long() % 5
        assert torch.equal(batch.labels, labels)
    assert met >= 5 * 2 * 10, "every restyled view meets its own"


def test_outlines_are_of_the_items_they_say():
    """What is dark in an outline is at the border of the item's square."""
    batches = batches_of(batch=4, outlines={"photo": {"to": "sketch", "share": 1}})
    views = batches.batch(0).views()
    outlines = views[-4:]
    assert torch.equal(outlines[..., 0], outlines[..., 1])
    assert float(outlines.mean()) > 150


def test_batches_that_threads_draw_are_the_same():
    batches = batches_of(**RESTYLING, turned=0.5)
    ahead = Ahead(lambda step: batches.batch(step).read(), 4, 3)
    for step in range(4):
        drawn, alone = ahead(step), batches.batch(step)
        assert torch.equal(drawn.instances, alone.instances)
        assert torch.equal(drawn.views(), alone.views())


def losses_of(**settings):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        classifier = nn.Linear(3, 4)
    return JointLosses(toy_data(), classifier, JointSettings(**settings), CPU)


def test_hold_is_the_cosine_distance_of_what_is_held():
    losses = losses_of(hold=2.0)
    after, before = torch.randn(2, 6, 3, generator=torch.Generator().manual_seed(1)).double()
    held = torch.tensor([True, False, True, True, False, False])
    far = [
        1 - float(after[i] @ before[i] / (after[i].norm() * before[i].norm())) for i in (0, 2, 3)
    ]
    assert losses.of_start(after, before, held).item() == pytest.approx(2 * np.mean(far))
    assert losses.of_start(before * 3, before, held).item() == pytest.approx(0, abs=1e-9)
    assert losses.of_start(after, before, held & ~held).item() == 0


def test_instances_are_contrasted_with_all_of_other_domains():
    """Reference: a softmax of each row over the other domains, averaged over those with a pair."""
    losses = losses_of(instances=0.5, contrast_temperature=0.1)
    units = normalize(torch.randn(5, 8, generator=torch.Generator().manual_seed(2)), dim=1)
    instances, domains = [7, 8, 7, 7, 9], [0, 0, 1, 1, 2]
    rows = []
    for i in range(5):
        others = [j for j in range(5) if domains[j] != domains[i]]
        weights = {j: np.exp(float(units[i] @ units[j]) / 0.1) for j in others}
        pairs = [j for j in others if instances[j] == instances[i]]
        if pairs:
            rows.append(np.mean([-np.log(weights[j] / sum(weights.values())) for j in pairs]))
    found = losses.of_instances(units, torch.tensor(instances), torch.tensor(domains))
    assert len(rows) == 3
    assert found.item() == pytest.approx(0.5 * np.mean(rows), rel=1e-4)


def test_what_has_no_photo_of_its_category_is_held_to_nothing():
    features = torch.cat(batches_of(batch=4).batch(0).features()).requires_grad_()
    labels = torch.zeros(16, dtype=torch.int64)
    image = torch.zeros(16, dtype=torch.bool)
    lonely = losses_of(distil=1.0, pictures_alone=True, photos=["nowhere"])
    assert lonely.of_teacher(features, features.detach(), labels, image).item() == 0
    kept = losses_of(distil=1.0, photos=["nowhere"])
    distilled = kept.of_teacher(features + 1, features.detach(), labels, image)
    assert distilled.item() > 0


def test_a_direction_given_is_the_direction_kept():
    head = UprightHead(5)
    head.point_along(np.arange(5, dtype=np.float32))
    assert head.direction().tolist() == [0, 1, 2, 3, 4]


@pytest.fixture(scope="module")
def everything(toy_collection):
    return load_train_config("joint", [*toy_settings(toy_collection), *EVERYTHING])


@pytest.fixture(scope="module")
def made(toy_collection, everything, tmp_path_factory):
    """A model trained with all of it, and the states that its weights were summed from."""
    seen = {}

    def recorded(start, tuned, share):
        before = {key: value.clone() for key, value in start.items()}  # which is then overwritten
        seen.update(start=before, tuned=tuned, share=share, kept=on_the_way(start, tuned, share))
        return seen["kept"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "on_the_way", recorded)
        out = tmp_path_factory.mktemp("levers") / "model"
        return train(Training(everything, [toy_collection], out)), seen


def test_what_is_kept_lies_between_the_start_and_the_mean_of_the_runs(made):
    bundle, seen = made
    keys = [key for key in seen["kept"] if key.endswith("weight")]
    assert (len(seen["tuned"]), seen["share"]) == (2, 0.8)
    for key in keys:
        mean = (seen["tuned"][0][key] + seen["tuned"][1][key]) / 2
        expected = 0.8 * mean + 0.2 * seen["start"][key]
        torch.testing.assert_close(seen["kept"][key], expected)
    inner = load_tensors(bundle.folder / bundle.domain("photo").projector)["hidden.0.weight"]
    assert np.array_equal(inner, seen["kept"]["head.inner.weight"].numpy())


def test_the_runs_differ_by_what_is_their_own(made):
    bundle, seen = made
    one, two = seen["tuned"]
    assert not torch.equal(one["head.inner.weight"], two["head.inner.weight"])
    lines = [
        json.loads(line) for line in (bundle.folder / "metrics.jsonl").read_text().splitlines()
    ]
    assert [line["stage"] for line in lines] == ["head", "trunk", "trunk-2"]
    assert lines[2]["lr"] == pytest.approx(2 * lines[1]["lr"])


class Cut(Exception):
    pass


def test_cut_off_in_every_run_and_resumed_ends_at_the_same_weights(
    made, toy_collection, everything, tmp_path, monkeypatch
):
    monkeypatch.setattr("opensearch.methods.joint.steps._EPOCH", 2)
    training = Training(everything, [toy_collection], tmp_path / "cut")
    for stage in ("head", "trunk", "trunk-2"):

        def progress(what, done, total, stage=stage):
            if what == stage and done == 3:
                raise Cut

        with suppress(Cut):
            train(training, progress)
            pytest.fail(f"{stage} told nobody of its steps")
    assert train(training).card.identities == made[0].card.identities


def test_domains_without_files_are_told(toy_collection, tmp_path):
    given = ["joint.outlines={photo: {to: icon}}", "domains.icon.reader=sketch", "joint.steps=0"]
    config = load_train_config("joint", [*toy_settings(toy_collection), *QUICK, *given])
    notes = []
    train(Training(config, [toy_collection], tmp_path / "m"), note=notes.append)
    assert "there are no files of icon, which settings of the group joint name" in notes


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            "outlines={sketch: {to: photo}}",
            "joint.outlines takes a domain of pictures or renders of shapes, and sketch has"
            " drawings",
        ),
        (
            "outlines={photo: {to: shape}}",
            "joint.outlines.photo.to takes a domain of drawings, and shape has renders of shapes",
        ),
        (
            "photographed={photo: {to: photo}}",
            "joint.photographed takes a domain of renders of shapes, and photo has pictures",
        ),
        (
            "photographed={shape: {to: sketch}}",
            "joint.photographed.shape.to takes a domain of pictures, and sketch has drawings",
        ),
        ("photos=[sketch]", "joint.photos takes a domain of pictures, and sketch has drawings"),
        ("soup=[{}, {distil: 1}]", "weights=starter has no classifier to distil"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(setting, message, toy_collection, tmp_path):
    given = ["backbone.weights=starter"] if "soup" in setting else ["backbone.name=tiny"]
    config = load_train_config("joint", [f"joint.{setting}", *given])
    with pytest.raises(InvalidInput) as caught:
        train(Training(config, [toy_collection], tmp_path / "m"))
    assert message in str(caught.value)
    assert not (tmp_path / "m").exists()


def test_a_gpu_that_is_not_there_is_missed_at_once(toy_collection, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = load_train_config("joint", ["joint.device=cuda", "backbone.name=tiny"])
    with pytest.raises(InvalidInput, match=r"joint\.device is cuda.*give auto or cpu"):
        train(Training(config, [toy_collection], tmp_path / "m"))
    assert fitting.chosen_device("auto") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert fitting.chosen_device("auto") == torch.device("cuda")
