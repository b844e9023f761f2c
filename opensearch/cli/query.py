"""The verb `query`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from opensearch.cli.backends import BackendName
from opensearch.cli.epilogs import ReadsShapes
from opensearch.cli.hits import open_first, remarks, show
from opensearch.cli.lines import weighted_path
from opensearch.cli.many import answer_lines
from opensearch.cli.options import json_option, model_option, sentence_option, together, up_option
from opensearch.cli.places import IndexPlace
from opensearch.cli.stdin import check_files, taken, taken_each
from opensearch.cli.tables import check_one_form
from opensearch.processes.pool import start_ahead
from opensearch.records import Where


class WeightedFile(click.ParamType[tuple[Path, float]]):
    """FILE or FILE:weight; a name that exists as it stands is no weight."""

    name = "file[:weight]"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Path, float]:
        """A path and its weight, 1 by default."""
        return value if isinstance(value, tuple) else weighted_path(value)


_asked = together(
    click.option("--text", help="Words to search for, alone or beside the files."),
    sentence_option(
        "Sentence model, a folder or a name, for words of TEXT that are not listed, such as"
        " those of other languages. Needs the extra `sentence`.",
    ),
    click.option("--id", "keys", multiple=True, metavar="KEY", help="A stored item to search by."),
    click.option(
        "--not",
        "exclude",
        multiple=True,
        type=click.Path(path_type=Path),
        help="File to search away from; repeatable.",
    ),
    click.option("--from", "source", help="Domain of the files. Default: told from each file."),
    up_option("Axis that is up in meshes among FILES. Default: told by their format."),
)
"""What is asked, beside files."""

_ordered = together(
    click.option(
        "--refine/--no-refine",
        default=None,
        help="Move the query towards its nearest item in a domain to order the hits there. Default:"
        " where the model's calibration found that it helps.",
    ),
    click.option(
        "--score",
        type=click.Choice(["rescored", "asymmetric", "hamming"]),
        default="rescored",
        show_default=True,
        help="Order by cosine of embeddings, by the unrounded query against codes (also where"
        " nothing searched has an embedding), or by Hamming distance alone.",
    ),
    click.option(
        "--depth",
        default=1000,
        show_default=True,
        type=click.IntRange(min=1),
        help="Candidates by Hamming distance that are rescored, or scored asymmetrically.",
    ),
    click.option("--max-distance", type=click.IntRange(min=0), help="Largest Hamming distance."),
    click.option(
        "--min-score", type=float, help="Least score: a probability, or a cosine if there are none."
    ),
    click.option(
        "--like",
        type=click.Choice(["meaning", "exact"]),
        default="meaning",
        show_default=True,
        help="`exact`: copies of FILE, or of the item of --id, alone, as `opensearch duplicates`"
        " knows them.",
    ),
    click.option("--where", metavar="EXPR", help="Filter, e.g. 'domain = photo and year > 2010'."),
    click.option(
        "--structure",
        type=BackendName("exact"),
        metavar="NAME",  # to list them would load numpy for a page of help
        help="Find candidates by what `opensearch structure INDEX NAME` has built. Default: exact.",
    ),
)
"""What may be a hit, and how hits are ordered."""

_printed = together(
    click.option("--paths", is_flag=True, help="Print the paths of the hits alone, one a line."),
    click.option("-0", "nul", is_flag=True, help="End each path with NUL, for `xargs -0`."),
    click.option(
        "--open", "opening", is_flag=True, help="Open the page of --html, or else the first hit."
    ),
    click.option(
        "--html", type=click.Path(path_type=Path), help="Also write a page with pictures."
    ),
    json_option("One JSON object a hit; with --queries, one a line."),
)
"""What becomes of the answer."""


@click.command(cls=ReadsShapes)
@click.argument("index", type=IndexPlace())
@click.argument("files", nargs=-1, type=WeightedFile())
@_asked
@click.option("--to", "targets", multiple=True, help="Domain to search; repeatable. Default: all.")
@click.option(
    "-k", default=10, show_default=True, type=click.IntRange(min=1), help="Number of hits."
)
@model_option("Model to encode the query with; it must fit. Default: the index's own.")
@_ordered
@click.option(
    "--queries",
    "many",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    help="Answer every line of FILE (- for stdin): a path, words, or a JSON object with the fields"
    " of `Query`, as in docs/python.md. The options given here hold where a line sets no other.",
)
@_printed
def query(
    index: Where,
    files: tuple[tuple[Path, float], ...],
    model: Path | None,
    many: Path | None,
    paths: bool,
    nul: bool,
    opening: bool,
    html: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Find the items of INDEX nearest to files, words or stored items.

    A file named - is piped in; its format is told from its content, and its domain too unless
    --from says it.

    \b
    Example:
        opensearch query indexes/mine chair.png --to shape
        opensearch query indexes/mine chair.png red.jpg:0.5 --not sofa.obj --text office
        opensearch query indexes/mine --text violin --html hits.html --open
        opensearch query indexes/mine chair.png --paths -0 | xargs -0 cp -t chairs/
        cat chair.png | opensearch query indexes/mine - --from sketch
        opensearch query indexes/mine --queries queries.txt --json
    """
    check_one_form(as_json, paths, nul)
    if many is not None:
        _check_many(html, opening, files=files, **options)
    else:
        _check_idle(files, options)
        check_files([*(file for file, _ in files), *options["exclude"]])
    if files or options["exclude"] or many is not None:
        start_ahead()  # it is up once the packages below are
    from opensearch.engine import Engine, Query

    if many is None:  # before INDEX is opened: who writes to the pipe may need as long
        options["exclude"] = [taken(file) for file in options["exclude"]]
    given = taken_each(files)
    end = "\0" if nul else "\n" if paths else None
    with Engine.open(index, model) as engine:
        if many is not None:
            answer_lines(engine, many, options, as_json=as_json, paths=end)
            return
        asked = Query(files=given, **options)
        answer = engine.ask(asked)
        answer = replace(answer, notes=remarks(answer))
        if html is not None:
            from opensearch.pages import write_page

            write_page(html, engine, asked, answer)
    show(answer, as_json=as_json, end=end)
    if opening:
        open_first(answer.hits, html)


def _check_idle(files: Sequence[object], options: Mapping[str, Any]) -> None:
    """Refuse options that describe files, or a text, where there are none."""
    for flag, name in (("--from", "source"), ("--up", "up")):
        if options[name] is not None and not (files or options["exclude"]):
            raise click.UsageError(f"{flag} says what FILES are, but none is given")
    if options["sentence"] is not None and not options["text"]:
        raise click.UsageError("--sentence reads the words of --text, but there are none")


def _check_many(html: Path | None, opening: bool, **options: Any) -> None:
    """Refuse options of a single query beside --queries."""
    one = {"FILES": options["files"], "--text": options["text"], "--id": options["keys"]}
    one |= {"--not": options["exclude"], "--html": html, "--open": opening}
    given = [name for name, value in one.items() if value]
    if given:
        raise click.UsageError(f"--queries takes no {', '.join(given)}: its lines say what to find")
