"""What every registered reader keeps, shown for one that the test adds as well."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from opensearch.config import ReaderSettings, TrainConfig
from opensearch.domains import (
    READERS,
    ReaderKind,
    Reading,
    default_reader,
    is_older,
    known_suffixes,
    open_reader,
    reader_settings,
    reader_version,
)
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.files import check_file, reading
from opensearch.domains.opening.guess import guess_domain
from opensearch.domains.opening.workers import Readers
from opensearch.encoders.bundle import Bundle, write_bundle
from opensearch.encoders.card import domain_identity
from opensearch.engine import Engine
from opensearch.errors import BundleError, InvalidInput, OverLimit, UnreadableFile
from opensearch.limits import Limits
from opensearch.model import Model
from opensearch.training.augmentation import augment_by_look

SIZE = 32


def dots_reader(settings, limits):
    """A reader of text files, a line a dot: its place across and down, 0..1."""

    def read(path, part=None, up=None):
        with reading(path, "cloud"):
            check_file(path, limits, frozenset({".dots"}))
            view = np.full((settings.size, settings.size, 3), 255, np.uint8)
            for line in path.read_text("utf-8").splitlines():
                across, down = (int(float(at) * (settings.size - 1)) for at in line.split())
                view[down, across] = 0
            return Reading(views=view[None])

    return read


DOTS = ReaderKind(
    open=dots_reader,
    version=1,
    domain="cloud",
    suffixes=lambda: frozenset({".dots"}),
    telling=lambda: frozenset({".dots"}),
)


def write_dots(path, number=0):
    rng = np.random.default_rng(number)
    path.write_text("\n".join(f"{x:.3f} {y:.3f}" for x, y in rng.uniform(size=(40, 2))))


def write_photo(path, number=0):
    pixels = np.random.default_rng(number).integers(0, 256, (24, 30, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def write_sketch(path, number=0):
    page = Image.new("L", (64, 64), 255)
    ImageDraw.Draw(page).line([(8, 8), (50, 20 + number), (12, 52)], fill=0, width=2)
    page.save(path)


def write_mesh(path, number=0):
    corners = f"0 0 0\n{1 + number} 0 0\n0 1 0\n0 0 1\n"
    path.write_text(f"OFF\n4 4 0\n{corners}3 0 2 1\n3 0 1 3\n3 1 2 3\n3 2 0 3\n")


SAMPLES = {
    "image": (".png", write_photo),
    "sketch": (".png", write_sketch),
    "mesh": (".off", write_mesh),
    "dots": (".dots", write_dots),
}
"""A file that a reader reads: its suffix, and who writes it."""


@pytest.fixture(params=[*READERS, "dots"])
def name(request, monkeypatch):
    if request.param == "dots":
        monkeypatch.setitem(READERS, "dots", DOTS)
    return request.param


@pytest.fixture
def sample(name, tmp_path):
    suffix, write = SAMPLES[name]
    path = tmp_path / f"sample{suffix}"
    write(path)
    return path


def read(name, path, **limits):
    settings = ReaderSettings(reader=name, size=SIZE, views=3, line_views=3)
    return open_reader(settings, Limits(**limits))(path)


def test_an_item_has_the_views_asked_for(name, sample):
    views = read(name, sample).views
    assert views.shape == (6 if READERS[name].several else 1, SIZE, SIZE, 3)
    assert views.dtype == np.uint8
    assert (views.min(axis=(1, 2, 3)) < views.max(axis=(1, 2, 3))).all(), "none is blank"


def test_a_file_gives_the_same_views_in_any_thread(name, sample):
    settings = ReaderSettings(reader=name, size=SIZE, views=3)
    reader, start = open_reader(settings), threading.Barrier(4)

    def once(_):
        start.wait()
        return reader(sample)

    with ThreadPoolExecutor(4) as pool:
        first, *others = pool.map(once, range(4))
    for other in others:
        np.testing.assert_array_equal(first.views, other.views)
        assert (first.aspect, first.up) == (other.aspect, other.up)


@pytest.mark.parametrize("content", [b"", b"\0" * 40, bytes(range(256)) * 3])
def test_a_damaged_file_is_unreadable_by_its_name(name, sample, content):
    sample.write_bytes(content)
    with pytest.raises(UnreadableFile, match=rf"'sample\{sample.suffix}'") as caught:
        read(name, sample)
    assert "\n" not in str(caught.value)


def test_what_is_no_file_or_of_another_suffix_is_unreadable(name, sample, tmp_path):
    other = tmp_path / "sample.other"
    other.write_bytes(sample.read_bytes())
    for path in (tmp_path / f"none{sample.suffix}", tmp_path, other):
        with pytest.raises(UnreadableFile, match=path.name):
            read(name, path)


def test_a_file_over_the_limit_of_bytes_is_told_so(name, sample):
    with pytest.raises(OverLimit, match="over the limit of 10"):
        read(name, sample, bytes=10)


def test_suffixes_are_in_lower_case_and_known(name, sample):
    suffixes = READERS[name].suffixes()
    assert sample.suffix in suffixes <= known_suffixes()
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in suffixes)
    assert READERS[name].telling() <= suffixes


def test_telling_suffixes_tell_the_domain(name, tmp_path):
    for suffix in READERS[name].telling():
        guess = guess_domain(tmp_path / f"nothing{suffix.upper()}")
        assert (guess.domain, guess.sure) == (READERS[name].domain, True)


def test_a_domain_is_read_by_its_reader_unless_a_config_names_another(name):
    assert default_reader(READERS[name].domain) == name
    config = TrainConfig(
        method="any", size=64, domains={"x": {"reader": name, "views": 4, "line_views": 2}}
    )
    settings = reader_settings(config, "x")
    assert (settings.reader, settings.size) == (name, 64)
    counts = (4, 2) if READERS[name].several else (6, 0)
    assert (settings.views, settings.line_views) == counts, "of one view nothing is asked"


def test_a_version_is_told_apart_from_the_one_before(name):
    version = reader_version(name)
    assert version == f"{name}/{READERS[name].version}"
    assert not is_older(version)
    assert is_older(f"{name}/{READERS[name].version - 1}")


def test_training_varies_its_views(name, sample):
    views = torch.from_numpy(read(name, sample).views)
    varied = augment_by_look(views, READERS[name].looks, 24, torch.Generator().manual_seed(1))
    assert varied.shape == (len(views), 24, 24, 3)


def test_unknown_names_list_the_known():
    known = ", ".join(READERS)
    settings = ReaderSettings(reader="lidar")
    for call in (lambda: open_reader(settings), lambda: Readers({"scan": settings})):
        with pytest.raises(InvalidInput, match=rf"^no reader 'lidar'; known: {known}$"):
            call()
    config = TrainConfig(method="any", domains={"scan": {"reader": "lidar"}})
    with pytest.raises(InvalidInput, match=r"^domains\.scan\.reader: no reader 'lidar'; known"):
        reader_settings(config, "scan")


def test_a_model_with_an_unknown_reader_is_refused_when_it_is_opened(toy_model):
    bundle = Bundle.open(toy_model)
    odd = bundle.domain("photo").model_copy(update={"reader": ReaderSettings(reader="lidar")})
    bundle.card.domains["scan"] = odd
    known = ", ".join(READERS)
    with pytest.raises(
        BundleError, match=f"reads domain 'scan' by 'lidar'; known readers: {known}"
    ):
        Model(bundle)


def test_an_added_reader_indexes_and_queries(monkeypatch, toy_model, tmp_path):
    monkeypatch.setitem(READERS, "dots", DOTS)
    monkeypatch.setenv("OPENSEARCH_READERS", "0")  # other processes have not got the line
    Bundle.open(toy_model).copy_to(tmp_path / "model")
    bundle = Bundle.open(tmp_path / "model")
    photo = bundle.domain("photo")
    cloud = photo.model_copy(update={"reader": ReaderSettings(reader="dots", size=SIZE)})
    marks = {"encoder/cloud": domain_identity(bundle.folder, cloud)}
    card = bundle.card.model_copy(
        update={
            "domains": {**bundle.card.domains, "cloud": cloud},
            "identities": bundle.card.identities | marks,
        }
    )
    write_bundle(bundle.folder, card)
    files = tmp_path / "files"
    files.mkdir()
    for number in range(5):
        write_dots(files / f"{number}.dots", number)
    assert [source.key for source in find_sources(files)] == [f"{n}.dots" for n in range(5)]
    with Engine.create(tmp_path / "index", tmp_path / "model") as engine:
        report = engine.add(files)
        assert (report.added, report.failed, report.ignored) == (5, 0, 0)
        hits = engine.search(files / "3.dots", k=2)
        assert (hits[0].key, hits[0].domain, hits[0].distance) == ("3.dots", "cloud", 0)
        assert {item.reader for item in engine.records()} == {"dots/1"}
        assert engine.verify() == []
