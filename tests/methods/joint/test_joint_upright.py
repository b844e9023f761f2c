"""Which way is up: from declared axes, learnt anew for the trained trunk, kept in the bundle."""

import csv
import shutil

import numpy as np
import pytest
from toy_files import toy_settings

from opensearch.encoders.pooling import UPRIGHT, axis_likelihoods, up_axes
from opensearch.encoders.tensors import load_tensors
from opensearch.errors import InvalidInput
from opensearch.methods import Training, train
from opensearch.methods.configs import load_train_config
from opensearch.methods.joint.upright import fit_direction

SETTINGS = [
    "backbone={name: tiny, weights: null, half: false}",
    "projector.hidden=16",
    "domains.shape.views=3",
    "domains.shape.pooling=upright",
    "joint.lines=3",
    "joint.side=32",
    "joint.head_steps=5",
    "joint.head_batch=8",
    "joint.steps=2",
    "joint.batch=4",
]


def declared(collection, folder, ups):
    """The collection with a column `up` that says `ups` of shapes in turn."""
    shutil.copytree(collection, folder)
    with (folder / "split.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for place, row in enumerate(rows):
        row["up"] = ups[place % len(ups)] if row["domain"] == "shape" else ""
    with (folder / "split.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_a_direction_finds_the_axis_whose_views_differ():
    """Upright views have more of feature 0 and as much of the rest; each axis is up in turn."""
    rng = np.random.default_rng(0)
    axes = np.arange(90) % 3
    features = rng.normal(size=(90, 6, 8))
    features[..., 0] += 2.0 * (up_axes(6)[None] == axes[:, None])
    found = fit_direction(features[:60], axes[:60])
    told = axis_likelihoods(features[60:], found).argmax(axis=1)
    assert (told == axes[60:]).mean() > 0.9
    assert found.argmax() == 0


def test_the_bundle_pools_by_its_direction(toy_collection, tmp_path):
    data = declared(toy_collection, tmp_path / "data", ["y", "", "z"])
    config = load_train_config("joint", [*toy_settings(data), *SETTINGS])
    bundle = train(Training(config, [data], tmp_path / "model"))
    card = bundle.domain("shape")
    assert card.pooling == "upright"
    assert (card.reader.views, card.reader.line_views) == (3, 0), "lines are for training alone"
    assert load_tensors(bundle.folder / card.norms)[UPRIGHT].shape == (128,)
    assert UPRIGHT not in load_tensors(bundle.folder / bundle.domain("photo").norms)
    views = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    assert np.allclose(np.linalg.norm(bundle.encoder("shape").embed(views), axis=1), 1, atol=1e-5)


def test_shapes_that_declare_nothing_are_told_so(toy_collection, tmp_path):
    config = load_train_config("joint", [*toy_settings(toy_collection), *SETTINGS])
    with pytest.raises(InvalidInput, match=r"column `up`.*'domains\.shape\.pooling=mean'\]`"):
        train(Training(config, [toy_collection], tmp_path / "model"))
