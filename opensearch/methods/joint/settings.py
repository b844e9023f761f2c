"""Settings of joint training, beside those of all methods."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from opensearch.config import Settings
from opensearch.methods.starting import FromStarter


class Given(Settings):
    """Views of a domain that are given to another one, too."""

    to: str = Field(description="the other domain")
    share: float = Field(default=0.5, gt=0, le=1, description="of the domain's items in a batch")


class SoupRun(Settings):
    """What one of several runs from the same start has of its own; null: as the others."""

    lr: float | None = Field(default=None, gt=0)
    contrast: float | None = Field(default=None, ge=0)
    distil: float | None = Field(default=None, ge=0)
    hold: float | None = Field(default=None, ge=0)
    instances: float | None = Field(default=None, ge=0)


class JointSettings(Settings):
    """The projector learns on frozen features first, then backbone and projector together.

    In the names of settings the projector is the head.
    """

    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: cuda where there is one"
    )
    side: int = Field(default=160, ge=16, le=1024, description="of views while the backbone learns")
    late_side: int | None = Field(
        default=None, ge=16, le=1024, description="of views in its last steps; null: the same"
    )
    late: float = Field(default=0.2, gt=0, le=1, description="share of its steps at late_side")
    head_steps: int = Field(default=1000, ge=1)
    head_batch: int = Field(default=96, ge=2, description="items of each domain")
    head_lr: float = Field(default=2e-3, gt=0)
    steps: int = Field(default=2000, ge=0, description="of backbone and projector together")
    kept: int = Field(
        default=0,
        ge=0,
        description="first parts of the backbone that stay as they are, which is far quicker",
    )
    drawn: int = Field(
        default=250, ge=1, description="batches that are drawn and taken in turn, with kept parts"
    )
    batch: int = Field(default=24, ge=2, description="items of each domain")
    sizes: Mapping[str, Annotated[int, Field(ge=2)]] = Field(
        default_factory=dict, description="items of a domain where they are not `batch`"
    )
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
    pictures_alone: bool = Field(
        default=False,
        description="what has no picture of its category is not held to the classifier",
    )
    photos: list[str] = Field(
        default_factory=list,
        description="domains of pictures that the others and `hold` are held to; none: all",
    )
    hold: float = Field(
        default=0.0, ge=0, description="weight of the features that pictures had at the start"
    )
    instances: float = Field(
        default=0.0, ge=0, description="weight of pairs that are one item in two domains"
    )
    outlines: Mapping[str, Given] = Field(
        default_factory=dict,
        description="domains whose outlines are given to a domain of drawings",
    )
    photographed: Mapping[str, Given] = Field(
        default_factory=dict,
        description="domains of renders that are given to one of pictures, as if photographed",
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
    meeting: list[str] = Field(
        default_factory=list, description="domains that `common` means; none: all"
    )
    paired: float = Field(default=0.3, ge=0, le=1, description="from categories of some domains")
    soup: list[SoupRun] = Field(
        default_factory=list,
        description="runs from the same start whose weights are averaged; none: one run",
    )
    toward: float = Field(
        default=1.0,
        ge=0,
        le=1,
        description="share of what was fine-tuned in the weights kept, beside the start's",
    )
    checkpoint: int = Field(default=100, ge=1, description="steps between checkpoints")

    def runs(self) -> list[JointSettings]:
        """Settings of each run from the same start."""
        own = [run.model_dump(exclude_none=True) for run in self.soup] or [{}]
        return [self.model_copy(update=changes) for changes in own]


class JointConfig(FromStarter):
    """Settings of a run of method joint."""

    method: Literal["joint"] = "joint"
    joint: JointSettings = JointSettings()
