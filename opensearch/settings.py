"""The base of all settings, and the groups of single methods: joint training, migration."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of all settings: frozen; an unknown key is an error, and so is infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class JointSettings(Settings):
    """Domains trained together: the head on frozen features first, then trunk and head."""

    side: int = Field(default=160, ge=16, le=1024, description="of views while the trunk learns")
    late_side: int | None = Field(
        default=None, ge=16, le=1024, description="of views in its last steps; null: the same"
    )
    late: float = Field(default=0.2, gt=0, le=1, description="share of its steps at late_side")
    head_steps: int = Field(default=1000, ge=1)
    head_batch: int = Field(default=96, ge=2, description="items of each domain")
    head_lr: float = Field(default=2e-3, gt=0)
    steps: int = Field(default=2000, ge=0, description="of trunk and head together")
    batch: int = Field(default=24, ge=2, description="items of each domain")
    lr: float = Field(default=2e-4, gt=0, description="of the trunk")
    head_factor: float = Field(default=2.0, gt=0, description="of lr, for the head")
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
    bend: bool = Field(default=False, description="drawings are bent while the trunk learns")
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


class PixelSettings(Settings):
    """Domain migration on pixels and codes of what was migrated: Zhang et al., ECCV 2018.

    Hash losses are means over bits, so no weight or margin has to follow `hash.bits`.
    """

    pivot: str = Field(default="photo", description="the domain that all others migrate to")
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", description="auto: cuda where there is one"
    )
    epochs: int = Field(default=30, ge=1, description="an epoch: the largest domain once")
    batch: int = Field(default=8, ge=2, description="pairs of each domain with the pivot")
    lr: float = Field(default=2e-4, gt=0, description="of generators and discriminators")
    hash_lr: float = Field(default=2e-4, gt=0, description="of the hash network")
    hash_drop: float = Field(
        default=20 / 30, ge=0, le=1, description="share of the run after which hash_lr is a tenth"
    )
    decay: float = Field(
        default=25 / 30, ge=0, lt=1, description="share after which all rates fall to zero"
    )
    blocks: int = Field(default=9, ge=1, le=99, description="residual blocks of a generator")
    width: int = Field(
        default=32, ge=1, le=256, description="channels a generator starts with; critics twice it"
    )
    enlarge: float = Field(
        default=286 / 256, ge=1, le=2, description="views are read so much larger, then cropped"
    )
    threshold: float = Field(
        default=0.5,
        gt=0,
        description="attention from which a cell is kept, in units of its uniform level 1/(HW)",
    )
    steepness: float = Field(default=10.0, gt=0, description="of the mask while it learns")
    cycle: float = Field(default=10.0, ge=0, description="weight of coming back the same")
    guide: float = Field(
        default=1.0, ge=0, description="weight of the hash losses in the generators' gradient"
    )
    triplet: float = Field(default=1.0, ge=0, description="weight of the triplet loss")
    margin: float = Field(
        default=20 / 64, ge=0, description="of the triplet, a bit; 20 for 64 bits in the paper"
    )
    fidelity: float = Field(
        default=1e-5, ge=0, description="weight of the network's outputs in the discrete step"
    )
    pool: int = Field(default=50, ge=1, description="migrated pictures kept for a discriminator")
    checkpoint: int = Field(default=200, ge=1, description="steps between checkpoints")
    grids: int = Field(default=5, ge=1, description="epochs between sheets of samples")


class GdmhSettings(Settings):
    """Codes of generative domain migration: a generator a domain, one hash head, critics.

    Weights of losses are relative; a loss of weight 0 is left out.
    """

    pivot: str = Field(
        default="photo", description="domain that others migrate to; the largest, if absent"
    )
    anchors: int = Field(default=1024, ge=0, description="words to lean on; 0: none")
    anchor_temperature: float = Field(default=0.1, gt=0)
    anchor_weight: float = Field(default=0.4, ge=0, description="of the words beside the item")
    fade: float = Field(
        default=0.9, ge=0, le=1, description="most of its prototype that an item's copy loses"
    )
    hidden: int = Field(default=512, ge=0, description="units of a generator; 0: none migrates")
    steps: int = Field(default=400, ge=1)
    batch: int = Field(default=96, ge=2, description="items of each domain")
    words: int = Field(default=96, ge=0, description="other words in a batch")
    lr: float = Field(default=1e-3, gt=0)
    similarity: float = Field(default=10.0, ge=0, description="codes follow embeddings")
    semantic: float = Field(default=0.4, ge=0, description="codes follow those of prototypes")
    semantic_temperature: float = Field(default=0.3, gt=0)
    contrast: float = Field(default=0.2, ge=0, description="codes of a category across domains")
    contrast_temperature: float = Field(default=0.3, gt=0)
    adversary: float = Field(default=0.1, ge=0, description="migrated items convince critics")
    conditional: bool = Field(default=True, description="critics see the item's prototype")
    cycle: float = Field(default=1.0, ge=0, description="migrated items come back")
    stay: float = Field(default=0.3, ge=0, description="migrated items stay near")
    quantisation: float = Field(default=0.0, ge=0, description="soft codes are near their signs")
    balance: float = Field(default=0.0, ge=0, description="bits are 1 as often as 0")
    independence: float = Field(default=0.0, ge=0, description="bits are not correlated")
