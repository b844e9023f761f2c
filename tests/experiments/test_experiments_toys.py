"""The toy collection: complete, readable, the same for a seed, its attributes telling."""

import csv

import numpy as np
import pytest

from opensearch.config import Limits, ReaderSettings
from opensearch.domains import open_reader, read_collection
from opensearch.domains.mesh import load_triangles
from opensearch.experiments.attributes import ATTRIBUTES
from opensearch.experiments.figures import FIGURES
from opensearch.experiments.solids import ball, box, half_ball, join, roof, turned, wheels
from opensearch.experiments.toys import LEFT_OUT, TEST, UNSEEN, make_toys
from opensearch.semantic import open_provider
from opensearch.training.collection import training_part

TRAIN = 1


@pytest.fixture(scope="module")
def toys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toys")
    make_toys(folder, seed=3, train=TRAIN)
    return folder


def test_every_domain_holds_every_category_as_split_says(toys):
    counts = {}
    for source in read_collection(toys):
        assert source.path.is_file()
        place = (source.domain, source.category, source.split)
        counts[place] = counts.get(place, 0) + 1
    wanted = {}
    for domain in ("photo", "shape", "sketch"):
        for name in FIGURES:
            splits = {"train": TRAIN, "test": TEST}
            for split, n in ({"unseen": LEFT_OUT} if name in UNSEEN else splits).items():
                wanted[domain, name, split] = n
    assert counts == wanted


def test_training_is_never_shown_an_unseen_category(toys):
    part = training_part([toys])
    assert part.unseen == sorted(UNSEEN)
    assert set(part.categories) == set(FIGURES) - set(UNSEEN)
    assert sum(map(len, part.domains.values())) == 3 * TRAIN * len(part.categories)


def test_every_file_is_readable_and_no_two_are_alike(toys):
    readers = {"photo": "image", "shape": "mesh", "sketch": "sketch"}
    for domain, name in readers.items():
        views = {"views": 1} if name == "mesh" else {}
        read = open_reader(ReaderSettings(reader=name, size=32, **views))
        files = [s.path for s in read_collection(toys) if s.domain == domain]
        assert len({read(file, None).views.tobytes() for file in files}) == len(files)


def test_the_same_seed_gives_the_same_bytes(toys, tmp_path):
    steps = []
    make_toys(tmp_path / "same", 3, lambda done, total: steps.append((done, total)), TRAIN)
    files = sorted(p.relative_to(toys) for p in toys.rglob("*") if p.is_file())
    assert files == sorted(
        p.relative_to(tmp_path / "same") for p in (tmp_path / "same").rglob("*") if p.is_file()
    )
    assert all((toys / p).read_bytes() == (tmp_path / "same" / p).read_bytes() for p in files)
    assert steps == [(n, len(files) - 2) for n in range(1, len(files) - 1)]


def test_another_seed_gives_other_files(toys, tmp_path):
    make_toys(tmp_path, seed=4, train=TRAIN)
    pictures = [p.relative_to(toys) for p in toys.glob("*/*/*")]
    assert not any((toys / p).read_bytes() == (tmp_path / p).read_bytes() for p in pictures)


def test_more_training_files_leave_the_others_as_they_are(toys, tmp_path):
    make_toys(tmp_path, seed=3, train=TRAIN + 1)
    for unseen in ("photo/truck/00.jpg", "shape/bench/03.off", "sketch/tower/07.png"):
        assert (tmp_path / unseen).read_bytes() == (toys / unseen).read_bytes()


def test_attributes_are_a_provider_that_tells_all_categories_apart(toys):
    provider = open_provider(f"attributes:{toys / 'attributes.csv'}")
    vectors = np.stack([provider.vector(name) for name in FIGURES])
    cosines = vectors @ vectors.T - np.eye(len(vectors))
    assert cosines.max() < 0.95
    with (toys / "attributes.csv").open(newline="") as file:
        rows = {row.pop("category"): row for row in csv.DictReader(file)}
    assert {name for name, held in rows["truck"].items() if held == "1"} == set(
        ATTRIBUTES["truck"].split()
    )


def test_unseen_categories_have_no_attribute_of_their_own():
    seen = {name for c, said in ATTRIBUTES.items() if c not in UNSEEN for name in said.split()}
    rare = [a for c in UNSEEN for a in ATTRIBUTES[c].split() if a not in seen]
    assert rare == []


@pytest.mark.parametrize("category", FIGURES)
def test_a_figure_stands_on_faces_of_its_own_vertices(category):
    mesh = FIGURES[category](np.random.default_rng(0))
    assert np.isfinite(mesh.vertices).all()
    assert mesh.faces.min() == 0
    assert mesh.faces.max() < len(mesh.vertices)
    other = FIGURES[category](np.random.default_rng(1))
    assert other.vertices.shape != mesh.vertices.shape or not np.allclose(
        other.vertices, mesh.vertices
    )


def volume(mesh):
    """Signed volume by the divergence theorem; a surface with a hole or a flipped side differs."""
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def edges_twice(mesh):
    """Whether each edge is walked once in each direction: closed and evenly wound."""
    pairs = [(f[i], f[(i + 1) % 3]) for f in mesh.faces.tolist() for i in range(3)]
    return len(set(pairs)) == len(pairs) and {(b, a) for a, b in pairs} == set(pairs)


@pytest.mark.parametrize(
    "solid",
    [box(1, 2, 3), turned((1, 0), (0.5, 2)), ball(1), half_ball(1, 0, 1), roof(2, 1, 1)],
    ids=["box", "turned", "ball", "half_ball", "roof"],
)
def test_solids_are_closed(solid):
    assert edges_twice(solid)
    assert edges_twice(solid.lying(0))
    assert volume(solid.moved(5, -3, 2)) == pytest.approx(volume(solid))


def test_solids_are_of_the_size_asked_for():
    assert abs(volume(box(1, 2, 3))) == pytest.approx(6)
    assert np.ptp(box(1, 2, 3).vertices, axis=0).tolist() == [1, 2, 3]
    lying = turned((1, 0), (1, 5)).lying(0)
    assert np.ptp(lying.vertices, axis=0)[0] == pytest.approx(5)
    assert abs(volume(join(box(1, 1, 1), box(1, 1, 1).moved(3)))) == pytest.approx(2)
    assert wheels(2, 1, 0.3).vertices[:, 1].min() == pytest.approx(0, abs=0.02)


def test_a_shape_file_holds_the_figure(toys):
    vertices, faces = load_triangles(toys / "shape" / "chair" / "00.off", Limits())
    rng = np.random.default_rng([3, list(FIGURES).index("chair"), *b"shape", 0])
    mesh = FIGURES["chair"](rng)
    assert faces.tolist() == mesh.faces.tolist()
    assert vertices.shape == mesh.vertices.shape
