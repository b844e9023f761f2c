"""What lies at an address is found by the rules of folders."""

import sys
from datetime import datetime

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import known_implementations

from opensearch import remote
from opensearch.domains.collections.catalog import find_sources
from opensearch.domains.collections.excluding import Excluded
from opensearch.errors import InvalidInput, MissingExtra
from opensearch.records import Failure, Source
from opensearch.remote.listing import changed

ROOT = "memory://bucket/all"
MATERIAL = b"newmtl a\nmap_Kd wood.png\nmap_Bump maps/rough.png\n"
TREE = {
    "photo/cat/a.png": b"",
    "photo/cat.b/b.jpg": b"",
    "photo/.hidden.png": b"",
    "photo/.hidden/c.png": b"",
    "photo/lost+found/d.png": b"",
    "photo/notes.txt": b"",
    "shapes/chair.obj": b"",
    "shapes/chair.mtl": MATERIAL,
    "shapes/wood.png": b"",
    "shapes/maps/rough.png": b"",
    "shapes/maps/other.png": b"",
    "index/manifest.json": b"{}",
    "index/CURRENT": b"",
    "index/store": b"",
    "index/e.png": b"",
    "fünf & sechs #7.png": b"",
    "drafts/f.png": b"",
}


@pytest.fixture
def both(memory, tmp_path):
    """Puts files into a folder and below `ROOT`; the folder."""

    def put(tree):
        for key, data in tree.items():
            (tmp_path / key).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / key).write_bytes(data)
            memory.pipe_file(f"/bucket/all/{key}", data)
        return tmp_path

    return put


def told(found, root):
    """What was found in the order given, without where it lies."""
    rows = []
    for each in found:
        if isinstance(each, Source):
            rows.append((each.key, each.domain, each.category, each.split, each.metadata))
        elif isinstance(each, Failure):
            rows.append((each.path.removeprefix(str(root)), each.reason))
        else:
            rows.append((str(each.path).removeprefix(str(root)), each.label, each.reason))
    return rows


@pytest.mark.parametrize("patterns", [(), ("drafts/", "*.jpg")])
def test_the_rules_are_those_of_folders(both, patterns):
    folder = both(TREE)
    excluded = Excluded(patterns)
    here = told(find_sources(folder, excluded=excluded), folder)
    there = told(remote.find_sources(ROOT, excluded=excluded), ROOT)
    assert there == here
    assert ("photo/cat/a.png", "photo", "cat", None, {}) in here


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("split.csv", "path,domain,category,year\na.png,photo,cat,3\n../b.png,photo,,\nc.obj,,,\n"),
        ("manifest.jsonl", '{"path": "a.png", "split": "test"}\nnothing\n{"path": "c.obj"}\n'),
    ],
)
def test_a_manifest_says_the_same_as_in_a_folder(both, name, text):
    folder = both({"a.png": b"", "b.png": b"", "c.obj": b"", "x.txt": b"", name: text.encode()})
    here = told(find_sources(folder, up="z"), folder)
    assert told(remote.find_sources(ROOT, up="z"), ROOT) == here
    assert any("up" in row[-1] for row in here)


def test_a_row_without_a_file_fails(both):
    both({"split.csv": b"path\na.png\n"})
    (failure,) = (f for f in remote.find_sources(ROOT) if isinstance(f, Failure))
    assert failure.path == f"{ROOT}/a.png"


def test_a_source_knows_its_address_and_size(both, memory):
    both({"photo/a b.png": b"12345"})
    (source,) = remote.find_sources(ROOT, domain="sketch")
    assert (source.remote.address, source.remote.size) == (f"{ROOT}/photo/a b.png", 5)
    created = memory.info("/bucket/all/photo/a b.png")["created"].timestamp()
    assert (source.remote.mtime_ns, source.domain) == (round(created * 1e9), "sketch")
    (alone,) = remote.find_sources(f"{ROOT}/photo/a b.png")
    assert (alone.key, alone.remote) == ("a b.png", source.remote)


def test_a_file_is_asked_for_what_its_folder_does_not_tell(both, monkeypatch):
    both({"a.png": b"12345"})
    ls, info = MemoryFileSystem.ls, MemoryFileSystem.info
    bare = {"size": None, "created": None}
    monkeypatch.setattr(
        MemoryFileSystem,
        "ls",
        lambda *args, **options: [{**about, **bare} for about in ls(*args, **options)],
    )
    marks = {"name": "/bucket/all/a.png", "size": 5, "type": "file", "Last-Modified": "yesterday"}
    monkeypatch.setattr(
        MemoryFileSystem,
        "info",
        lambda self, path: marks if path == marks["name"] else info(self, path),
    )
    (source,) = remote.find_sources(ROOT)
    assert (source.remote.size, source.remote.mtime_ns) == (5, changed(marks))


def test_drawings_of_one_file_are_told_to_be_read_from_folders(both):
    both({"a.ndjson": b"{}"})
    (failure,) = remote.find_sources(ROOT)
    assert "fetch it and index the copy" in failure.reason


def test_all_files_are_told_for_pruning(both):
    both(TREE)
    assert set(remote.addresses_below(ROOT)) == {f"{ROOT}/{key}" for key in TREE}
    assert list(remote.addresses_below(f"{ROOT}/photo/notes.txt")) == [f"{ROOT}/photo/notes.txt"]


def test_a_folder_without_a_name_is_told(both, monkeypatch):
    both({"a.png": b"", "b/c.png": b""})
    ls = MemoryFileSystem.ls

    def listed(self, path, *args, **options):  # as s3fs lists "b//d.png" and a mark of "b/"
        beside = [
            {"name": "/bucket/all/b/", "size": 0, "type": kind} for kind in ("directory", "file")
        ]
        return ls(self, path, *args, **options) + beside * path.rstrip("/").endswith("/b")

    monkeypatch.setattr(MemoryFileSystem, "ls", listed)
    found = told(remote.find_sources(ROOT), ROOT)
    assert [each[0] for each in found] == ["a.png", "/b//", "b/c.png"]
    assert "a folder without a name (//)" in found[1][1]
    assert len(list(remote.addresses_below(ROOT))) == 2


def test_a_folder_that_cannot_be_listed_fails_alone(both, monkeypatch):
    both({"a.png": b"", "b/c.png": b"", "d.png": b""})
    ls = MemoryFileSystem.ls

    def refused(self, path, *args, **options):
        if path.rstrip("/").endswith("/b"):
            raise PermissionError("Forbidden")
        return ls(self, path, *args, **options)

    monkeypatch.setattr(MemoryFileSystem, "ls", refused)
    assert told(remote.find_sources(ROOT), ROOT) == [
        ("a.png", None, None, None, {}),
        ("/b/", "cannot be listed: Forbidden"),
        ("d.png", None, None, None, {}),
    ]
    with pytest.raises(InvalidInput, match="all/b/ cannot be listed: Forbidden"):
        list(remote.addresses_below(ROOT))


@pytest.mark.parametrize(
    ("about", "wanted"),
    [
        ({"mtime": 1.5}, 1_500_000_000),
        ({"LastModified": datetime(2024, 1, 1)}, 1_704_067_200_000_000_000),
        ({"updated": "2024-01-01T00:00:00Z"}, 1_704_067_200_000_000_000),
        ({"mtime": "yesterday"}, 0),
        ({}, 0),
    ],
)
def test_times_of_change(about, wanted):
    assert changed(about) == wanted


def test_where_no_time_is_told_the_mark_of_the_content_counts():
    one, other = changed({"ETag": '"a"'}), changed({"ETag": '"b"'})
    assert 0 < one != other > 0


def test_an_address_is_normal_and_has_no_password(tmp_path):
    assert remote.root_of("S3://bucket/a/") == "s3://bucket/a"
    assert remote.root_of(f"file://{tmp_path}") == tmp_path
    assert remote.root_of(tmp_path) == tmp_path
    for address in ("ftp://me:secret@host/a", "https://host/a.png?key=secret"):
        with pytest.raises(InvalidInput, match="password or key in it") as refused:
            remote.root_of(address)
        assert "secret" not in str(refused.value)


def test_no_address_leads_to_another(memory, tmp_path):
    memory.pipe_file("/bucket/all/a::file.png", b"")
    (failure,) = remote.find_sources(ROOT)
    assert "has '::' in its name" in failure.reason
    (tmp_path / "secret.png").write_bytes(b"")
    memory.pipe_file(f"/bucket/all/a::file://{tmp_path}/secret.png", b"")
    assert not [each for each in remote.find_sources(ROOT) if isinstance(each, Source)]
    with pytest.raises(InvalidInput, match="one address without '::'"):
        list(remote.find_sources(f"memory://a::file://{tmp_path}"))


def test_what_cannot_be_read_is_told_with_the_way_out(monkeypatch):
    with pytest.raises(InvalidInput, match="memory://nowhere does not exist"):
        list(remote.find_sources("memory://nowhere"))
    with pytest.raises(InvalidInput, match="A folder can: mount what lies there"):
        list(remote.find_sources("nosuch://a"))
    wanting = {"class": "no_such_package.System", "err": "Install no_such_package to read it"}
    monkeypatch.setitem(known_implementations, "wanting", wanting)
    with pytest.raises(MissingExtra, match="needs another package: Install no_such_package"):
        list(remote.find_sources("wanting://a"))
    monkeypatch.setitem(known_implementations, "https", wanting)
    with pytest.raises(MissingExtra, match=r"; pip install 'fsspec\[http\]'"):
        list(remote.find_sources("https://example.org/a"))
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtra, match=r"pip install 'opensearch-visual\[remote\]'"):
        list(remote.find_sources("memory://nowhere"))
