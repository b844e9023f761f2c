"""The verb `render`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
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
@model_option("Show what this model's encoder sees. Default: the shipped starter's.")
@click.option("--domain", help="Domain of FILE, e.g. sketch. Default: told from the file.")
@up_option("Axis that is up in a mesh. Default: told by its format.")
@click.option("--part", type=click.IntRange(min=1), help="Line of an .ndjson file.")
@click.option("--size", type=click.IntRange(16, 1024),
              help="Side of a view, pixels. Default, as of the next two: the model's.")  # fmt: skip
@click.option("--views", type=click.IntRange(0, 24), help="Shaded views of a mesh.")
@click.option("--line-views", type=click.IntRange(0, 24), help="Line drawings of a mesh.")
@json_option("Print one JSON object.")
def render(
    file: tuple[Path, int | None],
    out: Path,
    model: Path | None,
    domain: str | None,
    up: Up | None,
    part: int | None,
    as_json: bool,
    **drawn: int | None,
) -> None:
    """Show what an encoder sees of FILE.

    FILE is a mesh, a drawing or a picture; FILE#3 is the drawing in line 3, and - a file piped in.
    Writes each view as a PNG, and all of them together as views.png, in the place of what an
    earlier run wrote to the same folder. Of a mesh the shaded views come first, then the line
    drawings. The encoder is that of the model which `opensearch index` would use, unless others
    are asked for: --size, --views and --line-views say how one of your own would see FILE.

    \b
    Example:
        opensearch render chair.obj --out /tmp/chair --line-views 6
        sed -n 3p strokes.ndjson | opensearch render - --out /tmp/third
    """
    if domain and names_in(domain):
        raise InvalidInput(f"`domain` must be one name, got {domain!r}")
    given = _given(model, drawn)
    check_files([file[0]])
    start_ahead()  # it is up once the packages below are
    from opensearch.domains import save_views
    from opensearch.domains.opening.workers import Readers
    from opensearch.limits import Limits
    from opensearch.model.inputs import on_disk

    settings = _settings(domain, given) if model is None else _settings_of(model)
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


def _given(model: Path | None, drawn: dict[str, int | None]) -> dict[str, int]:
    """How views are to be drawn, as far as the command line says; a model says it by itself."""
    given = {name: value for name, value in drawn.items() if value is not None}
    if given and model is not None:
        named = " and ".join(f"--{name.replace('_', '-')}" for name in given)
        raise click.UsageError(f"{named} would be other than what --model sees; give one of both")
    return given


def _settings(domain: str | None, given: dict[str, int]) -> dict[str, ReaderSettings]:
    """As the shipped model reads files, but for what is given, by domain.

    A domain that it lacks is read at the size at which it reads all others.
    """
    from opensearch.domains import default_reader
    from opensearch.encoders.starter import starter_model

    shipped = _settings_of(starter_model())
    if domain is not None and domain not in shipped:
        _refuse_near(domain, shipped)
        say(f"the shipped model has no domain {domain}: shown at the size of its others")
        size = next(iter(shipped.values())).size
        return {domain: ReaderSettings(reader=default_reader(domain), **{"size": size, **given})}
    return {name: own.model_copy(update=given) for name, own in shipped.items()}


def _refuse_near(domain: str, shipped: Iterable[str]) -> None:
    """Refuse a name that is nearly that of a domain; any other is a domain of pictures."""
    from opensearch.domains.collections.layout import DOMAIN_WORDS

    known = [*dict.fromkeys([*shipped, *DOMAIN_WORDS.values()])]
    if domain not in known and (meant := hint(domain, known)):
        raise InvalidInput(f"no domain {domain!r} is known{meant}")


def _settings_of(model: Path) -> dict[str, ReaderSettings]:
    """How the encoders of a model want files read, by domain."""
    from opensearch.encoders.bundle import Bundle

    return {name: card.reader for name, card in Bundle.open(model).card.domains.items()}
