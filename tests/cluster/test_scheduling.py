"""Batches over workers: bounded, in order, whole when workers die, and killers told by name."""

from pathlib import Path

import pytest
from crews import Acted, names, works
from hypothesis import given
from hypothesis import strategies as st

from opensearch.cluster.batches import batched
from opensearch.cluster.scheduling import IN_HAND, WAITING, Schedule
from opensearch.engine.ingest.batches import Work
from opensearch.errors import OpenSearchError
from opensearch.records import Source, Stamp


def in_threes(count):
    return batched(works(count), files=3)


def keys(results):
    return names([one.source for one in results])


def failed(results):
    return {names([one.source])[0]: str(one.error) for one in results if one.features is None}


def test_results_come_in_the_order_of_the_works_whoever_is_quicker():
    slow_first = Acted(order=max)
    results = list(Schedule(slow_first, 3).run(in_threes(20)))
    assert keys(results) == list(range(20))
    assert [int(one.features[0, 0]) for one in results] == list(range(20))
    assert slow_first.begun != sorted(slow_first.begun), "one worker was never ahead of another"


def test_no_worker_has_more_than_two_batches_and_few_are_in_hand():
    crew = Acted(order=max)  # the first worker never acts while another can
    taken = []

    def counted():
        for batch in in_threes(200):
            taken.append(batch)
            yield batch

    running = Schedule(crew, 2).run(counted())
    first = next(running)
    assert keys([first]) == [0]
    assert crew.most == WAITING
    assert len(taken) == IN_HAND * 2 < 200 // 3
    assert keys(running) == list(range(1, 200))


def test_a_batch_whose_worker_died_is_done_again_by_another():
    crew = Acted(dies=lambda worker, files: worker == 1)
    results = list(Schedule(crew, 1).run(in_threes(12)))
    assert keys(results) == list(range(12))
    assert failed(results) == {}
    assert crew.hired == 2
    assert crew.begun == [[0, 1, 2], [0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]


def test_a_file_that_ends_every_worker_is_reported_alone():
    crew = Acted(dies=lambda worker, files: 4 in files)
    results = list(Schedule(crew, 2).run(in_threes(30)))
    assert keys(results) == list(range(30))
    assert failed(results) == {4: "each worker that encoded it died: killed by signal 9"}
    assert [batch for batch in crew.begun if 4 in batch] == [[3, 4, 5], [3, 4, 5], [4]]
    assert crew.hired == 2 + 3


def test_the_batch_that_waited_behind_a_killer_has_no_share_in_it():
    crew = Acted(dies=lambda worker, files: 0 in files)
    list(Schedule(crew, 1).run(in_threes(9)))
    assert crew.begun.count([3, 4, 5]) == 1


def test_one_file_in_a_batch_of_its_own_is_tried_twice():
    crew = Acted(dies=lambda worker, files: True)
    results = list(Schedule(crew, 1).run(iter([works(1)])))
    assert list(failed(results)) == [0]
    assert crew.begun == [[0], [0]]


def test_workers_that_die_before_they_are_ready_are_replaced():
    crew = Acted(stillborn={1, 2})
    assert keys(Schedule(crew, 2).run(in_threes(9))) == list(range(9))
    assert crew.hired == 4


def test_when_all_die_the_run_ends_and_says_how():
    crew = Acted(stillborn=range(100))
    with pytest.raises(OpenSearchError, match=r"^9 workers have died one after .* no memory$"):
        list(Schedule(crew, 2).run(in_threes(9)))


def test_when_none_starts_the_run_ends_and_says_what_to_look_at():
    crew = Acted()
    crew.wait = lambda seconds: []
    with pytest.raises(OpenSearchError, match=r"no worker has started in 0 s.*`ray status`"):
        list(Schedule(crew, 2, patience=0).run(in_threes(9)))


@given(
    count=st.integers(1, 40),
    workers=st.integers(1, 4),
    killers=st.sets(st.integers(0, 39), max_size=3),
    deaths=st.lists(st.booleans(), max_size=12),
    choices=st.randoms(use_true_random=False),
)
def test_whatever_dies_nothing_is_lost_and_nothing_doubled(
    count, workers, killers, deaths, choices
):
    """Beside the killers, some workers die by chance: who was at work then may be blamed."""
    chance = iter(deaths)
    blamed = set()

    def dies(worker, files):
        by_chance = next(chance, False)
        if by_chance:
            blamed.update(files)
        return by_chance or not killers.isdisjoint(files)

    crew = Acted(dies=dies, order=choices.choice)
    schedule = Schedule(crew, workers)
    schedule._allowed = 100  # deaths in a row, more than any chance here
    results = list(schedule.run(in_threes(count)))
    assert keys(results) == list(range(count))
    here = killers & set(range(count))
    assert here <= set(failed(results)) <= here | blamed
    assert crew.most <= WAITING


def test_batches_end_at_their_files_and_at_their_bytes():
    def sized(size):
        return Work(Source(Path("a"), "a"), "a", "/a", False, stamp=Stamp(size, 0, b""))

    sizes = [1, 1, 1, 1, 5, 9, 1, 30, 2]
    batches = batched(map(sized, sizes), files=3, most=10)
    assert [[work.stamp.size for work in batch] for batch in batches] == [
        *([1, 1, 1], [1, 5], [9, 1], [30], [2])
    ]


def test_a_file_that_is_gone_is_left_to_its_reader(tmp_path):
    gone = Source(tmp_path / "gone.png", "gone.png")
    assert len(list(batched([Work(gone, "gone.png", str(gone.path), False)]))) == 1
