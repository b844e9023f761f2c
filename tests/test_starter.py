"""The shipped starter: what is in the package, what it was never trained on, that it works."""

from pathlib import Path

import numpy as np
import pytest

import opensearch
from opensearch import Engine, Query
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.encoder import Encoder
from opensearch.errors import UnknownWord
from opensearch.experiments.demo_collection import unpack_demo
from opensearch.experiments.trained import trained_on
from opensearch.model import Model
from opensearch.semantic import unit
from opensearch.semantic.names import normalise

UNSEEN = [
    "bed",
    "bus",
    "cup",
    "drums",
    "guitar",
    "hat",
    "keyboard",
    "lamp",
    "rifle",
    "spoon",
    "stop_sign",
    "tree",
    "vase",
    "bat",
    "cabin",
    "cow",
    "dolphin",
    "door",
    "helicopter",
    "mouse",
    "pear",
    "raccoon",
    "rhinoceros",
    "saw",
    "scissors",
    "seagull",
    "skyscraper",
    "songbird",
    "sword",
    "wheelchair",
    "windmill",
    "window",
    "horse",
]
"""Of triad, Sketchy and PACS: no training file of any domain may be of these."""


@pytest.fixture(scope="module")
def starter():
    return Bundle.open(opensearch.starter_model())


@pytest.fixture(scope="module")
def demo_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    unpack_demo(folder)
    return folder


def test_was_not_trained_on_what_it_is_measured_on(starter):
    trained = {normalise(name) for name in starter.card.categories}
    assert len(trained) > 800
    assert not trained & {normalise(name) for name in UNSEEN}


def test_its_classifier_has_no_name_for_what_it_is_measured_on(starter):
    """Nor for kinds of it: no name has one of those words in it."""
    named = [f" {name} " for name in starter.card.named]
    assert len(named) > 850
    assert not [name for name in named for word in UNSEEN if f" {normalise(word)} " in name]


def test_what_it_was_trained_on_is_told_by_any_name_of_it(starter):
    """Another spelling, and another word of the same prototype; words of no vector are not."""
    model = Model(starter)
    assert "airplane" in starter.card.categories
    asked = ["guitar", "Airplanes", "aeroplane", "qqzz"]
    assert model.space.missing(asked) == ["qqzz"]
    assert trained_on(model, asked) == ["Airplanes", "aeroplane"]


def test_encodes_five_domains_on_one_trunk(starter):
    assert set(starter.domains) == {"cartoon", "icon", "photo", "shape", "sketch"}
    assert len({starter.domain(name).backbone.tensors for name in starter.domains}) == 1
    assert starter.domain("photo").backbone.graph is not None


def test_shapes_are_pooled_by_which_way_is_up(starter):
    assert starter.domain("shape").pooling == "upright"
    assert starter.domain("shape").reader.views == 12


@pytest.mark.parametrize("domain", ["photo", "shape"])
def test_an_embedding_does_not_depend_on_the_batch_its_features_came_in(starter, domain):
    """Of all that lies behind the backbone: projector, class names, looks, alignment."""
    card = starter.domain(domain)
    encoder = Encoder(None, starter.projector(domain), card.pooling)
    rng = np.random.default_rng(0)
    features = rng.gamma(0.5, size=(50, card.reader.views, 1280)).astype(np.float32)
    alone = np.concatenate([encoder.embed_features(item[None]) for item in features])
    for size in (50, 7):
        parts = [encoder.embed_features(features[i : i + size]) for i in range(0, 50, size)]
        np.testing.assert_array_equal(np.concatenate(parts), alone)


def test_package_data_stays_small():
    """33 MB together: 20 the trunk, heads and codes, of which the trunk 13; 5 what makes shapes."""
    package = Path(opensearch.__file__).parent
    sizes = {p: p.stat().st_size for p in package.rglob("*") if p.suffix not in (".py", ".pyc", "")}
    trunk = sum(size for file, size in sizes.items() if file.name.startswith("trunk-"))
    assert 0 < trunk < 13e6
    assert sum(size for file, size in sizes.items() if "starter" in file.parts) < 21e6
    assert sum(size for file, size in sizes.items() if "reconstruction" in file.parts) < 5e6
    assert sum(sizes.values()) < 33e6


def test_words_are_points_whoever_trained_on_them(starter):
    space = Model(starter).space
    assert space.text("violin").phrase.words == ["violin"]
    assert space.text("red guitar blorx").phrase.unknown == ["blorx"]
    with pytest.raises(UnknownWord, match="blorx"):
        space.text("blorx")


def test_drawings_and_pictures_lie_near_their_words(starter, demo_files):
    """Files of a dozen categories, most never trained on: the word's rank among all of them."""
    model = Model(starter)
    for domain, least in (("sketch", 0.4), ("photo", 0.4)):
        files = sorted((demo_files / domain).glob("*/0[0-1].*"))
        categories = sorted({file.parent.name for file in files})
        prototypes = model.space.prototypes(categories)
        cosines = model.embed(files, domain) @ prototypes.T
        own = np.array([categories.index(file.parent.name) for file in files])
        assert len(files) == 2 * len(categories) >= 24
        assert (cosines.argmax(axis=1) == own).mean() > least


def test_is_the_model_of_a_new_index_by_default(tmp_path, demo_files):
    with Engine.create(tmp_path / "index") as engine:
        report = engine.add(demo_files / "sketch" / "car")
        assert (report.added, report.failed) == (6, 0)
        hit = engine.search(demo_files / "sketch" / "car" / "00.png", k=1)[0]
    assert hit.distance == 0


def test_an_item_asked_by_its_key_or_as_a_part_has_its_own_code(tmp_path):
    """Codes of most domains are made by migration: without it they were up to 9 bits away."""
    rows = unit(np.random.default_rng(0).normal(size=(20, 384)))
    with Engine.create(tmp_path / "index") as engine:
        for name in ("one", "twin"):
            engine.add_embeddings(rows, "shape", [f"{name}/{row}" for row in range(20)])
        for row in range(20):
            key = f"one/{row}"
            by_key = engine.search(keys=[key], k=1, refine=False)
            part = Query(parts=[(engine.part(key=key), 1.0)], k=1, refine=False)
            for hits in (by_key, engine.ask(part).hits):
                assert [(hit.key, hit.distance) for hit in hits] == [(f"twin/{row}", 0)]
