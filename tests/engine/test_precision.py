"""An index keeps the precision it was begun in: files added and asked with are encoded alike."""

import json

import pytest

from opensearch.encoders import openvino
from opensearch.encoders.bundle import Bundle
from opensearch.engine import Engine
from opensearch.errors import StoreError
from opensearch.extras import installed

pytestmark = pytest.mark.skipif(not installed("openvino"), reason="no OpenVINO on this machine")

NEW = "x86_64 A Processor avx2 avx512_bf16"
OLD = "x86_64 A Processor avx2"


def picture_of(collection):
    return min(path for path in (collection / "photo").rglob("*") if path.is_file())


@pytest.fixture
def processor(monkeypatch):
    monkeypatch.delenv("OPENSEARCH_RUNTIME", raising=False)

    def become(flags):
        monkeypatch.setattr(openvino, "_processor", lambda: flags)

    become(NEW)
    return become


@pytest.fixture
def index(processor, toy_model, toy_collection, tmp_path):
    """An index of the toy photos, made where bf16 is at hand."""
    with Engine.create(tmp_path / "index", toy_model) as engine:
        engine.add(toy_collection / "photo")
    return tmp_path / "index"


def test_an_index_says_what_it_is_encoded_in(index, processor):
    assert json.loads((index / "manifest.json").read_bytes())["precision"] == "bf16"
    for flags, runtime in ((NEW, "openvino-bf16"), (OLD, "openvino-f32"), ("arm64", "onnx")):
        processor(flags)
        with Engine.open(index) as engine:
            told = engine.info()
        assert (told["precision"], told["runtime"]) == ("bf16", runtime)


def test_a_file_of_the_index_finds_itself_at_distance_0(index, toy_collection):
    picture = picture_of(toy_collection)
    with Engine.open(index) as engine:
        hit = engine.search(picture, source="photo", k=1, refine=False)[0]
        assert engine.model.bundle.backbone("photo", at_once=True).runtime == "openvino-bf16"
    assert hit.path.endswith(str(picture.relative_to(toy_collection)))
    assert hit.distance == 0
    assert hit.score == pytest.approx(1, abs=1e-3)


def test_an_index_from_elsewhere_is_searched_in_f32_without_a_compiler(
    index, processor, toy_collection
):
    picture = picture_of(toy_collection)
    processor(NEW + " and more")
    before = sorted(path.name for path in (index / "compiled").iterdir())
    with Engine.open(index) as engine:
        hits = engine.search(picture, source="photo", k=3)
        assert engine.model.bundle.backbone("photo", at_once=True).runtime == "onnx"
        assert len(hits) == 3
    assert sorted(path.name for path in (index / "compiled").iterdir()) == before


def test_an_index_begun_in_f32_stays_so(processor, toy_model, toy_collection, tmp_path):
    processor(OLD)
    Engine.create(tmp_path / "index", toy_model).close()
    processor(NEW)
    with Engine.open(tmp_path / "index") as engine:
        engine.add(toy_collection / "photo")
        assert engine.model.bundle.backbone("photo").runtime == "openvino-f32"
        assert engine.info()["precision"] == "f32"


def test_an_index_without_a_word_of_it_is_f32(index):
    fields = json.loads((index / "manifest.json").read_bytes())
    del fields["precision"]
    (index / "manifest.json").write_text(json.dumps(fields))
    with Engine.open(index) as engine:
        assert engine.info()["precision"] == "f32"


def test_an_unknown_precision_is_of_a_newer_version(index):
    fields = json.loads((index / "manifest.json").read_bytes()) | {"precision": "fp4"}
    (index / "manifest.json").write_text(json.dumps(fields))
    with pytest.raises(StoreError, match=r"precision 'fp4', this version knows f32, bf16; upgrade"):
        Engine.open(index)


def test_a_queries_stand_in_gives_way_to_what_an_add_compiled(processor, toy_model, toy_collection):
    bundle = Bundle.open(toy_model)
    assert bundle.encoder("photo").backbone.runtime == "onnx"
    compiled = bundle.backbone("photo")
    assert compiled.runtime == "openvino-f32"
    assert bundle.encoder("photo").backbone is compiled


def test_the_model_of_an_index_is_found_whole_after_its_compiled_files_are_gone(
    index, toy_collection
):
    for file in (index / "compiled").iterdir():
        file.unlink()
    (index / "compiled").rmdir()
    with Engine.open(index) as engine:
        assert engine.search(picture_of(toy_collection), k=1)
        assert engine.verify() == []
