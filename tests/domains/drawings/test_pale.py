"""Ink hardly darker than its paper is read, and paper alone is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from opensearch.domains.drawings.ink import normalise
from opensearch.errors import UnreadableFile

Rgb = NDArray[np.uint8]
SIZE, STROKE = 160, 0.014


def house(contrast: float) -> NDArray[np.float64]:
    """A drawing, shape (400, 400, 3), 255 for paper, so much darker where there is ink."""
    picture = Image.new("L", (400, 400), 0)
    pen = ImageDraw.Draw(picture)
    walls = [(120, 300), (120, 190), (190, 130), (260, 190), (260, 300), (120, 300)]
    pen.line(walls, fill=255, width=5, joint="curve")
    pen.ellipse((280, 90, 330, 140), outline=255, width=5)
    return 255 - np.asarray(picture, float)[..., None].repeat(3, axis=2) * contrast / 255


def file(sheet: NDArray[np.float64]) -> Rgb:
    return sheet.round().clip(0, 255).astype(np.uint8)


def compressed(sheet: NDArray[np.float64]) -> Rgb:
    data = io.BytesIO()
    Image.fromarray(file(sheet)).save(data, "JPEG", quality=75)
    return np.asarray(Image.open(data).convert("RGB"))


def scanned(sheet: NDArray[np.float64], grain: float = 2) -> Rgb:
    noise = np.random.default_rng(0).normal(0, grain, sheet.shape[:2])[..., None]
    return compressed(sheet * 0.97 + noise)


def photographed(sheet: NDArray[np.float64]) -> Rgb:
    y, x = np.mgrid[: sheet.shape[0], : sheet.shape[1]] / 400
    return scanned(sheet * (0.95 - 0.15 * x - 0.1 * y)[..., None])


def on_grey(sheet: NDArray[np.float64]) -> Rgb:
    return file(250 + (255 - sheet) / 5)


def alike(a: Rgb, b: Rgb) -> float:
    soft = [
        np.asarray(Image.fromarray(v).filter(ImageFilter.GaussianBlur(3)), float) for v in (a, b)
    ]
    return float(np.corrcoef(soft[0].ravel(), soft[1].ravel())[0, 1])


MADE = [file, compressed, scanned, photographed]


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("contrast", [15, 20, 30])
def test_pale_ink_is_read_as_black_ink(made, contrast):
    clean = normalise(file(house(255)), SIZE, STROKE)
    assert alike(normalise(made(house(contrast)), SIZE, STROKE), clean) > 0.9


def test_ink_hardly_lighter_than_its_paper_is_read():
    clean = normalise(file(house(255)), SIZE, STROKE)
    assert alike(normalise(on_grey(house(25)), SIZE, STROKE), clean) > 0.9


@pytest.mark.parametrize("made", MADE)
def test_blank_paper_has_no_ink(made):
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(made(house(0)), SIZE, STROKE)


def test_noise_on_paper_that_is_nearly_white_is_no_light_ink():
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(scanned(house(0), grain=1), SIZE, STROKE)


@pytest.mark.parametrize("depth", [8, 15, 30])
def test_folds_lighter_and_darker_than_paper_are_no_ink(depth):
    rng = np.random.default_rng(1)
    folds = Image.new("L", (400, 400), 128)
    pen = ImageDraw.Draw(folds)
    for sign in (-1, 1) * 15:
        ends = [int(at) for at in rng.uniform(0, 400, 4)]
        pen.line(ends, fill=128 + int(sign * rng.uniform(0.4, 1) * depth), width=4)
    soft = np.asarray(folds.filter(ImageFilter.GaussianBlur(1.5)), float)[..., None] - 128
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(photographed(house(0) - 30 + soft), SIZE, STROKE)


def test_paper_lit_nearly_evenly_has_no_ink():
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:900, :1200] / 1200
    turn = rng.uniform(0, 6.28)
    light = 0.95 - 0.05 * np.sin(turn + 2.2 * x * np.cos(turn) + 1.7 * y * np.sin(turn))
    sheet = 250 * light + rng.normal(0, rng.choice([1, 2, 3]), light.shape)
    photo = Image.fromarray(compressed(sheet[..., None].repeat(3, axis=2)))
    photo.thumbnail((384, 384), Image.Resampling.BILINEAR)
    with pytest.raises(UnreadableFile, match="no ink"):
        normalise(np.asarray(photo), SIZE, STROKE)
