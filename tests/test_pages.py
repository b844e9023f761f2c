"""The HTML page of an answer, over a fake engine."""

import base64
import os
import re
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote_to_bytes, urljoin, urlsplit

import numpy as np
import pytest

from opensearch.domains import Reading, png
from opensearch.domains.opening.opener import Opened
from opensearch.engine.query import Query
from opensearch.engine.query.answers import Answer
from opensearch.engine.query.parts import Part
from opensearch.engine.query.understood import TakenAs, Understood
from opensearch.errors import InvalidInput, OpenSearchError
from opensearch.model import Content
from opensearch.model.inputs import name_of
from opensearch.pages import write_page
from opensearch.pages.asked import SCORES
from opensearch.records import Hit, Item

ATTACK = '"><script>alert(1)</script><img src=x onerror=alert(2)>.png'
JPEG = b"\xff\xd8 a picture"
VIEWS = np.stack([np.full((16, 16, 3), shade, np.uint8) for shade in (10, 200)])


def fake_engine():
    stored = {"photo/a.jpg": Item(1, "photo/a.jpg", "photo")}
    model = SimpleNamespace(bundle=SimpleNamespace(card=SimpleNamespace(bits=64)))
    return SimpleNamespace(
        path=Path("indexes/möbel"), thumbnail={1: JPEG}.get, get=stored.get, model=model
    )


def hit(id_=1, key="photo/stool/1.jpg", **fields):
    given = {"path": "/x/1.jpg", "domain": "photo", "category": "stool", "score": 0.5}
    return Hit(rank=id_, id=id_, key=key, distance=7, **(given | fields))


class Elements(HTMLParser):
    """Tags with their attributes, and the text between them."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.found if name == tag]


def page_of(tmp_path, query, hits=(), notes=(), portrait=None, **more):
    file = tmp_path / "page.html"
    opened = [Opened(query.source or "sketch", True, Reading(VIEWS, portrait=portrait))]
    opened *= len(query.files) + len(query.exclude)
    more.setdefault("understood", Understood())
    names = [name_of(each) for each in [*(given for given, _ in query.files), *query.exclude]]
    pairs = zip(names, opened, strict=True)
    more["understood"].files = [TakenAs(name, each.domain, each.sure) for name, each in pairs]
    write_page(file, fake_engine(), query, Answer(list(hits), list(notes), opened, **more))
    return file.read_text("utf-8")


def file_behind(address, page):
    """The file that a browser opens for a link of a page."""
    parts = urlsplit(urljoin(page.absolute().as_uri(), address))
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("file", "", "", "")
    return Path(os.fsdecode(unquote_to_bytes(parts.path)))


def test_every_view_of_the_query_is_shown_pixel_for_pixel(tmp_path):
    page = page_of(tmp_path, Query(files=[(Path("椅子.png"), 0.5)]))
    for view in VIEWS:
        assert base64.b64encode(png(view)).decode() in page
    assert "椅子.png" in page
    assert "weight 0.5" in page


def test_a_hit_shows_its_picture_and_numbers(tmp_path):
    page = page_of(tmp_path, Query(text="stool"), [hit(metadata={"year": 1999, "by": "Åse"})])
    assert base64.b64encode(JPEG).decode() in page
    for shown in ("score</dt><dd>0.5000", "bits apart</dt><dd>7 of 64", "1999", "Åse"):
        assert shown in page


def test_nothing_waits_for_a_pointer(tmp_path):
    page = page_of(tmp_path, Query(text="stool"), [hit(metadata={"year": 1999})])
    assert not [attrs for _, attrs in Elements(page).found if "title" in attrs]
    assert ":hover" not in page


def test_every_picture_has_a_text_and_every_part_a_heading(tmp_path):
    query = Query(files=[(Path("a.png"), 1.0)], keys=["photo/a.jpg"])
    elements = Elements(page_of(tmp_path, query, [hit(), hit(id_=2)], ["look out"]))
    assert len(elements.all("img")) == 4
    assert all(attrs["alt"].strip() for attrs in elements.all("img"))
    names = [attrs["aria-labelledby"] for attrs in elements.all("section")]
    assert names == ["asked", "understood", "notes", "hits", "numbers", "how"]
    assert [attrs["id"] for attrs in elements.all("h2")] == names
    assert (len(elements.all("main")), len(elements.all("h1"))) == (1, 1)


@pytest.mark.parametrize(
    "name",
    [
        "a.jpg",
        "50% of <it>.jpg",
        "日本/ü #1/a&b.jpg",
        "a:b.jpg",
        "?.jpg",
        "\"'.jpg",
        os.fsdecode(b"\xff.jpg"),
    ],
)
def test_links_open_the_file_whatever_it_is_called(tmp_path, name):
    """Beside or below the page they are relative, so that both can be moved together."""
    page = tmp_path / "site" / "pages" / "page.html"
    page.parent.mkdir(parents=True)
    places = [tmp_path / "site" / "photos", page.parent / "in", tmp_path / "elsewhere" / "x"]
    hits = []
    for number, place in enumerate(places, start=1):
        file = place / name
        file.parent.mkdir(parents=True)
        file.write_bytes(JPEG)
        hits.append(hit(id_=number, path=str(file)))
    links = Elements(page_of(page.parent, Query(text="stool"), hits)).all("a")
    addresses = [attrs["href"] for attrs in links]
    assert [file_behind(each, page) for each in addresses] == [place / name for place in places]
    assert [each.startswith("file:") for each in addresses] == [False, False, True]


def test_a_link_to_a_drawing_of_a_file_opens_the_file(tmp_path):
    (tmp_path / "a.ndjson").write_text("{}")
    page = page_of(tmp_path, Query(text="cat"), [hit(path=f"{tmp_path}/a.ndjson#3")])
    assert [attrs["href"] for attrs in Elements(page).all("a")] == ["a.ndjson"]


def test_a_file_that_is_gone_is_said_to_be_and_what_was_none_is_not(tmp_path):
    gone = page_of(tmp_path, Query(text="cat"), [hit(path=str(tmp_path / "gone.jpg"))])
    assert "its file is not there any more" in gone
    never = page_of(tmp_path, Query(text="cat"), [hit(path="")])
    assert "not there any more" not in never
    assert not Elements(gone).all("a") + Elements(never).all("a")


def test_what_was_understood_is_said_in_sentences_once(tmp_path):
    read = Understood(["cup"], ["ball"], ["red"], {"wineglas": ["wine glass"]})
    query = Query(files=[(Path("a.png"), 1.0)], text="a red cup, not a ball, wineglas")
    page = page_of(tmp_path, query, notes=[*read.remarks(), "something else"], understood=read)
    for told in (
        "a.png: read as sketch",
        "searched for the words: cup",
        "away from the words: ball",
        "not counted: red (things count",
        "not known: wineglas; similar words: wine glass",
        "something else",
    ):
        assert f"<li>{told}" in page
    assert page.count("not counted") == 1


def test_what_was_made_ready_before_is_shown_as_what_it_was(tmp_path):
    point, opened = np.eye(1, 4)[0], Opened("sketch", False, Reading(VIEWS))
    drawn = Part(point, "sketch", opened, taken=TakenAs("a&b.png", "sketch", False))
    stored = Part(point, "photo", item=Item(1, "photo/a.jpg", "photo"))
    query = Query(parts=[(drawn, 1.0), (stored, -1.0), (Part(point), 0.5)], min_score=0.25)
    page = page_of(tmp_path, query)
    for view in VIEWS:
        assert base64.b64encode(png(view)).decode() in page
    assert "<b>a&amp;b.png</b>, sketch</figcaption>" in page
    assert "the stored item <b>photo/a.jpg</b>, photo, away from it" in page
    assert "words prepared before, weight 0.5" in page
    assert "<dt>least score</dt><dd>0.25</dd>" in page


def test_a_shape_is_shown_as_people_see_it_and_as_its_encoder_does(tmp_path):
    portrait = np.full((24, 24, 3), 99, np.uint8)
    page = page_of(tmp_path, Query(files=[(Path("a.ply"), 1.0)]), portrait=portrait)
    alts = [attrs["alt"] for attrs in Elements(page).all("img")]
    assert alts[0] == "a.ply from the front and above"
    assert len(alts) == 1 + len(VIEWS)
    assert base64.b64encode(png(portrait)).decode() in page


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("rescored", "Cosine of the embeddings"),
        ("asymmetric", "unrounded code"),
        ("hamming", "Codes find the candidates and put them in order"),
    ],
)
def test_the_numbers_are_explained_by_what_they_are(tmp_path, score, said):
    value = None if score == "hamming" else 0.5
    page = page_of(tmp_path, Query(text="stool", score=score), [hit(score=value)])
    assert said in page
    assert "about 32 for what has nothing to do with it" in page
    assert "What the numbers say" not in page_of(tmp_path, Query(text="stool"))


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
        "<dt>searched</dt><dd>shape, photo</dd>",
        "year &gt; 2010",
        "<li>no vector for red</li>",
    ):
        assert shown in page
    assert "<dt>largest distance</dt><dd>9 bits</dd>" in page


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
    assert len(sources) == 3  # two views and a hit
    assert all(source.startswith("data:image/") for source in sources)
    assert not re.search(r"https?://|@import|<link|url\(", page)


def test_an_input_that_is_no_file_has_a_figure_as_well(tmp_path):
    picture = np.zeros((4, 5), np.uint8)
    named = Content(b"...", "cats.ndjson#3")
    page = page_of(tmp_path, Query(files=[(picture, 1.0), (named, 1.0)], source="cartoon"))
    assert "<b>the picture given</b>, cartoon" in page
    assert "<b>cats.ndjson#3</b>, cartoon" in page


def test_a_page_is_replaced_whole(tmp_path):
    page_of(tmp_path, Query(text="zebra"))
    page = page_of(tmp_path, Query(text="second"))
    assert "zebra" not in page
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(InvalidInput, match=r"missing/page\.html cannot be written: No such file"):
        write_page(
            tmp_path / "missing" / "page.html", fake_engine(), Query(text="a"), Answer([], [])
        )


@pytest.mark.parametrize("content", [b"\x89PNG\r\n", b"v 0 0 0\n", b"<svg xmlns='x'/>", b"{}"])
def test_a_page_takes_the_place_of_no_other_file(tmp_path, content):
    (tmp_path / "mine").write_bytes(content)
    with pytest.raises(InvalidInput, match="mine is there already and is no page; name another"):
        write_page(tmp_path / "mine", fake_engine(), Query(text="a"), Answer([], []))
    assert (tmp_path / "mine").read_bytes() == content


def test_a_page_takes_the_place_of_a_page_and_of_nothing(tmp_path):
    file = tmp_path / "page.html"
    file.touch()
    for text in ("apple", "bean"):
        write_page(file, fake_engine(), Query(text=text), Answer([], []))
        assert text in file.read_text()


def test_devices_and_links_are_written_through_not_replaced(tmp_path):
    answer = Answer([], [])
    (tmp_path / "link.html").symlink_to(tmp_path / "page.html")
    write_page(tmp_path / "link.html", fake_engine(), Query(text="zebra"), answer)
    assert (tmp_path / "link.html").is_symlink()
    assert "zebra" in (tmp_path / "page.html").read_text()
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit(pipe.read_text)
        write_page(pipe, fake_engine(), Query(text="zebra"), answer)
        assert "zebra" in read.result()
    assert pipe.is_fifo()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_a_full_disk_is_no_fault_of_the_call(tmp_path):
    (tmp_path / "page.html").symlink_to("/dev/full")
    with pytest.raises(
        OpenSearchError, match=r"page\.html cannot be written: the disk is full"
    ) as told:
        write_page(tmp_path / "page.html", fake_engine(), Query(text="a"), Answer([], []))
    assert told.value.exit_code == 1
    assert Path("/dev/full").is_char_device()


@pytest.mark.parametrize(("score", "shown"), [("rescored", 1), ("asymmetric", 1), ("hamming", 0)])
def test_the_depth_is_shown_where_it_counts(tmp_path, score, shown):
    page = page_of(tmp_path, Query(text="stool", depth=70, score=score))
    assert page.count("<dt>candidates compared</dt><dd>70</dd>") == shown
    assert f"<dt>order</dt><dd>{SCORES[score]}</dd>" in page
