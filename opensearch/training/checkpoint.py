"""The folder of a training run: its settings, metrics and checkpoints; all survive a kill.

OUT/training/run.json              what is being trained on what; a resume must agree
OUT/training/<stage>.safetensors   module, momentum and step of a stage
OUT/metrics.jsonl                  one line an epoch; cut back to the checkpoint on resume
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from opensearch.encoders.tensors import write_atomic
from opensearch.errors import InvalidInput


class RunFolder:
    """Opens a run, or goes on with the one that lies there.

    Args:
        out: the model's folder.
        settings: config and data of the run, plain JSON types.

    Raises:
        InvalidInput: `out` holds a run with other settings.
    """

    def __init__(self, out: Path, settings: dict[str, Any]) -> None:
        self.folder = out / "training"
        self.metrics = out / "metrics.jsonl"
        self.folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(settings, indent=1, sort_keys=True)
        record = self.folder / "run.json"
        if record.exists() and record.read_text("utf-8") != text:
            raise InvalidInput(
                f"{out} holds a run with other settings or data ({_changed(record, settings)});"
                " choose another --out, or delete that folder to train anew"
            )
        write_atomic(record, text.encode())

    def log(self, line: dict[str, Any]) -> None:
        """Append one line of metrics."""
        with self.metrics.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def save(self, stage: str, step: int, module: nn.Module, optimiser: torch.optim.SGD) -> None:
        """Write a checkpoint of a stage, whole or not at all."""
        tensors: dict[str, Tensor] = {f"m.{k}": v for k, v in module.state_dict().items()}
        for i, parameter in enumerate(_parameters(optimiser)):
            momentum = optimiser.state.get(parameter, {}).get("momentum_buffer")
            if momentum is not None:
                tensors[f"o.{i}"] = momentum
        size = self.metrics.stat().st_size if self.metrics.exists() else 0
        kept = {name: tensor.contiguous() for name, tensor in tensors.items()}
        content = save(kept, metadata={"step": str(step), "metrics": str(size)})
        write_atomic(self._file(stage), content)

    def load(self, stage: str, module: nn.Module, optimiser: torch.optim.SGD) -> int:
        """Bring a stage back to its checkpoint; return the steps done, 0 without one."""
        if not self._file(stage).exists():
            return 0
        try:
            with safe_open(self._file(stage), "pt") as file:
                metadata = file.metadata()
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            raise InvalidInput(
                f"checkpoint {self._file(stage)} is damaged ({error}); delete it to go on"
            ) from error
        module.load_state_dict({k[2:]: v for k, v in tensors.items() if k.startswith("m.")})
        for i, parameter in enumerate(_parameters(optimiser)):
            if f"o.{i}" in tensors:
                optimiser.state[parameter]["momentum_buffer"] = tensors[f"o.{i}"]
        return int(metadata["step"])

    def cut_metrics(self) -> None:
        """Drop metrics written after the last checkpoint of any stage."""
        if not self.metrics.exists():
            return
        size = 0
        for file in self.folder.glob("*.safetensors"):
            with safe_open(file, "pt") as checkpoint:
                size = max(size, int(checkpoint.metadata()["metrics"]))
        with self.metrics.open("r+b") as out:
            out.truncate(size)

    def _file(self, stage: str) -> Path:
        return self.folder / f"{stage}.safetensors"


def _parameters(optimiser: torch.optim.SGD) -> list[Tensor]:
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def _changed(record: Path, settings: dict[str, Any]) -> str:
    before = json.loads(record.read_text("utf-8"))
    keys = [key for key in settings if before.get(key) != settings[key]]
    return "changed: " + ", ".join(keys)
