"""Adding, changing and removing over HTTP, and reading while others write."""

import json
import shutil
import subprocess
import sys

import pytest
from service_clients import MODEL, client_of

from opensearch.engine import Engine

DISC = {"parts": [{"kind": "words", "text": "disc"}], "k": 100}


def keys(client):
    response = client.post("/v1/search", json=DISC)
    assert response.status_code == 200, response.text
    return {hit["key"] for hit in response.json()["hits"]}


def upload(client, file, key, **fields):
    form = {"files": {"file": (file.name, file.read_bytes())}, "data": {"key": key, **fields}}
    return client.post("/v1/items", **form)


def test_an_upload_is_found_changed_and_removed(writer, toy_collection):
    file = toy_collection / "photo" / "disc" / "02.jpg"
    given = upload(
        writer, file, "new/椅子.jpg", domain="photo", category="stool", metadata='{"year": 1999}'
    )
    assert given.status_code == 201, given.text
    books = given.json()
    assert books | {"id": 0} == {
        "key": "new/椅子.jpg", "id": 0, "domain": "photo", "replaced": False, "guessed": False,
        "damaged": None,
    }  # fmt: skip
    assert "new/椅子.jpg" in keys(writer)
    item = writer.get(f"/v1/items/{books['id']}").json()
    assert (item["category"], item["metadata"]) == ("stool", {"year": 1999})
    assert not item["original"]
    assert writer.get(f"/v1/items/{books['id']}/file").status_code == 404
    assert writer.get(f"/v1/items/{books['id']}/thumbnail").status_code == 200

    changed = writer.patch(f"/v1/items/{books['id']}", json={"category": "chair"}).json()
    assert (changed["category"], changed["metadata"]) == ("chair", {"year": 1999})
    changed = writer.patch(f"/v1/items/{books['id']}", json={"metadata": {"by": "me"}}).json()
    assert (changed["category"], changed["metadata"]) == ("chair", {"by": "me"})
    cleared = writer.patch(f"/v1/items/{books['id']}", json={"category": None}).json()
    assert cleared["category"] is None

    assert writer.delete(f"/v1/items/{books['id']}").json() == {"removed": 1}
    assert "new/椅子.jpg" not in keys(writer)
    assert writer.delete(f"/v1/items/{books['id']}").status_code == 404


def test_a_shape_that_lost_faces_is_told(writer, tmp_path):
    corners = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "v 0 0 1", "v nan 0 0"]
    shape = tmp_path / "a.obj"
    shape.write_text("\n".join([*corners, "f 1 2 3", "f 1 2 4", "f 1 3 4", "f 1 2 5", ""]))
    assert upload(writer, shape, "a").json()["damaged"].startswith("1 of its 4 faces are missing")


def test_what_was_edited_still_has_its_original(writer):
    hits = writer.post("/v1/search", json=DISC).json()["hits"]
    place = f"/v1/items/{hits[0]['id']}"
    edited = writer.patch(place, json={"category": "chair"}).json()
    assert edited == writer.get(place).json()
    assert (edited["category"], edited["original"]) == ("chair", True)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"metadata": None}, "metadata must be a JSON object, got null"),
        (
            {"metadata": {"l": [1]}},
            "metadata.l must be a text, a number, true, false or null, got [1]",
        ),
        ({"metadata": {"l": {}}}, "metadata.l must be a text, a number, true, false or null"),
    ],
)
def test_what_no_metadata_can_be_changes_nothing(writer, said, message):
    place = f"/v1/items/{writer.post('/v1/search', json=DISC).json()['hits'][0]['id']}"
    assert writer.patch(place, json={"metadata": {"n": 1, "b": True, "z": None}}).status_code == 200
    refused = writer.patch(place, json={"category": "x", **said})
    assert refused.status_code == 422
    assert refused.json()["error"]["message"].startswith(message)
    kept = writer.get(place).json()
    assert kept["metadata"] == {"n": 1, "b": True, "z": None}
    assert kept["category"] != "x"
    assert writer.patch(place, json={"metadata": {}}).json()["metadata"] == {}


def test_a_number_that_json_lacks_is_no_metadata(writer):
    headers = {"Content-Type": "application/json"}
    refused = writer.patch("/v1/items/0", content='{"metadata": {"n": NaN}}', headers=headers)
    assert "metadata.n must be a finite number" in refused.json()["error"]["message"]


def test_a_key_that_is_there_is_replaced(writer, toy_collection):
    file = toy_collection / "photo" / "disc" / "02.jpg"
    first = upload(writer, file, "one").json()
    second = upload(writer, file.with_name("03.jpg"), "one").json()
    assert (first["replaced"], second["replaced"]) == (False, True)
    assert second["id"] > first["id"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"metadata": "no json"}, "metadata must be a JSON object"),
        ({"metadata": '{"a": [1]}'}, "metadata must be a JSON object"),
        ({"metadata": '{"a": [1]}'}, "object of texts, numbers, true, false and null, got"),
        ({"domain": "zebra"}, "zebra"),
        ({"key": ""}, "key"),
    ],
)
def test_an_upload_that_cannot_be_kept_is_refused(writer, toy_collection, fields, message):
    before = keys(writer)
    given = upload(writer, toy_collection / "photo" / "disc" / "02.jpg", **{"key": "x", **fields})
    assert given.status_code == 422
    assert message in given.json()["error"]["message"]
    assert keys(writer) == before


def test_a_damaged_upload_is_refused_and_not_kept(writer, tmp_path):
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert upload(writer, tmp_path / "a.png", "x").status_code == 422
    assert writer.get("/v1/items", params={"key": "x"}).status_code == 404


def test_nothing_is_written_unless_told(client, toy_collection):
    before = keys(client)
    answers = [
        upload(client, toy_collection / "photo" / "disc" / "02.jpg", "x"),
        client.patch("/v1/items/0", json={"category": "x"}),
        client.delete("/v1/items/0"),
    ]
    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["error"]["kind"] for answer in answers} == {"ReadOnly"}
    assert keys(client) == before


def test_a_writer_elsewhere_is_followed_and_compaction_too(own_index, toy_collection):
    with client_of(own_index) as client:
        before = keys(client)
        with Engine.open(own_index) as engine:
            engine.add(toy_collection / "photo" / "disc" / "02.jpg")
            assert keys(client) == before | {"02.jpg"}
            engine.remove(["02.jpg"])
            engine.compact()
            assert keys(client) == before
        assert client.get("/v1/info").json()["generation"] == 1


def test_another_index_in_its_place_is_served_on(own_index, toy_collection, tmp_path):
    with Engine.create(tmp_path / "other", MODEL) as engine:
        engine.add(toy_collection / "photo" / "disc")
    with client_of(own_index) as client:
        assert "photo/cube/00.jpg" in keys(client)
        shutil.move(own_index, tmp_path / "away")
        assert client.get("/v1/info").status_code == 503
        assert client.get("/healthz").status_code == 200
        shutil.move(tmp_path / "other", own_index)
        assert "00.jpg" in keys(client)
        assert "photo/cube/00.jpg" not in keys(client)


def test_another_process_that_writes_is_told_of(writer, own_index, toy_collection):
    file = toy_collection / "photo" / "disc" / "02.jpg"
    assert upload(writer, file, "one").status_code == 201
    command = [sys.executable, "-m", "opensearch", "index", file, "--to", own_index, "-q"]
    refused = subprocess.run(command, capture_output=True, text=True)
    assert refused.returncode == 1
    assert "is writing to it" in refused.stderr


def test_words_begin_as_asked(client):
    words = client.get("/v1/words", params={"prefix": "Di", "limit": 3}).json()["words"]
    assert words
    assert all(word.startswith("di") for word in words)
    assert client.get("/v1/words", params={"prefix": "zzzz"}).json()["words"] == []
    assert client.get("/v1/words", params={"limit": 0}).status_code == 422


def test_fields_tell_what_can_be_filtered_by(writer, toy_collection):
    file = toy_collection / "photo" / "disc" / "02.jpg"
    for year in (2001, 2003):
        fields = json.dumps({"year": year, "mine": True, "who": f"a{year}"})
        upload(writer, file, str(year), metadata=fields, category="stool")
    fields = {field["name"]: field for field in writer.get("/v1/fields").json()["fields"]}
    assert next(iter(fields)) == "domain"
    assert fields["category"]["values"][0] == {"value": "cube", "count": 11}
    assert (fields["year"]["kind"], fields["year"]["low"], fields["year"]["high"]) == (
        "number", 2001, 2003,
    )  # fmt: skip
    assert fields["mine"]["values"] == [{"value": True, "count": 2}]
    assert [each["value"] for each in fields["who"]["values"]] == ["a2001", "a2003"]
    assert not fields["who"]["sampled"]
