"""What `evaluate` measures of a trained toy: directions, words, borrowed encoders."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from toy_files import FIGURES, write_csv

from opensearch.cli import main
from opensearch.config import HashSettings
from opensearch.encoders.bundle import Bundle
from opensearch.errors import InvalidInput
from opensearch.experiments.embedded import embed_collection
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.experiments.refit import refit
from opensearch.model import Model
from opensearch.progress import quiet
from opensearch.training.cache import cache_folder

SEEN = sorted(set(FIGURES) - {"bar"})


@pytest.fixture(scope="module")
def with_cartoons(toy_collection, tmp_path_factory):
    """The toy collection with its photos once more, called cartoons."""
    folder = tmp_path_factory.mktemp("drawn") / "collection"
    shutil.copytree(toy_collection, folder)
    shutil.copytree(folder / "photo", folder / "cartoon")
    header, *rows = [line.split(",") for line in (folder / "split.csv").read_text().splitlines()]
    more = [
        [name.replace("photo/", "cartoon/"), "cartoon", *rest]
        for name, domain, *rest in rows
        if domain == "photo"
    ]
    write_csv(folder / "split.csv", [header, *rows, *more])
    return folder


def row_of(result, representation, refinement):
    found = [
        r for r in result.rows if (r.representation, r.refinement) == (representation, refinement)
    ]
    assert len(found) == 1
    return found[0]


def slow_average_precision(query, label, gallery, labels):
    """Reference: walk down the ranking by cosine, one item at a time."""
    order = sorted(range(len(gallery)), key=lambda i: (-float(gallery[i] @ query), i))
    hits, total = 0, 0.0
    for rank, item in enumerate(order, start=1):
        if labels[item] == label:
            hits += 1
            total += hits / rank
    return total / hits


def slow_slerp(start, end, share):
    angle = np.arccos(np.clip(start @ end, -1, 1))
    return (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / np.sin(angle)


@pytest.mark.parametrize("refinement", ["none", "rule", "oracle"])
def test_words_are_the_prototypes_refined_as_queries_are(toy_model, toy_collection, refinement):
    result = evaluate(Evaluation(toy_model, toy_collection, ["train"]))
    bundle = Bundle.open(toy_model)
    split = embed_collection(bundle, toy_collection, cache_folder(), quiet).splits["train"]
    prototypes = Model(bundle).space.prototypes(SEEN)
    share = {"none": 0, "rule": bundle.card.refinement["seen"], "oracle": 0.4}[refinement]
    words = row_of(result, "real", refinement).words
    assert [cell.target for cell in words.cells] == list(split.domains)
    for cell in words.cells:
        gallery, labels = split.domains[cell.target]
        aps = []
        for query, label in zip(prototypes, SEEN, strict=True):
            nearest = gallery[(gallery @ query).argmax()]
            moved = slow_slerp(query, nearest, share) if share else query
            aps.append(slow_average_precision(moved, label, gallery, labels))
        assert cell.queries == len(SEEN)
        assert cell.map_all == pytest.approx(np.mean(aps), abs=1e-6)


def test_words_stay_out_of_the_means_of_the_directions(toy_model, toy_collection):
    for row in evaluate(Evaluation(toy_model, toy_collection, ["train"])).rows:
        crossing = [c.map_all for c in row.matrix.cells if c.source != c.target]
        assert len(crossing) == 6
        assert row.matrix.cross.map_all == pytest.approx(np.mean(crossing))
        assert row.words.mean.map_all == pytest.approx(
            np.mean([c.map_all for c in row.words.cells])
        )
        plain = row.to_dict()
        assert [cell["source"] for cell in plain["words"]["cells"]] == ["word"] * 3
        assert all(cell["source"] != "word" for cell in plain["cells"])


def test_words_by_codes_are_those_of_the_prototypes(toy_model, toy_collection):
    """The reference ranks by Hamming distance and averages over the orders of equal ones."""
    result = evaluate(Evaluation(toy_model, toy_collection, ["train"]))
    model = Model(Bundle.open(toy_model))
    split = embed_collection(model.bundle, toy_collection, cache_folder(), quiet).splits["train"]
    asked = np.unpackbits(model.hasher.encode(model.space.prototypes(SEEN)), axis=1)
    rng = np.random.default_rng(0)
    for cell in row_of(result, "model-16", "none").words.cells:
        embeddings, labels = split.domains[cell.target]
        codes = np.unpackbits(model.hasher.encode(embeddings, cell.target), axis=1)
        aps = []
        for code, label in zip(asked, SEEN, strict=True):
            relevant = np.array(labels) == label
            apart = (codes != code).sum(axis=1)
            for _ in range(200):
                hits = relevant[np.lexsort((rng.random(len(apart)), apart))]
                precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
                aps.append(precision[hits].mean())
        assert cell.map_all == pytest.approx(np.mean(aps), abs=0.02)


def slow_expected(scores, relevant, rng):
    """Reference: plain AP, averaged over many orders of equal scores."""
    aps = []
    for _ in range(200):
        hits = relevant[np.lexsort((rng.random(len(scores)), -scores))]
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        aps.append(precision[hits].mean())
    return np.mean(aps)


def test_codes_are_measured_by_the_querys_logits_in_rows_of_their_own(toy_model, toy_collection):
    """The reference scores bit by bit, and averages over the orders of equal scores."""
    asked = Evaluation(toy_model, toy_collection, ["train"], scores=["hamming", "asymmetric"])
    result = evaluate(asked)
    names = ["real", "model-16", "model-16-asymmetric"]
    assert [row.representation for row in result.rows[::3]] == names
    plain = evaluate(Evaluation(toy_model, toy_collection, ["train"]))
    assert [row.to_dict() for row in plain.rows] == [row.to_dict() for row in result.rows[:6]]
    model = Model(Bundle.open(toy_model))
    split = embed_collection(model.bundle, toy_collection, cache_folder(), quiet).splits["train"]
    rng = np.random.default_rng(0)
    row = row_of(result, "model-16-asymmetric", "none")
    queries = {"word": (model.space.prototypes(SEEN), SEEN), **split.domains}
    cells = [c for c in row.matrix.cells if (c.source, c.target) == ("sketch", "photo")]
    for cell in [*cells, *row.words.cells]:
        rows, own = queries[cell.source]
        logits = model.hasher.logits(rows, None if cell.source == "word" else cell.source)
        embeddings, labels = split.domains[cell.target]
        signs = np.where(model.hasher.logits(embeddings, cell.target) >= 0, 1, -1)
        aps = [
            slow_expected((signs @ query.astype(float)).round(9), np.array(labels) == label, rng)
            for query, label in zip(logits, own, strict=True)
        ]
        assert cell.queries == len(own)
        assert cell.map_all == pytest.approx(np.mean(aps), abs=0.01)
    assert row.matrix.ties == "expected"


def test_fitted_codes_are_named_by_their_score_too(toy_model, with_cartoons):
    wanted = Evaluation(
        toy_model,
        with_cartoons,
        ["train"],
        bits=[16],
        scores=["asymmetric"],
        borrowed={"cartoon": "photo"},
    )
    rows = evaluate(wanted).rows
    assert [r.representation for r in rows[::3]] == [
        "real",
        "model-16-asymmetric",
        "itq-16-asymmetric",
    ]
    for row in rows:
        for other in ("shape", "sketch"):
            cell = row.matrix.cell
            assert cell("cartoon", other).map_all == cell("photo", other).map_all


def test_a_category_without_a_vector_is_named_and_not_asked(toy_model, toy_collection, tmp_path):
    folder = tmp_path / "renamed"
    shutil.copytree(toy_collection, folder)
    table = folder / "split.csv"
    table.write_text(table.read_text().replace(",disc,", ",xyzzy,"))
    result = evaluate(Evaluation(toy_model, folder, ["train"]))
    assert result.notes == ["no vector, so not searched by word: xyzzy"]
    cell = row_of(result, "real", "none").words.cells[0]
    assert (cell.queries, cell.gallery) == (2, 24)


def test_a_borrowed_encoder_gives_its_domain_the_same_numbers(toy_model, with_cartoons):
    wanted = Evaluation(
        toy_model, with_cartoons, ["train"], bits=[16], borrowed={"cartoon": "photo"}
    )
    for row in evaluate(wanted).rows:
        assert set(row.matrix.domains) == {"photo", "shape", "sketch", "cartoon"}
        assert row.matrix.cross.cells == 12
        for other in ("shape", "sketch"):
            cell = row.matrix.cell
            assert cell("cartoon", other).map_all == cell("photo", other).map_all
            assert cell(other, "cartoon").map_all == cell(other, "photo").map_all
        by_target = {cell.target: cell.map_all for cell in row.words.cells}
        assert by_target["cartoon"] == by_target["photo"]


def test_a_domain_of_the_model_may_borrow_too(toy_model, with_cartoons):
    without = evaluate(Evaluation(toy_model, with_cartoons, ["train"]))
    own = without.rows[0].matrix
    assert "cartoon" not in own.domains
    assert without.notes == [
        "left out cartoon, which the model has no encoder for;"
        " `borrowed={'cartoon': ENCODER}` lends one"
    ]
    lent = evaluate(Evaluation(toy_model, with_cartoons, ["train"], borrowed={"sketch": "photo"}))
    assert lent.rows[0].matrix.domains == own.domains
    assert lent.rows[0].matrix.cell("sketch", "shape") != own.cell("sketch", "shape")
    assert lent.rows[0].matrix.cell("photo", "shape") == own.cell("photo", "shape")


@pytest.mark.parametrize(
    ("borrowed", "reason"),
    [
        (
            {"cartoon": "painting"},
            "`borrowed={'cartoon': 'painting'}`: the model has no encoder 'painting'; it has photo",
        ),
        (
            {"comic": "photo"},
            "no labelled files of domain 'comic'; it has cartoon, photo, shape",
        ),
        (
            {"cartoon": "shape"},
            "24 of 24 files of the shape encoder cannot be read, which is most of them; the",
        ),
    ],
)
def test_an_encoder_that_cannot_be_borrowed_is_refused(toy_model, with_cartoons, borrowed, reason):
    with pytest.raises(InvalidInput, match=re.escape(reason)):
        evaluate(Evaluation(toy_model, with_cartoons, ["train"], borrowed=borrowed))


def test_what_borrows_is_named_only_where_something_may(toy_model, with_cartoons, tmp_path):
    alone = tmp_path / "alone"
    shutil.copytree(with_cartoons / "cartoon", alone / "cartoon")
    settings = HashSettings(name="lsh", bits=16)
    with pytest.raises(InvalidInput, match=r"domains photo, shape, sketch; it has cartoon$"):
        refit(Bundle.open(toy_model), tmp_path / "out", [alone], settings)
    with pytest.raises(InvalidInput, match=r"it has cartoon, and `borrowed={DOMAIN: ENCODER}` emb"):
        evaluate(Evaluation(toy_model, alone, ["all"]))


def test_paths_of_an_evaluation_may_be_texts(toy_model, toy_collection):
    wanted = Evaluation(str(toy_model), str(toy_collection), ["all"])
    assert wanted == Evaluation(toy_model, toy_collection, ["all"])
    with pytest.raises(InvalidInput, match="data must be a path, as text or Path, got 5"):
        Evaluation(toy_model, 5)


def test_the_page_names_the_fields_of_an_evaluation(toy_model, toy_collection):
    page = (Path(__file__).parents[2] / "docs" / "formats.md").read_text("utf-8")
    asked = [
        "evaluate",
        str(toy_model),
        "--data",
        str(toy_collection),
        "--split=all",
        "-q",
        "--json",
    ]
    for more in ([], ["--against", str(toy_model)]):
        fields = json.loads(CliRunner().invoke(main, [*asked, *more]).stdout)
        said = ", ".join(
            f'"{name}": [...]' if name in ("rows", "failures") else f'"{name}"' for name in fields
        )
        assert f"`{{{said}}}`" in page


def test_all_is_every_file(toy_model, toy_collection):
    matrix = evaluate(Evaluation(toy_model, toy_collection, ["all"])).rows[0].matrix
    assert {cell.gallery for cell in matrix.cells} == {37, 36}  # without itself in its own domain
    assert matrix.cell("sketch", "photo").categories == 4
    with pytest.raises(InvalidInput, match=r"no split 'x'; it has test, train, unseen, and 'all'"):
        evaluate(Evaluation(toy_model, toy_collection, ["x"]))


def test_only_the_files_that_are_needed_are_read(toy_model, toy_collection, tmp_path):
    """Broken train files hinder nothing, unless codes want them."""
    folder = tmp_path / "broken"
    shutil.copytree(toy_collection, folder)
    for line in (folder / "split.csv").read_text().splitlines():
        if ",train," in line:
            (folder / line.split(",")[0]).write_bytes(b"broken")
    assert evaluate(Evaluation(toy_model, folder)).notes == []
    assert evaluate(Evaluation(toy_model, folder, ["unseen"])).notes == []
    for more in ({"splits": ["all"]}, {"bits": [16]}):
        with pytest.raises(InvalidInput, match="24 of 37 files of the photo encoder cannot be"):
            evaluate(Evaluation(toy_model, folder, **more))


def test_a_collection_of_train_files_alone_has_nothing_to_measure(
    toy_model, toy_collection, tmp_path
):
    shutil.copytree(toy_collection, tmp_path / "train")
    table = tmp_path / "train" / "split.csv"
    rows = [r for r in table.read_text().splitlines() if ",test," not in r and ",unseen," not in r]
    table.write_text("\n".join(rows))
    with pytest.raises(InvalidInput, match="no split to measure but train; `splits="):
        evaluate(Evaluation(toy_model, tmp_path / "train"))
