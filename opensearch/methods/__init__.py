"""Training methods, one folder each, and `train`, which runs any of them.

Training needs the extra `train`; names and settings of methods do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opensearch.errors import InvalidInput
from opensearch.extras import require
from opensearch.methods.cdnn import Cdnn
from opensearch.methods.cgn import Cgn
from opensearch.methods.dca import Dca
from opensearch.methods.dcml import Dchml, Dcml
from opensearch.methods.gdmh_pixel import GdmhPixel
from opensearch.methods.joint import Joint
from opensearch.methods.lwbr import Lwbr
from opensearch.methods.method import Method
from opensearch.methods.prototype import Prototype
from opensearch.methods.siamese import Siamese

if TYPE_CHECKING:
    from opensearch.methods.trainer import Training as Training
    from opensearch.methods.trainer import train as train

__all__ = ["DEFAULT", "METHODS", "Method", "Training", "find_method", "train"]

METHODS: Final[dict[str, Method[Any]]] = {
    "prototype": Prototype(),
    "joint": Joint(),
    "gdmh-pixel": GdmhPixel(),
    "cgn": Cgn(),
    "cdnn": Cdnn(),
    "siamese": Siamese(),
    "dca": Dca(),
    "dcml": Dcml(),
    "dchml": Dchml(),
    "lwbr": Lwbr(),
}

DEFAULT: Final = "prototype"
"""The method of configs that name none."""


def find_method(name: object) -> Method[Any]:
    """The method of that name.

    Raises:
        InvalidInput: there is none.
    """
    if not isinstance(name, str) or name not in METHODS:
        raise InvalidInput(f"method: no method {name!r:.60}; known: {', '.join(METHODS)}")
    return METHODS[name]


def __getattr__(name: str) -> Any:
    """Import the trainer, and torch with it, on first use."""
    if name not in ("Training", "train"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("training", "torch", "torchvision")
    from opensearch.methods import trainer

    return getattr(trainer, name)
