"""What Python shows of an engine and of what it takes and gives: short, and no error ever."""

from pathlib import Path

import numpy as np

from opensearch import Answer, Content, Engine, Hit, Query, Report, Words
from opensearch.engine.query.parts import Part
from opensearch.records import Failure, Item

MODEL = Path(__file__).parents[1] / "golden" / "model"


def test_an_engine_shows_its_place_and_books_also_when_closed(tmp_path, monkeypatch):
    engine = Engine.create(tmp_path / "index", MODEL)
    where = f"<Engine at {tmp_path / 'index'}"
    assert repr(engine) == f"{where}: 0 items>"
    engine.add_codes(np.zeros((1200, 2), np.uint8), "photo")
    assert repr(engine) == f"{where}: 1,200 items (1,200 photo)>"
    engine.add_codes(np.zeros((1, 2), np.uint8), "sketch")
    assert repr(engine) == f"{where}: 1,201 items (1,200 photo, 1 sketch)>"
    with monkeypatch.context() as patch:
        patch.setattr("os.access", lambda *args: False)
        assert repr(engine) == f"{where}: 1,201 items (1,200 photo, 1 sketch), read-only>"
    (tmp_path / "index" / "CURRENT").unlink()
    assert repr(engine) == f"{where}: cannot be read>"
    engine.close()
    assert repr(engine) == f"{where}, closed>"


def test_a_query_shows_what_is_asked_and_no_contents():
    picture = np.zeros((300, 400, 3), np.uint8)
    assert repr(Query(text="cup", targets=["photo"], k=3)) == (
        "Query(text='cup', targets=['photo'], k=3)"
    )
    assert repr(Query(files=[(Path("a.png"), 0.5)])) == "Query(files=[('a.png', 0.5)])"
    asked = Query(files=[(picture, 1.0), (b"0" * 5000, 1.0)], keys=["a", "b", "c", "d"])
    assert repr(asked) == (
        "Query(files=[(an array of uint8 of shape (300, 400, 3), 1.0), "
        "(<Content: 5,000 bytes> (Content), 1.0)], keys=['a', 'b', 'c', ...])"
    )
    assert repr(Content(b"12", "a.png")) == "<Content: a.png, 2 bytes>"


def test_an_answer_shows_its_best_hit_and_remarks():
    hit = Hit(1, 7, "photo/a.jpg", "", "photo", None, 3, 0.456)
    assert repr(Answer([hit], [])) == "<Answer: 1 hit; best photo/a.jpg (0.46)>"
    assert repr(Answer([], ["nothing is near"])) == "<Answer: 0 hits; nothing is near>"


def test_a_report_shows_what_happened():
    assert repr(Report()) == "<Report: nothing seen>"
    said = Report(seen=1003, added=1000, failed=3, failures=[Failure("a.png", "is empty")])
    assert repr(said) == (
        "<Report: 1,003 seen, 1,000 added, 3 failed; first failure: a.png: is empty>"
    )


def test_parts_and_words_show_what_they_are():
    vector = np.ones(4, np.float32)
    assert repr(Part(vector)) == "<Part: words>"
    assert repr(Part(vector, "photo")) == "<Part: a photo>"
    assert repr(Part(vector, "photo", item=Item(4, "", "photo"))) == "<Part: item 4>"
    words = Words.open(MODEL)
    assert repr(words) == f"<Words: {len(words):,}>"
