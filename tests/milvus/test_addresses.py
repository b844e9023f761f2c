"""Addresses of indexes: what they name, and what is refused before a server is asked."""

from pathlib import Path

import pytest

from opensearch import extras
from opensearch.engine import Engine
from opensearch.engine.lifecycle.places import located
from opensearch.errors import InvalidInput, MissingExtra, StoreError
from opensearch.milvus import asking, connection, versions
from opensearch.records import Address


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("milvus://host:19530/name", Address("milvus", "host:19530", "name")),
        ("milvus://host/name/", Address("milvus", "host", "name")),
        ("MILVUSS://10.0.0.1:1/a_b1", Address("milvuss", "10.0.0.1:1", "a_b1")),
        ("milvus://[::1]:19530/x", Address("milvus", "[::1]:19530", "x")),
        ("milvus:///data/ü b/x.db", Address("milvus", "", "data/ü b/x.db")),
        ("indexes/mine", Path("indexes/mine")),
        ("a:b/c", Path("a:b/c")),
        (Path("x"), Path("x")),
    ],
)
def test_an_address_begins_with_a_scheme_and_all_else_is_a_folder(given, found):
    assert located(given) == found
    assert located(given).name == found.name


def test_an_address_is_shown_as_it_was_given():
    assert str(located("milvus://host:19530/name")) == "milvus://host:19530/name"
    assert str(located("milvus:///data/x.db")) == "milvus:///data/x.db"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("milvus://root:secret@host/name", "holds no user and no password"),
        ("milvus://host:19530/", "a name of letters, digits"),
        ("milvus://host:19530", "a name of letters, digits"),
        ("milvus://host:19530/a/b", "a name of letters, digits"),
        ("milvus://host:19530/1a", "a name of letters, digits"),
        ("milvus://ho st/name", "a name of letters, digits"),
        ("milvus:///data/x", "a file of Milvus Lite"),
        ("milvuss:///data/x.db", "a file of Milvus Lite"),
        ("qdrant://host/name", "in a folder or at milvus://, milvuss://"),
    ],
)
def test_what_cannot_be_an_address_is_refused_and_no_password_repeated(given, words):
    with pytest.raises(InvalidInput, match=words) as refused:
        Engine.open(given)
    assert "secret" not in str(refused.value)


def test_without_the_package_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(extras, "installed", lambda package: False)
    with pytest.raises(MissingExtra, match=r"pymilvus.*pip install 'opensearch-visual\[milvus\]'"):
        Engine.open("milvus://localhost:1/name")


def test_who_asks_is_told_by_the_environment_or_a_file(monkeypatch, tmp_path):
    for name in ("TOKEN", "TOKEN_FILE", "USER", "PASSWORD"):
        monkeypatch.delenv(f"OPENSEARCH_MILVUS_{name}", raising=False)
    assert asking.credentials() == {}
    monkeypatch.setenv("OPENSEARCH_MILVUS_USER", "me")
    monkeypatch.setenv("OPENSEARCH_MILVUS_PASSWORD", "word")
    assert asking.credentials() == {"user": "me", "password": "word"}
    (tmp_path / "secret").write_text("me:word\n")
    monkeypatch.setenv("OPENSEARCH_MILVUS_TOKEN_FILE", str(tmp_path / "secret"))
    assert asking.credentials() == {"token": "me:word"}
    monkeypatch.setenv("OPENSEARCH_MILVUS_TOKEN", "key")
    assert asking.credentials() == {"token": "key"}
    monkeypatch.delenv("OPENSEARCH_MILVUS_TOKEN")
    monkeypatch.setenv("OPENSEARCH_MILVUS_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(InvalidInput, match="TOKEN_FILE names a file that cannot be read"):
        asking.credentials()


def test_versions_that_cannot_hold_codes_are_refused_and_those_that_can_are_named(monkeypatch):
    assert versions.checked("v2.3.5-lite") == "Milvus v2.3.5-lite"
    with pytest.raises(StoreError, match=r"Milvus v2\.2\.16; an index needs .* 2\.3 or later"):
        versions.checked("v2.2.16")
    monkeypatch.setattr(versions, "version", lambda package: "3.0.1")
    with pytest.raises(
        StoreError, match=r"Lite 3\.0\.1 has no binary vectors.*milvus-lite==2\.5\.1"
    ):
        versions.lite_version()


def test_what_a_server_raises_is_one_line_with_a_way_out():
    address = Address("milvus", "host:1", "name")
    with (
        pytest.raises(
            StoreError, match=r"^Milvus at milvus://host:1/name failed: odd\. Check that"
        ),
        connection.as_ours(address),
    ):
        raise ValueError("odd")


def test_rows_are_sent_in_messages_that_a_server_takes(monkeypatch):
    monkeypatch.setattr(connection, "_AT_ONCE", 1000)
    rows = [{"id": at, "record": "x" * 300} for at in range(10)]
    portions = list(connection._portions(rows))
    assert [row for part in portions for row in part] == rows
    assert [len(part) for part in portions] == [3, 3, 3, 1]


def test_a_server_that_was_just_started_is_waited_for_and_other_errors_are_told(monkeypatch):
    monkeypatch.setattr(connection.time, "sleep", lambda seconds: None)
    said = [ValueError("collection not loaded[1]"), ValueError("channel not available"), None]

    class Client:
        def has_collection(self, name, timeout):
            if error := said.pop(0):
                raise error
            return True

    link = connection.Connection(Address("milvus", "host:1", "name"), Client(), "toy")
    assert link.has("name")
    said += [ValueError("odd")]
    with pytest.raises(StoreError, match="failed: odd"):
        link.has("name")
    assert said == []
