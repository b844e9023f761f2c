"""The verb `refit`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from opensearch.cli.options import collections_option
from opensearch.cli.places import FOLDER
from opensearch.cli.progress import Bars, quiet_option
from opensearch.cli.skipped import Skipped
from opensearch.cli.verb import Verb

_KEPT: Final = "; its calibration is that of MODEL for cosines, with nothing of codes"
_LEFT_OUT: Final = "; it has no calibration, as its embeddings are new (opensearch calibrate)"


@click.command(cls=Verb)
@click.argument("model", type=FOLDER)
@collections_option("Collection that MODEL was trained on, with a split train; repeatable.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the new model."
)
@click.option("--hasher", default="gdmh", show_default=True, help="How codes are made.")
@click.option("--bits", type=int, default=64, show_default=True, help="Bits of a code.")
@click.option(
    "--align",
    "freedom",
    type=click.FloatRange(min=0),
    help="Learn the last map of each domain anew: how far it may leave the identity; 0: no map."
    " Default: embeddings stay as they are.",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Seed of the codes.")
@quiet_option
def refit(
    model: Path,
    data: tuple[Path, ...],
    out: Path,
    hasher: str,
    bits: int,
    freedom: float | None,
    seed: int,
    quiet: bool,
) -> None:
    """Fit the codes of MODEL anew.

    Its space stays as it is, and so do its encoders unless --align is given. Without
    --align its calibration stays for cosines, less the curves of the old codes; with it, all of it
    is left out. An index made with MODEL does not fit the new model: index its files again.

    Where the codes of MODEL or the new ones come from generators (gdmh), which are part of the
    encoders' identities, these change although the embeddings stay the same to the bit.

    \b
    Example:
        opensearch refit models/mine --data collection/ --out models/longer --bits 128
        opensearch refit models/mine --data collection/ --out models/itq --hasher itq
        opensearch refit models/mine --data collection/ --out models/near --align 0.3
    """
    from opensearch.config import HashSettings
    from opensearch.encoders.bundle import Bundle
    from opensearch.experiments.refit import refit as run
    from opensearch.hashing import check_bits

    check_bits(bits)
    settings = HashSettings(name=hasher, bits=bits)
    with Bars(quiet) as bars:
        skipped = Skipped(bars.note)
        old = Bundle.open(model)
        made = run(old, out, data, settings, seed, bars.show, freedom, skipped)
    told = "" if old.card.calibration is None else _KEPT if made.card.calibration else _LEFT_OUT
    click.echo(f"{out}: {made.card.bits} bits by {hasher}; index its files again{told}")
    skipped.end()
