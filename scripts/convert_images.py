"""Copy a folder of images as 8-bit grayscale PNG files into a new folder, for `idx`. The originals stay as they are.

    python scripts/convert_images.py my/photos my/photos-gray --size 28x28

Color becomes gray, transparency becomes white or --ground, 16 bits become 8, and of several pictures the first is
taken. Fractions from 0 to 1 become 0 to 255.
"""

import os
import re
from pathlib import Path
from typing import Literal

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_directory
from idxpng.formats.gray_image import DEEP, is_deep, opened, upright
from idxpng.text import counted

import numpy  # isort: skip
from PIL import Image  # isort: skip


def main(folder: str, new: str, /, size: str | None = None, ground: Literal["white", "black"] = "white") -> None:
    """Write a PNG file into ``new`` for each image, and leave out what is not an image.

    Args:
        folder: the folder of images, with any folders in it.
        new: the folder to make. A file that does not end in .png gets that suffix, too.
        size: ROWSxCOLUMNS to which all images are resized, such as 28x28; as they are by default.
        ground: what is behind transparent pixels.

    Raises:
        DataError: when ``new`` exists, or an image would become a single gray value on this ground.
    """
    if os.path.lexists(new):
        raise DataError(new, "already exists", todo="give a folder that does not exist")
    if size and not re.fullmatch(r"[1-9]\d{0,4}x[1-9]\d{0,4}", size):
        raise DataError(folder, "not a size", at="--size", expected="ROWSxCOLUMNS, such as 28x28", found=size)
    paths = sorted(path for path in Path(folder).rglob("[!.]*") if not path.is_dir())
    count = 0
    with atomic_directory(new, os.path.dirname(os.path.abspath(new))) as made:
        for path in paths:
            image = opened(path)
            if not isinstance(image, str):
                try:
                    gray = _gray(image, path, ground)
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
            with open(target, "xb") as file:
                gray.save(file, "PNG")
            count += 1
        if not count:
            raise DataError(folder, "the folder has no images" if os.path.isdir(folder) else "folder not found")
    log.info("%s: %s", new, counted(count, "gray image"))


def _gray(image: Image.Image, path: Path, ground: str) -> Image.Image:
    """The first picture of an image in mode L."""
    with image:
        deep = is_deep(image)
        shown = upright(image)
        if deep and shown.mode.startswith(DEEP):
            values = numpy.asarray(shown)
            white = 65535 if shown.mode != "F" else 255 if values.max() > 1 else 1
            return Image.fromarray((values.clip(0, white) * (255 / white)).round().astype("uint8"))
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


if __name__ == "__main__":
    Command(__doc__).run(main)
