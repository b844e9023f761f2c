"""Codes of migration in a bundle: whose tensors are where, and what a late domain changes."""

import numpy as np
import pytest
from calibration_made import calibrated, calibration
from click.testing import CliRunner
from toy_files import make_collection

from opensearch.cli import main
from opensearch.config import HashSettings
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.card import domain_identity
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.experiments.refit import refit
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model

QUICK = [
    "backbone.name=tiny",
    "size=32",
    "domains.shape={views: 2, augment: false}",
    "loop={epochs: 2, batch: 8}",
    "hash={bits: 16, gdmh: {steps: 8, batch: 8, hidden: 8}}",
    "refinement.rule=fixed",
]


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    domains = ("photo", "sketch", "shape")
    return make_collection(tmp_path_factory.mktemp("toys") / "c", domains=domains, train=4)


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENSEARCH_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def trained(toys, out, *overrides, **fields):
    provider = f"space.provider=attributes:{toys / 'attributes.csv'}"
    config = load_train_config("prototype", [*QUICK, provider, *overrides])
    return train(Training(config, [toys], out, **fields))


@pytest.fixture(scope="module")
def bundle(toys, tmp_path_factory):
    return trained(toys, tmp_path_factory.mktemp("bundle") / "m")


def test_every_domain_but_the_pivot_brings_a_generator(bundle):
    assert bundle.card.hash.settings["name"] == "gdmh"
    given = {name: card.migration is not None for name, card in bundle.card.domains.items()}
    assert given == {"photo": False, "shape": True, "sketch": True}
    assert set(bundle.migrations()) == {"shape", "sketch"}
    assert {c.migration for c in bundle.card.domains.values()} - {None} <= bundle.card.files()


def test_the_generator_is_in_the_identity_of_its_domain(bundle):
    card = bundle.card.domains["sketch"]
    bare = card.model_copy(update={"migration": None})
    assert bundle.card.identities["encoder/sketch"] == domain_identity(bundle.folder, card)
    assert domain_identity(bundle.folder, card) != domain_identity(bundle.folder, bare)


def test_the_model_uses_it(bundle):
    hasher = Model(bundle).hasher
    rows = np.eye(bundle.card.dim, dtype=np.float32)
    assert (hasher.logits(rows, "sketch") != hasher.logits(rows, "photo")).any()
    np.testing.assert_array_equal(hasher.logits(rows, None), hasher.logits(rows, "photo"))


def test_a_late_domain_brings_its_generator_and_changes_nothing(toys, tmp_path):
    two = make_collection(tmp_path / "two", domains=("photo", "sketch"), train=4)
    base = trained(two, tmp_path / "base")
    late = trained(toys, tmp_path / "late", extend=base.folder, domain="shape")
    assert set(late.migrations()) == {"sketch", "shape"}
    assert late.card.identities["hash"] == base.card.identities["hash"]
    assert late.card.identities["encoder/sketch"] == base.card.identities["encoder/sketch"]
    own = load_tensors(late.folder / (late.card.domains["shape"].migration or ""))
    assert np.abs(own["outer.weight"]).max() > 0  # it has learnt


def test_new_codes_for_a_model_leave_its_encoders(bundle, toys, tmp_path):
    settings = HashSettings(name="itq", bits=24)
    made = refit(bundle, tmp_path / "m", [toys], settings)
    assert (made.card.bits, made.card.hash.settings["name"]) == (24, "itq")
    assert made.migrations() == {}
    same = ("backbone", "projector", "norms")
    for name, card in made.card.domains.items():
        assert [getattr(card, part) for part in same] == [
            getattr(bundle.card.domains[name], part) for part in same
        ]
    assert made.card.identities["space"] == bundle.card.identities["space"]
    assert made.card.identities["hash"] != bundle.card.identities["hash"]
    assert not any("migration" in file.name for file in made.folder.iterdir())


@pytest.fixture(scope="module")
def told(bundle, tmp_path_factory):
    """The same model with a calibration."""
    made = calibration({"photo": 0.3}, refine=[("sketch", "photo")])
    return calibrated(bundle.folder, tmp_path_factory.mktemp("told") / "m", made)


def refitted(*words):
    result = CliRunner().invoke(main, ["refit", *map(str, words), "--hasher", "lsh", "-q"])
    assert (result.exit_code, result.stderr) == (0, "")
    return result.stdout


def test_with_new_codes_a_calibration_stays_for_cosines(told, toys, tmp_path):
    old = Bundle.open(told).card.calibration
    said = refitted(told, "--data", toys, "--out", tmp_path / "m", "--bits", 32)
    assert said.endswith(
        "; index its files again; its calibration is that of MODEL for cosines, with nothing of"
        " codes\n"
    )
    new = Bundle.open(tmp_path / "m").card.calibration
    sources = [*old.domains, None]
    for source, target in ((s, t) for s in sources for t in old.words):
        was, now = old.direction(source, target), new.direction(source, target)
        assert (now.cosine, now.refine) == (was.cosine, was.refine)
        assert (now.distance, now.asymmetric) == (None, None)
    assert new.direction("sketch", "photo").refine
    assert (new.hits, new.absent, new.kinds) == (old.hits, old.absent, old.kinds)


def test_with_new_embeddings_a_calibration_is_left_out(told, bundle, toys, tmp_path):
    given = ["--data", toys, "--bits", 32, "--out"]
    said = refitted(told, *given, tmp_path / "a", "--align", 0.3)
    assert "it has no calibration, as its embeddings are new (opensearch calibrate)" in said
    assert Bundle.open(tmp_path / "a").card.calibration is None
    assert "calibration" not in refitted(bundle.folder, *given, tmp_path / "b"), "it had none"


def test_new_codes_want_another_folder(bundle, toys):
    with pytest.raises(InvalidInput, match="is the model itself"):
        refit(bundle, bundle.folder, [toys], HashSettings(name="lsh"))


def test_new_codes_replace_their_own_and_nothing_else(bundle, toys, tmp_path):
    out, coded = tmp_path / "m", HashSettings(name="lsh", bits=16)
    refit(bundle, out, [toys], coded)
    assert refit(bundle, out, [toys], HashSettings(name="itq", bits=24)).card.bits == 24
    card, projector = out / "model.json", bundle.card.domains["photo"].projector
    card.write_text(card.read_text().replace(projector, "projector-photo-000000000000.safetensors"))
    (out / projector).rename(out / "projector-photo-000000000000.safetensors")
    with pytest.raises(InvalidInput, match="m holds another model; name a new folder"):
        refit(bundle, out, [toys], coded)
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "manifest.json").touch()
    with pytest.raises(InvalidInput, match="c holds other files; name a new folder"):
        refit(bundle, tmp_path / "c", [toys], coded)


def test_new_codes_from_the_command_line(bundle, toys, tmp_path):
    given = ["refit", str(bundle.folder), "--out", str(tmp_path / "m"), "--data", str(toys), "-q"]
    result = CliRunner().invoke(main, [*given, "--hasher", "lsh", "--bits", "32"])
    assert (result.exit_code, result.stderr) == (0, "")
    assert "32 bits by lsh" in result.stdout
    assert Bundle.open(tmp_path / "m").card.bits == 32
    result = CliRunner().invoke(main, [*given, "--bits", "20"])
    assert (result.exit_code, "multiple of 8, got 20\n" in result.stderr) == (2, True)
    result = CliRunner().invoke(main, [*given, "--hasher", "itc"])
    assert (result.exit_code, "no hasher 'itc'; known: lsh, itq" in result.stderr) == (2, True)
