"""Records, pictures and files over HTTP: of this index alone, and only as they were indexed."""

import io
import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from service_clients import client_of

from opensearch.engine import Engine
from opensearch.records import Item
from opensearch.service import originals
from opensearch.service.originals import content_type, file_name, place_of


def record(client, key):
    response = client.get("/v1/items", params={"key": key})
    assert response.status_code == 200, response.text
    return response.json()


def test_a_record_by_key_and_by_id(client, toy_index):
    found = record(client, "photo/cube/03.jpg")
    assert found["domain"] == "photo"
    assert found["category"] == "cube"
    assert found["metadata"]["year"] == "2003"
    assert found["original"]
    assert client.get(f"/v1/items/{found['id']}").json() == found


@pytest.mark.parametrize("path", ["/v1/items/9999", "/v1/items?key=none", "/v1/items/9999/file",
                                  "/v1/items/9999/thumbnail", "/v1/items/9999/views",
                                  "/v1/items/9999/near"])  # fmt: skip
def test_what_is_not_there_is_missed(client, path):
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["kind"] == "NotFound"


@pytest.mark.parametrize("path", ["/v1/items/-1", "/v1/items/x", "/v1/items/9223372036854775808",
                                  "/v1/items?key="])  # fmt: skip
def test_what_is_no_id_is_refused(client, path):
    assert client.get(path).status_code == 422


def test_a_picture_comes_as_it_was_indexed(client, toy_index):
    found = record(client, "photo/cube/03.jpg")
    response = client.get(f"/v1/items/{found['id']}/file")
    assert response.content == Path(found["path"]).read_bytes()
    assert response.headers["content-type"] == "image/jpeg"
    assert response.headers["content-disposition"] == 'inline; filename="03.jpg"'
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]


def test_the_disk_is_read_by_a_lane(client, monkeypatch):
    """A slow one stalled all other requests."""
    found, readers = record(client, "photo/cube/03.jpg"), []
    opened = originals.open_original

    def noted(item):
        readers.append(threading.current_thread().name)
        return opened(item)

    monkeypatch.setattr(originals, "open_original", noted)
    assert client.get(f"/v1/items/{found['id']}/file").status_code == 200
    assert [name.rpartition("_")[0] for name in readers] == ["opensearch-search"]


def test_a_shape_comes_to_be_saved(client):
    found = record(client, "shape/cube/03.off")
    response = client.get(f"/v1/items/{found['id']}/file")
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"] == 'attachment; filename="03.off"'


def test_a_path_tells_all_its_methods(client):
    found = record(client, "shape/cube/03.off")
    for path, methods in ((f"/{found['id']}", "DELETE, GET, PATCH"), ("", "GET, POST")):
        response = client.put(f"/v1/items{path}")
        assert (response.status_code, response.headers["allow"]) == (405, methods)
    assert client.post("/docs").headers["allow"] == "GET"


def test_copies_of_an_item_are_told(client):
    found = record(client, "photo/cube/03.jpg")
    answer = client.get(f"/v1/items/{found['id']}/copies").json()
    assert found["id"] not in [hit["id"] for hit in answer["hits"]]
    assert answer["notes"][0].startswith(f"only copies of {found['key']}, taken as a photo")


def test_what_was_not_kept_of_an_item_is_no_fault_of_the_service(own_index):
    with Engine.open(own_index) as engine:
        engine.add_codes(np.zeros((1, engine.info()["bits"] // 8), np.uint8), "photo", ["bare"])
    with client_of(own_index) as client:
        bare = record(client, "bare")
        asked = {"parts": [{"kind": "item", "key": "bare"}]}
        for response in (
            client.get(f"/v1/items/{bare['id']}/copies"),
            client.get(f"/v1/items/{bare['id']}/near"),
            client.post("/v1/search", json=asked),
        ):
            assert response.status_code == 409
            assert response.json()["error"]["kind"] == "NotKept"


def test_thumbnails_and_views_are_pictures(client):
    found = record(client, "shape/cube/03.off")
    small = client.get(f"/v1/items/{found['id']}/thumbnail")
    assert Image.open(io.BytesIO(small.content)).format == "JPEG"
    views = client.get(f"/v1/items/{found['id']}/views").json()
    assert views["count"] == 2
    seen = [
        client.get(f"/v1/items/{found['id']}/views/{number}").content
        for number in range(views["count"])
    ]
    assert {Image.open(io.BytesIO(each)).size for each in seen} == {(views["size"],) * 2}
    assert client.get(f"/v1/items/{found['id']}/views/2").status_code == 404


def test_the_triangles_of_a_shape_can_be_drawn(client):
    found = record(client, "shape/cube/03.off")
    content = client.get(f"/v1/items/{found['id']}/mesh").content
    vertices, faces, up, _ = np.frombuffer(content, "<u4", 4)
    assert len(content) == 16 + 12 * (vertices + faces)
    places = np.frombuffer(content, "<f4", 3 * vertices, 16).reshape(-1, 3)
    corners = np.frombuffer(content, "<u4", 3 * faces, 16 + 12 * vertices)
    assert (faces, up) == (12, 3)
    assert np.linalg.norm(places, axis=1).max() <= 1.001
    assert corners.max() == vertices - 1
    picture = record(client, "photo/cube/03.jpg")
    assert client.get(f"/v1/items/{picture['id']}/mesh").status_code == 422


def test_what_is_nearly_the_same_is_of_the_same_domain(client):
    found = record(client, "photo/cube/03.jpg")
    hits = client.get(f"/v1/items/{found['id']}/near").json()["hits"]
    assert hits
    assert all(hit["domain"] == "photo" and hit["distance"] <= 6 for hit in hits)
    assert all(hit["cosine"] >= 0.97 for hit in hits)
    assert found["id"] not in [hit["id"] for hit in hits]


@pytest.fixture
def changed(own_index):
    """A service over an index of one's own, a file of its, and that file's item."""
    file = own_index.parent / "collection" / "photo" / "cube" / "03.jpg"
    with client_of(own_index) as client:
        yield client, file, record(client, "photo/cube/03.jpg")["id"]


def _secret(file):
    """A file beside the collection that looks just like the item's own."""
    secret = file.parents[3] / "secret.jpg"
    shutil.copy2(file, secret)
    return secret


def by_link_of_file(file):
    secret = _secret(file)
    file.unlink()
    file.symlink_to(secret)


def by_link_of_folder(file):
    outside = file.parents[3] / "outside"
    shutil.move(file.parent, outside)
    file.parent.symlink_to(outside)


def by_content(file):
    file.write_bytes(b"something else")


def by_time(file):
    os.utime(file, ns=(0, 0))


def by_removal(file):
    file.unlink()


def by_pipe(file):
    file.unlink()
    os.mkfifo(file)


def by_folder(file):
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize(
    "change",
    [by_link_of_file, by_link_of_folder, by_content, by_time, by_removal, by_pipe, by_folder],
)
def test_no_other_file_is_ever_served(changed, change):
    client, file, id_ = changed
    assert client.get(f"/v1/items/{id_}/file").status_code == 200
    change(file)
    for path in ("file", "views"):
        response = client.get(f"/v1/items/{id_}/{path}")
        assert response.status_code == 404, response.text
        assert response.json()["error"]["way_out"]
    assert not client.get(f"/v1/items/{id_}").json()["original"]


ITEM = Item(1, "photo/a/b.png", "photo", path="/mnt/things/photo/a/b.png")


@pytest.mark.parametrize(
    ("key", "path", "root"),
    [
        ("photo/a/b.png", "/mnt/things/photo/a/b.png", "/mnt/things"),
        ("b.png", "/mnt/things/b.png", "/mnt/things"),
        ("s/d.ndjson#3", "/mnt/things/s/d.ndjson#3", "/mnt/things"),
        ("another name", "/mnt/things/b.png", "/mnt/things"),
        ("a/b/c/d/e/f.png", "/f.png", "/"),
        ("photo/a/b.png", "", None),
        ("../../b.png", "/mnt/things/b.png", None),
        ("b.png", "home/b.png", None),
    ],
)
def test_the_folder_that_was_indexed_is_told_by_path_and_key(key, path, root):
    place = place_of(replace(ITEM, key=key, path=path))
    assert (place and str(place[1])) == root


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8", "image/webp"),
        (b"\0\0\0\x1cftypavif", "image/avif"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "application/octet-stream"),
        (b"<html><script>", "application/octet-stream"),
        (b"", "application/octet-stream"),
    ],
)
def test_a_browser_is_shown_pictures_alone(head, kind):
    assert content_type(head) == kind


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("photo/a b.png", "a_b.png"),
        ('a";\r\nx: y.png', "a____x__y.png"),
        ("椅子.png", "__.png"),
        ("x/.htaccess", "htaccess"),
        ("x/...", "file"),
    ],
)
def test_names_of_downloads_hold_no_marks(key, name):
    assert file_name(replace(ITEM, key=key)) == name


def test_the_docs_name_every_route_and_load_nothing(client):
    page = client.get("/docs").text
    document = client.get("/openapi.json").json()
    assert all(path in page for path in document["paths"])
    assert all(f'id="{name}"' in page for name in document["components"]["schemas"])
    assert "http://" not in page
    assert "https://" not in page
    names = [said["operationId"] for each in document["paths"].values() for said in each.values()]
    assert len(set(names)) == len(names)
