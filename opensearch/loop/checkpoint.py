"""The folder of a training run: settings, metrics and checkpoints, all safe from a kill.

OUT/training/run.json              what is being trained on what; a resume must agree
OUT/training/<stage>.safetensors   module, optimisers' states and step of a stage
OUT/metrics.jsonl                  one line an epoch; cut back to the checkpoint on resume
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn
from torch.optim import Optimizer

from opensearch.encoders.card import CARD
from opensearch.encoders.tensors import first_line, write_atomic
from opensearch.errors import InvalidInput, system_reason, unwritable


class RunFolder:
    """Starts a run, or resumes the one in the folder.

    Attributes:
        finished: whether these settings were trained here to the end before.

    Args:
        out: the model's folder.
        settings: config and data of the run, plain JSON types.
        given: those of them that are not at their default; `None` for all. One that the record of
            an older version lacks has not changed while it is at its default.

    Raises:
        InvalidInput: `out` holds a run with other settings that got somewhere, a model that was
            not trained there, or other files, such as those of an index; or cannot be written.
    """

    def __init__(
        self, out: Path, settings: dict[str, Any], given: dict[str, Any] | None = None
    ) -> None:
        self.folder = out / "training"
        self.metrics = out / "metrics.jsonl"
        record = self.folder / "run.json"
        if (out / CARD).exists() and not record.exists():
            raise InvalidInput(f"{out} holds a finished model; choose another `out`")
        if not self.folder.exists() and out.is_dir() and any(out.glob("[!.]*")):
            raise InvalidInput(f"{out} holds other files; a model needs an empty or new `out`")
        changed = _changed(record, settings, settings if given is None else given)
        self.finished = (out / CARD).exists() and not changed
        if changed and any(self.folder.glob("*.safetensors")):
            raise InvalidInput(
                f"{out} holds a run with other settings or data (changed: {', '.join(changed)});"
                " choose another `out`, or delete that folder to train anew"
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomic(record, json.dumps(settings, indent=1, sort_keys=True).encode())
            for left in [*out.glob(".*.tmp"), *self.folder.glob(".*.tmp")]:  # of a killed run
                left.unlink()
        except OSError as error:
            raise unwritable(error)(f"{out} cannot be written: {system_reason(error)}") from error

    def log(self, line: dict[str, Any]) -> None:
        """Append one line of metrics."""
        with self.metrics.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")

    def save(self, stage: str, step: int, module: nn.Module, *optimisers: Optimizer) -> None:
        """Write a checkpoint of a stage, whole or not at all.

        Args:
            module: with everything else that a resumed run needs as buffers.
            optimisers: in the same order as for `load`.
        """
        tensors: dict[str, Tensor] = {f"m.{k}": v for k, v in module.state_dict().items()}
        for i, (optimiser, parameter) in enumerate(_parameters(optimisers)):
            state = optimiser.state.get(parameter, {})
            tensors |= {f"o.{i}.{k}": v for k, v in state.items() if isinstance(v, Tensor)}
        size = self.metrics.stat().st_size if self.metrics.exists() else 0
        kept = {name: tensor.contiguous() for name, tensor in tensors.items()}
        content = save(kept, metadata={"step": str(step), "metrics": str(size)})
        write_atomic(self._file(stage), content)

    def load(self, stage: str, module: nn.Module, *optimisers: Optimizer) -> int:
        """Restore a stage from its checkpoint; return the steps done, 0 without one.

        Raises:
            InvalidInput: the checkpoint is damaged.
        """
        if not self._file(stage).exists():
            return 0
        with _checkpoint(self._file(stage)) as file:
            done = int(file.metadata()["step"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            module.load_state_dict({k[2:]: v for k, v in tensors.items() if k.startswith("m.")})
            parameters = _parameters(optimisers)
            for name in (name for name in tensors if name.startswith("o.")):
                _, i, key = name.split(".")
                optimiser, parameter = parameters[int(i)]
                # counts of steps stay on the CPU, where Adam keeps them
                place = parameter.device if tensors[name].ndim else "cpu"
                optimiser.state[parameter][key] = tensors[name].to(place)
        return done

    def cut_metrics(self) -> None:
        """Drop metrics written after the last checkpoint of any stage."""
        if not self.metrics.exists():
            return
        size = 0
        for path in self.folder.glob("*.safetensors"):
            with _checkpoint(path) as file:
                size = max(size, int(file.metadata()["metrics"]))
        with self.metrics.open("r+b") as out:
            out.truncate(min(size, self.metrics.stat().st_size))

    def _file(self, stage: str) -> Path:
        return self.folder / f"{stage}.safetensors"


def _parameters(optimisers: Sequence[Optimizer]) -> list[tuple[Optimizer, Tensor]]:
    return [
        (optimiser, parameter)
        for optimiser in optimisers
        for group in optimiser.param_groups
        for parameter in group["params"]
    ]


@contextmanager
def _checkpoint(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, "pt") as file:
            yield file
    except (SafetensorError, OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = first_line(error)
        raise InvalidInput(
            f"checkpoint {path} is damaged ({reason}); delete it to train this stage anew"
        ) from error


def _changed(record: Path, settings: dict[str, Any], given: dict[str, Any]) -> list[str]:
    """Dotted names of the settings that differ from those on record, with both values."""
    try:
        before, now = _flat(json.loads(record.read_bytes())), _flat(settings)
    except (OSError, ValueError, RecursionError):
        return [f"{record.name} is missing or damaged"]
    spared = now.keys() - before.keys() - _flat(given).keys()
    names = sorted(n for n in before | now if before.get(n) != now.get(n) and n not in spared)
    return [f"{name} from {before.get(name)} to {now.get(name)}" for name in names]


def _flat(value: Any, name: str = "") -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        return {name: value}
    parts = [_flat(v, f"{name}.{key}" if name else key) for key, v in value.items()]
    return {key: v for part in parts for key, v in part.items()}
