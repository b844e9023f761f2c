"""The verb `index`."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.epilogs import ReadsShapes
from opensearch.cli.messages import in_flags, say, visible
from opensearch.cli.options import json_option, model_option, together, up_option
from opensearch.cli.places import IndexPlace, SourcePlace
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import SHOWN, SKIPPED
from opensearch.cli.tables import counted
from opensearch.errors import shortened
from opensearch.records import Where

if TYPE_CHECKING:
    from opensearch.engine import Engine
    from opensearch.engine.ingest.encoding import Encoding
    from opensearch.progress import Note
    from opensearch.records import Report

NAMED = 3


class _PruneAlone(ReadsShapes):
    """Takes `--prune` alone for `--prune=gone`; click would take the next word for its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = args[: args.index("--")] if "--" in args else args
        alone = ["--prune=gone" if word == "--prune" else word for word in options]
        return super().parse_args(ctx, alone + args[len(options) :])


_taken_for = together(
    click.option("--domain", help="Domain of every file. Default: told from folder or content."),
    up_option(
        "Axis that is up in every mesh, remembered from now on. Default: as said before, by a"
        " manifest, or by the format; where nothing says it, all three take turns."
    ),
)
"""What files are taken for."""

_which = together(
    click.option(
        "--prune",
        type=click.Choice(["gone", "force"]),
        is_flag=False,
        flag_value="gone",
        help="Remove items of SOURCES whose files are gone; where a source has lost all or most of"
        " its items, as when a disk is not mounted, only by --prune=force.",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="GLOB",
        help="Pass over files and folders of this name, as a line of .gitignore would; repeatable."
        " Holds for this run alone: what is stored already stays.",
    ),
    click.option(
        "--dry-run",
        is_flag=True,
        help="Print what the run would do to each file, and the counts; write and encode nothing.",
    ),
    click.option(
        "--compare",
        type=click.Choice(["time", "content"]),
        default="time",
        show_default=True,
        help="How to tell that a file has not changed: by size and time, or by content, for files"
        " that change and keep both.",
    ),
    click.option(
        "--reread", is_flag=True, help="Also encode again files that an older version read."
    ),
    click.option(
        "--on-error",
        type=click.Choice(["skip", "fail"]),
        default="skip",
        show_default=True,
        help="What to do about a file that cannot be read: skip it, or end the run.",
    ),
)
"""What becomes of which files."""

_encoded = together(
    click.option(
        "--ray",
        metavar="ADDRESS",
        help="Read and encode on the Ray cluster at HOST:PORT that this machine is a node of, or"
        " `auto` to find it; `local` uses workers on this machine alone. The index is written"
        " here. Needs the extra ray.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(1),
        help="Workers on the Ray cluster. Default: as many as it has processors for, four to each.",
    ),
)
"""Where files are read and encoded."""


@click.command(cls=_PruneAlone)
@click.argument("sources", nargs=-1, required=True, type=SourcePlace())
@click.option(
    "--to", "to", required=True, type=IndexPlace(exists=False),
    help="Folder of the index, or milvus://HOST:PORT/NAME; docs/scale-out.md.",
)  # fmt: skip
@model_option(
    "Model of a new index, the shipped starter by default; for an old one, a model that"
    " fits it and replaces its own."
)
@_taken_for
@_which
@_encoded
@json_option("Print the report as JSON.")
@quiet_option
def index(
    sources: tuple[Path | str, ...],
    to: Where,
    model: Path | None,
    dry_run: bool,
    ray: str | None,
    workers: int | None,
    as_json: bool,
    quiet: bool,
    **said: Any,
) -> None:
    """Create an index of files and folders, or bring it up to date.

    Only new or changed files are encoded; a run that was killed goes on where it was. SOURCES are
    files, folders, or addresses such as s3://bucket/photos, which the extra remote reads.

    \b
    Example:
        opensearch index collection/ --to indexes/mine
        opensearch index more/ --to indexes/mine --prune --dry-run
        opensearch index photos/ --to indexes/mine --exclude '*.gif' --exclude drafts/
        opensearch index prints/ --to indexes/mine --up z
        opensearch index collection/ --to indexes/other --model models/mine
        opensearch index /mnt/photos --to indexes/all --ray head:6379 --workers 16
        opensearch index s3://bucket/photos --to indexes/all
    """
    from opensearch.engine.lifecycle.places import is_index

    if workers is not None and ray is None:
        raise click.UsageError("--workers are those of a Ray cluster; name it with --ray")
    with Bars(quiet) as bars:
        said["progress"] = partial(bars.show, "comparing" if dry_run else "indexing")
        if dry_run and not is_index(to):
            report = _planned(sources, to, model, **said)
        else:
            said["encoding"] = _encoding(ray, workers, bars.note)
            report = _added(sources, to, model, dry_run=dry_run, **said)
    _tell(report, as_json)
    if said["domain"] is None and report.added + report.replaced:
        _note_names(sources)
    if as_json or not dry_run:  # where they were not named in their turn
        _list_failures(report)
    if report.failed:
        raise click.exceptions.Exit(SKIPPED)


def _note_names(sources: tuple[Path | str, ...]) -> None:
    """Say of drawings that the name of a source says no domain, where nothing in it does."""
    from opensearch.domains.collections.layout import DOMAIN_WORDS
    from opensearch.domains.collections.manifest import MANIFESTS

    for source in sources:
        path = Path(os.path.abspath(source))
        domain = DOMAIN_WORDS.get(path.name.lower())
        if domain not in ("sketch", "cartoon") or not path.is_dir():
            continue
        if not any(name.lower() in (*DOMAIN_WORDS, *MANIFESTS) for name in os.listdir(path)):
            say(
                f"the name of {visible(path.name)}/ itself says no domain, as those of folders in"
                f" it would; if its files are of one, say --domain {domain}"
            )


def _planned(sources: tuple[Path | str, ...], to: Where, model: Path | None, **said: Any) -> Report:
    """What a run would do that begins an index."""
    from opensearch.engine.ingest.runs import plan_new

    of_any = {name: said[name] for name in ("domain", "up", "exclude", "progress")}
    return plan_new(to, model, sources, **of_any)


def _added(
    sources: tuple[Path | str, ...],
    to: Where,
    model: Path | None,
    *,
    dry_run: bool,
    on_error: str,
    prune: str | None,
    **said: Any,
) -> Report:
    """What a run has done, or would do, to an index, which is made if there is none."""
    from opensearch.engine import Engine
    from opensearch.engine.ingest.runs import check_new
    from opensearch.engine.lifecycle.places import is_index

    if not is_index(to):
        check_new(to, model, sources, said["domain"])
    with _opened(Engine, to, model, adopt=not dry_run) as engine:
        return engine.add(
            *sources,
            strict=on_error == "fail",
            prune="force" if prune == "force" else prune is not None,
            dry_run=dry_run,
            **said,
        )


def _encoding(ray: str | None, workers: int | None, note: Note) -> Encoding:
    """Where files are encoded: here, unless a Ray cluster is named."""
    from opensearch.cluster import OnRay
    from opensearch.engine.ingest.encoding import IN_PLACE

    return IN_PLACE if ray is None else OnRay(ray, workers, note)


def _opened(engine: type[Engine], to: Where, model: Path | None, *, adopt: bool) -> Engine:
    from opensearch.engine.lifecycle.places import is_index

    if is_index(to):
        return engine.open(to, model, adopt=adopt and model is not None)
    return engine.create(to, model)


def _tell(report: Report, as_json: bool) -> None:
    """The report: as one JSON object, or what was planned and the books."""
    if as_json:
        click.echo(json.dumps(report.to_dict(), ensure_ascii=False))
        return
    for planned in report.planned:
        reason = f": {planned.reason}" if planned.reason else ""
        click.echo(f"{planned.step:<8}  {visible(planned.name + in_flags(reason))}")
    click.echo(_books(report))


def _books(report: Report) -> str:
    from opensearch.domains.unread import way_in

    parts = ("added", "replaced", "moved", "unchanged", "ignored", "failed")
    sums = " + ".join(f"{getattr(report, part)} {part}" for part in parts)
    lines = [f"{report.seen} seen = {sums}"]
    if not report.seen and not report.removed:
        lines.append("there is no file in what was named")
    if report.removed:
        lines.append(f"{report.removed} removed")
    if report.refused:
        lines.append(in_flags(f"--prune would be refused: {report.refused}"))
    if report.reread:
        lines.append(f"{report.reread} of the replaced had been read by an older version")
    if report.relabelled:
        have = "has" if report.relabelled == 1 else "have"
        lines.append(f"{report.relabelled} of the unchanged {have} a new category or metadata")
    if report.guessed:
        named = _first(report.guessed_files)
        lines.append(
            f"{report.guessed} guessed to be sketches or pictures ({named}); use --domain to say"
            " which"
        )
    if report.unmatched:
        lines.append(
            f"--exclude matched nothing: {_first(report.unmatched)}; patterns are relative to a"
            " source, and upper and lower case differ: 'drafts/', '/2019/*.gif'"
        )
    if report.ignored_suffixes:
        common = report.ignored_suffixes.most_common()
        counts = ", ".join(
            counted(n, label) if label.endswith(" folder") else f"{n} {label}"
            for label, n in common
        )
        lines.append(f"ignored: {counts}")
        ways = {suffix: way_in(suffix) for suffix in sorted(report.ignored_suffixes)}
        lines += [f"{suffix} is not read: {way}" for suffix, way in ways.items() if way]
    return "\n".join(lines)


def _first(names: list[str]) -> str:
    """The first of many names."""
    shown = [visible(shortened(name)) for name in names[:NAMED]]
    return ", ".join([*shown, *["..."] * (len(names) > NAMED)])


def _list_failures(report: Report) -> None:
    for step, failures in (("skipped", report.failures), ("damaged", report.damaged)):
        for failure in failures[:SHOWN]:
            say(in_flags(f"{step} {failure.path}: {failure.reason}"))
        if len(failures) > SHOWN:
            say(f"... and {len(failures) - SHOWN} more {step}; --json lists all of them")
