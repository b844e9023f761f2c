"""Fitting what embeddings keep of looks: axes and directions, bundles, added domains, refusals."""

from dataclasses import replace

import numpy as np
import pytest
from toy_files import make_collection, toy_overrides, toy_settings

from opensearch.encoders.appearance import PREFIX, Pull
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.semantic import unit
from opensearch.training.appearance import empty_directions, principal_axes

WIDE = "appearance={width: 2, share: 1.0}"
QUICK = ["projector={hidden: 16, dropout: 0.3}", "joint={side: 32, head_steps: 9, steps: 0}"]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def config(toy_collection):
    return load_train_config("joint", [*toy_settings(toy_collection), *QUICK, WIDE])


@pytest.fixture(scope="module")
def model(toy_collection, config, tmp_path_factory):
    return train(Training(config, [toy_collection], tmp_path_factory.mktemp("looks") / "m"))


def test_directions_are_those_that_words_have_least_of(rng):
    points = rng.normal(size=(50, 5)) * [1, 1, 0.01, 1, 0.02]
    directions = empty_directions(points, 2)
    np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-6)
    assert np.abs(directions[:, [2, 4]]).max(axis=1) == pytest.approx([1, 1], abs=1e-2)


def test_axes_are_those_along_which_rows_vary_most(rng):
    rows = rng.normal(size=(400, 4)) * [0.1, 3, 1, 2]
    axes = principal_axes(rows, 2)
    assert np.abs(axes[0]).argmax() == 1
    assert np.abs(axes[1]).argmax() == 3


def test_domains_share_directions_and_axes_and_have_statistics_of_their_own(model):
    cards = [model.domain(name) for name in ("photo", "shape", "sketch")]
    shared = load_tensors(model.folder / cards[0].projector)
    assert shared[PREFIX + "directions"].shape[0] == shared[PREFIX + "axes"].shape[0] == 2
    own = [load_tensors(model.folder / (card.norms or "")) for card in cards]
    means = [tensors[PREFIX + "mean"] for tensors in own]
    assert not np.allclose(means[0], means[2])
    assert all(PREFIX + "mean" not in tensors for tensors in [shared])


def test_embeddings_hold_looks_in_the_share_that_was_asked_for(model):
    """Half of an embedding's energy lies in the two directions, as share 1 has it."""
    views = np.random.default_rng(0).integers(0, 256, (5, 1, 32, 32, 3), dtype=np.uint8)
    embeddings = model.encoder("photo").embed(views)
    directions = load_tensors(model.folder / model.domain("photo").projector)
    within = embeddings @ directions[PREFIX + "directions"].T
    assert np.square(within).sum(axis=1) == pytest.approx(np.full(5, 0.5), abs=1e-3)


def test_a_domain_that_is_added_brings_the_statistics_of_its_features(
    model, toy_collection, tmp_path
):
    drawn = make_collection(tmp_path / "late", domains=("photo",))
    (drawn / "photo").rename(drawn / "drawn")
    (drawn / "split.csv").write_text((drawn / "split.csv").read_text().replace("photo", "drawn"))
    apart = load_train_config("prototype", [*toy_overrides(toy_collection), "projector.hidden=16"])
    training = Training(apart, [drawn], tmp_path / "longer")
    longer = train(replace(training, extend=model.folder, domain="drawn"))
    card, photo = longer.domain("drawn"), model.domain("photo")
    assert card.projector == photo.projector
    own, theirs = (
        load_tensors(bundle.folder / (one.norms or ""))
        for bundle, one in ((longer, card), (model, photo))
    )
    # the same pictures through the same backbone
    np.testing.assert_allclose(own[PREFIX + "mean"], theirs[PREFIX + "mean"], atol=1e-5)
    np.testing.assert_allclose(own[PREFIX + "deviation"], theirs[PREFIX + "deviation"], atol=1e-5)


def test_backbones_of_their_own_leave_appearance_out_and_say_so(toy_collection, tmp_path):
    given = [*toy_overrides(toy_collection), WIDE, "backbone.mode=finetune"]
    config, notes = load_train_config("prototype", given), []
    bundle = train(Training(config, [toy_collection], tmp_path / "m"), note=notes.append)
    assert any("appearance is left out" in note for note in notes)
    assert not any(
        name.startswith(PREFIX)
        for name in load_tensors(bundle.folder / bundle.domain("photo").projector)
    )


def test_an_appearance_that_leaves_no_room_for_meaning_is_refused(toy_collection, tmp_path):
    config = load_train_config("joint", [*toy_settings(toy_collection), "appearance.width=3"])
    with pytest.raises(InvalidInput, match="at most half of the 4 dimensions"):
        train(Training(config, [toy_collection], tmp_path / "m"))
    assert not (tmp_path / "m").exists()


def test_a_bundle_with_appearance_opens_and_embeds_alike(model):
    views = np.random.default_rng(1).integers(0, 256, (2, 1, 32, 32, 3), dtype=np.uint8)
    again = Bundle.open(model.folder).encoder("sketch").embed(views)
    np.testing.assert_array_equal(again, model.encoder("sketch").embed(views))


def test_words_ask_as_items_are_drawn(model):
    """A word is searched by its point drawn toward the trained categories, as meanings are."""
    opened = Model(model)
    known = opened.space.prototypes(["disc", "cube"])
    points = unit(np.array([[0.8, 0.2], [0.4, 0.6]], np.float32) @ known)
    shared = load_tensors(model.folder / model.domain("photo").projector)
    drawn = Pull(shared)(points)
    np.testing.assert_allclose(opened.asked(points), drawn, atol=1e-6)
    assert np.abs(opened.asked(points) - points).max() > 1e-3
    assert opened.asked(points[:0]).shape == (0, points.shape[1])


def test_a_model_without_appearance_asks_by_the_words_themselves(toy_model):
    points = Model(Bundle.open(toy_model)).space.prototypes(["disc"])
    np.testing.assert_array_equal(Model(Bundle.open(toy_model)).asked(points), points)


def test_encoders_trained_apart_on_one_backbone_share_looks_and_nothing_else(
    toy_collection, tmp_path
):
    """A domain that joins such a model brings a projector of its own and takes directions."""
    given = [*toy_overrides(toy_collection), WIDE, "refinement.rule=auto"]
    config, notes = load_train_config("prototype", given), []
    two = make_collection(tmp_path / "two", domains=("photo", "sketch"))
    base = train(Training(config, [two], tmp_path / "m"), note=notes.append)
    assert any("refinement.threshold" in note for note in notes)
    shared = load_tensors(base.folder / base.domain("photo").projector)
    assert all(name.startswith(PREFIX) for name in shared)
    training = Training(config, [make_collection(tmp_path / "one", domains=("shape",))], tmp_path)
    longer = train(replace(training, out=tmp_path / "l", extend=base.folder, domain="shape"))
    assert longer.domain("shape").projector == base.domain("photo").projector
    own = load_tensors(longer.folder / (longer.domain("shape").norms or ""))
    assert {"linear.weight", PREFIX + "mean", PREFIX + "deviation"} <= own.keys()
