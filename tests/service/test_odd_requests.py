"""Requests that are nearly right: fields no route knows, HEAD, bodies that are no JSON."""

import io

import pytest
from PIL import Image
from service_clients import client_of


@pytest.fixture(scope="module")
def picture():
    file = io.BytesIO()
    Image.linear_gradient("L").save(file, "PNG")
    return file.getvalue()


def failure(response, status=422):
    assert response.status_code == status, response.text
    return response.json()["error"]


@pytest.mark.parametrize(
    ("path", "name", "known"),
    [
        ("/v1/words?prfix=a", "prfix", "known here: limit, prefix"),
        ("/v1/words?prefix=a&near=dog", "near", "known here: limit, prefix"),
        ("/v1/items/0?k=3", "k", "/docs lists what can be asked"),
        ("/v1/items/0/near?k=3", "k", "/docs lists what can be asked"),
    ],
)
def test_a_field_of_an_address_that_no_route_knows_is_refused(client, path, name, known):
    told = failure(client.get(path))
    assert told["message"] == f"{name} is not a known field; {known}"
    assert (told["kind"], told["came"], told["way_out"]) == ("InvalidRequest", name, known)


def test_pages_and_probes_are_answered_whatever_stands_behind_its_address(client):
    assert [client.get(path).status_code for path in ("/?from=mail", "/healthz?probe=1")] == [
        200
    ] * 2
    assert client.get("/v1/words?prefix=d&limit=2").status_code == 200


def test_a_field_of_a_form_that_no_route_knows_is_refused(client, picture):
    told = failure(client.post("/v1/search/files", files={"file": picture}, data={"k": "1"}))
    assert told["message"] == "k is not a known field; known here: file, query"
    sent = {"files": {"file": picture}, "data": {"query": '{"k": 1}'}}
    assert len(client.post("/v1/search/files", **sent).json()["hits"]) == 1


@pytest.mark.parametrize("field", ["file", "key", "category", "metadata"])
def test_a_field_of_an_upload_that_comes_twice_is_refused(own_index, picture, field):
    said = {"key": "own/a", "domain": "photo", "category": "cube", "metadata": "{}"}
    files = [("file", ("a.png", picture))] * (2 if field == "file" else 1)
    if field in said:
        said[field] = [said[field], said[field]]
    with client_of(own_index, writable=True) as writer:
        told = failure(writer.post("/v1/items", data=said, files=files))
        assert writer.get("/v1/items", params={"key": "own/a"}).status_code == 404
    assert told["message"] == f"{field} takes one value, but comes 2 times; send it once"


def test_a_field_that_comes_twice_is_refused_where_one_is_taken(client, picture):
    files = [("file", ("a.png", picture))] * 2
    assert client.post("/v1/search/files", files=files).status_code == 200  # which takes several
    query = {"query": ['{"k": 1}', '{"k": 2}']}
    told = failure(client.post("/v1/search/files", files=files, data=query))
    assert told["wanted"] == "one query"
    assert failure(client.get("/v1/words?limit=1&limit=2"))["came"] == "2 of them"


def test_an_item_is_not_replaced_by_one_whose_category_was_misspelt(own_index, picture):
    with client_of(own_index, writable=True) as writer:
        sent = {"files": {"file": ("a.png", picture)}}
        said = {"key": "own/a", "domain": "photo", "category": "cube"}
        assert writer.post("/v1/items", data=said, **sent).status_code == 201
        said["categry"] = said.pop("category")
        assert (
            "categry is not a known"
            in failure(writer.post("/v1/items", data=said, **sent))["message"]
        )
        assert writer.get("/v1/items", params={"key": "own/a"}).json()["category"] == "cube"


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/v1/info", "/v1/items/0/file", "/v1/items/99999"]
)
def test_head_is_answered_as_get_is_without_the_body(client, path):
    whole, head = client.get(path), client.head(path)
    assert (head.status_code, head.content) == (whole.status_code, b"")
    same = ("content-type", "content-length", "cache-control", "content-security-policy")
    assert [head.headers.get(name) for name in same] == [whole.headers.get(name) for name in same]


def test_head_of_what_is_only_posted_is_no_method(client):
    refused = client.head("/v1/search")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def test_a_body_that_is_no_json_is_called_the_body(client):
    sent = {"content": "{bad", "headers": {"Content-Type": "application/json"}}
    assert failure(client.post("/v1/search", **sent))["wanted"] == "the body must be JSON"


def test_triangles_of_a_picture_are_missed_by_its_domain(client):
    found = client.get("/v1/items", params={"key": "photo/cube/03.jpg"}).json()
    told = failure(client.get(f"/v1/items/{found['id']}/mesh"))
    assert told["message"].startswith(f"item {found['id']} is a photo, without triangles")
