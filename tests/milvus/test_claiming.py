"""Being the one process that writes to an index of a server, as a row that is renewed tells."""

import json

import pytest

from opensearch.milvus import claiming
from opensearch.milvus.claiming import LEASE, WRITER, claim


class Shelf:
    """The texts of an index, in memory."""

    address = "milvus://nowhere:1/a"

    def __init__(self):
        self.held = {}

    def texts(self, *names, strong=False):
        return {name: self.held[name] for name in names if name in self.held}

    def write(self, texts):
        self.held |= texts


@pytest.mark.parametrize(
    ("passed", "renewed"),
    [(LEASE / 8, False), (LEASE / 2, True), (-LEASE / 8, False), (-1e9, True)],
)
def test_a_claim_is_renewed_now_and_then_and_where_the_clock_is_set_back(
    monkeypatch, passed, renewed
):
    shelf, now = Shelf(), 2e9
    monkeypatch.setattr(claiming.time, "time", lambda: now)
    assert claim(shelf)
    now += passed
    assert not claim(shelf)
    assert json.loads(shelf.held[WRITER])["at"] == (now if renewed else 2e9)
