"""Settings: every shipped config builds, and what is wrong with one is said with the way out."""

import re
from typing import get_args

import pytest

import opensearch.config as config_module
from opensearch import starter_model
from opensearch.config import (
    BackboneSettings,
    DomainSettings,
    ReaderSettings,
    SpaceSettings,
    check_domain,
    config_folder,
)
from opensearch.domains import reader_settings
from opensearch.encoders.backbones import list_backbones
from opensearch.encoders.card import read_card
from opensearch.encoders.pooling import FEATURE_POOLINGS, POOLINGS
from opensearch.encoders.starter import STARTER
from opensearch.errors import InvalidInput
from opensearch.hashing import HASHERS
from opensearch.limits import Limits
from opensearch.methods import METHODS
from opensearch.methods.configs import load_train_config
from opensearch.methods.joint.settings import JointConfig
from opensearch.methods.prototype.settings import PrototypeConfig, PrototypeDomain
from opensearch.semantic.transform import KINDS

SHIPPED = sorted(file.stem for file in (config_folder() / "train").glob("*.yaml"))


@pytest.fixture
def recipe(tmp_path):
    """Write a config and give its path."""

    def write(text):
        file = tmp_path / "mine.yaml"
        file.write_text(text, "utf-8")
        return str(file)

    return write


def test_the_papers_recipes_are_shipped():
    assert {"prototype", "prototype-finetune"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_config_builds(name):
    config = load_train_config(name)
    assert config.backbone.name in list_backbones()
    assert config.hash.name in HASHERS
    assert type(config) is METHODS[config.method].config
    assert all(
        reader_settings(config, domain).size == config.size for domain in ("sketch", "x", "shape")
    )
    text = (config_folder() / "train" / f"{name}.yaml").read_text("utf-8")
    assert text.startswith("#")
    assert re.search(r"^# Run time: ", text, re.MULTILINE)
    assert re.search(r"^#   opensearch ", text, re.MULTILINE)


def test_installed_configs_win_over_a_clones(tmp_path, monkeypatch):
    package = tmp_path / "opensearch"
    package.mkdir()
    monkeypatch.setattr(config_module, "__file__", str(package / "config.py"))
    (tmp_path / "configs" / "train").mkdir(parents=True)
    (tmp_path / "configs" / "train" / "a.yaml").write_text("seed: 1")
    assert config_folder() == tmp_path / "configs"
    assert load_train_config("a").seed == 1
    (package / "configs" / "train").mkdir(parents=True)
    (package / "configs" / "train" / "a.yaml").write_text("seed: 2")
    assert config_folder() == package / "configs"
    assert load_train_config("a").seed == 2


def test_a_config_is_a_file_too(recipe):
    assert load_train_config(recipe("loop: {epochs: 7}")).loop.epochs == 7
    assert load_train_config(recipe("")) == PrototypeConfig()


@pytest.mark.parametrize("name", ["prototype", "joint"])
def test_training_starts_from_the_shipped_backbone_unless_another_is_named(name):
    config = load_train_config(name)
    reader = next(iter(read_card(starter_model()).domains.values())).reader
    assert (config.backbone.weights, config.size) == (STARTER, reader.size)
    assert load_train_config(name, ["backbone.weights=starter"]).backbone == config.backbone
    assert load_train_config(name, ["size=96"]).size == 96
    for own in ("name=resnet18", "pretrained=DEFAULT", "weights=mobilenet.pth"):
        named = load_train_config(name, [f"backbone.{own}"])
        assert named.backbone.weights != STARTER
        assert named.backbone.name in ("resnet18", BackboneSettings().name)
        assert named.size == 224


def test_settings_made_in_python_start_there_too():
    assert JointConfig().backbone.weights == STARTER
    assert JointConfig(backbone=BackboneSettings(mode="finetune")).backbone.weights == STARTER
    assert JointConfig(backbone=BackboneSettings(name="tiny")).backbone.weights is None


def test_an_unknown_config_lists_the_shipped():
    with pytest.raises(InvalidInput, match=f"no config 'none': not a file.*{SHIPPED[-1]}"):
        load_train_config("none")


def test_overrides_are_yaml_and_later_ones_win(recipe):
    file = recipe("loop: {epochs: 7}\ndomains:\n")
    given = [
        "loop.epochs=8",
        "loop.epochs=9",
        "loop.lr=1e-2",
        "domains.shape={views: 4, augment: no}",
        "domains.photo.lr=0.5",
        "backbone.weights=null",
        "space.provider=vectors:C:\\words=1.txt",
    ]
    config = load_train_config(file, given)
    assert (config.loop.epochs, config.loop.lr) == (9, 0.01)
    assert config.domains["shape"] == PrototypeDomain(views=4, augment=False)
    assert config.domain("photo").lr == 0.5
    assert config.domain("sketch") == PrototypeDomain()
    assert config.space.provider == "vectors:C:\\words=1.txt"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("loop.lrr=1", "unknown setting loop.lrr; known there: backbone_factor, batch, "),
        (
            "colour=1",
            "unknown setting colour; known there: alignment, appearance, backbone, ",
        ),
        ("domains.shape.vews=1", "unknown setting domains.shape.vews; known there: augment, "),
        ("loop.lr=-1", "loop.lr: Input should be greater than 0 (got -1). Set it in the file or"),
        ("loop.lr=.inf", "loop.lr: Input should be a finite number"),
        ("loop.lr=.nan", "loop.lr: Input should be a finite number"),
        ("loop.epochs=many", "loop.epochs: Input should be a valid integer"),
        ("hash.bits=8", "hash.bits: Input should be greater than or equal to 16 (got 8)"),
        ("hash.bits=20", "hash.bits: Input should be a multiple of 8 (got 20)"),
        ("loop=3", "loop is a group of settings, got 3; set one of backbone_factor, "),
        ("method=other", "no method 'other'; known: prototype, joint, gdmh-pixel"),
        ("method=[joint]", "no method ['joint']; known: prototype"),
        ("method=null", "no method None; known: prototype"),
        (
            "joint.steps=3",
            "joint is a setting of method joint, and the method here is prototype; leave it out, or"
            " give `overrides=['method=joint']`",
        ),
        ("pixel={}", "pixel is a setting of method gdmh-pixel, and the method here is prototype"),
        ("loop.lr", "`overrides` are key=value, e.g. loop.epochs=10; got 'loop.lr'"),
        ("=1", "`overrides` are key=value"),
        ("loop..lr=1", "`overrides` are key=value"),
        ("seed.x.y=1", "seed is a value, not a group"),
        ("loop.lr=[1", "`overrides`, loop.lr=[1: the value is not YAML"),
        ("domains.a/b.lr=1", "'a/b' cannot name a domain"),
    ],
)
def test_a_bad_override_is_named_with_the_way_out(recipe, override, message):
    with pytest.raises(InvalidInput) as caught:
        load_train_config(recipe("seed: 3"), [override])
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["loop.lr=1"], "loop is a setting of method prototype, and the method here is joint;"),
        (["domains.x.lr=1"], "domains.x.lr is a setting of method prototype, and the method here"),
        (["joint.stepps=1"], "unknown setting joint.stepps; known there: average, balance, "),
        (["joint=3"], "joint is a group of settings, got 3; set one of average, "),
    ],
)
def test_settings_of_one_method_are_refused_by_another(recipe, given, message):
    with pytest.raises(InvalidInput, match=re.escape(message)):
        load_train_config(recipe("method: joint"), given)


@pytest.mark.parametrize(
    "text", ["- a", "a: [", "a: b: c", "text", "3", "\x00", "1: 2", "[" * 9999]
)
def test_a_file_that_is_no_config_is_one_line(recipe, text):
    file = recipe(text)
    with pytest.raises(InvalidInput, match=r"config .*mine\.yaml") as caught:
        load_train_config(file, ["seed=1"])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed: 1\nloop: {steps: 3, epochs: 2, steps: 4}\n", "it says 'steps' twice"),
        ("seed: 1\nseed: 2\n", "it says 'seed' twice"),
        (f"seed: 0x{'f' * 9000}\n", "f has more than 64 bits"),
        (f"seed: {'1:' * 9000}1\n", "1: has more than 64 bits"),
        (f"seed: {2**63}\n", f"{2**63} has more than 64 bits"),
    ],
)
def test_what_is_said_twice_or_is_no_number_of_ours_is_refused(recipe, text, reason):
    with pytest.raises(InvalidInput, match=f"cannot be read as YAML: .*{reason}"):
        load_train_config(recipe(text))


def test_settings_may_be_merged_from_others(recipe):
    text = "loop:\n  <<: {batch: 7, lr: 0.5}\n  batch: 9\n"
    assert load_train_config(recipe(text)).loop.batch == 9


def test_a_file_that_is_not_utf8_is_one_line(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InvalidInput, match="cannot be read as YAML"):
        load_train_config(str(tmp_path / "x.yaml"))


@pytest.mark.parametrize(
    "name", ["sketch", "art_painting", "Real", "tu-berlin", "_", "3d", "x" * 64]
)
def test_names_a_domain_can_have(name):
    assert check_domain(name) == name


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", "a\\b", ".", "..", "-x", "a b", "grün", "a\n", "a.b", "x" * 65]
)
def test_names_no_domain_can_have(name):
    with pytest.raises(
        InvalidInput, match=re.escape(f"{name!r} cannot name a domain: names have up to 64")
    ):
        check_domain(name)


def test_a_domains_reader_comes_from_its_name_or_its_settings():
    config = JointConfig(size=64, domains={"shape": {"views": 4}, "cad": {"reader": "mesh"}})
    assert reader_settings(config, "shape") == ReaderSettings(reader="mesh", size=64, views=4)
    assert reader_settings(config, "cad").reader == "mesh"
    assert reader_settings(config, "sketch").reader == "sketch"
    assert reader_settings(config, "cartoon").reader == "image"


def test_settings_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        JointConfig().seed = 1


def test_a_config_takes_the_names_that_the_rooms_have():
    transforms = DomainSettings.model_fields["pooling"], SpaceSettings.model_fields["transform"]
    assert [set(get_args(field.annotation)) for field in transforms] == [
        {*POOLINGS, *FEATURE_POOLINGS},
        set(KINDS),
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"pixels": -1}, "limit pixels=-1: Input should be greater than 0"),
        ({"pixel": 3}, "no limit 'pixel'; known: bytes, pixels, faces"),
        ({"seconds": float("inf")}, "limit seconds=inf: Input should be a finite number"),
    ],
)
def test_a_limit_that_is_none_is_refused_in_our_own_words(given, told):
    with pytest.raises(InvalidInput, match=re.escape(told)):
        Limits(**given)
