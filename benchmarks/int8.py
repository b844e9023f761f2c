"""The starter's backbone in eight bits: how much quicker than in bf16, and what it costs.

    python -m benchmarks.int8 COLLECTION [--count 600] [--rounds 5]

The batch norms are folded into the convolutions, weights and activations become int8 after training
(ONNX Runtime's static quantisation, weights by channel, ranges from views of the collection's
training files), and OpenVINO runs this graph and the shipped one, in turns, on batches of 32.
Printed are views a second, the cosine of features, and the mean average precision between photos
and sketches of training files that took no part in the ranges, by embeddings of either form:
nothing of the splits `test` and `unseen` is read. Needs the extra `train`, and OpenVINO.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch.nn.utils.fusion import fuse_conv_bn_eval

from opensearch.domains import open_reader
from opensearch.domains.collections.catalog import read_collection
from opensearch.encoders.backbones import build_backbone
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.openvino import OpenVinoBackbone
from opensearch.encoders.starter import starter_model
from opensearch.encoders.tensors import load_tensors
from opensearch.evaluation import average_precision, relevant_ranks
from opensearch.records import Source

DOMAINS = ("photo", "sketch")
RANGES = 100
"""Files of each domain whose views the ranges come from."""
BATCH = 32


class Views(CalibrationDataReader):  # type: ignore[misc]
    """Views (n, h, w, 3) for the quantiser, a batch at a time."""

    def __init__(self, views: NDArray[np.uint8]) -> None:
        self._batches = iter(np.array_split(views, max(1, len(views) // BATCH)))

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """The next batch, or nothing."""
        batch = next(self._batches, None)
        return None if batch is None else {"views": batch}


@click.command()
@click.argument("collection", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--count", default=600, show_default=True, help="Files of each domain.")
@click.option("--rounds", default=5, show_default=True)
@click.option("--seed", default=0, show_default=True)
def main(collection: Path, count: int, rounds: int, seed: int) -> None:
    """Print one JSON object."""
    bundle = Bundle.open(starter_model())
    sources = chosen(collection, count + RANGES, np.random.default_rng(seed))
    views = {name: read(bundle, name, files) for name, files in sources.items()}
    graph = next(starter_model().glob("trunk-*.onnx"))
    with tempfile.TemporaryDirectory() as folder:
        whole, small = Path(folder, "folded.onnx"), Path(folder, "int8.onnx")
        tensors = next(starter_model().glob("trunk-*.safetensors"))
        folded(bundle.domain("photo").backbone.name, tensors, views["photo"].shape[1], whole)
        quantised(whole, np.concatenate([v[:RANGES] for v in views.values()]), small)
        forms = {"bf16": OpenVinoBackbone(graph, "bf16"), "int8": OpenVinoBackbone(small, "bf16")}
        held = {name: v[RANGES:] for name, v in views.items()}
        result: dict[str, object] = {"views a second": speeds(forms, held["photo"], rounds)}
        features = {
            form: {name: by_batches(backbone, v) for name, v in held.items()}
            for form, backbone in forms.items()
        }
    cosines = [
        np.einsum("nf,nf->n", *(unit_rows(features[form][name]) for form in forms))
        for name in DOMAINS
    ]
    result["cosine, mean and least"] = [
        round(float(value(np.concatenate(cosines))), 4) for value in (np.mean, np.min)
    ]
    labels = {n: np.array([s.category for s in f[RANGES:]]) for n, f in sources.items()}
    for form, found in features.items():
        points = {n: bundle.encoder(n).embed_features(f[:, None]) for n, f in found.items()}
        result[f"mAP {form}"] = {
            f"{one} > {other}": precision(points[one], labels[one], points[other], labels[other])
            for one, other in (DOMAINS, DOMAINS[::-1])
        }
    click.echo(json.dumps(result))


def chosen(folder: Path, count: int, rng: np.random.Generator) -> dict[str, list[Source]]:
    """Training files of the categories that both domains hold."""
    held = [s for s in read_collection(folder) if s.split == "train" and s.category]
    by = {name: [s for s in held if s.domain == name] for name in DOMAINS}
    shared = set.intersection(*({s.category for s in files} for files in by.values()))
    kept = {name: [s for s in files if s.category in shared] for name, files in by.items()}
    return {n: [files[i] for i in rng.permutation(len(files))[:count]] for n, files in kept.items()}


def read(bundle: Bundle, domain: str, sources: Sequence[Source]) -> NDArray[np.uint8]:
    """One view of each file, shape (n, h, w, 3)."""
    reader = open_reader(bundle.domain(domain).reader)
    return np.stack([reader(source.path, source.part).views[0] for source in sources])


def folded(name: str, tensors: Path, side: int, out: Path) -> None:
    """Write the graph of a backbone whose batch norms are part of its convolutions, in float32."""
    module = build_backbone(name).eval()
    loaded = load_tensors(tensors)
    module.load_state_dict({k: torch.from_numpy(v.astype(np.float32)) for k, v in loaded.items()})
    for unit in module.modules():
        conv, norm = getattr(unit, "conv", None), getattr(unit, "norm", None)
        if isinstance(conv, torch.nn.Conv2d) and isinstance(norm, torch.nn.BatchNorm2d):
            unit.conv, unit.norm = fuse_conv_bn_eval(conv, norm), torch.nn.Identity()
    views = torch.zeros((2, side, side, 3), dtype=torch.uint8)
    torch.onnx.export(
        module,
        (views,),
        out,
        input_names=["views"],
        output_names=["features"],
        dynamic_axes={"views": {0: "n"}},
        dynamo=False,
    )


def quantised(graph: Path, views: NDArray[np.uint8], out: Path) -> None:
    """Write a graph with weights and activations in int8."""
    prepared = out.with_name("prepared.onnx")
    quant_pre_process(graph, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        out,
        Views(views),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
    )


def speeds(
    forms: dict[str, OpenVinoBackbone], views: NDArray[np.uint8], rounds: int
) -> dict[str, float]:
    """Views a second of each form in its best round, the forms by turns."""
    best = dict.fromkeys(forms, 0.0)
    for _ in range(rounds):
        for form, backbone in forms.items():
            start = time.perf_counter()
            by_batches(backbone, views)
            best[form] = max(best[form], len(views) / (time.perf_counter() - start))
    return {form: round(value, 1) for form, value in best.items()}


def by_batches(backbone: OpenVinoBackbone, views: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features (n, f) of views."""
    batches = range(0, len(views), BATCH)
    return np.concatenate([backbone.features(views[at : at + BATCH]) for at in batches])


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rows (n, f) of length one."""
    wide = rows.astype(np.float64)
    return np.asarray(wide / np.linalg.norm(wide, axis=1, keepdims=True))


def precision(
    queries: NDArray[np.float32],
    asked: NDArray[np.str_],
    items: NDArray[np.float32],
    held: NDArray[np.str_],
) -> float:
    """Mean average precision of one domain's items for the other's."""
    same = asked[:, None] == held
    some = same.any(axis=1)
    ranks = relevant_ranks(-(queries @ items.T)[some], same[some])
    return round(float(average_precision(ranks).mean()), 4)


if __name__ == "__main__":
    main()
