"""Folders and indexes as arguments and options."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from opensearch.records import Where, is_address

FOLDER: Final = click.Path(exists=True, file_okay=False, path_type=Path)
"""A folder that is there."""


class SourcePlace(click.ParamType[Path | str]):
    """A source of items: a file or folder as a path, an address such as s3://bucket as text."""

    name = "path"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Path | str:
        """A path, or an address."""
        return value if isinstance(value, str) and is_address(value) else Path(value)


class IndexPlace(click.ParamType[Where]):
    """Where an index lies: a folder, which must exist if `exists`, or an address of another kind.

    An address is such as milvus://host:19530/name.
    """

    name = "path"

    def __init__(self, *, exists: bool = True) -> None:
        self._exists = exists

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Where:
        """A path, or an address."""
        if not isinstance(value, str) or "://" not in value:
            path = click.Path(exists=self._exists, file_okay=not self._exists, path_type=Path)
            return Path(path.convert(value, param, ctx))
        from opensearch.engine.lifecycle.places import located
        from opensearch.errors import InvalidInput

        try:
            return located(value)
        except InvalidInput as error:
            self.fail(str(error), param, ctx)
