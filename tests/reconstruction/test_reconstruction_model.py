"""Reconstruction with a model: its generator, and its latent space over the shapes of an index."""

import shutil

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from opensearch.cli import main
from opensearch.encoders.tensors import identity, save_tensors
from opensearch.engine import Engine
from opensearch.errors import BundleError, InvalidInput
from opensearch.reconstruction import latent_index, making, reconstruct, retrieval
from opensearch.reconstruction.card import Part, ReconstructionCard, read_card, write_card
from opensearch.reconstruction.generator import Generator
from opensearch.reconstruction.latent import LineEncoder
from opensearch.reconstruction.latent_index import ShapeCodes, shape_codes
from opensearch.reconstruction.making import Maker
from opensearch.reconstruction.retrieval import falling_weights
from opensearch.reconstruction.settings import AdaptationSettings, PoolingSettings
from opensearch.reconstruction.shapes import file_of
from opensearch.reconstruction.training.adaptation.data import Lines
from opensearch.reconstruction.training.adaptation.networks import AdaptationModel
from opensearch.reconstruction.training.adaptation.writing import likelihood, write_encoder
from opensearch.reconstruction.training.networks import VoxelAutoencoder

SMALL = AdaptationSettings(code=8, channels=(2, 3, 4, 5), critic=(2, 2, 2, 2))


@pytest.fixture(scope="module")
def lines():
    rows = np.random.default_rng(0).integers(0, 255, (40, 64, 64), np.uint8)
    return Lines(rows[:8], rows.reshape(10, 4, 64, 64), np.array(["a"] * 8), np.array(["a"] * 10))


@pytest.fixture(scope="module")
def model(lines, tmp_path_factory):
    """A model of untrained networks."""
    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(0)
    state = VoxelAutoencoder((4, 4, 4), 8).state_dict().items()
    tensors = {name: tensor.numpy() for name, tensor in state}
    name = save_tensors(folder, "voxels", tensors)
    voxels = Part(tensors=name, settings={}, identity=identity(tensors, {}))
    part = write_encoder(folder, AdaptationModel(SMALL).autoencoder, lines)
    write_card(folder, ReconstructionCard(voxels=voxels, adaptation=part))
    return folder


@pytest.fixture(scope="module")
def cubes(toy_model, toy_collection, tmp_path_factory):
    """Ten shapes and an index of them."""
    folder = tmp_path_factory.mktemp("cubes")
    for file in sorted((toy_collection / "shape" / "cube").iterdir())[:10]:
        (folder / "shape").mkdir(exist_ok=True)
        shutil.copy(file, folder / "shape")
    with Engine.create(folder / "index", toy_model) as engine:
        engine.add(folder / "shape", domain="shape")
    return folder


@pytest.fixture
def engine(cubes, tmp_path):
    """The index, in a folder of its own; its shapes lie where they did."""
    shutil.copytree(cubes / "index", tmp_path / "index")
    with Engine.open(tmp_path / "index") as engine:
        yield engine


@pytest.fixture
def sketch(toy_collection):
    return toy_collection / "sketch" / "pyramid" / "08.png"


def test_the_generator_makes_the_grid_of_pooled_codes(engine, sketch, model):
    made = reconstruct(engine, sketch, source="sketch", model=model)
    assert made.mode == "generator"  # as its card says
    generator = Generator.open(model)
    shares = falling_weights(5, "normalised")  # as its card says
    codes = generator.encode(np.stack([each.shape.voxels.grid for each in made.retrieved]))
    assert made.grid == pytest.approx(generator.decode((shares @ codes)[None])[0], abs=1e-6)
    assert made.level < made.grid.max()
    printed = reconstruct(engine, sketch, source="sketch", model=model, weights="printed")
    assert [each.weight for each in printed.retrieved] == pytest.approx([0.5, 0.4, 0.3, 0.2, 0.1])
    assert not np.array_equal(printed.grid, made.grid)


def test_shapes_count_as_much_as_when_the_generator_learnt(engine, sketch, model, tmp_path):
    alike = shutil.copytree(model, tmp_path / "alike")
    card = read_card(alike)
    write_card(alike, card.model_copy(update={"pooling": PoolingSettings(weights=(1, 1, 1))}))
    made = reconstruct(engine, sketch, source="sketch", model=alike, k=3)
    assert [each.weight for each in made.retrieved] == pytest.approx([1 / 3] * 3)
    for k, told in ((2, {}), (3, {"weights": "normalised"})):
        made = reconstruct(engine, sketch, source="sketch", model=alike, k=k, **told)
        weights = [each.weight for each in made.retrieved]
        assert weights == pytest.approx(falling_weights(k, "normalised").tolist())


def test_the_weights_of_the_shipped_model_are_as_printed_and_normalised():
    maker = Maker.open("generator", "semantic", None)
    assert maker.shares(5, None).tolist() == falling_weights(5, "normalised").tolist()


def test_the_nearest_shape_counts_where_a_model_learnt_without_it(model):
    pooling = PoolingSettings(weights=(0, 1))
    maker = Maker("generator", model, read_card(model).model_copy(update={"pooling": pooling}))
    assert maker.shares(2, None).tolist() == falling_weights(2, "normalised").tolist()


def test_shapes_are_found_by_their_nearest_render(engine, sketch, model):
    drawn = []
    made = reconstruct(engine, sketch, source="sketch", model=model, by="latent", mode="nearest",
                       progress=lambda what, done, total: drawn.append((done, total)))  # fmt: skip
    count = len(engine)
    assert drawn == [(at, count) for at in range(1, count + 1)]
    encoder = LineEncoder.open(model)
    held = shape_codes(engine, ["shape"], encoder, file_of, lambda *_: pytest.fail("all were kept"))
    assert held.codes.shape == (count, 12, 8)
    distances = [each.near.distance for each in made.retrieved]
    assert distances == sorted(distances)
    assert len({each.near.item.id for each in made.retrieved}) == 5
    assert made.confidence is None  # of drawings of one category nothing can be learnt
    again = reconstruct(engine, sketch, source="sketch", model=model, by="latent", mode="nearest")
    assert again.to_dict() == made.to_dict()


def test_the_nearest_is_that_of_a_slow_search():
    rng = np.random.default_rng(0)
    codes = rng.normal(size=(7, 3, 4)).astype(np.float16)
    codes[5] = codes[2]
    code = rng.normal(size=4).astype(np.float32)
    found = list(ShapeCodes(np.arange(10, 17), np.zeros((7, 16), np.uint8), codes).nearest(code))
    slow = sorted(
        (min(sum((float(a) - float(b)) ** 2 for a, b in zip(view, code, strict=True)) ** 0.5
             for view in shape), id_)
        for id_, shape in enumerate(codes, start=10)
    )  # fmt: skip
    assert [id_ for id_, _ in found] == [id_ for _, id_ in slow]
    assert [far for _, far in found] == pytest.approx([far for far, _ in slow], rel=1e-5)


def counted(engine, encoder):
    """Codes, and how many shapes had to be drawn for them."""
    drawn = []
    held = shape_codes(engine, ["shape"], encoder, file_of, lambda *told: drawn.append(told))
    return held, len(drawn)


def test_only_what_is_new_is_drawn_and_what_is_gone_is_dropped(cubes, model, tmp_path):
    encoder = LineEncoder.open(model)
    own = shutil.copytree(cubes / "shape", tmp_path / "shape")
    first, second, third, *_ = sorted(own.iterdir())
    with Engine.create(tmp_path / "index", cubes / "index" / "model") as engine:
        engine.add(own, domain="shape")
        held, drawn = counted(engine, encoder)
        assert drawn == len(held.ids) == 10
        assert counted(engine, encoder)[1] == 0
        first.write_text(second.read_text())
        engine.add(own, domain="shape")
        engine.remove([second.name])
        renewed, drawn = counted(engine, encoder)
        assert drawn == 1
        assert len(renewed.ids) == 9
        assert counted(engine, encoder)[1] == 0
        third.write_text(third.read_text() + "#")  # is no more what was indexed
        shutil.rmtree(engine.path / "latent")
        assert len(counted(engine, encoder)[0].ids) == 8


def test_a_blend_is_half_of_the_mean_and_half_of_what_is_made(engine, sketch, model):
    made = {
        mode: reconstruct(
            engine, sketch, source="sketch", mode=mode, model=model, weights="normalised"
        )
        for mode in ("blend", "mean", "generator")
    }
    halves = (made["mean"].grid + made["generator"].grid) / 2
    assert made["blend"].grid == pytest.approx(halves, abs=1e-6)


@pytest.mark.parametrize("mode", ["mean", "nearest"])
def test_shapes_are_laid_alike_unless_told_not_to_be(engine, sketch, mode, monkeypatch):
    upside_down = np.diag([1, -1, -1])
    monkeypatch.setattr(retrieval, "alike", lambda grids, *_: [upside_down] * len(grids))
    laid, left = (
        reconstruct(engine, sketch, source="sketch", mode=mode, align=align)
        for align in (True, False)
    )
    flipped = left.grid[:, ::-1, ::-1] if mode == "mean" else left.grid
    assert np.array_equal(laid.grid, flipped)
    assert laid.retrieved[0].shape.box == pytest.approx(left.retrieved[0].shape.box)


@pytest.mark.parametrize("damage", [b"", b"nonsense", "cut", "other"])
def test_a_damaged_file_of_codes_is_made_anew(engine, model, damage):
    encoder = LineEncoder.open(model)
    held, drawn = counted(engine, encoder)
    [file] = (engine.path / "latent").iterdir()
    if damage == "other":
        np.savez(file, ids=held.ids, digests=held.digests, codes=held.codes[:, :3])
    else:
        file.write_bytes(file.read_bytes()[:200] if damage == "cut" else damage)
    again, drawn_again = counted(engine, encoder)
    assert drawn_again == drawn
    assert np.array_equal(again.codes, held.codes)


def test_codes_that_cannot_be_kept_are_used_all_the_same(engine, model, monkeypatch):
    def refuse(file, content):
        raise PermissionError

    monkeypatch.setattr(latent_index, "write_atomic", refuse)
    assert len(counted(engine, LineEncoder.open(model))[0].ids) == len(engine)


def test_too_many_shapes_are_refused(engine, model, monkeypatch):
    monkeypatch.setattr(latent_index, "MOST", 3)
    with pytest.raises(InvalidInput, match=r"takes up to 3 shapes.*`by='semantic'`"):
        counted(engine, LineEncoder.open(model))


def test_what_distances_are_worth_is_learnt_from_categories(model):
    encoder = LineEncoder.open(model)
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, 2, (4, 64, 64)) * np.uint8(255)
    noisy = np.repeat(kinds, 12, axis=0) ^ (rng.random((48, 64, 64)) < 0.02) * np.uint8(255)
    names = np.repeat(["a", "b", "c", "d"], 12)
    lines = Lines(noisy, noisy.reshape(48, 1, 64, 64), names, names)
    curve = likelihood(encoder, lines)
    assert curve is None or curve["slope"] > 0
    far = Lines(noisy, noisy.reshape(48, 1, 64, 64), names, np.array(["e"] * 48))
    assert likelihood(encoder, far) is None


def test_a_model_is_asked_for_where_one_is_needed(engine, sketch, model, tmp_path, monkeypatch):
    monkeypatch.setattr(making, "shipped_model", lambda: None)
    assert reconstruct(engine, sketch, source="sketch").mode == "mean"
    with pytest.raises(BundleError, match="`mode='generator'` needs a reconstruction model"):
        reconstruct(engine, sketch, source="sketch", mode="generator")
    with pytest.raises(BundleError, match="`by='latent'` needs a reconstruction model"):
        reconstruct(engine, sketch, source="sketch", by="latent")
    bare = shutil.copytree(model, tmp_path / "bare")
    write_card(bare, read_card(model).model_copy(update={"adaptation": None}))
    with pytest.raises(BundleError, match="has no latent space"):
        reconstruct(engine, sketch, source="sketch", by="latent", model=bare)
    with pytest.raises(BundleError, match="is not a reconstruction model"):
        reconstruct(engine, sketch, source="sketch", model=tmp_path)


def test_the_verb_takes_model_and_space(engine, sketch, model, tmp_path):
    words = ["reconstruct", sketch, "--index", engine.path, "--from", "sketch", "--model", model]
    done = CliRunner().invoke(
        main, list(map(str, [*words, "--by", "latent", "--out", tmp_path / "a.obj"]))
    )
    assert done.exit_code == 0, done.output
    assert ": generator, " in done.stdout.splitlines()[-1]
    empty = CliRunner().invoke(
        main,
        list(map(str, [*words[:-1], tmp_path, "--out", tmp_path / "b.obj"])),
    )
    assert empty.exit_code == 1
    assert "is not a reconstruction model" in empty.stderr
