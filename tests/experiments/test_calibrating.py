"""`calibrate`: what asks, what is found, and the bundle that holds the curves."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest
from calibration_made import calibrated, calibration
from click.testing import CliRunner
from toy_files import FIGURES, make_collection, toy_overrides, write_csv

from opensearch.calibration import fitting
from opensearch.cli.group import main
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput
from opensearch.experiments import directions
from opensearch.experiments.asking import Asked, first_hits, gains
from opensearch.experiments.calibrate import calibrate
from opensearch.experiments.held_out import Calibrating, few_of_each, labelled, sides_of
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.model import Model
from opensearch.progress import quiet


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    return make_collection(tmp_path_factory.mktemp("calibrating") / "collection", train=9)


@pytest.fixture(scope="module")
def cut(toys, tmp_path_factory):
    """A model that knows neither pyramids nor bars."""
    out = tmp_path_factory.mktemp("cut") / "model"
    config = load_train_config("prototype", [*toy_overrides(toys), "exclude=[pyramid]"])
    return train(Training(config, [toys], out)).folder


@pytest.fixture(autouse=True)
def two_categories_will_do(monkeypatch):
    monkeypatch.setattr(directions, "CATEGORIES", 2)
    monkeypatch.setattr(fitting, "LEAST", 5)


def asked(domain, rows, labels):
    unit = np.array(rows, np.float32)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return Asked(domain, unit, np.array(labels), np.arange(len(labels)))


def test_a_query_asks_with_and_without_its_category_and_never_finds_itself(toy_model):
    model = Model(Bundle.open(toy_model))
    dim = model.bundle.card.dim
    rows = np.eye(dim)[[0, 0, 1]] + 0.1 * np.eye(dim)[[1, 2, 2]]
    side = asked("photo", rows, ["disc", "disc", "cube"])
    hits = first_hits(model, side, side, "cosine", 2)
    cosines = side.embeddings @ side.embeddings.T
    # the cube has no other cube to find, so it does not ask
    assert hits.categories.tolist() == ["disc"] * 6
    assert hits.right.tolist() == [True, False, False, True, False, False]
    wanted = [cosines[0, 1], cosines[0, 2], cosines[0, 2]]
    wanted += [cosines[1, 0], cosines[1, 2], cosines[1, 2]]
    assert hits.scores == pytest.approx(wanted, abs=1e-6)
    alone = first_hits(model, side, side, "cosine", 2, absent=False)
    assert alone.right.tolist() == [True, False, True, False]


@pytest.mark.parametrize("name", ["distance", "asymmetric"])
def test_codes_are_scored_between_minus_1_and_1(toy_model, name):
    model = Model(Bundle.open(toy_model))
    rng = np.random.default_rng(0)
    dim = model.bundle.card.dim
    source = asked("photo", rng.normal(size=(6, dim)), ["disc", "cube"] * 3)
    target = asked("sketch", rng.normal(size=(8, dim)), ["disc", "cube"] * 4)
    hits = first_hits(model, source, target, name, 3)
    assert (np.abs(hits.scores) <= 1).all()
    assert len(hits.scores) == 6 * 2 * 3
    assert (np.diff(hits.scores.reshape(-1, 3)) <= 0).all()


def test_refinement_that_gathers_right_items_is_a_gain(toy_model):
    model = Model(Bundle.open(toy_model))
    dim = model.bundle.card.dim
    a, b, c = np.eye(dim)[:3]
    target = asked("sketch", [b + 0.2 * a, b, a - b, c + a], ["disc", "disc", "cube", "cube"])
    source = asked("photo", [a + 0.9 * b], ["disc"])
    found = gains(model, source, target, 2)
    assert found.right.tolist() == [1.0] or found.gains[0] >= 0


def test_the_same_few_files_of_each_category_count(toys, tmp_path):
    found = labelled(Calibrating([tmp_path], [toys], "all"))
    few = few_of_each(found, 3, 0)
    assert sorted(few) == ["photo", "shape", "sketch"]
    for own in few.values():
        assert Counter(s.category for s in own) == dict.fromkeys(FIGURES, 3)
    assert few_of_each(found, 3, 0) == few
    assert few_of_each(found, 3, 1) != few


def test_categories_that_the_model_knows_take_no_part(cut, toys):
    model = Model(Bundle.open(cut))
    wanted = Calibrating([cut], [toys], "all", files=3)
    domains, words = sides_of(model, wanted, quiet, [])
    assert words.labels.tolist() == ["bar", "pyramid"]
    for side in domains.values():
        assert set(side.labels) == {"bar", "pyramid"}
        assert len(side.queries) == 6
    everything, _ = sides_of(model, wanted, quiet, [], unknown=False)
    assert set(everything["photo"].labels) == set(FIGURES)


def test_what_counts_follows_split_exclusions_patterns_and_names(toys, tmp_path):
    wanted = Calibrating([tmp_path], [toys], exclude=["CUBE"], omit=["0[0-3]*"])
    found = labelled(wanted)
    assert {source.category for source in found} == {"disc", "pyramid"}
    assert {source.split for source in found} == {"train"}
    assert min(source.path.stem for source in found) == "04"
    renamed = Calibrating([tmp_path], [toys], rename={"collection": {"sketch": "icon"}})
    assert {source.domain for source in labelled(renamed)} == {"photo", "shape", "icon"}
    everything = {source.category for source in labelled(Calibrating([tmp_path], [toys], "all"))}
    assert everything == {"bar", "cube", "disc", "pyramid"}


def test_curves_come_into_the_bundle_and_into_answers(cut, toys, tmp_path):
    model = Bundle.open(cut).copy_to(tmp_path / "model").folder
    before = Bundle.open(model).card
    made = calibrate(Calibrating([model], [toys], "all"))
    card = Bundle.open(model).card
    assert made.categories == ["bar", "pyramid"]
    assert card.calibration == made.bundle.card.calibration
    assert card.calibration.categories == 2
    assert card.identities == before.identities
    assert card.calibration.direction("photo", "photo") is not None
    with Engine.create(tmp_path / "index", model) as engine:
        engine.add(toys)
        answer = engine.ask(Query(files=[(toys / "photo/pyramid/00.jpg", 1.0)], targets=["photo"]))
        assert answer.score_kind == "probability"
        assert all(0 <= hit.score <= 1 for hit in answer.hits)


def test_from_the_command_line_into_another_bundle(cut, toys, tmp_path):
    into = Bundle.open(cut).copy_to(tmp_path / "into").folder
    given = ["calibrate", str(cut), "--data", str(toys), "--split", "all", "--into", str(into)]
    result = CliRunner().invoke(main, [*given, "-q", "--json"])
    assert (result.exit_code, result.stderr) == (0, "")
    told = json.loads(result.stdout)
    assert Bundle.open(cut).card.calibration is None
    assert Bundle.open(into).card.calibration is not None
    assert {row["source"] for row in told["directions"]} == {"photo", "shape", "sketch", "word"}
    row = next(r for r in told["directions"] if (r["source"], r["target"]) == ("photo", "photo"))
    assert row["categories"] == 2
    assert row["curves"]["cosine"]["slope"] > 0
    assert row["measured"] is None or 0 <= row["measured"]["error"] <= 1
    shown = CliRunner().invoke(main, [*given, "-q"])
    assert "photo > photo" in shown.stdout
    assert f"{into}: calibrated on 2 categories" in shown.stdout


def test_what_cannot_be_calibrated_says_why(cut, toys, toy_model, tmp_path):
    with pytest.raises(InvalidInput, match="`into` says which bundle"):
        Calibrating([cut, cut], [toys])
    with pytest.raises(InvalidInput, match="wants a model and a collection"):
        Calibrating([cut], [])
    known = tmp_path / "known"
    shutil.copytree(toys, known)
    header, *rows = [line.split(",") for line in (known / "split.csv").read_text().splitlines()]
    write_csv(known / "split.csv", [header, *(row for row in rows if row[2] == "disc")])
    with pytest.raises(InvalidInput, match="was not trained on"):
        calibrate(Calibrating([cut], [known]))
    copy = Bundle.open(toy_model).copy_to(tmp_path / "copy").folder
    with pytest.raises(InvalidInput, match="too little to learn from"):
        calibrate(Calibrating([copy], [toys], "unseen"))


def test_bad_files_are_named_and_the_rest_calibrates(cut, toys, tmp_path):
    data = tmp_path / "wild"
    shutil.copytree(toys, data)
    (data / "photo/bar/00.jpg").write_text("no picture")
    (data / "photo/bar/gone.jpg").symlink_to("/nowhere/a.jpg")
    into = Bundle.open(cut).copy_to(tmp_path / "into").folder
    given = ["calibrate", cut, "--data", data, "--split", "all", "--into", into, "-q", "--json"]
    result = CliRunner().invoke(main, list(map(str, given)))
    assert result.exit_code == 3
    found = [failure["path"] for failure in json.loads(result.stdout)["failures"]]
    assert found == [f"{data}/photo/bar/gone.jpg", "photo/bar/00.jpg"]
    assert "2 files were skipped; everything else is done" in result.stderr


def test_a_collection_without_splits_says_so_and_what_helps(cut, toys, tmp_path):
    data = tmp_path / "unsplit"
    shutil.copytree(toys, data)
    (data / "split.csv").unlink()
    into = Bundle.open(cut).copy_to(tmp_path / "into").folder
    given = ["calibrate", str(cut), "--data", str(data), "--into", str(into), "-q"]
    result = CliRunner().invoke(main, given)
    assert result.exit_code == 2
    assert result.stderr.strip().endswith(
        f"collection {data} has no split 'train': nothing says which split its files are in;"
        " --split=all takes every file, and opensearch dataset split DIR makes splits"
    )
    # beside one that has splits, too: it would stay out without a word
    assert CliRunner().invoke(main, [*given, "--data", str(toys)]).exit_code == 2
    assert CliRunner().invoke(main, [*given, "--split", "all"]).exit_code == 0


def test_a_split_that_no_collection_has_is_named(cut, toys):
    with pytest.raises(InvalidInput, match=r"have test, train, unseen, .* did you mean 'unseen'"):
        labelled(Calibrating([cut], [toys], "unsen"))


def test_directions_of_which_nothing_is_learnt_keep_their_curves(cut, toys, tmp_path):
    old = calibration({"shape": 0.4})
    model = calibrated(cut, tmp_path / "model", old)
    data = tmp_path / "photos"
    shutil.copytree(toys / "photo", data / "photo")
    given = ["calibrate", str(model), "--data", str(data), "--split", "all", "--kinds", "400", "-q"]
    result = CliRunner().invoke(main, given)
    assert (result.exit_code, result.stderr) == (0, "")
    new = Bundle.open(model).card.calibration
    assert new.direction("photo", "photo") != old.direction("photo", "photo")
    others = [key for key in old.directions() if key not in new.directions()]
    assert others == []
    kept = new.direction("sketch", "shape")
    assert kept.cosine == old.direction("sketch", "shape").cosine.among(100, 400)
    assert kept.distance.middle == pytest.approx(0.4 + np.log(399 / 99) / 2 / 8)
    assert new.kinds == 400
    told = result.stdout.splitlines()[-1]
    assert told.startswith("as before, moved to as many kinds: photo > shape, photo > sketch, ")
    assert "photo > photo" not in told
    again = json.loads(CliRunner().invoke(main, [*given, "--json"]).stdout)
    assert {"source": "word", "target": "shape"} in again["kept"]
    assert again["dropped"] == []


def test_curves_for_another_number_of_hits_go_and_are_named(cut, toys, tmp_path):
    old = calibration().model_copy(update={"hits": 5})
    model = calibrated(cut, tmp_path / "model", old)
    data = tmp_path / "photos"
    shutil.copytree(toys / "photo", data / "photo")
    result = CliRunner().invoke(
        main, ["calibrate", str(model), "--data", str(data), "--split", "all", "-q"]
    )
    assert "no longer calibrated, as their curves were fitted otherwise: photo > shape" in (
        result.stdout
    )
    assert Bundle.open(model).card.calibration.direction("shape", "shape") is None


def _changed(card, part, name, value):
    settings = getattr(card, part).settings | {name: value}
    return {part: getattr(card, part).model_copy(update={"settings": settings})}


OTHERS = {
    "codes of 16 bits, .* codes of 32 bits": lambda card: {"bits": 32},
    "hasher 'gdmh', .* hasher 'lsh'": lambda card: _changed(card, "hash", "name", "lsh"),
    "embeddings of 4 numbers, .* of 384 numbers": lambda card: {"dim": 384},
    "provider 'attributes', .* 'lexicon'": lambda card: _changed(
        card, "space", "provider", "lexicon"
    ),
    "transform 'centre', .* 'none'": lambda card: _changed(card, "space", "transform", "none"),
    "domains photo, shape, sketch, .* domains icon": lambda card: {
        "domains": {"icon": card.domains["photo"]}
    },
    "backbone tiny for photo, .* backbone other for photo": lambda card: {
        "domains": card.domains
        | {
            "photo": card.domains["photo"].model_copy(
                update={
                    "backbone": card.domains["photo"].backbone.model_copy(update={"name": "other"})
                }
            )
        }
    },
}


@pytest.mark.parametrize("told", OTHERS)
def test_curves_for_a_model_of_another_recipe_are_refused(cut, toys, tmp_path, told):
    bundle = Bundle.open(cut)
    bundle.copy_files(tmp_path / "into")
    into = write_bundle(
        tmp_path / "into", bundle.card.model_copy(update=OTHERS[told](bundle.card))
    ).folder
    with pytest.raises(InvalidInput, match=f"{told}: the curves of a model fit no model of"):
        calibrate(Calibrating([cut], [toys], "all", into))
    assert Bundle.open(into).card.calibration is None
