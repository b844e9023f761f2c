"""Features of a trunk before it learns, cached: what heads start on and distillation keeps to."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from opensearch.encoders.backbones import Backbone
from opensearch.encoders.tensors import identity
from opensearch.records import Source
from opensearch.training.cache import CachedRows, RowCache, Rows
from opensearch.training.context import Context
from opensearch.training.domain import DomainData
from opensearch.training.joint.vary import plain

_VIEWS = 32  # a batch


def frozen_features(context: Context, data: DomainData, backbone: Backbone) -> CachedRows:
    """Features (v, f) float32 of a domain's views at the side that the trunk will learn on.

    Args:
        data: with views as rows; every one of its items has a row here, in the same order.
        backbone: not yet trained; run in bf16, so rows are good for training only.
    """
    side = context.config.joint.side
    backbone = backbone.eval().to(memory_format=torch.channels_last)
    place = {(s.path, s.part): row for row, s in enumerate(data.rows.sources)}
    count = max(1, _VIEWS // data.views)

    def compute(part: Sequence[Source]) -> Rows:
        for start in range(0, len(part), count):
            here = [place[s.path, s.part] for s in part[start : start + count]]
            views = data.rows.take(here)
            flat = plain(torch.from_numpy(views.reshape(-1, *views.shape[2:])), side)
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                rows = backbone(flat).float().numpy()
            yield from rows.reshape(*views.shape[:2], -1)

    tensors = {name: tensor.numpy() for name, tensor in backbone.state_dict().items()}
    recipe = f"frozen|{identity(tensors, {})}|{side}|{data.views}|{data.reader.model_dump_json()}"
    rows = RowCache(context.cache, recipe)
    return rows.rows(data.rows.sources, compute, context.progress, f"{data.name} features")
