"""Copy a folder of images as 8-bit grayscale PNG files into a new folder, for `idx`. The originals stay as they are.

    python scripts/convert_images.py my/photos my/photos-gray --size 28x28

Color becomes gray, transparency becomes white or --ground, and a file with several pictures gives its first. Gray
images of more than 8 bits need --white; in color or with alpha, their white is the largest value. Names that begin with
a dot are left out.
"""

import os
import re
from pathlib import Path
from typing import Literal

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_directory
from idxpng.files.walk import files_below
from idxpng.formats.gray_image import DEEP, damage, opened, upright
from idxpng.text import counted, image_size

import numpy  # isort: skip
from PIL import Image  # isort: skip
from PIL.ExifTags import Base  # isort: skip
from PIL.ImageFile import ImageFile  # isort: skip


def main(
    folder: str,
    new: str,
    /,
    size: str | None = None,
    ground: Literal["white", "black"] = "white",
    white: int | None = None,
) -> None:
    """Write a PNG file into ``new`` for each image, and leave out what is not an image.

    Args:
        folder: the folder of images, which may have folders in it.
        new: the folder to make. A file that does not end in .png gets that suffix, too.
        size: ROWSxCOLUMNS to which each image is stretched, such as 28x28; by default, each keeps its size.
        ground: the color behind transparent pixels.
        white: the value of white in gray images of more than 8 bits, where 0 is black, such as 65535, 255, or 1.

    Raises:
        DataError: when ``new`` exists, two images would get the same name, an image would become a single gray value on
            this ground, or its values are not from 0 to ``white``.
    """
    _check_new(new)
    if size and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        raise DataError(folder, "not a size", at="--size", expected="ROWSxCOLUMNS, such as 28x28", found=size)
    count, stretched = 0, False
    with atomic_directory(new, os.path.dirname(os.path.abspath(new))) as made:
        for path in files_below(Path(folder)):
            image = opened(path)
            if not isinstance(image, str):
                try:
                    gray = _gray(image, path, ground, white)
                except (OSError, SyntaxError, ValueError) as error:
                    image = damage(error, path)
            if isinstance(image, str):
                log.warning("left out: %s: %s", path, image)
                continue
            if size:
                rows, columns = map(int, size.split("x"))
                if not stretched and gray.height * columns != gray.width * rows:
                    stretched, old = True, image_size(gray.height, gray.width)
                    others = "as is each image of other proportions: pad or crop images first to keep theirs"
                    log.warning("%s: stretched from %s to %s, %s", path, old, size, others)
                gray = gray.resize((columns, rows), Image.Resampling.LANCZOS)
            target = made / path.relative_to(folder)
            target = target if target.suffix.lower() == ".png" else target.with_name(f"{target.name}.png")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                name = target.relative_to(made)
                raise DataError(path, "two images have the same name", found=f"{new}/{name}", todo="rename one of them")
            gray.save(target, "PNG")
            count += 1
        if not count:
            raise DataError(folder, "no image in it can be read" if os.path.isdir(folder) else "no such folder")
        _check_new(new)  # which it would replace, if somebody has made it meanwhile
    log.info("%s: %s", new, counted(count, "gray image"))


def _check_new(folder: str) -> None:
    if os.path.lexists(folder):
        raise DataError(folder, "already exists", todo="give a folder that does not exist")


def _gray(image: ImageFile, path: Path, ground: str, white: int | None) -> Image.Image:
    """The first picture of an image in mode L."""
    with image:
        shown = upright(image)
        if shown.mode.startswith(DEEP):
            return _in_8_bits(shown, path, white)
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


def _in_8_bits(image: Image.Image, path: Path, white: int | None) -> Image.Image:
    """An image of wider numbers as 8-bit gray."""
    values = numpy.asarray(image)
    darkest, lightest = values.min(), values.max()
    # This also refuses NaN, and images whose pixels would all be nearly black.
    if not white or not 0 <= darkest <= lightest <= white or 0 < lightest <= white / 255:
        expected = f"0 to {white}, and not all nearly 0" if white else "the value of white, such as --white 65535"
        todo = "say with --white which value is white in all such images, such as 65535, 255, or 1, or scale them first"
        found = f"{darkest} to {lightest}"
        raise DataError(path, "more than 8 bits a pixel", expected=expected, found=found, todo=todo)
    gray = (values * (255 / white)).round().astype("uint8")
    white_is_zero = getattr(image, "tag_v2", {}).get(Base.PhotometricInterpretation) == 0  # Pillow leaves that to us
    return Image.fromarray(255 - gray if white_is_zero else gray)


if __name__ == "__main__":
    Command(__doc__).run(main)
