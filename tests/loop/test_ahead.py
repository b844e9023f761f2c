"""Making ahead: the same things, in order, each once, and errors where they belong."""

import threading

import pytest

from opensearch.loop import Ahead


@pytest.mark.parametrize("count", [0, 1, 3, 99])
@pytest.mark.parametrize("first", [0, 4])
def test_gives_what_each_step_needs_and_makes_it_once(count, first):
    made = []

    def make(step):
        made.append(step)
        return step * step

    ahead = Ahead(make, 9, count)
    assert [ahead(step) for step in range(first, 9)] == [s * s for s in range(first, 9)]
    assert sorted(made) == list(range(first, 9))


def test_the_next_step_is_made_while_this_one_runs():
    begun = threading.Event()

    def make(step):
        if step == 1:
            begun.set()
        return step

    ahead = Ahead(make, 2, 1)
    assert ahead(0) == 0
    assert begun.wait(10)
    assert ahead(1) == 1


def test_nothing_is_made_ahead_unless_asked():
    made = []
    Ahead(made.append, 5, 0)(0)
    assert made == [0]


def test_an_error_comes_with_its_step():
    def make(step):
        return 1 // (2 - step)

    ahead = Ahead(make, 4, 3)
    assert [ahead(0), ahead(1)] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        ahead(2)
    assert ahead(3) == -1
