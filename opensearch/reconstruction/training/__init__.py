"""How the parts of a reconstruction model are trained; needs the extra `train`.

`data` makes grids of collections, `networks`, `losses` and `steps` are the voxel generator, and
`fitting.train` is the whole run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opensearch.extras import require

if TYPE_CHECKING:
    from opensearch.reconstruction.training.fitting import Task as Task
    from opensearch.reconstruction.training.fitting import train as train

__all__ = ["Task", "train"]


def __getattr__(name: str) -> Any:
    """Import the run, and torch with it, on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    require("training", "torch")
    from opensearch.reconstruction.training import fitting

    return getattr(fitting, name)
