"""Decoded pictures made ready to be shown: opacity undone or dropped, values for a usual screen."""

from __future__ import annotations

from PIL import Image

from opensearch.domains.pictures.colours import as_srgb, is_of_grey
from opensearch.domains.pictures.frames import is_blank
from opensearch.domains.pictures.shot import inherit
from opensearch.errors import UnreadableFile


def straight(image: Image.Image) -> Image.Image:
    """The picture; grey that is multiplied with its opacity, which converts to nothing, as it was.

    Pillow undoes this of colours when it opens them.
    """
    if image.mode != "La":
        return image
    made = image.convert("LA")
    inherit(made, image.getexif())
    return made


def for_screen(image: Image.Image, power: float) -> Image.Image:
    """A picture whose values, 0 to 1, are raised to a power, but for its opacity."""
    if power == 1:
        return image
    clear = "transparency" in image.info or image.mode in ("LA", "PA")
    made = image.convert("RGBA" if clear else "RGB") if image.mode not in ("RGB", "RGBA") else image
    if image.mode == "RGB" and clear:
        made = image.convert("RGBA")
    table = [round(255 * (value / 255) ** power) for value in range(256)]
    bands = [*made.split()]
    bands[:3] = [band.point(table) for band in bands[:3]]
    done = Image.merge(made.mode, bands)
    done.info |= {name: image.info[name] for name in ("exif", "icc_profile") if name in image.info}
    inherit(done, image.getexif())
    return done


def with_colours(image: Image.Image) -> Image.Image:
    """The picture; one that is transparent all over without its opacity.

    Programs that know of none leave zeros in its place.

    Raises:
        UnreadableFile: transparent all over, and of one colour.
    """
    seen = image.convert("RGBA") if "transparency" in image.info else image
    if seen.mode not in ("RGBA", "LA") or seen.getchannel("A").getextrema()[1]:
        return image
    seen.putalpha(255)
    if is_blank(seen):
        raise UnreadableFile("is transparent all over: there is nothing to see")
    return seen


def in_srgb(image: Image.Image) -> Image.Image:
    """A picture as RGBA in sRGB, whatever its profile."""
    profile = image.info.get("icc_profile")
    clear = image.convert("RGBA").getchannel("A")
    if image.mode in ("RGB", "CMYK", "LAB"):
        plain = image
    else:
        plain = image.convert("L" if is_of_grey(profile) else "RGB")
    made = as_srgb(plain, profile).convert("RGBA")
    made.putalpha(clear)
    return made
