"""What one file may cost."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ModelWrapValidatorHandler, ValidationError, model_validator

from opensearch.config import Settings
from opensearch.errors import InvalidInput


class Limits(Settings):
    """What one file may cost before it is refused with `OverLimit`.

    Raises:
        InvalidInput: an unknown limit, or one that is not above 0.
    """

    bytes: int = Field(default=512 * 2**20, gt=0, description="size of the file")
    pixels: int = Field(default=64_000_000, gt=0, description="pixels decoded at once")
    faces: int = Field(default=2_000_000, gt=0, description="triangles of a mesh")
    seconds: float = Field(default=60.0, gt=0, description="time to read one item")
    memory: int = Field(default=4 * 2**30, gt=0, description="bytes of memory to read one item")

    @model_validator(mode="wrap")
    @classmethod
    def _in_words(cls, given: Any, make: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return make(given)
        except ValidationError as error:
            wrong = error.errors()[0]
            name = ".".join(map(str, wrong["loc"]))
            if name not in cls.model_fields:
                known = ", ".join(cls.model_fields)
                raise InvalidInput(f"there is no limit {name!r}; known: {known}") from error
            raise InvalidInput(f"limit {name}={wrong['input']!r}: {wrong['msg']}") from error
