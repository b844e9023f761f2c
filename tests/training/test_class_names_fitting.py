"""Which classes are named, and models that keep them: bundles, added domains, refusals."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_files import UNSEEN, make_collection, toy_overrides, toy_settings

from opensearch.config import ClassNamesSettings
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.class_names import PREFIX
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.experiments.trained import trained_on
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.semantic import Space
from opensearch.training import class_names
from opensearch.training.class_names import MEANT_OTHERWISE, named_rows

QUICK = ["projector={hidden: 16, dropout: 0.3}", "joint={side: 32, head_steps: 9, steps: 0}"]
NAMED = "class_names={share: 0.6, near: 0.99}"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """The whole network `tiny`, whose classifier has one class."""
    from opensearch.encoders.backbones.tiny import Tiny

    torch.manual_seed(0)
    file = tmp_path_factory.mktemp("weights") / "tiny.pth"
    torch.save(Tiny().build("tiny", None).state_dict(), file)
    return file


def made(toy_collection, weights, out, word, *given, note=print):
    """A model whose backbone's classifier knows one class, of this name."""
    settings = [*toy_settings(toy_collection), *QUICK, f"backbone.weights={weights}", *given]
    config = load_train_config("joint", settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(class_names, "class_names", lambda count: [word] * count)
        return train(Training(config, [toy_collection], out), note=note)


@pytest.fixture(scope="module")
def named(toy_collection, weights, tmp_path_factory):
    return made(toy_collection, weights, tmp_path_factory.mktemp("named") / "m", "cube", NAMED)


@pytest.fixture(scope="module")
def plain(toy_collection, weights, tmp_path_factory):
    return made(toy_collection, weights, tmp_path_factory.mktemp("plain") / "m", "cube")


def test_the_words_of_the_lexicon_name_most_classes():
    space = Space.fit("lexicon", ["chair", "car"], transform="centre")
    names = class_names.class_names(1000)
    assert set(names) >= MEANT_OTHERWISE
    rows = named_rows(space, names, [], ClassNamesSettings())
    assert len(rows) > 950
    assert not {names[row] for row in rows} & MEANT_OTHERWISE


def test_classes_of_what_is_to_stay_unseen_have_no_name():
    space = Space.fit("lexicon", ["chair", "car"], transform="centre")
    names = class_names.class_names(1000)
    settings = ClassNamesSettings(without=["Space_Bar"])
    left = {names[row] for row in named_rows(space, names, ["guitar", "bus", "qqzz"], settings)}
    out = {"acoustic guitar", "electric guitar", "school bus", "minibus", "trolleybus", "space bar"}
    assert set(names) >= out
    assert not left & out
    assert {"typewriter keyboard", "accordion"} <= left


def test_a_classifier_of_other_classes_is_refused():
    with pytest.raises(InvalidInput, match="ImageNet's 1000 classes, and this has 10"):
        class_names.class_names(10)


def test_a_model_keeps_the_classifier_and_says_what_it_names(named, plain):
    assert (named.card.named, plain.card.named) == (["cube"], [])
    assert '"named"' not in (plain.folder / "model.json").read_text()
    assert Bundle.open(named.folder).card.named == ["cube"]
    shared = load_tensors(named.folder / named.domain("photo").projector)
    assert shared[PREFIX + "weight"].shape == (1, 128)
    assert named.card.identities["encoder/photo"] != plain.card.identities["encoder/photo"]


def test_embeddings_are_drawn_toward_the_class(named, plain):
    views = np.random.default_rng(0).integers(0, 256, (5, 1, 32, 32, 3), dtype=np.uint8)
    cube = Model(named).space.prototypes(["cube"])[0]
    before, after = (one.encoder("photo").embed(views) @ cube for one in (plain, named))
    assert (after > before).all()


def test_what_is_unseen_gives_no_name(toy_collection, weights, tmp_path):
    notes = []
    bundle = made(toy_collection, weights, tmp_path / "m", UNSEEN, NAMED, note=notes.append)
    assert bundle.card.named == []
    assert any("class_names is left out" in note for note in notes)


def test_a_named_class_counts_as_trained_on(plain):
    model = Model(Bundle.open(plain.folder))
    assert trained_on(model, ["cube", UNSEEN]) == ["cube"]
    model.bundle.card = plain.card.model_copy(update={"categories": [], "named": [UNSEEN]})
    assert trained_on(model, ["cube", UNSEEN]) == [UNSEEN]


def test_a_domain_that_is_added_has_the_names_of_the_others(named, toy_collection, tmp_path):
    drawn = make_collection(tmp_path / "late", domains=("photo",))
    (drawn / "photo").rename(drawn / "drawn")
    (drawn / "split.csv").write_text((drawn / "split.csv").read_text().replace("photo", "drawn"))
    apart = load_train_config("prototype", [*toy_overrides(toy_collection), "projector.hidden=16"])
    training = Training(apart, [drawn], tmp_path / "longer")
    longer = train(replace(training, extend=named.folder, domain="drawn"))
    assert longer.domain("drawn").projector == named.domain("photo").projector
    assert longer.card.named == ["cube"]


@pytest.mark.parametrize("given", [[], ["backbone.weights=starter", "backbone.name=tiny"]])
def test_names_without_a_classifier_are_refused(toy_collection, tmp_path, given):
    settings = [*toy_settings(toy_collection), *QUICK, NAMED, *given]
    config = load_train_config("joint", settings)
    with pytest.raises(InvalidInput, match=r"class_names\.share wants a backbone"):
        train(Training(config, [toy_collection], tmp_path / "m"))
    assert not (tmp_path / "m").exists()
