"""The table and the plot of the benchmark of scale."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opensearch.errors import MissingExtra

Result = dict[str, Any]

_HEAD = (
    "peer",
    "queries",
    "p50 ms",
    "p90 ms",
    "p99 ms",
    "speed to flat",
    "batch to flat",
    "recall@10",
    "build s",
    "open s",
    "add ms",
    "RSS MB",
    "disk MB",
)


def table(results: Sequence[Result]) -> str:
    """Markdown: a heading a case, a line a peer and kind of query.

    `speed to flat` is the median time of faiss's flat search over that of the peer, both from
    the same process and the same moments; above 1 the peer is faster.
    """
    parts = []
    for case in dict.fromkeys(_case(result) for result in results):
        mine = [result for result in results if _case(result) == case]
        lines = [_line(result, kind) for result in mine for kind in result["kinds"]]
        parts += [f"### {case}", "", _row(_HEAD), _row(["---"] * len(_HEAD)), *lines, ""]
    return "\n".join(parts)


def _case(result: Result) -> str:
    return f"{result['rows']:,} {result['data']} codes of {result['bits']} bits"


def _line(result: Result, kind: str) -> str:
    found = result["kinds"][kind]
    times = [f"{found['ms'][name]:.2f}" for name in ("p50", "p90", "p99")]
    effort = f" ({result['effort']})" if result["effort"] else ""
    return _row(
        [
            result["peer"] + effort,
            kind,
            *times,
            f"{found['flat_ms']['p50'] / found['ms']['p50']:.2f}",
            f"{found['flat_batch_ms'] / found['batch_ms']:.2f}",
            "exact" if found["exact"] else f"{found['recall']:.3f}",
            f"{result['build_s']:.1f}",
            f"{result['open_s']:.2f}",
            f"{result['add_ms']:.1f}",
            f"{result['rss_mb']:.0f}",
            f"{result['disk_mb']:.0f}",
        ]
    )


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def plot(results: Sequence[Result], path: Path) -> None:
    """A bar a peer and kind of query: how many times as fast as faiss's flat search.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise MissingExtra("a plot needs matplotlib; pip install opensearch-visual[bench]") from (
            error
        )
    mpl.use("Agg")
    from matplotlib import pyplot

    cases = list(dict.fromkeys(_case(result) for result in results))
    figure, axes = pyplot.subplots(
        len(cases), 1, figsize=(9, 1 + 3.2 * len(cases)), squeeze=False, layout="constrained"
    )
    for axis, case in zip(axes[:, 0], cases, strict=True):
        bars = {
            f"{result['peer']}, {kind}": found["flat_ms"]["p50"] / found["ms"]["p50"]
            for result in results
            if _case(result) == case
            for kind, found in result["kinds"].items()
        }
        axis.barh(list(bars), list(bars.values()))
        axis.axvline(1, color="black", linewidth=0.8)
        axis.set(title=case, xscale="log", xlabel="times as fast as faiss flat (one query, p50)")
        axis.invert_yaxis()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
