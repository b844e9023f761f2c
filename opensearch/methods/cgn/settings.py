"""Settings of cross-modal guidance, beside those of all methods."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from opensearch.config import NetworkSettings
from opensearch.methods.on_features import FeaturesConfig


class CgnSettings(NetworkSettings):
    """A teacher on one domain, and students of the others: Dai, Liang, ICME 2020.

    `steps` are those of each student. The paper's constants that the notes on it do not print
    (`others`, widths, rates) are our choice.
    """

    target: str = Field(default="shape", description="the teacher's domain")
    teacher_steps: int = Field(default=1000, ge=1)
    scale: float = Field(default=15.0, gt=0, description="s of the teacher's margin softmax")
    margin: float = Field(default=0.35, ge=0, le=2, description="m of the teacher's softmax")
    smoothing: float = Field(default=0.1, ge=0, lt=1, description="of the teacher's labels")
    guidance: Literal["cosine", "squared"] = Field(
        default="cosine",
        description="how students follow centres: the paper's (29)-(31), or the squared distance of"
        " its authors' later code",
    )
    others: float = Field(
        default=1.0,
        ge=0,
        description="weight of the mean cosine with other centres: lambda times their number",
    )
    transfer: float = Field(default=10.0, gt=0, description="weight of squared distances")


class CgnConfig(FeaturesConfig):
    """Settings of a run of method cgn."""

    method: Literal["cgn"] = "cgn"
    cgn: CgnSettings = CgnSettings()
