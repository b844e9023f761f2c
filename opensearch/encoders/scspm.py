"""Features without a network: codes of SIFT descriptors, pooled over the cells of a pyramid.

A view is cut into overlapping patches; the descriptor of each is written as a sum of a few words of
a dictionary, and every cell keeps the largest share that each word has in it. Patches without any
ink have no descriptor and no share.

Source:
    Yang, Yu, Gong, Huang, "Linear spatial pyramid matching using sparse coding", CVPR 2009: patches
    of 16 pixels, 1,024 words, cells of 1, 2 and 4 along a side, the largest absolute value. Codes
    are not its sparse ones but the quicker locality-constrained ones of Wang et al., CVPR 2010, by
    its approximation on the nearest words. Descriptors are OpenCV's, as upright as the view.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from opensearch.encoders.names import SCSPM
from opensearch.errors import BundleError
from opensearch.extras import require

WIDTH: Final = 128
"""Numbers of a descriptor."""

_CELLS = 4  # of a descriptor along a side of its patch
_CELL = 1.5  # width of one, in a keypoint's sizes (OpenCV: 3 times half of it)
_RIDGE = 1e-4  # share of the trace that is added to the diagonal, as in the code of Wang et al.


def is_scspm(backbone: str) -> bool:
    """Whether the name of a backbone is one of these features."""
    return backbone.startswith(f"{SCSPM}:")


class Scspm:
    """What turns views into features, a `LoadedBackbone`.

    Args:
        tensors: `words` (k, 128), unit rows; whole numbers `levels` (l,), `patch` and `step`,
            pixels, and `nearest`, words of a code.

    Raises:
        MissingExtra: OpenCV is not installed.
        BundleError: there are other tensors.
    """

    runtime = "opencv"

    def __init__(self, tensors: Mapping[str, NDArray[np.generic]]) -> None:
        require("a model on codes of SIFT descriptors", "cv2")
        try:
            self._words = np.asarray(tensors["words"], np.float32).reshape(-1, WIDTH)
            self._levels = [int(level) for level in tensors["levels"]]
            self._patch, self._step, self._nearest = (
                int(tensors[name]) for name in ("patch", "step", "nearest")
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BundleError(f"the tensors are not those of {SCSPM} features: {error}") from error

    def features(self, views: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Features (n, f) of views (n, s, s, 3), level by level, cell by cell, word by word."""
        return np.stack([self._view(view) for view in views])

    def _view(self, view: NDArray[np.uint8]) -> NDArray[np.float32]:
        rows, places = descriptors(view, self._patch, self._step)
        words, shares = local_codes(rows, self._words, self._nearest)
        side, parts = view.shape[0], []
        for level in self._levels:
            column, row = (places * level / side).astype(np.int64).clip(0, level - 1).T
            cells = np.zeros((level**2, len(self._words)), np.float32)
            np.maximum.at(cells, ((row * level + column)[:, None], words), np.abs(shares))
            parts.append(cells.ravel())
        pooled = np.concatenate(parts)
        return pooled / np.float32(np.linalg.norm(pooled) or 1)


def descriptors(
    view: NDArray[np.uint8], patch: int, step: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """SIFT descriptors (n, 128), unit rows, of the patches of a view that hold any edge.

    Args:
        view: shape (s, s, 3).
        patch: side of a patch, pixels.
        step: from one to the next.

    Returns:
        And the middles of the patches (n, 2), x and y, pixels.
    """
    import cv2

    along = np.arange(patch / 2, view.shape[0] - patch / 2 + 1e-6, step)
    size = patch / (_CELLS * _CELL)
    points = [cv2.KeyPoint(float(x), float(y), size, 0.0) for y in along for x in along]
    grey: Any = cv2.cvtColor(np.ascontiguousarray(view), cv2.COLOR_RGB2GRAY)
    found, rows = cv2.SIFT.create().compute(grey, points)
    places = np.array([point.pt for point in found], np.float32)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    edged = length[:, 0] > 0
    return rows[edged] / length[edged], places[edged]


def local_codes(
    rows: NDArray[np.float32], words: NDArray[np.float32], nearest: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Each row as a sum of its nearest words, whose shares make 1 and leave the least error.

    Args:
        rows: shape (n, d).
        words: shape (k, d).
        nearest: words of a code, m; all of them where there are fewer.

    Returns:
        Places (n, m) of the words, and their shares (n, m).

    Source:
        Wang et al. 2010, equation 7, and the ridge of their code.
    """
    m = min(nearest, len(words))
    squared = (words**2).sum(axis=1) - 2 * rows @ words.T
    chosen = np.argpartition(squared, m - 1, axis=1)[:, :m]
    offsets = (words[chosen] - rows[:, None]).astype(np.float64)
    products = offsets @ offsets.transpose(0, 2, 1)
    ridge = _RIDGE * np.trace(products, axis1=1, axis2=2) + 1e-12
    shares = np.linalg.solve(
        products + ridge[:, None, None] * np.eye(m), np.ones((len(rows), m, 1))
    )
    shares = shares[:, :, 0]
    return chosen, (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
