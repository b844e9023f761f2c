"""The demo's categories: how a thing is made, from where it is seen, where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from numpy.random import Generator

from tools import indoors, outdoors
from tools.raster import Plane, looking
from tools.solids import Mesh


@dataclass(frozen=True)
class Figure:
    """A category.

    Attributes:
        make: an individual, its proportions and colours drawn from the generator.
        scenes: where it is photographed, see `studio.photograph`.
        turn: degrees about the upright, to either side.
        lift: degrees above the horizon.
        roll: degrees in the picture, to either side.
    """

    make: Callable[[Generator], Mesh]
    scenes: tuple[str, ...] = ("room",)
    turn: tuple[float, float] = (20, 55)
    lift: tuple[float, float] = (10, 25)
    roll: tuple[float, float] = (0, 0)

    def view(self, rng: Generator) -> Plane:
        """Axes of a camera that a person would choose."""
        turn, roll = (rng.choice([-1, 1]) * rng.uniform(*span) for span in (self.turn, self.roll))
        return looking(float(turn), float(rng.uniform(*self.lift)), float(roll))


_FIELD: Final = ("field",)
_STREET: Final = ("street",)

FIGURES: Final[dict[str, Figure]] = {
    "airplane": Figure(outdoors.airplane, ("air",), (30, 65), (8, 30), (0, 12)),
    "bed": Figure(indoors.bed, turn=(25, 60), lift=(12, 22)),
    "bottle": Figure(indoors.bottle, ("room",), lift=(4, 15)),
    "bus": Figure(outdoors.bus, _STREET, (25, 55), (2, 9)),
    "car": Figure(outdoors.car, _STREET, (25, 60), (2, 10)),
    "chair": Figure(indoors.chair, turn=(20, 50)),
    "cup": Figure(indoors.cup, turn=(0, 40), lift=(14, 30)),
    "guitar": Figure(indoors.guitar, ("wall",), (0, 25), (0, 10), (0, 45)),
    "helicopter": Figure(outdoors.helicopter, ("air", "field"), (0, 45), (5, 20)),
    "house": Figure(outdoors.house, _FIELD, (20, 45), (2, 10)),
    "lamp": Figure(indoors.lamp, lift=(3, 14)),
    "sword": Figure(indoors.sword, ("wall",), (0, 25), (0, 10), (20, 60)),
    "table": Figure(indoors.table, turn=(20, 55), lift=(12, 25)),
    "tree": Figure(outdoors.tree, _FIELD, lift=(2, 10)),
    "vase": Figure(indoors.vase, lift=(6, 18)),
    "windmill": Figure(outdoors.windmill, _FIELD, (0, 35), (0, 10)),
}
