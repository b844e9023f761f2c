"""The contract `owners`: which rooms of the package may import which package from outside.

`lint-imports` checks it; the one table stands in `setup.cfg`. It leaves out nothing: a room, new or
old, may import only what its line names it for, and a package without a line nobody.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

ALL = "*"
"""In the place of rooms: every one."""


class OwnersContract(Contract):
    """Packages from outside belong to rooms.

    Options:
        root: the package whose rooms are meant.
        owners: lines `package: room, room`, or `package: *`.
    """

    root = fields.StringField()
    owners = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Every import of a package from outside, held against the table."""
        root = str(self.root)
        table = read_table(self.owners)  # type: ignore[arg-type]  # the parsed value, a list
        wrong = list(faults(root, table, imports(root, graph)))
        return ContractCheck(kept=not wrong, metadata={"wrong": wrong})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """A line for each fault."""
        for line in check.metadata["wrong"]:
            output.print_error(line)
        output.new_line()


def read_table(lines: list[str]) -> dict[str, frozenset[str]]:
    """Package to its rooms.

    Raises:
        ValueError: a line without a colon or a room, or a package named twice.
    """
    table: dict[str, frozenset[str]] = {}
    for line in lines:
        package, _, named = (part.strip() for part in line.partition(":"))
        rooms = frozenset(room.strip() for room in named.split(",") if room.strip())
        if not package or not rooms or package in table:
            raise ValueError(f"wanted `package: room, room`, each package once, got {line!r}")
        table[package] = rooms
    return table


def imports(root: str, graph: ImportGraph) -> dict[str, dict[str, str]]:
    """Package from outside to the rooms that import it, each with a module that does."""
    found: dict[str, dict[str, str]] = {}
    for module in sorted(graph.modules):
        top, _, inside = module.partition(".")
        if top != root:
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            package = imported.partition(".")[0]
            if package != root and package not in sys.stdlib_module_names:
                found.setdefault(package, {}).setdefault(inside.partition(".")[0], module)
    return found


def faults(
    root: str, table: Mapping[str, frozenset[str]], found: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """What is imported and not allowed, and lines of the table that nothing needs."""
    for package, importers in sorted(found.items()):
        for room, module in sorted(importers.items()):
            rooms = table.get(package, frozenset())
            if room not in rooms and ALL not in rooms:
                owners = ", ".join(sorted(rooms)) or "nobody; give it a line in the table of owners"
                yield f"{module} imports {package}, which belongs to {owners}"
    for package, rooms in sorted(table.items()):
        for room in sorted(rooms - {ALL} - set(found.get(package, {}))):
            yield f"{room} owns {package}, but nothing in {root}.{room} imports it"
