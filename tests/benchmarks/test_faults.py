"""A small run of the fault benchmark: kills at random instants, readers beside a writer."""

from pathlib import Path

import pytest

from benchmarks import crowd, faults
from opensearch.engine import Engine
from opensearch.engine.lifecycle.folder import IndexFolder
from opensearch.store import LmdbStore

MODEL = Path(__file__).parents[1] / "golden" / "model"


@pytest.fixture
def index(tmp_path):
    Engine.create(tmp_path / "index", MODEL).close()
    return tmp_path / "index"


def test_ten_kills_lose_nothing(index):
    outcome = faults.kill(index, kills=10, seed=1)
    assert outcome.wrong == []
    assert outcome.kills == 10
    assert sum(outcome.steps.values()) >= 10


def test_a_lost_item_is_noticed(index):
    assert faults.kill(index, kills=3, seed=2).wrong == []
    state = faults.held(index)
    with LmdbStore.open(IndexFolder.open(index).store) as store:
        store.remove([min(state)])
    wrong = faults._wrong(index, state, faults.held(index))
    assert wrong == ["1 items differ from what was acknowledged"]


def test_readers_see_whole_batches_and_the_newest(index):
    seen = crowd.run(index, readers=4, seconds=5)
    assert seen.sound, seen.text()
    assert seen.generations == seen.batches // crowd.COMPACT_EVERY


@pytest.mark.parametrize("fault", [{"torn": 1}, {"stale": 1}, {"errors": ["x"]}, {"reads": 1}])
def test_one_bad_answer_is_not_sound(fault):
    good = {"readers": 2, "reads": 9, "batches": 5}
    assert crowd.Seen(**good).sound
    assert not crowd.Seen(**good | fault).sound
