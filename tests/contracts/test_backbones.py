"""What every source of backbones keeps, shown for one that the test adds as well."""

import json

import numpy as np
import pytest
import torch
from toy_files import toy_overrides

from opensearch.encoders.backbones import SOURCES, Source, build_backbone, list_backbones
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import BackboneCard, DomainCard, Expected, encoder_identity
from opensearch.encoders.names import BARE, parse_name
from opensearch.errors import InvalidInput
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config

GREY = Expected(mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25), size=48)


class Grey(Source):
    """Two convolutions on grey pixels, under a name with a slash."""

    def names(self):
        return ("someone/grey",)

    def build(self, name, tag):
        layers = [torch.nn.Conv2d(3, 8, 3, stride=4), torch.nn.ReLU()]
        pool = [torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten()]
        return torch.nn.Sequential(*layers, *pool, torch.nn.Linear(8, 2))

    def expected(self, name, tag):
        return GREY


NAMES = {
    "tiny": ["tiny"],
    "drawings": ["wang2015"],
    "lite": ["efficientnet_lite0"],
    "torchvision": ["mobilenet_v3_small", "resnet18"],
    "grey": ["someone/grey"],
}
"""A few of the names of each source, those of small networks."""


@pytest.fixture(params=[*SOURCES, "grey"])
def source(request, monkeypatch):
    if request.param == "grey":
        monkeypatch.setitem(SOURCES, "grey", Grey())
    return request.param


@pytest.fixture
def full(source):
    """Names of the source, spelled in full."""
    return [f"{source}:{name}" for name in NAMES[source]]


def views(count=3, side=64):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, side, side, 3), dtype=torch.uint8, generator=generator)


def side_of(backbone):
    """Of views that it takes."""
    return backbone.expected.size if backbone.expected.fixed else 64


def same(one, other):
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_features_have_the_width_that_is_stated(source, full):
    for name in full:
        backbone = build_backbone(name).eval()
        with torch.inference_mode():
            features = backbone(views(side=side_of(backbone)))
        assert (features.shape, features.dtype) == ((3, backbone.dim), torch.float32)
        assert torch.isfinite(features).all()


def test_views_are_normalised_as_is_stated(source, full):
    for name in full:
        backbone = build_backbone(name)
        backbone.trunk = torch.nn.Identity()
        mean, std = np.array(backbone.expected.mean), np.array(backbone.expected.std)
        pictures = views(side=side_of(backbone))
        wanted = (pictures.numpy() / 255 - mean) / std
        seen = backbone(pictures).permute(0, 2, 3, 1).numpy()
        np.testing.assert_allclose(seen, wanted, atol=1e-5)
        assert 16 <= backbone.expected.size <= 1024


def test_a_seed_decides_the_weights_and_leaves_other_chance_alone(source, full):
    before = torch.random.get_rng_state()
    one, again, other = (build_backbone(full[0], seed=seed) for seed in (3, 3, 4))
    assert same(one, again)
    assert not same(one, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_state_dict_makes_another_the_same(source, full):
    one, other = build_backbone(full[0], seed=1), build_backbone(full[0], seed=2)
    other.load_state_dict(one.state_dict())
    assert same(one, other)


def test_a_backbone_writes_the_card_it_is_built_from(source, full):
    for name in full:
        backbone = build_backbone(name)
        card = backbone.card("a.safetensors")
        fields = json.loads(card.model_dump_json(by_alias=True))
        assert BackboneCard(**fields) == card
        assert build_backbone(card.name).card("a.safetensors") == card
        plain = name.partition(":")[2]
        if source in BARE:
            assert fields == {"backbone": plain, "tensors": "a.safetensors", "graph": None}
        else:
            assert fields["backbone"] == name
            assert Expected(**fields["expected"]) == backbone.expected


def test_every_name_is_listed_and_an_unknown_one_lists_the_known(source, full):
    known = SOURCES[source].names()
    kept = [parse_name(f"{source}:{name}").kept for name in known]
    assert set(kept) <= set(list_backbones())
    with pytest.raises(InvalidInput, match=f"unknown backbone {source}:none; .*{known[0]}"):
        build_backbone(f"{source}:none")


def test_an_unknown_tag_lists_the_known_or_the_way_out(source, full):
    tags = SOURCES[source].tags(NAMES[source][0])
    way = ", ".join(tags) if tags else "none to download, .* backbone.weights=FILE"
    with pytest.raises(InvalidInput, match=f"no weights 'X'; it has {way}$"):
        build_backbone(f"{full[0]}@X")


def test_every_network_of_torchvision_states_what_it_expects():
    zoo = SOURCES["torchvision"]
    assert all(zoo.expected(name, None).mean == Expected().mean for name in zoo.names())
    assert zoo.expected("inception_v3", "DEFAULT").size == 299
    assert zoo.expected("vgg16", "IMAGENET1K_FEATURES").std == (1 / 255,) * 3


@pytest.mark.parametrize(
    ("text", "parts", "kept"),
    [
        ("resnet18", (None, None, "resnet18", None), "resnet18"),
        ("torchvision:resnet18@A_1", (None, "torchvision", "resnet18", "A_1"), "resnet18"),
        ("hub:owner/net.b@laion", (None, "hub", "owner/net.b", "laion"), "hub:owner/net.b"),
        ("migration-9x32/tiny", ("migration-9x32", None, "tiny", None), "migration-9x32/tiny"),
        ("f-1/lite:x@T", ("f-1", "lite", "x", "T"), "f-1/x"),
        ("f-1/hub:owner/net", ("f-1", "hub", "owner/net", None), "f-1/hub:owner/net"),
    ],
)
def test_names_have_one_grammar(text, parts, kept):
    name = parse_name(text)
    assert (tuple(name), name.kept) == (parts, kept)
    assert parse_name(kept).kept == kept


@pytest.mark.parametrize("text", ["", "a@", "a@b@c", "a:b:c", ":a", "a:"])
def test_what_is_no_name_says_what_one_looks_like(text):
    with pytest.raises(InvalidInput, match="wanted SOURCE:NAME or SOURCE:NAME@TAG, such as"):
        build_backbone(text)


def test_sources_and_tags_that_contradict_are_refused():
    with pytest.raises(InvalidInput, match=f"unknown source 'x' .*known: {', '.join(SOURCES)}"):
        build_backbone("x:resnet18")
    with pytest.raises(InvalidInput, match="names a tag, and pretrained=DEFAULT another"):
        build_backbone("torchvision:resnet18@IMAGENET1K_V1", pretrained="DEFAULT")


def test_views_of_another_size_are_refused_where_only_one_will_do():
    backbone = build_backbone("torchvision:vit_b_16")
    with pytest.raises(InvalidInput, match="vit_b_16 takes views of 224 pixels, got 64; give size"):
        backbone(views())


def test_however_a_name_is_spelled_its_identity_is_one():
    tensors = {"w": np.zeros(3, np.float32)}

    def mark(name):
        card = BackboneCard(name=name, tensors="t")
        reader = {"reader": "image"}
        return encoder_identity(
            DomainCard(reader=reader, backbone=card, projector="p"), tensors, tensors
        )

    assert mark("resnet18") == mark("torchvision:resnet18") == mark("torchvision:resnet18@DEFAULT")
    assert len({mark("resnet18"), mark("hub:resnet18"), mark("f-1/resnet18")}) == 3


def test_an_added_source_trains_and_encodes(monkeypatch, toy_collection, tmp_path):
    monkeypatch.setitem(SOURCES, "grey", Grey())
    steps = ["backbone.name=grey:someone/grey", "backbone.mode=finetune", "loop.epochs=1"]
    few = ["loop.batch=64", "hash={name: itq, bits: 16}", "space.transform=none"]
    config = load_train_config("prototype", [*toy_overrides(toy_collection), *steps, *few])
    train(Training(config, [toy_collection], tmp_path / "model"))
    bundle = Bundle.open(tmp_path / "model")
    card = bundle.domain("photo").backbone
    assert (card.name, card.expected) == ("grey:someone/grey", GREY)
    pictures = views(6, 32).numpy()[:, None]
    embeddings = bundle.encoder("photo").embed(pictures)
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "torch")
    again = Bundle.open(tmp_path / "model").encoder("photo").embed(pictures)
    assert (embeddings * again).sum(axis=1).min() > 1 - 1e-4
    learnt = torch.from_numpy(load(bundle, "photo")["trunk.0.weight"])
    start = build_backbone(card.name, seed=config.seed).state_dict()["trunk.0.weight"]
    assert not torch.equal(learnt, start)


def load(bundle, domain):
    from opensearch.encoders.tensors import load_tensors

    return load_tensors(bundle.folder / bundle.domain(domain).backbone.tensors)
