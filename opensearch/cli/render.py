"""The verb `render`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opensearch.cli.epilogs import ReadsShapes
from opensearch.cli.messages import say
from opensearch.cli.places import FOLDER
from opensearch.config import ReaderSettings
from opensearch.errors import InvalidInput
from opensearch.processes.pool import start_ahead
from opensearch.records import UPS, Up
from opensearch.spelling import names_in


@click.command(cls=ReadsShapes)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the pictures; made when missing.")  # fmt: skip
@click.option("--model", type=FOLDER,
              help="Take size and views from this model's encoder.")  # fmt: skip
@click.option("--domain", help="Domain of FILE, e.g. sketch. Default: told from the file.")
@click.option("--up", type=click.Choice(UPS),
              help="Axis that is up in a mesh. Default: told by its format.")  # fmt: skip
@click.option("--part", type=click.IntRange(min=1), help="Line of an .ndjson file.")
@click.option("--size", default=224, show_default=True, type=click.IntRange(16, 1024),
              help="Side of a view, pixels.")  # fmt: skip
@click.option("--views", default=6, show_default=True, type=click.IntRange(0, 24),
              help="Shaded views of a mesh.")  # fmt: skip
@click.option("--line-views", default=0, show_default=True, type=click.IntRange(0, 24),
              help="Line drawings of a mesh.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def render(
    file: Path,
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

    FILE is a mesh, a drawing or a picture. Writes each view as a PNG, and all of them together as
    views.png. Of a mesh the shaded views come first, then the line drawings.

    \b
    Example:
        opensearch render chair.obj --out /tmp/chair --line-views 6
    """
    if domain and names_in(domain):
        raise InvalidInput(f"`domain` must be one name, got {domain!r}")
    start_ahead()  # it is up once the packages below are
    from opensearch.domains import READERS, default_reader, save_views
    from opensearch.domains.opening.workers import Readers

    if model is not None:
        settings = _settings_of(model)
    else:
        taken_for = [domain] if domain else [kind.domain for kind in READERS.values()]
        shared = {"size": size, "views": views, "line_views": line_views}
        settings = {
            name: ReaderSettings(reader=default_reader(name), **shared) for name in taken_for
        }
    with Readers(settings) as readers:
        opened = readers.open(file, part, domain, up=up)
    paths = [str(path) for path in save_views(opened.reading, out)]
    domain = opened.domain
    if not opened.sure:
        say(f"{file.name} was taken for a {domain}; --domain says otherwise")
    if opened.reading.lost:
        say(f"{file.name} is damaged: {opened.reading.lost}")
    if opened.reading.up is not None and not as_json:
        say(f"up-axis: {opened.reading.up}")
    if as_json:
        said = settings[domain].model_dump()
        shown = opened.reading
        fields = {"domain": domain, "aspect": shown.aspect, "up": shown.up, "settings": said}
        if shown.lost:
            fields["lost"] = shown.lost
        click.echo(json.dumps({**fields, "files": paths}, ensure_ascii=False))
    else:
        click.echo("\n".join(paths))


def _settings_of(model: Path) -> dict[str, ReaderSettings]:
    """How the encoders of a model want files read, by domain."""
    from opensearch.encoders.bundle import Bundle

    return {name: card.reader for name, card in Bundle.open(model).card.domains.items()}
