"""The barycentre of views against the POT library, and what pooling by it costs an index.

    python -m benchmarks.barycentre [SHAPES]

Prints the largest difference of our barycentres and POT's (log-domain, the same cost and gamma),
and the milliseconds of CPU time that each takes, the least of the repetitions. With SHAPES, a
folder of meshes, their views are read and encoded by the shipped model's backbone, as an index
does, and each pooling is timed on them.
Needs the extra `bench`. Give it one thread (OMP_NUM_THREADS=1).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from opensearch import starter_model
from opensearch.config import BarycentreSettings
from opensearch.domains import READERS, meshes
from opensearch.encoders.barycentre import barycentre
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.pipeline import encode_views
from opensearch.encoders.pooling import pool_features
from opensearch.limits import Limits
from opensearch.training.barycentre import fit_barycentre

REPEATS: Final = 3
CASES: Final = ((0.02, 200), (0.05, 200), (0.05, 30), (0.2, 30))
"""Gamma, and rounds of projections."""
GROUPS: Final = (64, 128, 256)


@click.command()
@click.argument("shapes", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--most", default=20, show_default=True, help="Shapes to read.")
def main(shapes: Path | None, most: int) -> None:
    """Compare with POT, then time pooling."""
    against_pot()
    if shapes is not None:
        on_shapes(shapes, most)


def against_pot() -> None:
    """Differences and times on histograms of 12 views over 128 groups."""
    import ot

    rng = np.random.default_rng(0)
    histograms = rng.dirichlet(np.full(128, 0.3), 12) + 1e-8
    histograms /= histograms.sum(axis=1, keepdims=True)
    points = rng.normal(size=(128, 8))
    cost = np.square(points[:, None] - points[None]).sum(axis=2)
    cost /= np.median(cost[~np.eye(128, dtype=bool)])
    print("gamma rounds  difference  ours ms  POT ms")
    for gamma, rounds in CASES:

        def theirs(gamma: float = gamma, rounds: int = rounds) -> Any:
            return ot.barycenter(
                histograms.T,
                cost,
                gamma,
                method="sinkhorn_log",
                numItermax=rounds,
                stopThr=0,
                warn=False,
            )

        def ours(gamma: float = gamma, rounds: int = rounds) -> NDArray[np.float64]:
            return np.asarray(barycentre(histograms[None], cost, gamma, rounds)[0])

        other = theirs()
        apart = np.abs(ours() - other / other.sum()).max()
        print(
            f"{gamma:5} {rounds:6}  {apart:10.1e}  {milliseconds(ours):7.1f}"
            f"  {milliseconds(theirs):6.1f}"
        )


def on_shapes(folder: Path, most: int) -> None:
    """Times a shape: reading, encoding, and each pooling of its features."""
    bundle = Bundle.open(starter_model())
    settings = bundle.domain("shape").reader
    files = [f for f in sorted(folder.rglob("*")) if f.suffix.lower() in meshes.suffixes()]
    files = files[:: max(1, len(files) // most)][:most]
    read = READERS[settings.reader].open(settings, Limits())
    start = time.process_time()
    views = [read(file).views for file in files]
    reading = (time.process_time() - start) / len(files) * 1000
    backbone = bundle.backbone("shape")
    start = time.process_time()
    features = np.stack([encode_views(own, backbone) for own in views])
    encoding = (time.process_time() - start) / len(files) * 1000
    print(
        f"\n{len(files)} shapes, {features.shape[1]} views: reading {reading:.0f} ms of CPU time,"
    )
    print(f"encoding {encoding:.0f} ms\n\npooling            ms a shape")
    print(f"mean-features      {pooling_time(features, 'mean-features', {}):10.2f}")
    flat = features.reshape(-1, features.shape[-1])
    for groups in GROUPS:
        fitted = fit_barycentre(flat, BarycentreSettings(groups=groups), 0)
        took = pooling_time(features, "barycentre", fitted)
        print(f"barycentre of {groups:4} {took:10.2f}")


def pooling_time(features: NDArray[np.float32], how: str, tensors: dict[str, Any]) -> float:
    """Milliseconds a shape, one by one as they come to an index."""
    took = milliseconds(lambda: [pool_features(own[None], how, tensors) for own in features])
    return took / len(features)


def milliseconds(work: Callable[[], Any]) -> float:
    """CPU time of the quickest of a few runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times) * 1000


if __name__ == "__main__":
    main()
