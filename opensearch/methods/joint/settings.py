"""Settings of joint training, beside those of all methods."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from opensearch.config import Settings
from opensearch.methods.starting import FromStarter


class JointSettings(Settings):
    """The projector learns on frozen features first, then backbone and projector together.

    In the names of settings the projector is the head.
    """

    side: int = Field(default=160, ge=16, le=1024, description="of views while the backbone learns")
    late_side: int | None = Field(
        default=None, ge=16, le=1024, description="of views in its last steps; null: the same"
    )
    late: float = Field(default=0.2, gt=0, le=1, description="share of its steps at late_side")
    head_steps: int = Field(default=1000, ge=1)
    head_batch: int = Field(default=96, ge=2, description="items of each domain")
    head_lr: float = Field(default=2e-3, gt=0)
    steps: int = Field(default=2000, ge=0, description="of backbone and projector together")
    batch: int = Field(default=24, ge=2, description="items of each domain")
    lr: float = Field(default=2e-4, gt=0, description="of the backbone")
    head_factor: float = Field(default=2.0, gt=0, description="of lr, for the projector")
    weight_decay: float = Field(default=0.02, ge=0)
    average: float = Field(default=0.995, ge=0, lt=1, description="decay of the averaged model")
    temperature: float = Field(default=0.1, gt=0)
    contrast: float = Field(default=1.0, ge=0, description="weight of pairs across domains")
    contrast_temperature: float = Field(default=0.1, gt=0)
    distil: float = Field(default=0.0, ge=0, description="weight of the frozen classifier")
    teacher: Path | None = Field(
        default=None,
        description="state dict of the classifier to distil; null: the one the backbone had",
    )
    borrow_lines: bool = Field(default=True, description="line views of shapes are drawings too")
    bend: bool = Field(default=False, description="drawings are bent while the backbone learns")
    lines: int = Field(
        default=0, ge=0, le=24, description="line views to draw of a shape, if more than it has"
    )
    upright: float = Field(
        default=0.8,
        ge=0,
        le=1,
        description="share of upright views among those drawn of a shape, with pooling upright",
    )
    upright_weight: float = Field(default=0.3, ge=0, description="of telling upright views")
    turned: float = Field(
        default=0.0, ge=0, le=1, description="share of pictures and drawings turned by a quarter"
    )
    balance: float = Field(default=0.5, ge=0, le=1, description="1: categories drawn alike")
    common: float = Field(default=0.3, ge=0, le=1, description="from categories of all domains")
    paired: float = Field(default=0.3, ge=0, le=1, description="from categories of some domains")
    checkpoint: int = Field(default=100, ge=1, description="steps between checkpoints")


class JointConfig(FromStarter):
    """Settings of a run of method joint."""

    method: Literal["joint"] = "joint"
    joint: JointSettings = JointSettings()
