"""Views of several threads in one run: each gets its own rows, and nobody waits for others."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from opensearch.encoders.joining import Joined


class Network:
    """Doubles the first number of each view; can be held, and notes how many it was given."""

    def __init__(self):
        self.sizes = []
        self.free = threading.Event()
        self.free.set()
        self.begun = threading.Event()

    def __call__(self, views):
        self.sizes.append(len(views))
        self.begun.set()
        assert self.free.wait(10)
        if (views == 13).any():
            raise ValueError("13")
        return 2 * views[:, 0, 0, :1].astype(np.float32)


def view(number, side=2):
    return np.full((1, side, side, 3), number, np.uint8)


def asked_while_busy(network, joined, views):
    """What calls give that all came while a run of another view was under way."""
    network.free.clear()
    with ThreadPoolExecutor(len(views) + 1) as pool:
        first = pool.submit(joined, view(100))
        assert network.begun.wait(10)
        rest = [pool.submit(joined, each) for each in views]
        while len(joined._waiting) < len(views):
            time.sleep(0.001)
        network.free.set()
        assert first.result().tolist() == [[200]]
        return rest


def test_one_alone_runs_at_once_and_alone():
    network = Network()
    joined = Joined(network)
    assert joined(view(3)).tolist() == [[6]]
    assert network.sizes == [1]


def test_those_that_wait_run_together_and_get_their_own_rows():
    network = Network()
    rest = asked_while_busy(network, Joined(network), [view(each) for each in range(11)])
    assert [each.result().tolist() for each in rest] == [[[2 * each]] for each in range(11)]
    assert network.sizes == [1, 8, 2, 1]


def test_views_of_another_size_run_by_themselves():
    network = Network()
    views = [view(1), view(2, side=4), view(3), view(4, side=4)]
    rest = asked_while_busy(network, Joined(network), views)
    assert [each.result().tolist() for each in rest] == [[[2]], [[4]], [[6]], [[8]]]
    assert network.sizes == [1, 2, 2]


def test_several_views_of_one_call_stay_as_they_are():
    network = Network()
    joined = Joined(network)
    assert joined(np.concatenate([view(1), view(2), view(3)])).tolist() == [[2], [4], [6]]
    assert network.sizes == [3]


def test_an_error_reaches_all_of_its_run_and_no_other():
    network = Network()
    joined = Joined(network)
    rest = asked_while_busy(network, joined, [view(13), view(1)])
    for each in rest:
        with pytest.raises(ValueError, match="13"):
            each.result()
    assert joined(view(4)).tolist() == [[8]]
