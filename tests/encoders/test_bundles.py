"""Model bundles: opened whole or refused, replaced at once, known by their identities."""

import json

import numpy as np
import pytest

from opensearch.config import ReaderSettings
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import (
    CARD,
    BackboneCard,
    DomainCard,
    Expected,
    ModelCard,
    PartCard,
    encoder_identity,
)
from opensearch.encoders.tensors import save_tensors
from opensearch.errors import BundleError, InvalidInput

READER = ReaderSettings(reader="image", size=32)
TENSOR = {"w": np.arange(4, dtype=np.float32)}


def make(folder, fill=0.0, **changes):
    """A bundle without a working backbone; `fill` makes other tensors."""
    folder.mkdir(exist_ok=True)
    tensors = {name: array + np.float32(fill) for name, array in TENSOR.items()}
    names = {part: save_tensors(folder, part, tensors) for part in ("space", "hash", "trunk")}
    domain = DomainCard(
        reader=READER,
        backbone=BackboneCard(name="tiny", tensors=names["trunk"]),
        projector=save_tensors(folder, "projector-photo", tensors),
    )
    fields = {
        "domains": {"photo": domain},
        "space": PartCard(tensors=names["space"], settings={"a": 1}),
        "hash": PartCard(tensors=names["hash"], settings={}),
        "method": "prototype",
        "bits": 16,
        "dim": 4,
        "seed": 0,
        "categories": ["cup"],
        "refinement": {"seen": 0.4, "unseen": 0.7, "threshold": None},
        "identities": {"space": "s", "hash": "h", "encoder/photo": "e"},
    }
    return write_bundle(folder, ModelCard(**(fields | changes)))


def edit(folder, change):
    """Change the fields of `model.json` in place."""
    fields = json.loads((folder / CARD).read_text())
    change(fields)
    (folder / CARD).write_text(json.dumps(fields))


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_round_trip(tmp_path):
    bundle = make(tmp_path / "m", notes="of mine", metrics={"map": 0.5})
    again = Bundle.open(tmp_path / "m")
    assert again.card == bundle.card
    assert again.domains == ["photo"]
    assert np.array_equal(again.tensors("space")["w"], TENSOR["w"])


def test_no_model_there(tmp_path):
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError, match=r"is not a model: it has no model\.json"):
            Bundle.open(folder)


def test_an_index_in_place_of_a_model_is_told_with_its_model(tmp_path):
    (tmp_path / "index").mkdir()
    make(tmp_path / "index" / "model")
    with pytest.raises(BundleError, match="is not a model but an index, which keeps its model in"):
        Bundle.open(tmp_path / "index")


def test_each_missing_file_is_named(tmp_path):
    for name in sorted(make(tmp_path / "m").card.files()):
        content = (tmp_path / "m" / name).read_bytes()
        (tmp_path / "m" / name).unlink()
        with pytest.raises(BundleError, match=f"lacks its file {name}; copy the whole folder$"):
            Bundle.open(tmp_path / "m")
        (tmp_path / "m" / name).write_bytes(content)


@pytest.mark.parametrize("version", [2, 99, None])
def test_another_format_is_refused_with_both_numbers(tmp_path, version):
    make(tmp_path / "m")
    edit(tmp_path / "m", lambda fields: fields.update(format=version))
    with pytest.raises(BundleError, match=f"has format {version}, this version reads format 1;"):
        Bundle.open(tmp_path / "m")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", "\xff", '{"format": 1}', "[" * 100_000, '{"format": 1, "a": 1}'],
)
def test_a_damaged_card_is_one_line(tmp_path, text):
    make(tmp_path / "m")
    (tmp_path / "m" / CARD).write_bytes(text.encode("latin-1"))
    with pytest.raises(BundleError, match=r"damaged model\.json: ") as caught:
        Bundle.open(tmp_path / "m")
    assert "\n" not in str(caught.value)


def test_an_unknown_key_is_named(tmp_path):
    make(tmp_path / "m")
    edit(tmp_path / "m", lambda fields: fields.update(colour="red"))
    with pytest.raises(BundleError, match="colour"):
        Bundle.open(tmp_path / "m")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/b", "..", ".", "", ".hidden", "a\0b"])
def test_a_file_name_that_leaves_the_folder_is_refused(tmp_path, name):
    make(tmp_path / "m")
    edit(tmp_path / "m", lambda fields: fields["space"].update(tensors=name))
    with pytest.raises(BundleError, match="names a file outside itself"):
        Bundle.open(tmp_path / "m")


@pytest.mark.parametrize("name", ["../x", "a/b", "", "-rf", "foto grün", "a\nb", "x" * 65])
def test_a_name_that_no_domain_can_have_is_refused(tmp_path, name):
    make(tmp_path / "m")
    edit(tmp_path / "m", lambda fields: fields.update(domains={name: fields["domains"]["photo"]}))
    with pytest.raises(BundleError, match="cannot name a domain"):
        Bundle.open(tmp_path / "m")


def test_an_unknown_domain_lists_the_known_and_the_way_to_add_it(tmp_path):
    with pytest.raises(
        InvalidInput, match=r"no domain 'shape'; it has photo\. .*domain='shape'\)`$"
    ):
        make(tmp_path / "m").encoder("shape")


def test_a_copy_opens_and_equals(tmp_path):
    bundle = make(tmp_path / "m")
    copy = bundle.copy_to(tmp_path / "deep" / "copy")
    assert contents(copy.folder) == contents(bundle.folder)


def test_a_copy_over_another_bundle_replaces_it_and_drops_its_files(tmp_path):
    old, new = make(tmp_path / "old"), make(tmp_path / "new", fill=1.0)
    (tmp_path / "old" / "mine-1234.onnx").write_text("a user's file")
    assert not old.card.files() & new.card.files()
    new.copy_to(tmp_path / "old")
    kept = contents(tmp_path / "old")
    assert kept.pop("mine-1234.onnx") == b"a user's file"
    assert kept == contents(tmp_path / "new")


def test_a_copy_that_fails_leaves_the_bundle_before_it(tmp_path, monkeypatch):
    old, new = make(tmp_path / "old"), make(tmp_path / "new", fill=1.0)
    names = sorted(new.card.files())
    for name in names:
        content = (tmp_path / "new" / name).read_bytes()
        (tmp_path / "new" / name).unlink()
        with pytest.raises(BundleError, match=r"cannot be copied to .*No such file"):
            new.copy_to(tmp_path / "old")
        assert Bundle.open(tmp_path / "old").card == old.card
        assert not list((tmp_path / "old").glob("*.tmp"))
        (tmp_path / "new" / name).write_bytes(content)


def test_the_identity_of_an_encoder_counts_what_changes_its_outputs():
    tensors, projector = {"w": np.zeros(3, np.float32)}, {"w": np.ones(2, np.float32)}

    def mark(
        reader=READER,
        name="tiny",
        pooling="mean",
        tensors=tensors,
        projector=projector,
        expected=None,
    ):
        backbone = BackboneCard(name=name, tensors="t", expected=expected)
        card = DomainCard(reader=reader, backbone=backbone, projector="p", pooling=pooling)
        return encoder_identity(card, tensors, projector)

    def nudged(tensors):
        return {"w": np.nextafter(tensors["w"], np.float32(9))}

    marks = [
        mark(),
        mark(name="resnet18"),
        mark(expected=Expected()),
        mark(expected=Expected(size=32)),
        mark(pooling="max"),
        mark(tensors=nudged(tensors)),
        mark(projector=nudged(projector)),
        *(
            mark(reader=READER.model_copy(update={name: value}))
            for name, value in [
                ("reader", "mesh"),
                ("size", 33),
                ("views", 7),
                ("line_views", 1),
                ("stroke", 0.02),
            ]
        ),
    ]
    assert len(set(marks)) == len(marks) == 7 + len(ReaderSettings.model_fields)
    assert mark() == mark()


def test_a_trained_bundle_knows_itself_and_notes_are_in_no_identity(toy_model, tmp_path):
    from opensearch.encoders.tensors import identity, load_tensors

    bundle = Bundle.open(toy_model)
    for part in ("space", "hash"):
        settings = getattr(bundle.card, part).settings
        assert bundle.card.identities[part] == identity(bundle.tensors(part), settings)
    for name, card in bundle.card.domains.items():
        backbone, projector = (
            load_tensors(toy_model / file) for file in (card.backbone.tensors, card.projector)
        )
        wanted = encoder_identity(card, backbone, projector)
        if card.migration:
            wanted = identity(load_tensors(toy_model / card.migration), {"encoder": wanted})
        assert bundle.card.identities[f"encoder/{name}"] == wanted
    assert set(bundle.card.identities) == {"space", "hash"} | {
        f"encoder/{name}" for name in bundle.domains
    }


def test_domains_share_one_loaded_backbone(toy_model, monkeypatch):
    bundle = Bundle.open(toy_model)
    assert bundle.backbone("photo") is bundle.backbone("sketch")
    assert bundle.encoder("photo") is bundle.encoder("photo")
    best = bundle.runtime()
    views = np.random.default_rng(0).integers(0, 256, (4, 1, 32, 32, 3), np.uint8)
    monkeypatch.setenv("OPENSEARCH_RUNTIME", "torch")
    other = Bundle.open(toy_model)
    assert other.backbone("photo").runtime == "torch"
    assert bundle.backbone("photo").runtime == best != "torch"
    cosines = (bundle.encoder("photo").embed(views) * other.encoder("photo").embed(views)).sum(1)
    assert cosines.min() > 1 - 1e-5
