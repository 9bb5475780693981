"""Copy a folder of images as 8-bit grayscale PNG files into a new folder, for `idx`. The originals stay as they are.

    python scripts/convert_images.py my/photos my/photos-gray --size 28x28

Color becomes gray, transparency becomes white, or black in an image that would show nothing on white, and a file with
several pictures gives its first. Gray images of more than 8 bits a pixel and names that begin with a dot are left out.
"""

import os
import re
from pathlib import Path

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_directory
from idxpng.files.walk import files_below
from idxpng.formats.gray_image import DEEP, NOT_8_BITS, damage, opened, upright
from idxpng.text import counted

from PIL import Image  # isort: skip
from PIL.ImageFile import ImageFile  # isort: skip


def main(folder: str, new: str, /, size: str | None = None) -> None:
    """Write a PNG file into ``new`` for each image, and leave out what cannot become one.

    Args:
        folder: the folder of images, which may have folders in it.
        new: the folder to make. A file that does not end in .png gets that suffix, too.
        size: ROWSxCOLUMNS to which each image is stretched, whatever its proportions, such as 28x28; by default, each
            keeps its size.

    Raises:
        DataError: when ``new`` exists, there is no image, or two images would get the same name.
    """
    _check_new(new)
    if size and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        raise DataError(folder, "not a size", at="--size", expected="ROWSxCOLUMNS, such as 28x28", found=size)
    count = 0
    with atomic_directory(new, os.path.dirname(os.path.abspath(new))) as made:
        for path in files_below(Path(folder)):
            image = opened(path)
            try:
                gray = image if isinstance(image, str) else _gray(image)
            except (OSError, SyntaxError, ValueError) as error:
                gray = damage(error, path)
            if isinstance(gray, str):
                log.warning("left out: %s: %s", path, gray)
                continue
            if size:
                rows, columns = map(int, size.split("x"))
                gray = gray.resize((columns, rows), Image.Resampling.LANCZOS)
            target = made / path.relative_to(folder)
            target = target if target.suffix.lower() == ".png" else target.with_name(f"{target.name}.png")
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                name = target.relative_to(made)
                raise DataError(path, "a second image for one name", found=f"{new}/{name}", todo="rename one of them")
            gray.save(target)
            count += 1
        if not count:
            raise DataError(folder, "no image in it can be read" if os.path.isdir(folder) else "folder not found")
        _check_new(new)  # which it would replace, if somebody has made it meanwhile
    log.info("%s: %s", new, counted(count, "gray image"))


def _check_new(folder: str) -> None:
    if os.path.lexists(folder):
        raise DataError(folder, "already exists", todo="give a folder that does not exist")


def _gray(image: ImageFile) -> Image.Image | str:
    """The first picture of an image in mode L, or why it cannot be one."""
    with image:
        shown = upright(image)
        if shown.mode.startswith(DEEP):
            return NOT_8_BITS
        if not shown.has_transparency_data:
            return shown.convert("L")
        drawn = shown.convert("RGBA")
        gray = _on("white", drawn)
        shows_nothing = len(set(gray.tobytes())) == 1 and len(set(drawn.getchannel("A").tobytes())) > 1
        return _on("black", drawn) if shows_nothing else gray


def _on(ground: str, drawn: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", drawn.size, ground), drawn).convert("L")


if __name__ == "__main__":
    Command(__doc__).run(main)
