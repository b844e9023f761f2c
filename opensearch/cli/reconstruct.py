"""The verb `reconstruct`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from opensearch.cli.messages import in_flags, say
from opensearch.cli.options import json_option, model_option, together
from opensearch.cli.places import IndexPlace
from opensearch.cli.progress import Bars
from opensearch.cli.stdin import check_files, taken
from opensearch.cli.tables import header
from opensearch.cli.verb import Verb
from opensearch.processes.pool import start_ahead
from opensearch.records import Where

if TYPE_CHECKING:
    from opensearch.reconstruction import Reconstruction

_HEADER = "rank  weight   score  key  [category]"


_made = together(
    click.option(
        "-k",
        "--k",
        default=5,
        show_default=True,
        type=click.IntRange(1, 50),
        help="Nearest shapes that the model is made of.",
    ),
    click.option(
        "--mode",
        type=click.Choice(["auto", "nearest", "mean", "generator", "blend"]),
        default="auto",
        show_default=True,
        help="The nearest shape's voxels, the mean of all by their weights, what the generator of"
        " the reconstruction model makes of them, or half of each of these two. auto: what the"
        " model says is best, else mean.",
    ),
    click.option(
        "--align/--no-align",
        default=True,
        show_default=True,
        help="Turn the shapes so that they lie and face alike, or leave each as it stands by"
        " itself.",
    ),
    click.option(
        "--weights",
        type=click.Choice(["printed", "normalised"]),
        help="Weights .5 .4 .3 .2 .1 as the paper prints them, or divided by their sum. Default:"
        " those the generator has learnt with, else as printed.",
    ),
    click.option(
        "--by",
        type=click.Choice(["semantic", "latent"]),
        default="semantic",
        show_default=True,
        help="Find shapes by the embeddings of INDEX, or by their renders in the latent space of"
        " the reconstruction model; the first run draws them for all shapes and keeps their codes"
        " in INDEX.",
    ),
    click.option("--from", "source", help="Domain of SKETCH. Default: told from it."),
    model_option(
        "Reconstruction model, made by train-3d. Default: the one that is shipped, if any."
    ),
)
"""How the model is made, and of which shapes."""

_beside = together(
    click.option(
        "--views",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder for pictures of sketch, shapes and model, and a sheet of all, views.png.",
    ),
    click.option(
        "--voxels",
        type=click.Path(dir_okay=False, path_type=Path),
        help="Also write the probabilities (32, 32, 32), axes x, y, z, as .npy.",
    ),
)
"""What is written beside the model."""


@click.command(cls=Verb)
@click.argument("sketch", type=click.Path(path_type=Path))
@click.option(
    "--index",
    required=True,
    type=IndexPlace(),
    help="Index that holds shapes; their files are read again.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Mesh to write; its ending says the format: .obj, .ply, .stl or .glb.",
)
@click.option("--overwrite", is_flag=True, help="Write over files that are there.")
@_made
@_beside
@json_option("Print one JSON object.")
def reconstruct(
    sketch: Path,
    index: Where,
    out: Path,
    overwrite: bool,
    views: Path | None,
    voxels: Path | None,
    as_json: bool,
    **options: Any,
) -> None:
    """Make a 3D model of SKETCH from similar shapes in INDEX.

    The model is closed, y is up and its front looks towards +z. It has the mean size of the shapes
    it is made of, each scaled to a radius of 1. On the way shapes become grids of 32 voxels to a
    side, so what is thinner than a thirtieth of the whole is lost or thickened. A SKETCH named -
    is piped in.

    \b
    Example:
        opensearch reconstruct chair.png --index indexes/mine --out chair.glb
        opensearch reconstruct chair.png --index indexes/mine --out c.obj --mode mean --views seen
    """
    check_files([sketch])
    start_ahead()  # it is up once the packages below are
    from opensearch.domains.reading import check_stays
    from opensearch.reconstruction import surfaces

    surfaces.check_extra()
    surfaces.check_out(out, overwrite)
    if voxels is not None:
        surfaces.check_free(voxels, overwrite)
    if views is not None:
        check_stays(sketch, views, options["k"] + 2)
    from opensearch.engine import Engine
    from opensearch.reconstruction import reconstruct, save_pictures

    with Engine.open(index) as engine, Bars(as_json) as bars:
        made = reconstruct(engine, taken(sketch), progress=bars.show, **options)
    surfaces.write_mesh(made.mesh, out, overwrite=overwrite)
    if voxels is not None:
        surfaces.write(voxels, surfaces.voxel_file(made.grid))
    if views is not None:
        save_pictures(made, views, sketch)
    if as_json:
        paths = {"out": str(out), "voxels": voxels and str(voxels), "views": views and str(views)}
        told = {**paths, **made.to_dict(), "notes": [in_flags(note) for note in made.notes]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _show(made, out)


def _show(made: Reconstruction, out: Path) -> None:
    """The shapes it was made of, a row each, then the model."""
    for note in made.notes:
        say(in_flags(note))
    header(_HEADER)
    used = made.retrieved[:1] if made.mode == "nearest" else made.retrieved
    for rank, each in enumerate(made.retrieved, start=1):
        item, score = each.near.item, each.near.score
        told = "     -" if score is None else f"{score:6.2f}"
        label = f"  [{item.category}]" if item.category else ""
        unused = "" if rank <= len(used) else "  (not used)"
        click.echo(f"{rank:>4}  {each.weight:6.2f}  {told}  {item.key}{label}{unused}")
    fields = made.to_dict()
    sides = " x ".join(f"{side:.2f}" for side in fields["box"])
    sure = ""
    if made.confidence is not None:
        sure = f", confidence {made.confidence:.2f} ({made.confidence_kind})"
    click.echo(f"{out}: {made.mode}, {fields['faces']:,} faces, {sides}{sure}")
