"""Records and errors: the books close, JSON types come out, the tree of errors is as drawn."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import opensearch.errors as errors_module
from opensearch.errors import OpenSearchError
from opensearch.records import Failure, Hit, Item, Report, Source

PARTS = ("added", "replaced", "moved", "unchanged", "ignored", "failed")


@given(st.lists(st.integers(0, 99), min_size=6, max_size=6), st.integers(-2, 2))
def test_the_books_close_when_every_file_is_counted_once(counts, off):
    report = Report(seen=sum(counts) + off, **dict(zip(PARTS, counts, strict=True)))
    assert report.closes is (off == 0)


def test_what_was_removed_or_guessed_is_in_no_sum():
    assert Report(removed=3, guessed=2).closes


def test_a_million_guesses_are_counted_and_a_thousand_named():
    report = Report()
    for at in range(1001):
        report.guess(str(at))
    assert (report.guessed, len(report.guessed_files), report.guessed_files[-1]) == (
        *(1001, 1000, "999"),
    )


def test_a_report_is_plain_json():
    report = Report(seen=2, failed=1, ignored=1, failures=[Failure("a.png", "is empty")])
    report.ignored_suffixes[".txt"] += 1
    report.damaged.append(Failure("b.ply", "2 of its 9 faces are missing"))
    told = json.loads(json.dumps(report.to_dict()))
    assert told["failures"] == [{"path": "a.png", "reason": "is empty"}]
    assert told["damaged"] == [{"path": "b.ply", "reason": "2 of its 9 faces are missing"}]
    assert told["ignored_suffixes"] == {".txt": 1}
    assert set(told) == {field.name for field in fields(Report)}


def test_a_hit_as_query_prints_it():
    hit = Hit(
        1, 17, "photo/cup/1.jpg", "/c/photo/cup/1.jpg", "photo", "cup", 3, 0.5, {"year": 9}, 0.7,
        "probability",
    )  # fmt: skip
    assert json.dumps(hit.to_dict()) == (
        '{"rank": 1, "id": 17, "key": "photo/cup/1.jpg", "path": "/c/photo/cup/1.jpg",'
        ' "domain": "photo", "category": "cup", "distance": 3, "score": 0.5,'
        ' "metadata": {"year": 9}, "cosine": 0.7, "score_kind": "probability"}'
    )


@pytest.mark.parametrize("make", [lambda: Source(Path("x"), "k"), lambda: Item(1, "k", "photo")])
def test_records_are_frozen_and_share_no_metadata(make):
    with pytest.raises(AttributeError):
        make().key = "other"
    make().metadata["mine"] = 1
    assert make().metadata == {}


def test_the_tree_of_errors_is_the_one_drawn():
    drawn = re.findall(r"^(.*?)(\w+) +exit (\d)", errors_module.__doc__, re.MULTILINE)
    stack, wanted = [], {}
    for indent, name, code in drawn:
        depth = (len(indent) - 4) // 4
        stack[depth:] = [name]
        wanted[name] = (stack[depth - 1] if depth else "Exception", int(code))
    classes = [
        c
        for c in vars(errors_module).values()
        if isinstance(c, type) and c.__module__ == errors_module.__name__
    ]
    assert {c.__name__: (c.__base__.__name__, c.exit_code) for c in classes} == wanted
    assert all(issubclass(c, OpenSearchError) for c in classes)
    assert wanted["InvalidInput"] == ("OpenSearchError", 2)
