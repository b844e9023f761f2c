"""Spaces whose points a method learnt."""

import numpy as np
import pytest

from opensearch.training import learnt_space as room
from opensearch.training.learnt_space import learnt_space, space_of_means


class Rows:
    encoded = 1  # a single view, which is not pooled

    def __init__(self, categories, embeddings):
        self.name, self.categories = categories[0], categories[1]
        self.rows, self.embeddings = range(len(embeddings)), np.array(embeddings, np.float32)


@pytest.fixture
def domains(monkeypatch):
    """Two domains: three cups in one, a cup and a key in the other."""
    monkeypatch.setattr(room, "embed_domain", lambda context, data, fitted, keep: data.embeddings)
    photo = Rows(("photo", ["cup"] * 3), [[1, 0], [1, 0], [1, 0]])
    return [photo, Rows(("sketch", ["cup", "key"]), [[0, 1], [0, 1]])]


def test_points_are_unit_vectors_under_the_normal_spelling():
    space = learnt_space(["Alarm_Clock", "cup"], np.array([[3, 4], [0, 2]], np.float32))
    assert space.prototypes(["alarm clock", "cup"]) == pytest.approx(
        np.array([[0.6, 0.8], [0, 1]]), abs=1e-3
    )
    assert space.missing(["key"]) == ["key"]


def test_domains_count_alike_however_many_items_they_have(domains):
    space = space_of_means(None, domains, {"photo": None, "sketch": None})
    wanted = np.array([[0.5**0.5, 0.5**0.5], [0, 1]])
    assert space.prototypes(["cup", "key"]) == pytest.approx(wanted, abs=1e-3)


def test_points_that_a_method_knows_are_kept(domains):
    known = {"cup": np.array([2, 0], np.float32)}
    space = space_of_means(None, domains, {"photo": None, "sketch": None}, known)
    assert space.prototypes(["cup", "key"]) == pytest.approx(np.eye(2), abs=1e-3)
