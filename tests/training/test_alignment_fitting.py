"""Maps that training learns: on which embeddings, for domains that come late, and by `refit`."""

import numpy as np
import pytest
from toy_files import make_collection, toy_overrides, toy_settings

from opensearch.config import HashSettings
from opensearch.encoders.alignment import MAP, fit_maps
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.encoder import Encoder
from opensearch.errors import InvalidInput
from opensearch.experiments.embedded import embed_collection
from opensearch.experiments.refit import refit
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.training.cache import cache_folder

QUICK = ["projector={hidden: 16, dropout: 0.3}", "joint={side: 32, head_steps: 9, steps: 0}"]
FREE = 0.5


@pytest.fixture(scope="module")
def model(toy_collection, tmp_path_factory):
    given = [*toy_settings(toy_collection), *QUICK, f"alignment.freedom={FREE}"]
    out = tmp_path_factory.mktemp("aligned") / "m"
    return train(Training(load_train_config("joint", given), [toy_collection], out))


def learnt(bundle, folder):
    """The maps of the training files' embeddings before their last step."""
    split = embed_collection(
        bundle, folder, cache_folder(), lambda *_: None, embed=Encoder.unaligned
    )
    rows, domains, labels = [], [], []
    for domain, (embeddings, names) in split.split("train").domains.items():
        rows.append(embeddings)
        domains += [domain] * len(names)
        labels += names
    place = np.unique(labels, return_inverse=True)[1]
    return fit_maps(np.concatenate(rows), np.array(domains), place, FREE)


def test_a_model_ends_with_maps_learnt_on_its_training_embeddings(model, toy_collection):
    maps = learnt(model, toy_collection)
    assert sorted(maps) == ["photo", "shape", "sketch"]
    for name, onto in maps.items():
        np.testing.assert_allclose(model.projector(name)[MAP], onto, atol=2e-3)


def test_without_freedom_there_is_no_map(toy_model):
    bundle = Bundle.open(toy_model)
    assert all(MAP not in bundle.projector(name) for name in bundle.domains)


def test_a_domain_that_is_added_has_what_the_maps_have_in_common(model, toy_collection, tmp_path):
    drawn = make_collection(tmp_path / "late", domains=("photo",))
    (drawn / "photo").rename(drawn / "drawn")
    (drawn / "split.csv").write_text((drawn / "split.csv").read_text().replace("photo", "drawn"))
    config = load_train_config("prototype", [*toy_overrides(toy_collection), "projector.hidden=16"])
    training = Training(config, [drawn], tmp_path / "longer", extend=model.folder, domain="drawn")
    longer = train(training)
    maps = [model.projector(name)[MAP].astype(float) for name in model.domains]
    np.testing.assert_allclose(longer.projector("drawn")[MAP], sum(maps) / 3, atol=1e-3)


def test_a_domain_alone_with_its_categories_is_told_of(toy_collection, tmp_path):
    one = make_collection(tmp_path / "one", domains=("photo",))
    given = [*toy_settings(toy_collection), *QUICK, f"alignment.freedom={FREE}"]
    notes = []
    training = Training(load_train_config("joint", given), [one], tmp_path / "m")
    bundle = train(training, note=notes.append)
    assert any("alignment is left out of photo: no category" in note for note in notes)
    assert MAP not in bundle.projector("photo")


def test_maps_are_learnt_again_with_new_codes(model, toy_collection, tmp_path):
    coded = HashSettings(name="itq", bits=16)
    none = refit(model, tmp_path / "none", [toy_collection], coded, freedom=0.0)
    assert all(MAP not in none.projector(name) for name in none.domains)
    again = refit(none, tmp_path / "again", [toy_collection], coded, freedom=FREE)
    for name in model.domains:
        np.testing.assert_array_equal(again.projector(name)[MAP], model.projector(name)[MAP])
        assert again.domain(name).norms == model.domain(name).norms
    kept = refit(model, tmp_path / "kept", [toy_collection], coded)
    hashed = [bundle.tensors("hash") for bundle in (kept, again)]
    for name, tensor in hashed[0].items():
        np.testing.assert_allclose(hashed[1][name], tensor, atol=1e-5)


def test_a_freedom_below_zero_is_refused():
    with pytest.raises(InvalidInput, match=r"alignment\.freedom"):
        load_train_config("joint", ["alignment.freedom=-1"])
