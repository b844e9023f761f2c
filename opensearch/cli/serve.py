"""The verb `serve`."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path

import click

from opensearch.cli.messages import say
from opensearch.cli.options import model_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.verb import Verb
from opensearch.records import Where


@click.command(cls=Verb)
@click.argument("index", type=IndexPlace())
@click.option("--host", default="127.0.0.1", show_default=True, metavar="ADDRESS",
              help="Where to listen. Other machines can reach only an address other than the"
              " default, which needs --token-file.")  # fmt: skip
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535),
              help="Port; 0 is any that is free.")  # fmt: skip
@click.option("--token-file", type=click.Path(path_type=Path),
              help="File with a secret that every client must send.")  # fmt: skip
@click.option("--writable", is_flag=True,
              help="Also add, change and remove items. Default: only read.")  # fmt: skip
@model_option("Model to encode queries with. Default: the index's own.")
@click.option("--open/--no-open", "opens", default=None,
              help="Open the page in a browser. Default: on a terminal.")  # fmt: skip
def serve(
    index: Where,
    host: str,
    port: int,
    token_file: Path | None,
    writable: bool,
    model: Path | None,
    opens: bool | None,
) -> None:
    """Serve INDEX as a page to draw on, and over HTTP for programs.

    The page and everything it needs come from this machine. Ctrl-C or SIGTERM ends it once what
    is under way is answered. ADDRESS/docs lists what programs can ask.

    \b
    Example:
        opensearch serve indexes/mine
        opensearch serve indexes/mine --host 0.0.0.0 --token-file secret --no-open
    """
    if opens is None:
        opens = sys.stdout.isatty()
    serve_index(index, model, (host, port), token_file, writable, opens)


def serve_index(
    index: Where,
    model: Path | None = None,
    place: tuple[str, int] = ("127.0.0.1", 8765),
    token_file: Path | None = None,
    writable: bool = False,
    opens: bool = False,
) -> None:
    """Serve an index until a signal comes; say where.

    Raises:
        OpenSearchError: the index or the model cannot be opened, or the address cannot be had.
    """
    from opensearch.service.running import serve as run_service
    from opensearch.service.settings import Serving, read_token

    token = read_token(token_file) if token_file is not None else None
    host, port = place

    def started(address: str) -> None:
        click.echo(address)
        say(f"serving {index}{'' if writable else ', read-only'}; Ctrl-C ends it")
        if opens:
            webbrowser.open(address)

    run_service(
        index, model, Serving(host=host, port=port, token=token, writable=writable), started
    )
