import csv
import io
import json
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opensearch.domains.collections import table
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.walk import Ignored
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
        Source(tmp_path / "a.jpg", "a.jpg", listed=True),
        Source(
            tmp_path / "x/b.png", "x/b.png", None, "tattoo", "cat", "train", {"year": "1999"}, True
        ),
    ]
    reasons = {item.path.name: item.reason for item in of(Ignored, found)}
    assert reasons == {"c.png": "not in split.csv", "split.csv": "manifest"}


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
    assert of(Source, found) == [
        Source(tmp_path / "gone.png", "gone.png", domain="photo", listed=True)
    ]


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
        (
            '{"path":"a.png","year":18446744073709551616}',
            "a year of more than 64 bits; write it",
        ),
        ('{"path":"a.png","year":-9223372036854775809}', "a year of more than 64 bits"),
        ('{"path":"a.png","note":"\\udce9"}', "a note that is not UTF-8"),
        ('{"path":"a.png","category":"\\udce9"}', "a category that is not UTF-8"),
        ('{"path":"a.png","\\udce9":1}', "a field whose name is not UTF-8"),
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


TABLE = 'path,Domain,category,note\nx/b.png,tattoo,café,"a, b; c"\n\na.png,,,\n'


def rows_of(root):
    found = list(find_sources(root))
    assert not of(Failure, found), of(Failure, found)
    return [(s.key, s.domain, s.category, s.metadata) for s in of(Source, found)]


WANTED = [
    ("a.png", None, None, {}),
    ("x/b.png", "tattoo", "café", {"note": "a, b; c"}),
]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_tables_are_read_as_people_save_them(tmp_path, encoding, delimiter):
    lines = [["path", "Domain", " category ", "note"], ["x/b.png", "tattoo", "café", "a, b; c"]]
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([*lines, [], ["a.png", "", "", ""]])
    root = write(tmp_path, "unused", "", "x/b.png", "a.png")
    (root / "split.csv").write_bytes(text.getvalue().encode(encoding))
    assert rows_of(root) == WANTED
    said = f"sep={delimiter}\r\n" + text.getvalue()
    (root / "split.csv").write_bytes(said.encode(encoding))
    assert rows_of(root) == WANTED


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_json_lines_are_read_in_any_usual_encoding(tmp_path, encoding):
    line = json.dumps({"path": "a.png", "category": "café"}, ensure_ascii=False)
    (tmp_path / "manifest.jsonl").write_bytes(f"{line}\r\n".encode(encoding))
    assert rows_of(tmp_path) == [("a.png", None, "café", {})]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_system(tmp_path, end):
    (tmp_path / "split.csv").write_bytes(TABLE.replace("\n", end).encode())
    assert rows_of(tmp_path) == WANTED


def test_paths_of_windows_are_those_of_here(tmp_path):
    root = write(tmp_path, "split.csv", "path\nphoto\\cup\\1.jpg\n", "photo/cup/1.jpg")
    assert [row[0] for row in rows_of(root)] == ["photo/cup/1.jpg"]


@pytest.mark.parametrize(("told", "named"), [("NFC", "NFD"), ("NFD", "NFC"), ("NFC", "NFC")])
def test_letters_may_be_put_together_in_a_table_as_on_another_system(tmp_path, told, named):
    name, row = (normalize(form, "photo/café.jpg") for form in (named, told))
    assert rows_of(write(tmp_path, "split.csv", f"path\n{row}\n", name))[0][0] == name


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_json_lines_may_end_as_on_any_system(tmp_path, end):
    text = end.join(['{"path":"a.png"}', '{"path":"b.png"}', ""])
    (tmp_path / "manifest.jsonl").write_bytes(text.encode())
    assert [row[0] for row in rows_of(tmp_path)] == ["a.png", "b.png"]


def test_a_list_in_place_of_json_lines_is_told_once(tmp_path):
    text = json.dumps([{"path": "a.png"}, {"path": "b.png"}], indent=1)
    [failure] = of(Failure, find_sources(write(tmp_path, "manifest.jsonl", text)))
    assert "is one list; write one object a line" in failure.reason


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (b"file,label\na.png,x\n", "", "no column 'path' in its first line, which is 'file,label'"),
        (b"", "", "no column 'path' in its first line, which is ''"),
        (b"path,domain,path\na.png,photo,b.png\n", "", "two columns 'path'"),
        (b"path,Domain,domain\na.png,photo,x\n", "", "two columns 'domain'"),
        (b"path,category\na,b.png,cup\n", ":2", "has 3 fields, the header 2; put fields"),
        (b'path,category\nz.png,x\na.png,"cup\nb.png,cup\n', "", "line 3: unexpected end of data"),
        (b"path\na.png\n./a.png\n", ":3", "names 'a.png' again"),
        (b"path\n/etc/passwd\n", ":2", "paths are relative"),
        (b"path\n..\\secret.png\n", ":2", "paths are relative"),
        (b"path,category\n,cup\n", ":2", "has no field 'path'"),
        (b"path\na\x81.png\n", "", "is not text in UTF-8, UTF-16 or Windows-1252"),
        (b"path\na\0b.png\n", "", "is not text"),
    ],
)
def test_a_table_that_cannot_be_read_right_is_refused_loudly(tmp_path, text, place, reason):
    (tmp_path / "split.csv").write_bytes(text)
    [failure] = of(Failure, find_sources(tmp_path))
    assert failure.path.endswith(f"split.csv{place}")
    assert reason in failure.reason


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=5))
def test_what_was_written_as_a_table_is_read_back(rows):
    kept = [[field.strip() for field in row] for row in rows]
    if any("\0" in field for row in rows for field in row):
        return
    text = io.StringIO()
    csv.writer(text).writerows([["path", "note"], *rows])
    named = [dict(zip(("path", "note"), row, strict=True)) for row in kept if any(row)]
    wanted = [{name: value for name, value in row.items() if value} for row in named]
    found = [fields for _, fields in table.rows(text.getvalue(), "path")]
    assert [row for row in found if row] == wanted


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-1e999"])
def test_a_number_that_json_does_not_know_is_refused(tmp_path, number):
    line = f'{{"path":"ok.png","price":{number}}}'
    [failure] = of(Failure, find_sources(write(tmp_path, "manifest.jsonl", line)))
    assert failure.reason.startswith("has a price of ")


def test_numbers_of_64_bits_are_kept_and_lists_passed_over(tmp_path):
    line = f'{{"path":"ok.png","most":{2**64 - 1},"least":{-(2**63)},"list":[{2**70}],"x":null}}'
    [source] = of(Source, find_sources(write(tmp_path, "manifest.jsonl", line)))
    assert source.metadata == {"most": 2**64 - 1, "least": -(2**63), "x": None}


def test_what_a_drawing_cannot_keep_is_left_out(tmp_path):
    line = '{"word":"\\udce9","drawing":[],"key_id":18446744073709551616,"countrycode":"DE"}\n'
    (tmp_path / "a.ndjson").write_text(line)
    [source] = of(Source, find_sources(tmp_path))
    assert (source.category, source.metadata) == (None, {"countrycode": "DE"})


def test_a_table_of_very_many_columns_is_read_at_once(tmp_path):
    """Each name was counted among all of them: a header of 100,000 took minutes."""
    header = ",".join(["path", *(f"c{at}" for at in range(100_000))])
    found = of(Source, find_sources(write(tmp_path, "split.csv", f"{header}\na.png\n")))
    assert [source.key for source in found] == ["a.png"]


def test_a_first_line_too_long_for_a_table_is_a_failure(tmp_path):
    text = f"path,{'x' * 200_000}\na.png,1\n"
    (failure,) = of(Failure, find_sources(write(tmp_path, "split.csv", text)))
    assert "has no column 'path' in its first line" in failure.reason


def test_a_path_that_no_system_opens_is_a_failure(tmp_path):
    """Its links were looked for part by part, which took time by the square of its length."""
    text = json.dumps({"path": "a/" * 400_000 + "b.png"})
    (failure,) = of(Failure, find_sources(write(tmp_path, "manifest.jsonl", text)))
    assert failure.reason == "names a path of 800,005 letters, and none has over 4,096"
