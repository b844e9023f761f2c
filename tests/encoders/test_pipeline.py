"""The stream from sources to features: order, errors, groups and how far it reads ahead."""

import threading
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.encoders.pipeline import BATCH, Read, encode_stream, encode_views, read_ahead
from opensearch.errors import OverLimit, UnreadableFile

AHEAD = 4 * BATCH


@dataclass
class Sums:
    """A backbone that gives its own number and the sum of the view, and counts its batches."""

    number: int
    runtime: str = "fake"

    def __post_init__(self):
        self.batches = []

    def features(self, views):
        self.batches.append(views.shape)
        sums = views.reshape(len(views), -1).sum(axis=1)
        return np.stack([np.full(len(views), self.number), sums], 1).astype(np.float32)


def views_of(source, count=1, size=2):
    return np.full((count, size, size, 3), source % 256, np.uint8)


def test_reading_keeps_the_order_whoever_is_first():
    slow = threading.Event()

    def read(source):
        if source == 0:
            slow.wait(5)
        if source == 20:
            slow.set()
        return views_of(source)

    reads = list(read_ahead(range(40), read, workers=4))
    assert [item.source for item in reads] == list(range(40))
    assert all(item.views[0, 0, 0, 0] == item.source for item in reads)


def test_a_file_that_cannot_be_read_is_carried_along():
    def read(source):
        if source % 3 == 1:
            raise (OverLimit if source % 2 else UnreadableFile)(f"no {source}")
        return views_of(source)

    items = list(encode_stream(read_ahead(range(100), read), lambda source: Sums(0)))
    assert [item.source for item in items] == list(range(100))
    for item in items:
        if item.source % 3 == 1:
            assert item.views is None
            assert item.features is None
            assert str(item.error) == f"no {item.source}"
        else:
            assert item.error is None
            assert item.features[0, 1] == 12 * item.source


def test_another_error_is_not_swallowed():
    def read(source):
        if source == 7:
            raise ZeroDivisionError
        return views_of(source)

    with pytest.raises(ZeroDivisionError):
        list(read_ahead(range(500), read, workers=2))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from([2, 3]), st.integers(0, 2)), max_size=60)
)
def test_features_are_those_of_each_source_alone(items):
    """Items: views (0: unreadable), view size, which of three trunks."""
    backbones = [Sums(number) for number in range(3)]
    reads = [
        Read(place, views_of(place, count, size))
        if count
        else Read(place, None, UnreadableFile("no"))
        for place, (count, size, _) in enumerate(items)
    ]
    got = list(encode_stream(reads, lambda place: backbones[items[place][2]]))
    assert [item.source for item in got] == list(range(len(items)))
    for item, (count, size, number) in zip(got, items, strict=True):
        if count:
            wanted = Sums(number).features(views_of(item.source, count, size))
            assert np.array_equal(item.features, wanted)
        else:
            assert item.features is None
    assert all(shape[0] <= BATCH for backbone in backbones for shape in backbone.batches)


def test_single_views_are_encoded_32_at_a_time():
    backbone = Sums(0)
    reads = [Read(source, views_of(source)) for source in range(80)]
    list(encode_stream(reads, lambda source: backbone))
    assert [shape[0] for shape in backbone.batches] == [32, 32, 16]


def test_views_are_encoded_32_at_a_time_and_joined():
    backbone = Sums(0)
    views = np.concatenate([views_of(place) for place in range(70)])
    assert encode_views(views, backbone)[:, 1].tolist() == [12 * place for place in range(70)]
    assert [shape[0] for shape in backbone.batches] == [32, 32, 6]


@given(st.integers(0, 300))
def test_reading_is_never_more_than_four_batches_ahead(take):
    asked = []

    def sources():
        for source in range(1000):
            asked.append(source)
            yield source

    stream = read_ahead(sources(), views_of, workers=1)
    for _ in range(take):
        next(stream)
    assert len(asked) <= take + AHEAD
    stream.close()
    assert len(asked) <= take + AHEAD


@pytest.mark.parametrize("good", [True, False])
def test_the_first_result_waits_for_few_files(good):
    """A folder of nothing but damaged files must not be read whole before one is told."""
    asked = []

    def reads():
        for source in range(10_000):
            asked.append(source)
            yield Read(source, views_of(source) if good else None)

    stream = encode_stream(reads(), lambda source: Sums(0))
    next(stream)
    assert len(asked) <= 4 * BATCH
    stream.close()
    assert len(asked) <= 4 * BATCH
