"""Reading a user's images as 8-bit gray pixels, and explaining why some cannot be read."""

from __future__ import annotations

import os
import stat
from collections import Counter, defaultdict
from typing import NamedTuple

from PIL import Image

from idxpng.errors import DataError

FORMATS = ("PNG", "BMP", "TIFF", "JPEG")
SHOWN = 5  # of each kind
DEEP = ("I", "F")  # the first letter of the modes in which Pillow has more than 8 bits a pixel

REMEDIES = {
    "in color": "mogrify -colorspace Gray -alpha off -type Grayscale -depth 8",
    "of more than 8 bits a pixel": "mogrify -depth 8",
    "of several pictures": "keep one picture of each, as magick 'x.tiff[0]' x.png does",
    "not an image": f"remove files that are not images, and convert formats other than {', '.join(FORMATS)}",
    "damaged": "remove these, or get them again",
}


class GrayImage(NamedTuple):
    """``pixels``: rows × columns unsigned bytes, row by row from the top, 0 black to 255 white."""

    size: tuple[int, int]
    pixels: bytes


def read(path: str | os.PathLike[str]) -> GrayImage | str:
    """An image, its size as (rows, columns); or what it is instead, a key of `REMEDIES`."""
    wrong = "not an image"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            return wrong
        with Image.open(path, formats=FORMATS) as image:
            wrong = "damaged"
            if getattr(image, "n_frames", 1) > 1:
                return "of several pictures"
            if image.mode.startswith(DEEP):
                return "of more than 8 bits a pixel"
            if image.mode not in ("L", "1"):
                return "in color"
            pixels = image.tobytes() if image.mode == "L" else image.convert("L").tobytes()
            return GrayImage((image.height, image.width), pixels)
    except MemoryError:
        raise
    except Exception as error:  # each of Pillow's decoders raises errors of its own
        return "damaged" if isinstance(error, OSError) and error.errno else wrong


class Problems:
    """Images of a folder that do not fit together: how many of each kind and size, and the first of them."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._first: dict[str, list[str]] = defaultdict(list)
        self._sizes: dict[str, tuple[int, int]] = {}

    def __bool__(self) -> bool:
        return len(self._sizes) > 1 or len(self._counts) > len(self._sizes)

    def add(self, path: str, image: GrayImage | str) -> None:
        if isinstance(image, str):
            kind = image
        else:
            kind = f"{image.size[0]} × {image.size[1]} pixels"
            self._sizes[kind] = image.size
        self._counts[kind] += 1
        if len(self._first[kind]) < SHOWN:
            self._first[kind].append(path)

    def error(self, folder: str | os.PathLike[str]) -> DataError:
        """What is wrong with them, and how to fix it."""
        wrong = {kind: count for kind, count in self._counts.items() if kind in REMEDIES or len(self._sizes) > 1}
        found = [
            f"{kind}: {count:,} ({', '.join(self._first[kind])}{', …' if count > SHOWN else ''})"
            for kind, count in wrong.items()
        ]
        todo = [REMEDIES[kind] for kind in wrong if kind in REMEDIES]
        if len(self._sizes) > 1:
            rows, columns = self._sizes[max(self._sizes, key=self._counts.__getitem__)]
            todo.append(f"make all images the same size: mogrify -resize {columns}x{rows}\\!")
        return DataError(
            folder,
            "not all images have one size and 8-bit grayscale pixels",
            found="\n            ".join(found),
            todo="\n            ".join(todo),
        )
