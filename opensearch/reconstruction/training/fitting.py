"""Training a reconstruction model from collections to its folder."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from opensearch import __version__
from opensearch.encoders.bundle import Bundle
from opensearch.encoders.starter import starter_model
from opensearch.encoders.tensors import halved, identity, save_tensors
from opensearch.errors import BundleError
from opensearch.loop import RunFolder, alone, run_job
from opensearch.methods.checks import refuse_missing_gpu
from opensearch.progress import Failed, Note, Progress, quiet, silent, unheard
from opensearch.reconstruction.card import Part, ReconstructionCard, read_card, write_card
from opensearch.reconstruction.settings import ReconstructionConfig
from opensearch.reconstruction.training.adaptation.data import Lines, load_lines
from opensearch.reconstruction.training.adaptation.networks import AdaptationModel
from opensearch.reconstruction.training.adaptation.steps import adaptation_job
from opensearch.reconstruction.training.adaptation.writing import write_encoder
from opensearch.reconstruction.training.data import Shapes, load_shapes
from opensearch.reconstruction.training.networks import VoxelModel
from opensearch.reconstruction.training.steps import voxel_job
from opensearch.training.cache import cache_folder
from opensearch.training.device import chosen_device


@dataclass(frozen=True)
class Task:
    """What to train on, and where the model goes.

    Attributes:
        data: collections that hold shapes, see `domains.collections.catalog`.
        out: the model's folder; a run that was interrupted there goes on.
        model: folder of the bundle that tells which axis of a shape is up; the starter by default.
        cache: of what was read; the user's by default.
    """

    data: Sequence[Path]
    out: Path
    config: ReconstructionConfig = field(default_factory=ReconstructionConfig)
    model: Path | None = None
    cache: Path | None = None


def train(
    task: Task,
    progress: Progress = quiet,
    note: Note = silent,
    failed: Failed = unheard,
) -> ReconstructionCard:
    """Train the voxel generator, and the adaptation where there are sketches; write the model.

    Args:
        progress: called with a stage's name, steps done, steps in all.
        note: called with one line on what the user should know.
        failed: called with each file that cannot be read.

    Raises:
        InvalidInput: nothing to train on, most of which cannot be read, another run or model in the
            folder, another that is training there now, or a loss that is not a number.
        BundleError: the bundle that tells the upright axis cannot be read.
    """
    config = task.config
    cache = task.cache or cache_folder()
    size = len(config.pooling.weights)
    bundle = Bundle.open(task.model or starter_model())
    shapes = load_shapes(task.data, config.exclude, size, bundle, cache, progress, note, failed)
    wanted = config.adaptation.steps > 0
    told = (progress, note, failed)
    lines = load_lines(task.data, config.exclude, cache, *told) if wanted else None
    with alone(task.out):
        return _fitted(task, shapes, lines, progress, note)


def _fitted(
    task: Task, shapes: Shapes, lines: Lines | None, progress: Progress, note: Note
) -> ReconstructionCard:
    """The card of the model, trained or found finished."""
    config = task.config
    run = RunFolder(task.out, _settings(task, shapes, lines))
    if run.finished:
        try:
            card = read_card(task.out)
        except BundleError:
            pass  # damaged: it is written again
        else:
            note(f"{task.out} was finished before, with these settings and these files")
            return card
    device = _device(config)
    torch.manual_seed(config.seed)
    model = VoxelModel(config.voxels).to(device)
    run_job(voxel_job(config, shapes, model, run.folder / "slices"), run, progress)
    adaptation = None if lines is None else adapt(config, lines, run, progress)
    card = ReconstructionCard(
        default=config.default,
        level=config.level,
        pooling=config.pooling,
        voxels=write_generator(task.out, model.cpu(), config),
        adaptation=adaptation,
        provenance={
            **_settings(task, shapes, lines),
            "versions": {"opensearch": __version__, "torch": torch.__version__},
        },
    )
    write_card(task.out, card)
    return card


def adapt(config: ReconstructionConfig, lines: Lines, run: RunFolder, progress: Progress) -> Part:
    """Train the adaptation and write its encoder beside the generator."""
    torch.manual_seed(config.seed)
    model = AdaptationModel(config.adaptation).to(_device(config))
    run_job(adaptation_job(config, lines, model), run, progress)
    return write_encoder(
        run.folder.parent, model.cpu().autoencoder, lines, config.adaptation.softness
    )


def _device(config: ReconstructionConfig) -> torch.device:
    """Where networks train.

    Raises:
        InvalidInput: the device is cuda, and there is none.
    """
    refuse_missing_gpu("device", config.device)
    return chosen_device(config.device)


def write_generator(out: Path, model: VoxelModel, config: ReconstructionConfig) -> Part:
    """Write the generator's tensors in float16; the discriminator is not kept."""
    arrays: dict[str, NDArray[np.generic]] = {
        name: tensor.numpy() for name, tensor in model.generator.state_dict().items()
    }
    tensors = halved(arrays)
    settings: dict[str, Any] = {
        "code": config.voxels.code,
        "channels": list(config.voxels.channels),
    }
    name = save_tensors(out, "voxels", tensors)
    return Part(tensors=name, settings=settings, identity=identity(tensors, settings))


def _settings(task: Task, shapes: Shapes, lines: Lines | None) -> dict[str, Any]:
    """What a resumed run must agree on."""
    names = "\n".join(f"{source.path.name}|{source.category}" for source in shapes.sources)
    content = names.encode(errors="replace") + shapes.packed.tobytes()
    digest = hashlib.blake2b(content, digest_size=6)
    told = {
        "config": task.config.model_dump(mode="json"),
        "data": [folder.resolve().name for folder in task.data],
        "shapes": f"{len(shapes.sources)} shapes, {digest.hexdigest()}",
    }
    if lines is not None:
        drawings = hashlib.blake2b(lines.sketches.tobytes(), digest_size=6)
        told["sketches"] = f"{len(lines.sketches)} sketches, {drawings.hexdigest()}"
    return told
