"""The verb `render`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from opensearch.config import DEFAULT_READERS, ReaderSettings


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path),
              help="Folder for the pictures; made when missing.")  # fmt: skip
@click.option("--model", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Take size and views from this model's encoder.")  # fmt: skip
@click.option("--domain", help="Domain of FILE, e.g. sketch. Default: told from the file.")
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
    part: int | None,
    size: int,
    views: int,
    line_views: int,
    as_json: bool,
) -> None:
    """Show exactly what an encoder sees of FILE, a mesh, drawing or picture.

    Writes a PNG a view and all of them in views.png. A mesh comes shaded first, then as lines.

    \b
    Example:
        opensearch render chair.obj --out /tmp/chair --line-views 6
    """
    from opensearch import domains

    guess = None if domain else domains.guess_domain(file, part)
    domain = domain or (guess.domain if guess else "")
    if model is not None:
        from opensearch.encoders.bundle import Bundle

        settings = Bundle.open(model).domain(domain).reader
    else:
        reader = DEFAULT_READERS.get(domain, "image")
        settings = ReaderSettings(reader=reader, size=size, views=views, line_views=line_views)
    reading = domains.open_reader(settings)(file, part)
    paths = [str(path) for path in domains.save_views(reading, out)]
    if guess and not guess.sure:
        click.echo(f"{file.name} was taken for a {domain}; --domain says otherwise", err=True)
    if as_json:
        fields = {"domain": domain, "aspect": reading.aspect, "settings": settings.model_dump()}
        click.echo(json.dumps({**fields, "files": paths}, ensure_ascii=False))
    else:
        click.echo("\n".join(paths))
