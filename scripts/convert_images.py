"""Copy a folder of images as 8-bit grayscale PNG files into a new folder, for `idx`. The originals stay as they are.

    python scripts/convert_images.py my/photos my/photos-gray --size 28x28

Color becomes gray, transparency becomes white or --ground, 16 bits become 8, and a file with several pictures gives its
first. 65535 is white in images of 16 bits, or 255 if no image has larger values. 255 is white in fractions, or 1 if no
pixel of the image is above 1. Names that begin with a dot are left out.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Literal

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_directory
from idxpng.files.walk import files_below
from idxpng.formats.gray_image import DEEP, is_deep, opened, unseen, upright
from idxpng.text import counted

import numpy  # isort: skip
from PIL import Image  # isort: skip
from PIL.ImageFile import ImageFile  # isort: skip


def main(folder: str, new: str, /, size: str | None = None, ground: Literal["white", "black"] = "white") -> None:
    """Write a PNG file into ``new`` for each image, and leave out what is not an image.

    Args:
        folder: the folder of images, which may have folders in it.
        new: the folder to make. A file that does not end in .png gets that suffix, too.
        size: ROWSxCOLUMNS to which all images are resized, such as 28x28; by default, each keeps its size.
        ground: the color behind transparent pixels.

    Raises:
        DataError: when ``new`` exists, two images would get the same name, an image would become a single gray value on
            this ground, or has values outside of its range.
    """
    if os.path.lexists(new):
        raise DataError(new, "already exists", todo="give a folder that does not exist")
    if size and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        raise DataError(folder, "not a size", at="--size", expected="ROWSxCOLUMNS, such as 28x28", found=size)
    count, white = 0, cache(lambda: 65535 if any(map(_is_above_255, files_below(Path(folder)))) else 255)
    whites: dict[int, Path] = {}
    with atomic_directory(new, os.path.dirname(os.path.abspath(new))) as made:
        for path in files_below(Path(folder)):
            image = opened(path)
            if not isinstance(image, str):
                try:
                    gray = _gray(image, path, ground, white, whites)
                except (OSError, SyntaxError, ValueError):
                    image = "damaged"
            if isinstance(image, str):
                log.warning("left out: %s: %s", path, image)
                continue
            if size:
                rows, columns = map(int, size.split("x"))
                gray = gray.resize((columns, rows), Image.Resampling.LANCZOS)
            target = made / path.relative_to(folder)
            target = target if target.suffix.lower() == ".png" else target.with_name(f"{target.name}.png")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                name = target.relative_to(made)
                raise DataError(path, "two images have the same name", found=f"{new}/{name}", todo="rename one of them")
            gray.save(target, "PNG")
            count += 1
        if len(whites) > 1:
            examples = ", ".join(f"{path} from 0 to {white}" for white, path in sorted(whites.items()))
            log.warning("%s: fractions are taken by the largest one in each image: %s", folder, examples)
        if not count:
            raise DataError(folder, "the folder has no images" if os.path.isdir(folder) else "folder not found")
    log.info("%s: %s", new, counted(count, "gray image"))


def _is_above_255(path: Path) -> bool:
    """Whether a file is an image with whole numbers above 255."""
    image = opened(path)
    if not isinstance(image, str):
        with suppress(OSError, SyntaxError, ValueError), image:
            return image.mode.startswith("I") and bool(numpy.asarray(image).max() > 255)
    return False


def _gray(
    image: ImageFile, path: Path, ground: str, deep_white: Callable[[], int], whites: dict[int, Path]
) -> Image.Image:
    """The first picture of an image in mode L. ``deep_white``: says what is white in images of wider whole numbers."""
    with image:
        if unseen(path, image) == "damaged":
            raise ValueError("values above the largest")
        deep = is_deep(image)
        shown = upright(image)
        if deep and shown.mode.startswith(DEEP):
            return _in_8_bits(shown, path, deep_white, whites)
        if not shown.has_transparency_data:
            return shown.convert("L")
        drawn = shown.convert("RGBA")
        gray = Image.alpha_composite(Image.new("RGBA", drawn.size, ground), drawn).convert("L")
        alpha = set(drawn.getchannel("A").tobytes())
        if len(alpha) > 1 and len(set(gray.tobytes())) == 1:
            other = "black" if ground == "white" else "white"
            problem = f"nothing would be left to see on a {ground} ground"
            raise DataError(path, problem, todo=f"add --ground {other}")
        return gray


def _in_8_bits(image: Image.Image, path: Path, deep_white: Callable[[], int], whites: dict[int, Path]) -> Image.Image:
    """An image of wider numbers as 8-bit gray; ``whites``: what is white in images with fractions, and the first."""
    values = numpy.asarray(image)
    darkest, lightest = values.min(), values.max()
    white = deep_white() if image.mode != "F" else 255 if lightest > 1 else 1
    if not 0 <= darkest <= lightest <= white:  # also when one is not a number
        found = f"{darkest} to {lightest}"
        todo = "scale the values of all images to this range first"
        raise DataError(path, "values outside of the range", expected=f"0 to {white}", found=found, todo=todo)
    if image.mode == "F" and lightest:
        whites.setdefault(white, path)
    return Image.fromarray((values * (255 / white)).round().astype("uint8"))


if __name__ == "__main__":
    Command(__doc__).run(main)
