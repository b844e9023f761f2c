"""Joint training on the toy collection: what the bundle holds, cuts, codes of all domains."""

from dataclasses import replace

import numpy as np
import pytest
from toy_files import make_collection, toy_overrides, toy_settings

from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import STARTER
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.joint import batches
from opensearch.training.assemble import even_sample
from opensearch.training.augmentation import augment_by_look

JOINT = [
    "backbone={name: tiny, weights: null, half: false}",
    "projector.hidden=16",
    "domains.shape.line_views=1",
    "joint.side=32",
    "joint.head_steps=30",
    "joint.head_batch=8",
    "joint.steps=12",
    "joint.batch=4",
    "joint.checkpoint=5",
    "joint.distil=0.5",
    "joint.lr=1e-3",
]


@pytest.fixture(scope="module")
def joint_config(toy_collection):
    return load_train_config("joint", [*toy_settings(toy_collection), *JOINT])


@pytest.fixture(scope="module")
def joint_model(toy_collection, joint_config, tmp_path_factory):
    out = tmp_path_factory.mktemp("joint") / "model"
    return train(Training(joint_config, [toy_collection], out))


def test_domains_share_trunk_and_projector_but_not_norms(joint_model):
    cards = [joint_model.domain(name) for name in ("photo", "shape", "sketch")]
    assert len({card.backbone.tensors for card in cards}) == 1
    assert len({card.projector for card in cards}) == 1
    assert len({card.norms for card in cards}) == 3
    shared = load_tensors(joint_model.folder / cards[0].projector)
    assert {name.split(".")[0] for name in shared} == {"hidden", "linear"}
    assert joint_model.card.method == "joint"


def test_the_trunk_learned_everywhere(joint_model, toy_collection, joint_config, tmp_path):
    """Every weight of the trunk differs from where it started."""
    still = joint_config.model_copy(
        update={"joint": joint_config.joint.model_copy(update={"steps": 0})}
    )
    frozen = train(Training(still, [toy_collection], tmp_path / "frozen"))
    trunks = [
        load_tensors(b.folder / b.domain("photo").backbone.tensors) for b in (joint_model, frozen)
    ]
    weights = [name for name, array in trunks[0].items() if array.ndim > 1 and "pixel" not in name]
    assert weights
    assert all(not np.array_equal(trunks[0][name], trunks[1][name]) for name in weights)


def test_half_precision_keeps_embeddings_near(joint_model, toy_collection, joint_config, tmp_path):
    half = joint_config.model_copy(
        update={"backbone": joint_config.backbone.model_copy(update={"half": True})}
    )
    small = train(Training(half, [toy_collection], tmp_path / "half"))
    card, whole = small.domain("photo"), joint_model.domain("photo")
    size = (small.folder / card.backbone.tensors).stat().st_size
    assert size < 0.6 * (joint_model.folder / whole.backbone.tensors).stat().st_size
    views = np.random.default_rng(0).integers(0, 256, (3, 1, 32, 32, 3), dtype=np.uint8)
    one, two = (bundle.encoder("photo").embed(views) for bundle in (small, joint_model))
    assert (one * two).sum(axis=1) == pytest.approx(np.ones(3), abs=1e-3)


@pytest.mark.parametrize("runtime", ["torch", "onnx"])
def test_both_runtimes_read_half_tensors(
    runtime, toy_collection, joint_config, tmp_path, monkeypatch
):
    half = joint_config.model_copy(
        update={
            "backbone": joint_config.backbone.model_copy(update={"half": True}),
            "joint": joint_config.joint.model_copy(update={"steps": 1, "head_steps": 2}),
        }
    )
    made = train(Training(half, [toy_collection], tmp_path / "half"))
    monkeypatch.setenv("OPENSEARCH_RUNTIME", runtime)
    opened = Bundle.open(made.folder)
    views = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3), dtype=np.uint8)
    features = opened.backbone("photo").features(views)
    assert opened.backbone("photo").runtime == runtime
    reference = load_tensors(made.folder / made.domain("photo").backbone.tensors)
    assert any(array.dtype == np.float16 for array in reference.values())
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "torch")
    expected = Bundle.open(made.folder).backbone("photo").features(views)
    np.testing.assert_allclose(features, expected, rtol=1e-3, atol=1e-4)


def test_excluded_categories_are_never_looked_at(toy_collection, joint_config, tmp_path):
    few = joint_config.model_copy(update={"exclude": ["Cube"]})
    notes = []
    made = train(Training(few, [toy_collection], tmp_path / "few"), note=notes.append)
    assert made.card.categories == ["disc", "pyramid"]
    assert any("2 categories" in note for note in notes)


@pytest.fixture(scope="module")
def drawn_collection(tmp_path_factory):
    """The toy photos as a domain of another name."""
    late = make_collection(tmp_path_factory.mktemp("drawn") / "late", domains=("photo",))
    (late / "photo").rename(late / "drawn")
    rows = (late / "split.csv").read_text().replace("photo", "drawn")
    (late / "split.csv").write_text(rows)
    return late


def test_a_domain_joins_later_and_the_rest_stays(
    joint_model, drawn_collection, toy_collection, tmp_path
):
    """It brings its own norms and nothing else: identities of all others are unchanged."""
    apart = load_train_config("prototype", [*toy_overrides(toy_collection), "projector.hidden=16"])
    training = Training(apart, [drawn_collection], tmp_path / "longer")
    longer = train(replace(training, extend=joint_model.folder, domain="drawn"))
    kept = {k: v for k, v in longer.card.identities.items() if k != "encoder/drawn"}
    assert kept == joint_model.card.identities
    drawn, photo = longer.domain("drawn"), joint_model.domain("photo")
    assert (drawn.backbone, drawn.projector) == (photo.backbone, photo.projector)
    norms = [load_tensors(longer.folder / (card.norms or "")) for card in (drawn, photo)]
    assert norms[0].keys() == norms[1].keys()
    learned = [name for name in norms[0] if "num_batches" not in name]
    assert all(not np.array_equal(norms[0][name], norms[1][name]) for name in learned)


def test_a_shared_trunk_does_not_learn_for_one_late_domain(
    joint_model, drawn_collection, toy_collection, tmp_path
):
    given = [*toy_overrides(toy_collection), "backbone.mode=finetune"]
    apart = load_train_config("prototype", given)
    training = Training(apart, [drawn_collection], tmp_path / "longer")
    with pytest.raises(InvalidInput, match=r"give `overrides=\['backbone\.mode=frozen'\]`"):
        train(replace(training, extend=joint_model.folder, domain="drawn"))


def test_a_projector_without_a_hidden_layer_cannot_be_shared(
    toy_collection, joint_config, tmp_path
):
    flat = joint_config.projector.model_copy(update={"hidden": 0})
    config = joint_config.model_copy(update={"projector": flat})
    with pytest.raises(InvalidInput, match=r"`overrides=\['projector\.hidden=512'\]`"):
        train(Training(config, [toy_collection], tmp_path / "flat"))
    assert not (tmp_path / "flat").exists()


@pytest.mark.parametrize(("threshold", "rule", "told"), [(None, None, True), (0.6, 0.6, False)])
def test_a_threshold_is_given_or_said_to_be_missing(
    threshold, rule, told, toy_collection, joint_config, tmp_path
):
    refinement = joint_config.refinement.model_copy(update={"rule": "auto", "threshold": threshold})
    short = joint_config.joint.model_copy(update={"steps": 0, "head_steps": 2})
    config = joint_config.model_copy(update={"refinement": refinement, "joint": short})
    notes = []
    made = train(Training(config, [toy_collection], tmp_path / "m"), note=notes.append)
    assert made.card.refinement["threshold"] == rule
    assert any("refinement.threshold" in note for note in notes) == told


@pytest.mark.parametrize(("most", "kept"), [(None, 24), (16, 16), (99, 24)])
def test_codes_are_fitted_on_an_even_sample_or_on_all(most, kept):
    chosen = even_sample(24, most)
    assert len(set(chosen.tolist())) == kept
    assert (chosen.min(), chosen.max()) == (0, 23)


def test_the_starters_trunk_needs_a_teacher_to_distil(toy_collection, joint_config, tmp_path):
    starter = joint_config.backbone.model_copy(update={"weights": STARTER})
    config = joint_config.model_copy(update={"backbone": starter})
    with pytest.raises(InvalidInput, match=r"no classifier to distil; give joint\.teacher"):
        train(Training(config, [toy_collection], tmp_path / "model"))


def test_the_last_steps_see_larger_views(toy_collection, joint_config, tmp_path, monkeypatch):
    """A quarter of twelve steps at 48 pixels: the last three."""
    sides = []

    def seen(views, reader, side, generator, bend=False):
        sides.append(side)
        return augment_by_look(views, reader, side, generator, bend)

    monkeypatch.setattr(batches, "augment_by_look", seen)
    joint = joint_config.joint.model_copy(update={"late_side": 48, "late": 0.25})
    late = joint_config.model_copy(update={"joint": joint})
    train(Training(late, [toy_collection], tmp_path / "late"))
    assert sides == [32] * 9 * 3 + [48] * 3 * 3, "three domains a step"
