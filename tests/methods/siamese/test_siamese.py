"""Method siamese: what it draws and refuses, and that it learns."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from toy_files import make_collection, toy_settings

from opensearch.domains.shapes.cameras import cameras
from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.card import Published
from opensearch.errors import InvalidInput
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.siamese.networks import SiameseModel
from opensearch.methods.siamese.settings import SiameseConfig, SiameseDomain, SiameseSettings
from opensearch.methods.siamese.steps import Drawn, siamese_job
from opensearch.records import UPS
from opensearch.training.augmentation import augment_warp

OWN = ["space={provider: onehot, transform: none}"]


@pytest.mark.parametrize("up", UPS)
def test_the_two_views_of_a_shape_are_more_than_45_degrees_apart(up):
    """Also where opposite views, whose outlines are one, count as the same."""
    one, other = cameras(SiameseDomain().line_views, up)[:, 2]
    assert np.degrees(np.arccos(abs(one @ other))) > 45


def test_the_network_of_the_paper_takes_grey_views_of_100_pixels():
    backbone = build_backbone("drawings:wang2015")
    assert backbone.dim == 256 * 3 * 3
    views = torch.randint(0, 256, (2, 100, 100, 3), generator=torch.Generator().manual_seed(0))
    grey = views.float().mean(dim=-1, keepdim=True).expand(-1, -1, -1, 3)
    assert torch.allclose(backbone(views), backbone(grey), atol=1e-4)
    shapes = [tuple(p.shape) for p in backbone.parameters() if p.ndim == 4]
    assert shapes == [(32, 1, 13, 13), (64, 32, 7, 7), (256, 64, 3, 3)]


def test_codes_are_active_and_networks_are_not_shared():
    model = SiameseModel(build_backbone("tiny"), 2, 8, 0)
    views = torch.randint(0, 256, (5, 32, 32, 3), generator=torch.Generator().manual_seed(0))
    one, other = model([views, views])
    assert one.shape == (5, 8)
    assert float(one.detach().min()) >= 0
    assert not torch.equal(one, other)
    parts = [{id(p) for p in part.parameters()} for part in model.heads]
    assert not parts[0] & parts[1]


class Rows:
    def __init__(self, views):
        self._views = views

    def take(self, rows):
        return self._views[rows]


def drawn_of(looks=("sketch", "mesh"), count=12, **settings):
    """Two domains of four categories, views of one grey value each: 10 item + view."""
    shades = (10 * np.arange(count)[:, None] + np.arange(2)).astype(np.uint8)
    views = np.broadcast_to(shades[..., None, None, None], (count, 2, 32, 32, 3))
    data = [
        SimpleNamespace(name=name, rows=Rows(views), encoded=2, looks=look)
        for name, look in zip(("sketch", "shape"), looks, strict=True)
    ]
    labels = [np.arange(count) % 4] * 2
    return Drawn(data, labels, SiameseSettings(classes=3, items=2, **settings), 0)


def test_a_batch_is_one_view_of_items_of_the_same_categories():
    sketch, shape = drawn_of(warp=False).batches(0)
    assert torch.equal(sketch.labels, shape.labels)
    assert sorted(torch.unique(sketch.labels, return_counts=True)[1].tolist()) == [2, 2, 2]
    seen = set()
    for step in range(10):
        for batch in drawn_of(warp=False).batches(step):
            shades = batch.rows[:, 0, 0, 0].numpy()
            assert ((shades // 10) % 4 == batch.labels.numpy()).all()
            seen |= set((shades % 10).tolist())
    assert seen == {0, 1}


def test_only_drawings_are_warped():
    sketch, shape = drawn_of().batches(0)
    plain = drawn_of(warp=False).batches(0)
    assert not torch.equal(sketch.rows, plain[0].rows)
    assert torch.equal(shape.rows, plain[1].rows)


def test_warps_are_of_two_in_three_within_their_bounds():
    """A dot 40 from the centre stays within 3 degrees and .9 to 1.05 of where it was."""
    views = torch.full((300, 100, 100, 3), 255, dtype=torch.uint8)
    views[:, 49:51, 89:91] = 0
    made = augment_warp(views, torch.Generator().manual_seed(0))
    ink = 255 - made[..., 0]
    total = ink.sum(dim=(1, 2))
    at = torch.arange(100.0)
    x, y = (ink.sum(1) @ at / total - 49.5, ink.sum(2) @ at / total - 49.5)
    assert 0.55 < float(((made - views.float()).abs().amax((1, 2, 3)) > 1).float().mean()) < 0.78
    assert 0.88 * 40 < float(x.min()) < 37 < 41 < float(x.max()) < 1.07 * 40
    assert float(y.abs().max()) < 40 * np.tan(np.radians(3.2)) * 1.06
    assert float(made.min()) > -0.01
    assert float(made.max()) < 255.01


def test_dead_codes_stop_the_training_with_the_batch_and_the_way_out():
    model = SiameseModel(build_backbone("tiny"), 2, 8, 0)
    for head in model.heads:
        torch.nn.init.constant_(head[0].bias, -1e6)
    job = siamese_job(model, drawn_of(), SiameseConfig(siamese=SiameseSettings()))
    with pytest.raises(InvalidInput, match=r"collapsed.*'sketch' in batch 5 of siamese.*lower"):
        next(iter(job.step(4)))


def test_a_batch_without_pairs_of_one_category_stops_the_training():
    model = SiameseModel(build_backbone("tiny"), 2, 8, 0)
    job = siamese_job(model, drawn_of(count=4), SiameseConfig(siamese=SiameseSettings()))
    with pytest.raises(InvalidInput, match="batch 1 of siamese has no pair of one category"):
        next(iter(job.step(0)))


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("space.provider=lexicon", "its space.provider is onehot"),
        ("domains.shape.pooling=upright", "domains.shape.pooling: method siamese makes a code"),
        ("domains.shape.pooling=mean-features", "give mean or max, got mean-features"),
        ("siamese.device=cuda", "siamese.device is cuda, but torch finds none; give auto or cpu"),
        ("size=64", r"size: backbone drawings:wang2015 takes views of 100 pixels, got 64"),
    ],
)
def test_what_does_not_fit_is_refused_before_files_are_read(
    override, told, toy_collection, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    config = load_train_config("siamese", [override])
    with pytest.raises(InvalidInput, match=told):
        train(Training(config, [toy_collection], tmp_path / "out", cache=tmp_path / "cache"))
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "cache").exists()


def test_a_single_domain_is_refused_with_the_way_out(tmp_path):
    shapes = make_collection(tmp_path / "shapes", domains=("shape",), train=2)
    with pytest.raises(InvalidInput, match="learns across domains, and there are files of shape"):
        train(Training(load_train_config("siamese", []), [shapes], tmp_path / "out"))


def test_it_learns_and_ranks_as_published(toy_collection, tmp_path, monkeypatch):
    """By chance mAP would be about .4; after a step it is not far from that."""
    monkeypatch.setitem(sys.modules, "onnxscript", None)  # graphs are slow to make
    quick = ["siamese={code: 16, steps: 60, classes: 3, items: 4, lr: 1.0e-3}", "hash.bits=16"]
    settings = [*toy_settings(toy_collection), *OWN, "domains.shape={views: 0, line_views: 2}"]
    config = load_train_config("siamese", [*settings, *quick])
    bundle = train(Training(config, [toy_collection], tmp_path / "model"))
    assert bundle.card.published == Published(distance="l1", views="min")
    assert bundle.domain("shape").reader.line_views == 2
    rows = evaluate(Evaluation(bundle.folder, toy_collection, ["train"], as_published=True)).rows
    found = {(r.representation, r.refinement): r.matrix.cross.map_all for r in rows}
    assert min(found["real", "none"], found["published", "none"]) > 0.6
