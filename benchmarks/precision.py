"""What bf16 in place of float32 costs a model: cosines, bits that flip, mAP with the two mixed.

    python -m benchmarks.precision MODEL DATA... [--known | --new] [--limit 20] [--as cartoon=photo]

Train files of the collections, up to `--limit` of a category and domain, are read once and encoded
in both precisions by OpenVINO. `--known` keeps the categories that the model was trained on,
`--new` the others, in both cases those that at least two domains hold. Printed are, for each
domain, the cosine of an item's two embeddings and the share of its code's bits that differ; then
mAP, the mean over all directions between two domains, for each precision of queries and gallery.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import permutations, product
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray

from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.openvino import PRECISIONS, Precision, has_bf16
from opensearch.encoders.pipeline import encode_stream, read_ahead
from opensearch.evaluation.metrics import average_precision
from opensearch.evaluation.ranks import relevant_ranks as ranks_of
from opensearch.evaluation.ties import expected_average_precision
from opensearch.model import Model
from opensearch.records import Source
from opensearch.semantic.names import normalise

Rows = dict[Precision, NDArray[np.float32]]
Bits = dict[Precision, NDArray[np.uint8]]


@dataclass
class Encoded:
    """One domain's items: embeddings (n, d) and bits (n, b) by precision, categories (n,)."""

    labels: list[str] = field(default_factory=list)
    rows: Rows = field(default_factory=dict)
    bits: Bits = field(default_factory=dict)


@click.command()
@click.argument("model", type=click.Path(exists=True, path_type=Path))
@click.argument("data", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--known/--new", default=True, show_default=True, help="Categories trained on.")
@click.option("--limit", default=20, show_default=True, help="Files a category and domain.")
@click.option("--categories", type=int, help="As many categories, drawn. Default: all.")
@click.option("--as", "borrowed", multiple=True, metavar="DOMAIN=ENCODER", help="Repeatable.")
@click.option("--seed", default=0, show_default=True, help="Of the draws.")
def main(
    model: Path,
    data: tuple[Path, ...],
    known: bool,
    limit: int,
    categories: int | None,
    borrowed: tuple[str, ...],
    seed: int,
) -> None:
    """Print a line a domain, and a line for each precision of queries and gallery."""
    if not has_bf16():
        raise click.ClickException("this processor has no bf16; there is nothing to compare")
    encoders = dict(pair.split("=", 1) for pair in borrowed)
    bundles = {precision: Bundle.open(model, precision) for precision in PRECISIONS}
    trained = {normalise(name) for name in bundles["f32"].card.categories}
    sources = [s for folder in data for s in read_collection(folder) if s.split in (None, "train")]
    kept = [s for s in sources if s.category and (normalise(s.category) in trained) == known]
    domains = [*bundles["f32"].domains, *encoders]
    groups = drawn([s for s in kept if s.domain in domains], limit, categories, seed)
    items = {
        domain: encoded(bundles, encoders.get(domain, domain), part)
        for domain, part in groups.items()
    }
    for domain, found in items.items():
        print(f"{domain:<9}{changes(found)}", flush=True)
    print(f"{'queries':<9}{'gallery':<9}{'mAP':>8}{'mAP of codes':>14}")
    for mine, theirs in product(PRECISIONS, PRECISIONS):
        real, coded = mean_precision(items, mine, theirs)
        print(f"{mine:<9}{theirs:<9}{real:>8.4f}{coded:>14.4f}")


def drawn(
    sources: Sequence[Source], limit: int, categories: int | None, seed: int
) -> dict[str, list[Source]]:
    """Sources by domain: of categories that two domains hold, at most `limit` of each."""
    groups: dict[str, dict[str, list[Source]]] = defaultdict(lambda: defaultdict(list))
    for source in sources:
        groups[normalise(source.category or "")][source.domain or ""].append(source)
    rng = random.Random(seed)
    shared = sorted(name for name, held in groups.items() if len(held) > 1)
    if categories is not None:
        shared = sorted(rng.sample(shared, min(categories, len(shared))))
    out: dict[str, list[Source]] = defaultdict(list)
    for name in shared:
        for domain, part in sorted(groups[name].items()):
            out[domain] += rng.sample(part, min(limit, len(part)))
    return out


def encoded(bundles: dict[Precision, Bundle], encoder: str, sources: Sequence[Source]) -> Encoded:
    """Items of a domain, read once; those that cannot be read are left out."""
    out = Encoded()
    models = {precision: Model(bundle) for precision, bundle in bundles.items()}
    features: dict[Precision, list[NDArray[np.float32]]] = {p: [] for p in PRECISIONS}
    reads = [
        read
        for read in read_ahead(sources, lambda s: models["f32"].read(encoder, s.path, s.part).views)
        if read.views is not None
    ]
    out.labels = [normalise(read.source.category or "") for read in reads]
    for precision, model in models.items():
        backbone = bundles[precision].backbone(encoder)
        for item in encode_stream(reads, lambda source, backbone=backbone: backbone):  # type: ignore[misc]
            assert item.features is not None
            features[precision].append(item.features)
        rows, codes = model.encode(features[precision], [encoder] * len(reads))
        out.rows[precision] = rows
        out.bits[precision] = np.unpackbits(codes, axis=1)
    return out


def changes(items: Encoded) -> str:
    """How far the two precisions of a domain's items lie apart."""
    cosines = (items.rows["f32"] * items.rows["bf16"]).sum(axis=1)
    flipped = (items.bits["f32"] != items.bits["bf16"]).sum(axis=1)
    return (
        f"{len(cosines)} items, cosine least {cosines.min():.5f} mean {cosines.mean():.6f};"
        f" bits flipped {flipped.mean() / items.bits['f32'].shape[1]:.3%}, at most {flipped.max()}"
        f" of an item, none of {np.mean(flipped == 0):.0%}"
    )


def mean_precision(
    items: dict[str, Encoded], mine: Precision, theirs: Precision
) -> tuple[float, float]:
    """MAP of embeddings and of codes, the mean over the directions between two domains."""
    found = list(_directions(items, mine, theirs))
    return float(np.mean([real for real, _ in found])), float(np.mean([c for _, c in found]))


def _directions(
    items: dict[str, Encoded], mine: Precision, theirs: Precision
) -> Iterator[tuple[float, float]]:
    for source, target in permutations(items.values(), 2):
        relevant = np.array(source.labels)[:, None] == np.array(target.labels)[None]
        asked = relevant.any(axis=1)
        relevant = relevant[asked]
        cosines = -(source.rows[mine][asked] @ target.rows[theirs].T)
        signs = [2.0 * side - 1 for side in (source.bits[mine][asked], target.bits[theirs])]
        distances = ((signs[0].shape[1] - signs[0] @ signs[1].T) / 2).round().astype(np.int64)
        yield (
            float(average_precision(ranks_of(cosines, relevant)).mean()),
            float(expected_average_precision(distances, relevant).mean()),
        )


if __name__ == "__main__":
    main()
