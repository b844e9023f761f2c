"""From a sketch to a model on a toy index, in Python."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from opensearch.domains.opening import opener
from opensearch.domains.opening.guess import Guess
from opensearch.engine import Engine
from opensearch.errors import InvalidInput, UnreadableFile
from opensearch.model import Mesh
from opensearch.reconstruction import reconstruct
from opensearch.reconstruction.making import mean_grid
from opensearch.reconstruction.retrieval import Near, Retrieved, falling_weights
from opensearch.reconstruction.shapes import Shape, file_of
from opensearch.reconstruction.voxels import Voxels
from opensearch.records import Item


@pytest.fixture(scope="module")
def engine(toy_model, toy_collection, tmp_path_factory):
    with Engine.create(tmp_path_factory.mktemp("toys") / "index", toy_model) as engine:
        engine.add(toy_collection)
        yield engine


@pytest.fixture
def sketch(toy_collection):
    return toy_collection / "sketch" / "pyramid" / "08.png"


def test_weights_are_those_of_the_paper():
    assert falling_weights(5).tolist() == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])
    assert falling_weights(5, "normalised").sum() == pytest.approx(1)
    assert falling_weights(1, "normalised").tolist() == [1]


@pytest.mark.parametrize("k", [1, 3, 8])
def test_weights_of_other_numbers_fall_from_a_half(k):
    weights = falling_weights(k)
    assert weights[0] == 0.5
    assert (np.diff(weights) < 0).all()
    assert weights[-1] > 0


def retrieved(filled, weight):
    grid = np.zeros((32, 32, 32), bool)
    grid[:filled] = True
    shape = Shape(np.zeros((1, 3, 3)), Voxels(grid, solid=True), "y")
    return Retrieved(Near(Item(1, "a", "shape"), None, 0.0), shape, weight)


def test_the_mean_is_the_sum_by_weights_and_at_most_one():
    found = [retrieved(1, 0.8), retrieved(2, 0.4), retrieved(3, 0.3)]
    mean = mean_grid(found)
    assert mean.dtype == np.float32
    assert mean[:4, 0, 0].tolist() == pytest.approx([1, 0.7, 0.3, 0])  # .8 + .4 + .3 is cut to 1


def test_nearest_is_the_nearest_shape_and_its_size(engine, sketch):
    made = reconstruct(engine, sketch, source="sketch", mode="nearest")
    first = made.retrieved[0]
    assert len(made.retrieved) == 5
    assert [each.weight for each in made.retrieved] == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])
    assert np.array_equal(made.grid, first.shape.voxels.grid)
    assert np.ptp(made.mesh.vertices, axis=0) == pytest.approx(first.shape.box)
    assert first.near.item.domain == "shape"
    [hit] = engine.search(sketch, source="sketch", targets=["shape"], k=1)
    assert first.near.item.id == hit.id


def test_a_mean_is_as_large_as_its_shapes_are_in_the_mean(engine, sketch):
    made = reconstruct(engine, sketch, source="sketch", mode="mean", k=3, weights="normalised")
    shares = np.array([3, 2, 1]) / 6
    boxes = np.stack([each.shape.box for each in made.retrieved])
    assert np.ptp(made.mesh.vertices, axis=0) == pytest.approx(shares @ boxes)
    assert made.grid == pytest.approx(mean_grid(made.retrieved))
    assert made.to_dict()["mode"] == "mean"


def test_confidence_is_the_mean_score_of_what_the_model_is_made_of(engine, sketch):
    nearest = reconstruct(engine, sketch, source="sketch", mode="nearest")
    assert nearest.confidence == pytest.approx(nearest.retrieved[0].near.score, abs=1e-4)
    mean = reconstruct(engine, sketch, source="sketch", mode="mean")
    scores = [each.near.score for each in mean.retrieved]
    assert mean.confidence == pytest.approx(np.dot([5, 4, 3, 2, 1], scores) / 15, abs=1e-4)
    assert mean.confidence_kind == engine.search(sketch, source="sketch")[0].score_kind


def test_shapes_stand_on_the_axis_that_their_metadata_say(engine, toy_collection, tmp_path, sketch):
    slab = "OFF\n4 4 0\n0 0 0\n4 0 0\n0 1 0\n0 0 2\n3 0 1 2\n3 0 1 3\n3 0 2 3\n3 1 2 3\n"
    (tmp_path / "slab.off").write_text(slab)
    with Engine.create(tmp_path / "index", engine.model.bundle.folder) as other:
        other.add(tmp_path / "slab.off", domain="shape", up="z")
        made = reconstruct(other, sketch, source="sketch")
    [found] = made.retrieved
    assert found.shape.up == "z"
    sides = found.shape.box
    assert sides[1] / max(sides) == pytest.approx(0.5)  # what was z in the file
    assert "made of 1 shape: there are no more to read" in made.notes


def test_what_is_certainly_no_sketch_is_refused_unless_it_is_said(engine):
    photo = np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8)
    said = "wanted a sketch, but the picture given looks like a photo; say `source='sketch'`"
    with pytest.raises(InvalidInput, match=said):
        reconstruct(engine, photo)
    assert reconstruct(engine, photo, source="photo").retrieved
    with pytest.raises(InvalidInput, match="looks like a shape"):
        reconstruct(engine, Mesh(np.eye(3), np.array([[0, 1, 2]])))


def test_what_may_be_a_sketch_is_taken_for_one(engine, sketch, monkeypatch, tmp_path):
    """Of one that is stored, what it was indexed as is known."""
    with Image.open(sketch) as stored:
        other = stored.copy()
    other.putpixel((0, 0), 254)
    other.save(tmp_path / sketch.name)
    sketch = tmp_path / sketch.name
    monkeypatch.setenv("OPENSEARCH_READERS", "0")
    monkeypatch.setattr(opener, "guess_domain", lambda *_: Guess("photo", 0.1, sure=False))
    made = reconstruct(engine, sketch)
    assert "took 08.png for a sketch; if it is not, use `source='photo'`" in made.notes
    assert (
        made.to_dict()["retrieved"]
        == (reconstruct(engine, sketch, source="sketch").to_dict()["retrieved"])
    )


def test_an_index_without_shapes_says_what_it_holds(toy_model, toy_collection, tmp_path, sketch):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        with pytest.raises(InvalidInput, match=r"holds none \(it holds nothing\); add meshes"):
            reconstruct(engine, sketch)
        engine.add(toy_collection / "sketch", domain="sketch")
        with pytest.raises(InvalidInput, match=r"holds none \(it holds \d+ sketch\)"):
            reconstruct(engine, sketch)


def test_shapes_whose_files_are_gone_or_changed_are_passed_over(
    toy_model, toy_collection, tmp_path, sketch
):
    shapes = tmp_path / "shapes"
    shutil.copytree(toy_collection / "shape", shapes)
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add(shapes, domain="shape")
        first, second, *_ = engine.search(sketch, source="sketch", k=2)
        (shapes / first.key).unlink()
        (shapes / second.key).write_text((shapes / second.key).read_text() + "# longer\n")
        made = reconstruct(engine, sketch, source="sketch")
        keys = {each.near.item.key for each in made.retrieved}
        assert len(keys) == 5
        assert keys.isdisjoint({first.key, second.key})
        [note] = [note for note in made.notes if "passed over" in note]
        assert note.startswith("2 nearer shapes were passed over: the file of item")
        shutil.rmtree(shapes)
        with pytest.raises(UnreadableFile, match=r"can be read .*is not there any more"):
            reconstruct(engine, sketch, source="sketch")


def test_a_copy_put_in_the_place_of_a_file_is_the_same_file(engine, toy_collection):
    item = engine.get("shape/cube/00.off")
    assert file_of(item).name == "00.off"
    assert file_of(replace(item, mtime_ns=1)) == file_of(item)
    with pytest.raises(UnreadableFile, match="added without one"):
        file_of(Item(1, "made", "shape"))
    with pytest.raises(UnreadableFile, match=r"lies at s3://bucket/a\.glb: shapes are taken from"):
        file_of(replace(item, path="s3://bucket/a.glb"))


def test_ready_codes_have_no_form(toy_model, tmp_path, sketch):
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add_codes(np.zeros((3, 2), np.uint8), "shape")
        with pytest.raises(UnreadableFile, match="none of the 3 nearest shapes can be read"):
            reconstruct(engine, sketch, source="sketch")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"mode": "best"}, "unknown `mode` 'best'; known: auto, nearest, mean, generator, blend"),
        ({"weights": "even"}, "unknown `weights` 'even'; known: printed, normalised"),
        ({"by": "touch"}, "unknown `by` 'touch'; known: semantic, latent"),
        ({"model": 3}, "model must be a path"),
        ({"progress": 3}, "progress must be a function"),
        ({"k": 0}, "k must be a whole number of 1 or more"),
        ({"k": 51}, "`k` must be at most 50, got 51"),
        ({"k": "5"}, "k must be a whole number"),
        ({"source": 3}, "source must be a text"),
        ({"source": "smell"}, "no domain 'smell'"),
        ({"file_of": "here"}, "file_of must be a function"),
    ],
)
def test_wrong_arguments_are_refused(engine, sketch, wrong, said):
    with pytest.raises(InvalidInput, match=said):
        reconstruct(engine, sketch, **wrong)


def test_what_is_no_sketch_at_all_is_refused(engine):
    with pytest.raises(InvalidInput, match="sketch must be a path, bytes"):
        reconstruct(engine, 3)
    with pytest.raises(InvalidInput, match="engine must be an Engine"):
        reconstruct("index", "sketch.png")
    blank = np.full((64, 64, 3), 255, np.uint8)
    with pytest.raises(UnreadableFile, match="blank"):
        reconstruct(engine, blank)
