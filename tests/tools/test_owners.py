"""The contract of owners: a room, a package or a line that nobody thought of is told."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("importlinter", reason="the extra lint is not installed")
from grimp import build_graph

from tools.owners import faults, imports, read_table

TABLE = read_table(["click: cli", "numpy: *"])


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A package of two rooms and a module, whose files a test writes."""
    root = tmp_path / "toyhouse"
    for room in ("cli", "store"):
        (root / room).mkdir(parents=True)
        (root / room / "__init__.py").write_text("")
    (root / "__init__.py").write_text("import os\n")
    (root / "cli" / "verbs.py").write_text("import click\nimport numpy.linalg\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield root
    sys.modules.pop("toyhouse", None)


def told(root: Path):
    graph = build_graph(root.name, include_external_packages=True, cache_dir=None)
    return list(faults(root.name, TABLE, imports(root.name, graph)))


def test_what_the_table_allows_is_kept(house):
    assert told(house) == []


def test_a_new_room_owns_nothing(house):
    (house / "service").mkdir()
    (house / "service" / "__init__.py").write_text("import numpy\n")
    (house / "service" / "app.py").write_text("def run():\n    import click.testing\n")
    assert told(house) == ["toyhouse.service.app imports click, which belongs to cli"]


def test_a_new_module_beside_the_rooms_owns_nothing(house):
    (house / "config.py").write_text("import click\n")
    assert told(house) == ["toyhouse.config imports click, which belongs to cli"]


def test_a_package_without_a_line_is_nobodys(house):
    (house / "store" / "base.py").write_text("import lmdb\n")
    (found,) = told(house)
    assert found.startswith("toyhouse.store.base imports lmdb, which belongs to nobody; give it")


def test_a_line_that_nothing_needs_goes(house):
    (house / "cli" / "verbs.py").write_text("")
    assert told(house) == ["cli owns click, but nothing in toyhouse.cli imports it"]


@pytest.mark.parametrize("line", ["click", "click:", ": cli", "click: ,"])
def test_a_line_that_says_nothing_is_refused(line):
    with pytest.raises(ValueError, match="wanted `package: room, room`"):
        read_table([line])
    with pytest.raises(ValueError, match="each package once"):
        read_table(["click: cli", "click: store"])
