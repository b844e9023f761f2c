"""Where networks train."""

from __future__ import annotations

import torch

CPU = torch.device("cpu")


def chosen_device(asked: str) -> torch.device:
    """The device that a setting `auto`, `cpu` or `cuda` means: auto is cuda where there is one."""
    if asked == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(asked)
