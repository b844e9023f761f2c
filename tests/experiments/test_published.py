"""Ranking as a method's paper does, beside the order of an index."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import Published
from opensearch.experiments.against import evaluate_against
from opensearch.experiments.embedded import embed_collection
from opensearch.experiments.evaluate import Evaluation, evaluate
from opensearch.progress import quiet
from opensearch.training.cache import cache_folder


def ranked_as(model, folder, **fields):
    """A copy of a model whose method's paper ranks so."""
    bundle = Bundle.open(model)
    bundle.copy_files(folder)
    return write_bundle(
        folder, bundle.card.model_copy(update={"published": Published(**fields)})
    ).folder


def slow_map(queries, gallery, labels, others, same, distance):
    """Plain mAP, one query at a time; categories of fewer than 4 others are not asked for."""
    aps = []
    for row, (query, label) in enumerate(zip(queries, labels, strict=True)):
        items = [place for place in range(len(gallery)) if not (same and place == row)]
        far = [min(distance(a, b) for a in query for b in gallery[place]) for place in items]
        hits = np.array(others)[items][np.argsort(far, kind="stable")] == label
        if hits.sum() >= 4:
            aps.append((np.cumsum(hits) / np.arange(1, len(hits) + 1))[hits].mean())
    return np.mean(aps)


@pytest.mark.parametrize(
    ("distance", "views", "far"),
    [
        ("l1", "min", lambda a, b: float(np.abs(a - b).sum())),
        ("euclidean", "pooled", lambda a, b: float(np.linalg.norm(a - b))),
    ],
)
def test_its_rows_are_those_of_the_paper(toy_model, toy_collection, tmp_path, distance, views, far):
    model = ranked_as(toy_model, tmp_path / "model", distance=distance, views=views)
    result = evaluate(Evaluation(model, toy_collection, ["train"], as_published=True))
    [row] = [row for row in result.rows if row.representation == "published"]
    assert (row.refinement, row.split) == ("none", "train")
    bundle = Bundle.open(toy_model)
    split = embed_collection(
        bundle,
        toy_collection,
        cache_folder(),
        quiet,
        embed=lambda encoder, features: encoder.view_codes(features),
    ).splits["train"]
    sets = {name: codes for name, (codes, _) in split.domains.items()}
    if views == "pooled":
        sets = {name: codes.mean(axis=1, keepdims=True) for name, codes in sets.items()}
    assert sets["shape"].shape[1] == (1 if views == "pooled" else 2)
    assert max(abs(np.linalg.norm(code) - 1) for code in sets["shape"][:, 0]) > 0.1
    for cell in row.matrix.cells:
        wanted = slow_map(
            sets[cell.source],
            sets[cell.target],
            split.domains[cell.source][1],
            split.domains[cell.target][1],
            cell.source == cell.target,
            far,
        )
        assert cell.map_all == pytest.approx(wanted, abs=1e-6)


def test_other_rows_stay_and_words_are_not_asked(toy_model, toy_collection, tmp_path):
    model = ranked_as(toy_model, tmp_path / "model", distance="l1", views="min")
    plain = evaluate(Evaluation(toy_model, toy_collection, ["train"])).rows
    *rows, last = evaluate(Evaluation(model, toy_collection, ["train"], as_published=True)).rows
    assert [row.to_dict() for row in rows] == [row.to_dict() for row in plain]
    assert all(cell.queries == 0 for cell in last.words.cells)


def test_the_verb_tells_what_the_rows_are(toy_model, toy_collection, tmp_path):
    model = ranked_as(toy_model, tmp_path / "model", distance="l1", views="min")
    asked = ["evaluate", str(model), "--data", str(toy_collection), "--split", "train", "-q"]
    done = CliRunner().invoke(main, [*asked, "--as-published"])
    assert done.exit_code == 0, done.output
    assert "published: ranked as in the paper of method prototype, by l1 distance" in done.stderr
    [line] = [line for line in done.stdout.splitlines() if " published " in line]
    assert line.split()[2] == "none"
    assert line.split()[8] == "-"  # words
    found = json.loads(CliRunner().invoke(main, [*asked, "--as-published", "--json"]).stdout)
    assert found["rows"][-1]["words"]["mean"]["map_all"] is None
    assert not any(row["representation"] == "published" for row in found["rows"][:-1])
    assert " published " not in CliRunner().invoke(main, asked).stdout


def test_a_method_that_ranks_as_an_index_does_is_told(toy_model, toy_collection):
    asked = Evaluation(toy_model, toy_collection, ["train"], as_published=True)
    result = evaluate(asked)
    assert {row.representation for row in result.rows} == {"real", "model-16"}
    [note] = [note for note in result.notes if "published" in note]
    assert note.startswith("no rows published: method prototype ranks as an index does")


def test_two_models_are_compared_as_their_papers_rank(toy_model, toy_collection, tmp_path):
    one = ranked_as(toy_model, tmp_path / "one", distance="l1", views="min")
    other = ranked_as(toy_model, tmp_path / "other", distance="euclidean")
    compared = evaluate_against(
        Evaluation(one, toy_collection, ["train"], as_published=True), other
    )
    assert [row.representation for row in compared.rows][-1] == "published"
    assert sum("published: " in note for note in compared.notes) == 2


def test_a_card_without_it_reads_as_before_and_it_is_in_no_identity(toy_model, tmp_path):
    assert "published" not in (toy_model / "model.json").read_text()
    model = ranked_as(toy_model, tmp_path / "model", distance="l1", views="min")
    card = Bundle.open(model).card
    assert card.published == Published(distance="l1", views="min")
    assert card.identities == Bundle.open(toy_model).card.identities
