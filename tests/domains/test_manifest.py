import json

import pytest

from opensearch.domains import Ignored, find_sources
from opensearch.records import Failure, Source


def of(kind, found):
    return [item for item in found if isinstance(item, kind)]


def write(root, name, text, *files):
    root.mkdir(exist_ok=True)
    (root / name).write_text(text)
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(b"x")
    return root


def test_a_csv_declares_domain_category_split_and_metadata(tmp_path):
    text = "\ufeffpath,domain,category,split,year\nx/b.png,tattoo,cat,train,1999\na.jpg,,,,\n"
    found = list(find_sources(write(tmp_path, "split.csv", text, "x/b.png", "a.jpg", "c.png")))
    assert of(Source, found) == [
        Source(tmp_path / "a.jpg", "a.jpg"),
        Source(tmp_path / "x/b.png", "x/b.png", None, "tattoo", "cat", "train", {"year": "1999"}),
    ]
    reasons = {item.path.name: item.reason for item in of(Ignored, found)}
    assert reasons == {"c.png": "not in split.csv", "split.csv": "the manifest"}


def test_json_lines_carry_typed_metadata(tmp_path):
    rows = [
        {"path": "a.png", "domain": "sketch", "year": 1999, "tags": ["no", "list"], "ok": True},
        {"path": "s.ndjson#2"},
    ]
    text = "\n\n".join(json.dumps(row) for row in rows)
    found = of(Source, find_sources(write(tmp_path, "manifest.jsonl", text)))
    assert found[0].metadata == {"year": 1999, "ok": True}
    assert (found[1].path, found[1].part) == (tmp_path / "s.ndjson", 2)


def test_a_missing_file_is_still_a_source(tmp_path):
    found = list(find_sources(write(tmp_path, "split.csv", "path,domain\ngone.png,photo\n")))
    assert of(Source, found) == [Source(tmp_path / "gone.png", "gone.png", domain="photo")]


@pytest.mark.parametrize("path", ["../a.png", "/etc/passwd", "x/../../a.png", "out.png", "d/a.png"])
def test_a_path_out_of_the_collection_is_a_failure(tmp_path, path):
    (tmp_path / "a.png").write_bytes(b"secret")
    root = write(tmp_path / "in", "manifest.jsonl", json.dumps({"path": path}))
    (root / "out.png").symlink_to(tmp_path / "a.png")
    (root / "d").symlink_to(tmp_path, target_is_directory=True)
    found = list(find_sources(root))
    assert not of(Source, found)
    assert any(item.path.endswith("manifest.jsonl:1") for item in of(Failure, found))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "is not JSON"),
        ("[1]", "no field 'path'"),
        ('{"domain":"photo"}', "no field 'path'"),
        ('{"path":3}', "no field 'path'"),
        ('{"path":"a.png","category":7}', "category that is not text"),
        ('{"path":"ok.png"}', "names 'ok.png' again"),
        ('{"path":"\\ud800.png"}', "not UTF-8"),
    ],
)
def test_a_bad_row_fails_by_its_line_and_the_rest_is_read(tmp_path, line, reason):
    root = write(tmp_path, "manifest.jsonl", '{"path":"ok.png"}\n' + line + '\n{"path":"z.png"}\n')
    found = list(find_sources(root))
    assert [item.key for item in of(Source, found)] == ["ok.png", "z.png"]
    [failure] = of(Failure, found)
    assert failure.path.endswith("manifest.jsonl:2")
    assert reason in failure.reason


def test_a_manifest_that_is_no_text_is_one_failure(tmp_path):
    (tmp_path / "split.csv").write_bytes(b"path\n\xff\xfe\x00\n")
    [failure] = of(Failure, find_sources(tmp_path))
    assert "cannot be read as a manifest" in failure.reason
