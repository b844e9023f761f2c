"""Settings that travel with a model or a run, checked once where they enter."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Settings(BaseModel):
    """Base of all settings: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Limits(Settings):
    """What one file may cost before it is refused with `OverLimit`."""

    bytes: int = Field(default=512 * 2**20, gt=0, description="size of the file")
    pixels: int = Field(default=40_000_000, gt=0, description="pixels decoded at once")
    faces: int = Field(default=2_000_000, gt=0, description="triangles of a mesh")
    seconds: float = Field(default=60.0, gt=0, description="time to read one item")


class ReaderSettings(Settings):
    """How a domain's files become views; part of the encoder's identity."""

    reader: Literal["image", "sketch", "mesh"]
    size: int = Field(default=224, ge=16, le=1024, description="side of a view, pixels")
    views: int = Field(default=6, ge=0, le=24, description="shaded views of a mesh")
    line_views: int = Field(default=0, ge=0, le=24, description="line views of a mesh")


DEFAULT_READERS: dict[str, Literal["image", "sketch", "mesh"]] = {
    "sketch": "sketch",
    "shape": "mesh",
}
"""Reader of a domain by its name; every other domain holds pictures."""
