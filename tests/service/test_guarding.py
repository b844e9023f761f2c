"""Who may ask, and how much: every route holds to it, and every refusal has the one shape."""

import asyncio
import time

import pytest
from fastapi.routing import APIRoute
from service_clients import TOKEN, client_of

from opensearch.errors import InvalidInput
from opensearch.model import Model
from opensearch.service.failures import ErrorBody
from opensearch.service.guard import OPEN, Guard
from opensearch.service.settings import Bounds, Serving, check_reach, is_loopback, read_token

PLACES = {"id": "0", "number": "0", "name": "look.css"}
SECURE = ("x-content-type-options", "content-security-policy", "x-frame-options")


def routes(app):
    """Every (method, path) that is served."""
    found = [
        (method, route.path.format(**PLACES))
        for route in app.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    ]
    document = [
        (method.upper(), path.format(**PLACES))
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    ]
    return sorted({*found, *document})


@pytest.fixture(scope="module")
def every_route(client):
    found = routes(client.app)
    assert len(found) >= 18
    return found


@pytest.fixture(scope="module")
def locked(toy_index):
    with client_of(toy_index, token=TOKEN) as client:
        yield client


def guard_of(client):
    """The guard of a service that has begun to answer."""
    client.get("/healthz")
    layer = client.app.middleware_stack
    while not isinstance(layer, Guard):
        layer = layer.app
    return layer


def refused(response, status, kind):
    assert response.status_code == status, response.text
    failure = ErrorBody(**response.json()).error
    assert (failure.status, failure.kind) == (status, kind)
    assert failure.way_out
    assert all(name in response.headers for name in SECURE)


def test_every_route_wants_the_token(locked, every_route):
    for method, path in every_route:
        response = locked.request(method, path)
        if path in OPEN or path.startswith("/static/"):
            assert response.status_code != 401, path
        else:
            refused(response, 401, "TokenWanted")
            assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \xe9", TOKEN],
)
def test_a_wrong_token_is_refused(locked, header):
    headers = {"Authorization": header.encode("latin-1")}
    refused(locked.get("/v1/info", headers=headers), 401, "TokenWanted")


def test_the_token_opens(locked):
    header = {"Authorization": f"Bearer {TOKEN}"}
    assert locked.get("/v1/info", headers=header).status_code == 200


def test_a_session_opens_too_and_does_not_hold_the_token(toy_index):
    with client_of(toy_index, token=TOKEN) as client:
        refused(client.post("/v1/session", json={"token": "wrong"}), 401, "WrongToken")
        assert client.get("/v1/info").status_code == 401
        given = client.post("/v1/session", json={"token": TOKEN})
        assert given.status_code == 204
        cookie = given.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert TOKEN not in cookie
        assert client.get("/v1/info").status_code == 200
        client.cookies.clear()
        client.cookies.set("opensearch_session", "wrong")
        assert client.get("/v1/info").status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "", "[::2]:1", "127.0.0.1.x"]
)
def test_every_route_is_called_by_a_name_of_this_machine(client, every_route, host):
    for method, path in every_route:
        refused(client.request(method, path, headers={"Host": host}), 421, "WrongHost")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:8765"])
def test_names_of_this_machine_will_do(client, host):
    assert client.get("/v1/info", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "x", "http://["]
)
def test_no_page_of_another_site_may_write_or_search(client, every_route, origin):
    for method, path in every_route:
        if method not in ("GET", "HEAD"):
            headers = {"Origin": origin}
            refused(client.request(method, path, headers=headers), 403, "OtherSite")


def test_no_page_of_another_site_may_read_either(client, every_route):
    for method, path in every_route:
        if path.startswith("/v1"):
            headers = {"Sec-Fetch-Site": "cross-site"}
            refused(client.request(method, path, headers=headers), 403, "OtherSite")
    assert client.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def test_the_own_page_may(client):
    headers = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    query = {"parts": [{"kind": "words", "text": "disc"}]}
    assert client.post("/v1/search", json=query, headers=headers).status_code == 200


def test_every_answer_carries_the_headers(client, every_route):
    for method, path in every_route:
        response = client.request(method, path)
        assert all(name in response.headers for name in SECURE), path
        assert "unsafe" not in response.headers["content-security-policy"]
        if response.status_code >= 400:
            ErrorBody(**response.json())


def test_every_status_is_documented(client):
    said = client.app.openapi()["paths"]["/v1/search"]["post"]["responses"]
    assert {"200", "400", "401", "413", "422", "429", "431", "503"} <= set(said)
    garbage = client.post(
        "/v1/session", content=b"\xff\xfe{", headers={"Content-Type": "application/json"}
    )
    assert (garbage.status_code, garbage.json()["error"]["kind"]) == (400, "BadRequest")


def test_a_body_is_bounded_by_what_it_says_and_by_what_comes(toy_index):
    with client_of(toy_index, bounds=Bounds(body=1000)) as client:
        for content in (b"x" * 1001, (b"x" * 100 for _ in range(11))):
            response = client.post("/v1/search", content=content)
            refused(response, 413, "TooLarge")
        assert client.post("/v1/search", content=b"x" * 1000).status_code == 422


def test_requests_at_a_time_are_bounded(toy_index):
    with client_of(toy_index, bounds=Bounds(requests=1)) as client:
        guard = guard_of(client)
        guard._clients["someone"] = 1
        response = client.get("/v1/info")
        refused(response, 503, "Busy")
        assert response.headers["retry-after"] == "1"
        guard._clients.clear()
        assert client.get("/v1/info").status_code == 200
    with client_of(toy_index, bounds=Bounds(per_client=1)) as client:
        guard_of(client)._clients["testclient"] = 1
        refused(client.get("/v1/info"), 429, "TooManyRequests")


def test_an_uploads_pixels_are_bounded(toy_index, toy_collection):
    from opensearch.limits import Limits

    file = toy_collection / "photo" / "cube" / "03.jpg"
    with client_of(toy_index, limits=Limits(pixels=1000)) as client:
        response = client.post("/v1/search/files", files=[("file", ("a.jpg", file.read_bytes()))])
        assert response.status_code == 413
        assert "pixels" in ErrorBody(**response.json()).error.message


def test_what_should_not_have_happened_tells_nothing(client, monkeypatch):
    monkeypatch.setattr("opensearch.engine.Engine.fields", lambda *_: 1 / 0)
    response = client.get("/v1/fields")
    assert response.status_code == 500
    assert "division" not in response.text
    assert ErrorBody(**response.json()).error.kind == "Unexpected"


def test_a_page_of_the_service_is_named_not_found_on_the_disk(client):
    for name in ("..%2f..%2fsetup.cfg", "%2e%2e/app.py", "../app.py", "app.py", "/etc/passwd"):
        assert client.get(f"/static/{name}").status_code == 404


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("::1", True), ("127.8.0.1", True), ("localhost", True)]
    + [(host, False) for host in ("0.0.0.0", "::", "example.org", "192.168.0.2")],
)
def test_another_address_wants_a_token(host, own):
    assert is_loopback(host) == own
    check_reach(host, "x")
    if own:
        check_reach(host, None)
        assert host in Serving(host=host).hosts
    else:
        with pytest.raises(InvalidInput, match="so it needs a token"):
            check_reach(host, None)
        assert Serving(host=host).hosts is None


@pytest.mark.parametrize(
    "content", [b"", b"short", b"two words of it here", b"\xff" * 20, b"x" * 5000]
)
def test_a_token_that_keeps_nobody_out_is_refused(tmp_path, content):
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(InvalidInput, match="openssl rand"):
        read_token(file)


def test_a_token_is_read_without_white_space(tmp_path):
    file = tmp_path / "token"
    file.write_text(f" {TOKEN}\n")
    assert read_token(file) == TOKEN
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_token(tmp_path / "none")


def test_a_body_that_comes_too_slowly_is_given_up(toy_index):
    came = []

    async def receive():
        await asyncio.sleep(0.05)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message):
        came.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v1/search",
        "raw_path": b"/v1/search",
        "query_string": b"",
        "root_path": "",
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    with client_of(toy_index, bounds=Bounds(body_seconds=0.3)) as client:
        start = time.monotonic()
        asyncio.run(client.app(scope, receive, send))
        assert time.monotonic() - start < 3
    assert came[0]["status"] == 408
    error = ErrorBody.model_validate_json(came[1]["body"]).error
    assert error.kind == "TooSlow"
    assert error.message.startswith("the body took over 0.3 s to arrive")


def test_a_service_that_cannot_warm_up_serves(toy_index, monkeypatch, caplog):
    """It said "Starting" for ever, and nothing of why."""
    monkeypatch.setattr(Model, "load_backbone", lambda *_: 1 / 0)
    with client_of(toy_index) as client:
        for _ in range(200):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.05)
        assert client.get("/readyz").status_code == 200
    assert "ZeroDivisionError" in caplog.text
