"""Pictures made for tests: smooth colours with shapes on them, or lines on white."""

import numpy as np
from PIL import Image, ImageDraw


def photo(seed, size=(192, 144)):
    """A picture of some colours, light and shapes."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8))
    picture = coarse.resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y = rng.integers(0, size[0]), rng.integers(0, size[1])
        w, h = rng.integers(8, 60, 2)
        pen.ellipse((x, y, x + w, y + h), fill=tuple(int(c) for c in rng.integers(0, 256, 3)))
    return picture


def drawing(seed, side=192):
    """Some lines, dark on white."""
    rng = np.random.default_rng(seed)
    picture = Image.new("RGB", (side, side), "white")
    pen = ImageDraw.Draw(picture)
    for _ in range(4):
        points = [tuple(p) for p in rng.integers(20, side - 20, (4, 2)).tolist()]
        pen.line(points, fill="black", width=3, joint="curve")
    return picture
