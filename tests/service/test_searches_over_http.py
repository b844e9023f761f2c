"""Searches over HTTP: the engine's own answers, from files, drawings, words and stored items."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.engine import Engine, Query
from opensearch.errors import InvalidInput
from opensearch.service.failures import ErrorBody
from opensearch.service.models import SearchAnswer

WORDS = {"kind": "words", "text": "disc"}


def hits_of(response):
    assert response.status_code == 200, response.text
    return [(hit.key, hit.distance, hit.score) for hit in SearchAnswer(**response.json()).hits]


def of_engine(hits):
    return [(hit.key, hit.distance, hit.score) for hit in hits]


@pytest.fixture(scope="module")
def engine(toy_index):
    with Engine.open(toy_index) as engine:
        yield engine


@pytest.fixture(scope="module")
def picture(toy_index):
    return toy_index.parent / "collection" / "sketch" / "cube" / "09.png"


def sent(client, *files, **query):
    form = [("file", (file.name, file.read_bytes())) for file in files]
    return client.post("/v1/search/files", files=form, data={"query": json.dumps(query)})


def asked(client, *parts, **query):
    return client.post("/v1/search", json={"parts": list(parts), **query})


def test_words_give_the_engines_hits(client, engine):
    expected = engine.search(text="disc", k=7, targets=["photo"])
    assert hits_of(asked(client, WORDS, k=7, targets=["photo"])) == of_engine(expected)


def test_a_file_gives_the_engines_hits_and_its_domain(client, engine, picture):
    response = sent(client, picture, k=5, targets=["shape"])
    expected = engine.ask(Query(files=[(picture, 1.0)], k=5, targets=["shape"]))
    assert hits_of(response) == of_engine(expected.hits)
    taken = response.json()["parts"]
    opened = expected.opened[0]
    assert taken == [{"kind": "file", "domain": opened.domain, "sure": opened.sure}]
    assert response.json()["notes"] == expected.notes


def test_a_file_whose_domain_is_said_is_not_guessed(client, picture):
    said = {"kind": "file", "file": 0, "domain": "photo"}
    response = sent(client, picture, parts=[said], k=1)
    assert response.json()["parts"] == [{"kind": "file", "domain": "photo", "sure": True}]


def test_the_stages_are_named_with_their_times(client, picture, toy_index):
    shape = toy_index.parent / "collection" / "shape" / "cube" / "03.off"
    other = picture.with_name("04.png")  # one that was read before is not read again
    took = sent(client, other, shape, k=1).json()["took_ms"]
    stages = {"decode", "render", "encode", "search", "rescore", "fetch", "queue", "total"}
    assert set(took) == stages
    assert took["total"] >= sum(took.values()) - took["total"] - 1
    page = client.get("/metrics").text
    assert 'opensearch_stage_seconds_count{stage="render"}' in page


def test_a_drawing_is_a_sketch(client):
    square = [[[10, 10], [90, 10], [90, 90], [10, 90], [10, 10]]]
    response = asked(client, {"kind": "drawing", "strokes": square}, k=3)
    assert len(hits_of(response)) == 3
    assert response.json()["parts"] == [{"kind": "drawing", "domain": "sketch", "sure": True}]


@pytest.mark.parametrize("weight", [1, 2, -1])
def test_an_items_domain_is_told_whatever_its_weight(client, weight):
    item = {"kind": "item", "key": "photo/cube/01.jpg", "weight": weight}
    parts = asked(client, WORDS, item, k=1).json()["parts"]
    assert parts[1] == {"kind": "item", "domain": "photo", "sure": True}
    assert parts[0]["domain"] is None


def test_weights_join_and_move_away(client, engine):
    one, other = "photo/cube/01.jpg", "photo/disc/01.jpg"
    parts = [(engine.part(key=one), 2.0), (engine.part(key=other), -1.0)]
    expected = engine.ask(Query(parts=parts, text="disc", k=9))
    given = [
        {"kind": "item", "key": one, "weight": 2},
        {"kind": "item", "key": other, "weight": -1},
        WORDS,
    ]
    found = hits_of(asked(client, *given, k=9))
    assert found == of_engine(expected.hits)
    assert {one, other}.isdisjoint(key for key, _, _ in found)
    assert found != hits_of(asked(client, *given[:1], WORDS, k=9))


def test_parts_of_weight_one_are_files_keys_and_text(engine, picture):
    """A part asked by is what it was made of."""
    part = engine.part(picture, domain="sketch")
    plain = engine.ask(Query(files=[(picture, 1.0)], source="sketch", k=9, score="hamming"))
    assert of_engine(engine.ask(Query(parts=[(part, 1.0)], k=9, score="hamming")).hits) == (
        of_engine(plain.hits)
    )
    away = engine.ask(Query(text="cube", exclude=[picture], source="sketch", k=9))
    ready = engine.ask(Query(text="cube", parts=[(part, -1.0)], k=9))
    assert of_engine(ready.hits) == of_engine(away.hits)
    with pytest.raises(InvalidInput, match="a query needs"):
        Query(parts=[(part, -1.0)])


@pytest.mark.parametrize("offset", [1, 4])
def test_an_offset_goes_on_where_the_hits_ended(client, offset):
    whole = hits_of(asked(client, WORDS, k=10))
    response = asked(client, WORDS, k=10 - offset, offset=offset)
    assert hits_of(response) == whole[offset:]
    assert response.json()["hits"][0]["rank"] == offset + 1


def test_more_says_whether_there_may_be_more(client):
    assert asked(client, WORDS, k=3).json()["more"]
    assert not asked(client, WORDS, k=1000).json()["more"]


def test_filters_and_their_remarks_come_through(client):
    response = asked(client, WORDS, where="year = 2003 and domain = photo", k=50)
    assert {hit["metadata"]["year"] for hit in response.json()["hits"]} == {"2003"}
    assert "no item passes" in " ".join(asked(client, WORDS, where="yaer > 3").json()["notes"])


def test_exact_is_a_search_by_no_structure(client):
    exact = asked(client, WORDS, structure="exact")
    assert exact.status_code == 200
    assert exact.json()["hits"] == asked(client, WORDS).json()["hits"]


WRONG = [
    ({}, "a part with a weight above 0"),
    ({"parts": [{**WORDS, "weight": -1}]}, "a part with a weight above 0"),
    ({"parts": [WORDS, {**WORDS, "weight": 0}]}, "a weight of 0"),
    ({"parts": [WORDS] * 17}, "at most 16, got 17"),
    ({"parts": [WORDS], "k": 999, "offset": 2}, "at most 1,000, got 1,001"),
    ({"parts": [WORDS], "where": "a" * 1001}, "at most 1,000, got 1,001"),
    ({"parts": [WORDS], "where": "a ="}, "`where`"),
    ({"parts": [WORDS], "where": ""}, "`where`"),
    ({"parts": [WORDS], "where": "  "}, "`where`"),
    ({"parts": [{"kind": "words", "text": "zorble"}]}, "no vector is known"),
    ({"parts": [{"kind": "item", "key": "no/such"}]}, "no item 'no/such'"),
    ({"parts": [{"kind": "file", "file": 0}]}, "no file 0 was sent"),
    ({"parts": [WORDS], "targets": ["zebra"]}, "zebra"),
    ({"parts": [WORDS], "structure": "tree"}, "tree"),
    ({"parts": [{"kind": "drawing", "strokes": [[[0, 0]] * 100_001]}]}, "at most 100,000"),
    ({"parts": [{"kind": "drawing", "strokes": [[]]}]}, "drawing"),
]


@pytest.mark.parametrize(("query", "message"), WRONG)
def test_what_cannot_be_searched_is_refused_in_one_shape(client, query, message):
    response = client.post("/v1/search", json=query)
    assert response.status_code == 422
    assert message in ErrorBody(**response.json()).error.message


@pytest.mark.parametrize(
    "field",
    [
        {"k": True}, {"k": "3"}, {"offset": False}, {"depth": "9"}, {"min_score": True},
        {"max_distance": "1"}, {"refine": 1}, {"refine": "yes"},
        {"parts": [{"kind": "words", "text": "cube", "weight": True}]},
        {"parts": [{"kind": "drawing", "strokes": [[[0, False], [1, 1]]]}]},
    ],
)  # fmt: skip
def test_numbers_and_flags_are_those_of_json(client, field):
    query = {"parts": [{"kind": "words", "text": "cube"}], **field}
    assert client.post("/v1/search", json=query).status_code == 422
    form = {"files": {"file": ("a.png", b"none")}, "data": {"query": json.dumps(query)}}
    assert client.post("/v1/search/files", **form).status_code == 422


def test_a_whole_number_may_be_written_with_a_point(client):
    query = {"parts": [{"kind": "words", "text": "cube", "weight": 1}], "k": 3.0}
    assert len(client.post("/v1/search", json=query).json()["hits"]) == 3


WORDED = [
    ({"k": "3"}, 'k must be a number, got "3"; /docs lists'),
    ({"k": 0}, "k must be greater than or equal to 1, got 0;"),
    ({"refine": 1}, "refine must be true or false, got 1;"),
    ({"targets": "photo"}, 'targets must be a list, got "photo";'),
    ({"zebra": 1}, "zebra is not a known field, got 1;"),
    ({"parts": [1]}, "parts.0 must be a JSON object, got 1;"),
    ({"parts": [{}]}, "parts.0 must say its `kind`: file, drawing, words or item, got {};"),
    ({"parts": [{"kind": "words"}]}, "parts.0.text is missing, got nothing;"),
    ({"parts": [{"kind": "smell"}]}, "parts.0 must have the `kind` file, drawing, words or item"),
]


@pytest.mark.parametrize(("query", "message"), WORDED)
def test_what_is_wrong_is_said_in_words_of_json(client, query, message):
    error = ErrorBody(**client.post("/v1/search", json=query).json()).error
    assert error.message.startswith(message)
    assert all((error.wanted, error.came, error.way_out))


def test_a_body_of_another_kind_is_told_with_the_way_out(client, picture):
    search = json.dumps({"parts": [WORDS]}).encode()
    plain = client.post("/v1/search", content=search, headers={"Content-Type": "text/plain"})
    assert "the header Content-Type: application/json" in ErrorBody(**plain.json()).error.way_out
    form = client.post("/v1/search", files={"file": b"a picture"})
    assert form.json()["error"]["message"] == (
        "the body must be a JSON object, got a form; /v1/search/files takes forms with files to"
        " search by"
    )
    form = {"files": {"file": (None, picture.read_bytes()[:9].hex())}}
    error = ErrorBody(**client.post("/v1/search/files", **form).json()).error
    assert "as curl -F file=@chair.png does" in error.way_out
    for content in (b"{", b'{"k":"\xe9"}', b""):
        headers = {"Content-Type": "application/json"}
        response = client.post("/v1/search", content=content, headers=headers)
        assert response.status_code in (400, 422)
        assert "JSON" in response.text or "missing" in response.text


@pytest.mark.parametrize("data", [b"", b"oops", b"\x89PNG\r\n\x1a\n"])
def test_a_file_that_cannot_be_read_has_a_way_out(client, data):
    response = client.post("/v1/search/files", files={"file": ("a.png", data)})
    assert ErrorBody(**response.json()).error.way_out


@pytest.mark.parametrize("query", ["no json", "[]", '{"k": 0}', '{"zebra": 1}', '{"k":1e999}'])
def test_a_form_with_a_wrong_query_is_refused(client, picture, query):
    form = {"files": [("file", (picture.name, picture.read_bytes()))], "data": {"query": query}}
    response = client.post("/v1/search/files", **form)
    assert response.status_code == 422
    assert ErrorBody(**response.json()).error.message.startswith("query")


@pytest.mark.parametrize(
    ("name", "data", "status"),
    [
        ("a.png", b"no picture", 422),
        ("a.obj", b"v 0 0 0", 422),
        ("", b"", 422),
        ("../../../etc/passwd", b"root:x:0:0", 422),
        ("/etc/passwd", b"root:x:0:0", 422),
        ("a\0b.png", b"x", 422),
        ("\u202egnp.png", b"x", 422),
    ],
)
def test_a_file_that_is_none_is_refused(client, name, data, status):
    response = client.post("/v1/search/files", files=[("file", (name, data))])
    assert response.status_code == status
    message = ErrorBody(**response.json()).error.message
    assert "root" not in message
    assert "Traceback" not in response.text


def test_a_file_that_was_not_sent_is_missed(client, picture):
    response = sent(client, picture, parts=[{"kind": "file", "file": 1}])
    assert response.status_code == 422
    assert "no file 1 was sent" in response.text


def test_too_many_files_are_refused(client, picture):
    response = sent(client, *[picture] * 17)
    assert response.status_code == 422
    assert "at most 16, got 17" in response.text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["parts", "kind", "text", "k", "file", "strokes", "weight", "where"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_answered_or_refused(client, value):
    body = json.dumps(value)
    response = client.post("/v1/search", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code in (200, 422)
    if response.status_code == 422:
        ErrorBody(**response.json())


def test_words_that_are_not_known_are_told_without_what_only_python_has(client):
    query = {"parts": [{"kind": "words", "text": "zorble"}]}
    error = client.post("/v1/search", json=query).json()["error"]
    assert "/v1/words lists them" in error["message"]
    assert "`" not in error["message"]
    assert "pip" not in error["message"]


def test_the_first_hits_bring_their_thumbnails_where_asked(client):
    asked = {"parts": [{"kind": "words", "text": "cube"}], "k": 4}
    plain = client.post("/v1/search", json=asked).json()["hits"]
    hits = client.post("/v1/search", json={**asked, "thumbnails": 2}).json()["hits"]
    assert [hit["thumbnail"] for hit in plain] == [None] * 4
    head = "data:image/jpeg;base64,"
    for hit in hits[:2]:
        assert hit["thumbnail"].startswith(head)
        kept = client.get(f"/v1/items/{hit['id']}/thumbnail").content
        assert base64.b64decode(hit["thumbnail"].removeprefix(head)) == kept
    assert [hit["thumbnail"] for hit in hits[2:]] == [None, None]
    after = client.post("/v1/search", json={**asked, "thumbnails": 2, "offset": 1}).json()["hits"]
    assert [hit["thumbnail"] is None for hit in after] == [False, False, True, True]
    refused = client.post("/v1/search", json={**asked, "thumbnails": 49})
    assert refused.status_code == 422
