"""The HTML page of an answer, over a fake engine."""

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from opensearch.domains import Reading, png
from opensearch.domains.opening import Opened
from opensearch.engine.query import Query
from opensearch.engine.query.ranking import Answer
from opensearch.errors import InvalidInput
from opensearch.model import Content
from opensearch.pages import write_page
from opensearch.records import Hit

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>.png'
JPEG = b"\xff\xd8 a picture"
VIEWS = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (10, 200)])


def fake_engine():
    return SimpleNamespace(path=Path("indexes/möbel"), thumbnail={1: JPEG}.get)


def hit(id_=1, key="photo/stool/1.jpg", **fields):
    given = {"path": "/x/1.jpg", "domain": "photo", "category": "stool", "score": 0.5}
    return Hit(rank=id_, id=id_, key=key, distance=7, **(given | fields))


class Elements(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def page_of(tmp_path, query, hits=(), notes=()):
    file = tmp_path / "page.html"
    opened = [Opened(query.source or "sketch", True, Reading(VIEWS))]
    opened *= len(query.files) + len(query.exclude)
    write_page(file, fake_engine(), query, Answer(list(hits), list(notes), opened))
    return file.read_text("utf-8")


def test_every_view_of_the_query_is_shown_pixel_for_pixel(tmp_path):
    page = page_of(tmp_path, Query(files=[(Path("椅子.png"), 0.5)]))
    for view in VIEWS:
        assert base64.b64encode(png(view)).decode() in page
    assert "椅子.png" in page
    assert "weight 0.5" in page


def test_a_hit_shows_its_picture_and_numbers(tmp_path):
    page = page_of(tmp_path, Query(text="stool"), [hit(metadata={"year": 1999, "by": "Åse"})])
    assert base64.b64encode(JPEG).decode() in page
    assert "distance 7 · score 0.5000" in page
    tooltips = [attrs["title"] for _, attrs in Elements(page).found if "title" in attrs]
    assert tooltips == ['{"year": 1999, "by": "Åse"}']


def test_a_ready_code_shows_a_placeholder_and_no_score(tmp_path):
    page = page_of(tmp_path, Query(text="stool"), [hit(id_=2, score=None, category=None)])
    assert "no picture" in page
    assert "score 0" not in page


def test_words_negatives_keys_settings_and_notes_are_shown(tmp_path):
    query = Query(
        text="red stool",
        keys=["photo/a.jpg"],
        exclude=[Path("not-this.obj")],
        targets=["shape", "photo"],
        refine=False,
        where="year > 2010",
        max_distance=9,
    )
    page = page_of(tmp_path, query, notes=["no vector for red"])
    for shown in ("red stool", "photo/a.jpg", "not-this.obj", "away from it", "shape, photo"):
        assert shown in page
    for shown in (
        "<dt>refinement</dt><dd>off</dd>",
        "year &gt; 2010",
        "<li>no vector for red</li>",
    ):
        assert shown in page
    assert "<dt>largest distance</dt><dd>9</dd>" in page


def test_nothing_untrusted_becomes_markup(tmp_path):
    attacked = hit(key=ATTACK, category=ATTACK, domain=ATTACK, metadata={ATTACK: ATTACK})
    query = Query(
        files=[(Path(ATTACK), 1.0)],
        text=ATTACK,
        keys=[ATTACK],
        exclude=[Path(ATTACK)],
        source=ATTACK,
        targets=[ATTACK],
        where=ATTACK,
    )
    page = page_of(tmp_path, query, [attacked, hit(id_=2, path=ATTACK)], [ATTACK])
    elements = Elements(page).found
    assert "script" not in {tag for tag, _ in elements}
    assert not [name for _, attrs in elements for name in attrs if name.startswith("on")]
    assert page.count("&lt;script&gt;") >= 9


def test_the_page_asks_for_nothing_outside(tmp_path):
    page = page_of(tmp_path, Query(files=[(Path("a.png"), 1.0)]), [hit()])
    sources = [attrs["src"] for _, attrs in Elements(page).found if "src" in attrs]
    assert len(sources) == 3
    assert all(source.startswith("data:image/") for source in sources)
    assert not re.search(r"https?://|@import|<link|url\(", page)


def test_an_input_that_is_no_file_has_a_figure_as_well(tmp_path):
    picture = np.zeros((4, 5), np.uint8)
    named = Content(b"...", "cats.ndjson#3")
    page = page_of(tmp_path, Query(files=[(picture, 1.0), (named, 1.0)], source="cartoon"))
    assert "<b>the picture given</b>, cartoon" in page
    assert "<b>cats.ndjson#3</b>, cartoon" in page


def test_a_page_is_replaced_whole(tmp_path):
    page_of(tmp_path, Query(text="first"))
    page = page_of(tmp_path, Query(text="second"))
    assert "first" not in page
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"missing/page\.html cannot be written: No such file"):
        write_page(
            tmp_path / "missing" / "page.html", fake_engine(), Query(text="a"), Answer([], [])
        )


@pytest.mark.parametrize(("score", "shown"), [("rescored", 1), ("asymmetric", 1), ("hamming", 0)])
def test_the_depth_is_shown_where_it_counts(tmp_path, score, shown):
    page = page_of(tmp_path, Query(text="stool", depth=70, score=score))
    assert page.count("<dt>depth</dt><dd>70</dd>") == shown
    assert f"<dt>score</dt><dd>{score}</dd>" in page
