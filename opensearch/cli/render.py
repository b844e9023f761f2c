"""The verb `render`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click

from opensearch.cli.epilogs import ReadsShapes
from opensearch.cli.messages import say
from opensearch.cli.options import json_option, model_option, up_option
from opensearch.cli.stdin import DASH, check_files, taken
from opensearch.config import ReaderSettings
from opensearch.errors import InvalidInput
from opensearch.processes.pool import start_ahead
from opensearch.records import Up
from opensearch.spelling import hint, names_in


class _DrawingPath(click.ParamType[tuple[Path, int | None]]):
    """A file, or FILE.ndjson#N: the drawing in its line N."""

    name = "file"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Path, int | None]:
        """The file, which is there, and the line if one is named."""
        from opensearch.domains.collections.layout import split_part

        if value == DASH:
            return Path(value), None
        name, line = (value, None) if os.path.exists(value) else split_part(value)
        click.Path(exists=True, dir_okay=False).convert(name, param, ctx)
        return Path(name), line


@click.command(cls=ReadsShapes)
@click.argument("file", type=_DrawingPath())
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the pictures; made if missing.")  # fmt: skip
@model_option("Take size and views from this model's encoder.")
@click.option("--domain", help="Domain of FILE, e.g. sketch. Default: told from the file.")
@up_option("Axis that is up in a mesh. Default: told by its format.")
@click.option("--part", type=click.IntRange(min=1), help="Line of an .ndjson file.")
@click.option("--size", default=224, show_default=True, type=click.IntRange(16, 1024),
              help="Side of a view, pixels.")  # fmt: skip
@click.option("--views", default=6, show_default=True, type=click.IntRange(0, 24),
              help="Shaded views of a mesh.")  # fmt: skip
@click.option("--line-views", default=0, show_default=True, type=click.IntRange(0, 24),
              help="Line drawings of a mesh.")  # fmt: skip
@json_option("Print one JSON object.")
def render(
    file: tuple[Path, int | None],
    out: Path,
    model: Path | None,
    domain: str | None,
    up: Up | None,
    part: int | None,
    size: int,
    views: int,
    line_views: int,
    as_json: bool,
) -> None:
    """Show what an encoder sees of FILE.

    FILE is a mesh, a drawing or a picture; FILE#3 is the drawing in line 3, and - a file piped in.
    Writes each view as a PNG, and all of them together as views.png. Of a mesh the shaded views
    come first, then the line drawings.

    \b
    Example:
        opensearch render chair.obj --out /tmp/chair --line-views 6
        sed -n 3p strokes.ndjson | opensearch render - --out /tmp/third
    """
    if domain and names_in(domain):
        raise InvalidInput(f"`domain` must be one name, got {domain!r}")
    check_files([file[0]])
    start_ahead()  # it is up once the packages below are
    from opensearch.domains import save_views
    from opensearch.domains.opening.workers import Readers
    from opensearch.limits import Limits
    from opensearch.model.inputs import on_disk

    drawn = {"size": size, "views": views, "line_views": line_views}
    if model is None and domain:
        _refuse_near(domain)
    settings = _settings(domain, drawn) if model is None else _settings_of(model)
    with on_disk(taken(file[0]), Limits()) as (path, _), Readers(settings) as readers:
        line = _line(path, file[1], part)
        opened = readers.open(path, line, domain, up=up)
        paths = [str(path) for path in save_views(opened.reading, out, source=path)]
    shown = opened.reading
    if not opened.sure:
        say(f"{path.name} was taken for a {opened.domain}; use --domain if it is not")
    if shown.lost:
        say(f"{path.name} is damaged: {shown.lost}")
    if not as_json:
        if shown.up is not None:
            say(f"up-axis: {shown.up}")
        click.echo("\n".join(paths))
        return
    said = settings[opened.domain].model_dump()
    fields = {"domain": opened.domain, "aspect": shown.aspect, "up": shown.up, "settings": said}
    if shown.lost:
        fields["lost"] = shown.lost
    click.echo(json.dumps({**fields, "files": paths}, ensure_ascii=False))


def _line(path: Path, named: int | None, part: int | None) -> int | None:
    """Which drawing of a file is meant, by `#n` or by --part."""
    if part is not None and named not in (None, part):
        raise click.UsageError(f"--part {part} and #{named} name two different lines; give one")
    if part is not None and path.suffix.lower() != ".ndjson":
        raise click.UsageError(f"--part is a line of an .ndjson file, which {path.name} is not")
    return part or named


def _refuse_near(domain: str) -> None:
    """Refuse a name that is nearly that of a domain; any other is a domain of pictures."""
    from opensearch.domains import READERS
    from opensearch.domains.collections.layout import DOMAIN_WORDS

    known = [*dict.fromkeys([*(kind.domain for kind in READERS.values()), *DOMAIN_WORDS.values()])]
    if domain not in known and (meant := hint(domain, known)):
        raise InvalidInput(f"no domain {domain!r} is known{meant}")


def _settings(domain: str | None, drawn: dict[str, int]) -> dict[str, ReaderSettings]:
    """How files of a domain, or of each that has a reader, are read as they are drawn here."""
    from opensearch.domains import READERS, default_reader

    taken_for = [domain] if domain else [kind.domain for kind in READERS.values()]
    return {name: ReaderSettings(reader=default_reader(name), **drawn) for name in taken_for}


def _settings_of(model: Path) -> dict[str, ReaderSettings]:
    """How the encoders of a model want files read, by domain."""
    from opensearch.encoders.bundle import Bundle

    return {name: card.reader for name, card in Bundle.open(model).card.domains.items()}
