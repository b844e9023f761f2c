"""Making 3D models over HTTP, and the page's reader of them."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from service_clients import MODEL, client_of

from opensearch.domains.mesh import load_triangles
from opensearch.engine import Engine
from opensearch.limits import Limits
from opensearch.model import Mesh
from opensearch.reconstruction import mesh_file

WEB = Path(__file__).parents[2] / "opensearch" / "service" / "web"
TETRAHEDRON = Mesh(
    np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]], float),
    np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
)
READS = """
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { glb } from "%(web)s/glb.js";
const file = readFileSync("%(file)s");
const { triangles, told } = glb(file.buffer.slice(file.byteOffset, file.byteOffset + file.length));
assert.equal(triangles.count, 12);
assert.deepEqual([...triangles.spread.slice(0, 9)], [0, 0, 0, 0, 2, 0, 1, 0, 0]);
assert.deepEqual(told, { mode: "mean", retrieved: [{ key: "形/Ä.obj" }] });
assert.throws(() => glb(new ArrayBuffer(40)), /sent no model/);
"""


def sent(client, content, name="sketch.png", **fields):
    return client.post("/v1/reconstruct", files={"file": (name, content)}, data=fields)


def picture(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def sketch(toy_collection):
    return (toy_collection / "sketch" / "cube" / "08.png").read_bytes()


def test_a_drawing_becomes_a_model_that_says_what_it_is_made_of(client, sketch, tmp_path):
    assert client.get("/v1/info").json()["reconstructs"] is True
    answer = sent(client, sketch, source="sketch", mode="mean", k="3")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "model/gltf-binary"
    (tmp_path / "model.glb").write_bytes(answer.content)
    assert len(load_triangles(tmp_path / "model.glb", Limits())[1]) > 100
    length = int.from_bytes(answer.content[12:16], "little")
    told = json.loads(answer.content[20 : 20 + length])["asset"]["extras"]
    assert told["mode"] == "mean"
    assert len(told["retrieved"]) == 3
    assert all("path" not in each for each in told["retrieved"])
    assert 'opensearch_working{lane="reconstruct"}' in client.get("/metrics").text


@pytest.mark.parametrize(
    ("given", "fields", "status", "said"),
    [
        (np.full((64, 64, 3), 255, np.uint8), {}, 422, "blank"),
        (np.random.default_rng(0).integers(0, 255, (160, 160, 3), np.uint8), {}, 422, "photo"),
        (b"oops", {}, 422, "holds no picture of a known format"),
        (b"oops", {"k": "21"}, 422, "less than or equal to 20"),
        (b"oops", {"mode": "best"}, 422, "mode"),
        (b"oops", {"source": "smell"}, 422, "no domain 'smell'"),
    ],
)
def test_what_cannot_become_a_model_is_told(client, given, fields, status, said):
    content = given if isinstance(given, bytes) else picture(given)
    answer = sent(client, content, **fields)
    assert answer.status_code == status
    assert said in answer.json()["error"]["message"]


def test_without_shapes_or_packages_the_page_has_no_button(writer, client, sketch, monkeypatch):
    assert writer.get("/v1/info").json()["reconstructs"] is False
    answer = sent(writer, sketch, source="sketch")
    assert answer.status_code == 422
    assert "holds none" in answer.json()["error"]["message"]
    monkeypatch.setitem(sys.modules, "skimage", None)
    assert client.get("/v1/info").json()["reconstructs"] is False
    assert sent(client, sketch, source="sketch").status_code == 501


def test_files_outside_the_indexed_folder_are_not_opened(toy_collection, tmp_path, sketch):
    inside, outside = tmp_path / "in" / "shape" / "cube", tmp_path / "out.off"
    inside.mkdir(parents=True)
    shutil.copy(toy_collection / "shape" / "cube" / "00.off", inside / "a.off")
    with Engine.create(tmp_path / "index", MODEL) as engine:
        engine.add(tmp_path / "in")
    (inside / "a.off").rename(outside)
    (inside / "a.off").symlink_to(outside)
    with client_of(tmp_path / "index") as client:
        answer = sent(client, sketch, source="sketch")
    assert answer.status_code == 422
    assert "lies outside the folder that was indexed" in answer.json()["error"]["message"]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_page_reads_models_as_they_are_written(tmp_path):
    told = {"mode": "mean", "retrieved": [{"key": "形/Ä.obj"}]}
    (tmp_path / "model.glb").write_bytes(mesh_file(TETRAHEDRON, ".glb", told))
    shutil.copytree(WEB, tmp_path / "web")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    script = tmp_path / "reads.mjs"
    names = {"web": (tmp_path / "web").as_uri(), "file": tmp_path / "model.glb"}
    script.write_text(READS % names, encoding="utf-8")
    done = subprocess.run(["node", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_document_says_that_the_packages_may_be_missing(client):
    said = client.get("/openapi.json").json()["paths"]["/v1/reconstruct"]["post"]["responses"]
    assert said["501"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorBody")
