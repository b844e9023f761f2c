"""Progress where stderr is no terminal: a line now and then."""

import pytest

from opensearch.cli import progress
from opensearch.cli.progress import EVERY, Bars


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_a_line_every_ten_seconds(clock, capsys):
    with Bars() as bars:
        for done in range(1, 31):
            clock[0] += EVERY / 4
            bars.show("reading", done, 30)
    told = capsys.readouterr().err.splitlines()
    assert told == [f"reading: {done} of 30" for done in range(4, 31, 4)]


def test_short_work_and_quiet_work_say_nothing(clock, capsys):
    with Bars() as bars:
        bars.show("reading", 1, 1)
    with Bars(quiet=True) as bars:
        clock[0] += 5 * EVERY
        bars.show("reading", 1, 1)
    assert capsys.readouterr().err == ""
