"""Reading a user's images as 8-bit gray pixels, and explaining why some cannot be read."""

import errno
import os
import re
import stat
from collections import Counter, defaultdict
from contextlib import suppress
from typing import NamedTuple

from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from idxpng.advice import free, run_script, shown
from idxpng.errors import DataError
from idxpng.formats.png_reader import plain_file
from idxpng.text import counted, image_size

FORMATS = ("PNG", "BMP", "TIFF", "JPEG", "PPM", "GIF", "WEBP")  # Pillow's names; PPM is also PBM and PGM
SHOWN = 5  # images of each kind, and sizes
DEEP = ("I", "F")  # the first letter of the modes in which Pillow has more than 8 bits a pixel
# How Pillow describes the decoding of images whose values it scales; PGM and PPM files say their value of white.
SCALED = re.compile(r";16|'ppm'|'ppm_plain'.*, (?!255\))\d+\)\)")
INVERTED = bytes(range(255, -1, -1))
DARK = bytes(range(192))  # the values that are not nearly white

NOT_8_BITS = "not of 8 bits a pixel"
# What images are that cannot be taken, and cannot be converted either.
REMEDIES = {
    "not an image": "move files that are not images elsewhere, and save images of other formats, such as HEIC, as PNG",
    "damaged": "get damaged images again, or move them elsewhere",
    NOT_8_BITS: "save images with 8 bits a pixel, in a program that knows which of their values is white",
    "missing": "correct the path in the manifest, or bring the image back",
}


class GrayImage(NamedTuple):
    """``pixels``: rows × columns unsigned bytes, row by row from the top, 0 black to 255 white."""

    size: tuple[int, int]
    pixels: bytes


def read(path: str | os.PathLike[str]) -> GrayImage | str:
    """An image, its size as (rows, columns); or what it is instead, in a few words.

    Its EXIF orientation is applied. Color is fine if it is gray everywhere, and alpha if it is opaque everywhere.

    Raises:
        OSError: when the file cannot be read.
    """
    if plain := plain_file(os.fspath(path)):
        columns, rows, pixels = plain
        return GrayImage((rows, columns), pixels)
    image = opened(path)
    if isinstance(image, str):
        return image
    try:
        with image:
            # Not loaded yet, it still tells how Pillow would decode it.
            if image.mode.startswith(DEEP) or SCALED.search(str(getattr(image, "tile", ""))):
                return NOT_8_BITS
            if getattr(image, "n_frames", 1) > 1 or _is_followed(path, image):
                return "with several pictures in one file"
            gray = _gray(upright(image))
            return gray if isinstance(gray, str) else GrayImage((gray.height, gray.width), gray.tobytes())
    except MemoryError:
        raise
    except Exception as error:
        return damage(error, path)


def damage(error: Exception, path: str | os.PathLike[str]) -> str:
    """What an image is for which Pillow raised an error; the file system's errors are raised, since it may be whole."""
    if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # EINVAL: a seek to a negative position
        error.filename = error.filename or path
        raise error
    return "damaged"


def opened(path: str | os.PathLike[str]) -> ImageFile | str:
    """A file as an image of one of the `FORMATS`; or what it is instead, a key of `REMEDIES`.

    Raises:
        OSError: when the file cannot be read.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would be waited for
            return "not an image"
        return Image.open(path, formats=FORMATS)
    except (FileNotFoundError, NotADirectoryError):
        return "missing"
    except UnidentifiedImageError:
        return "not an image"
    except Exception as error:  # of any class: each of Pillow's decoders raises what it stumbles over
        return damage(error, path)


def _is_followed(path: str | os.PathLike[str], image: ImageFile) -> bool:
    """Whether another picture follows in a binary PBM, PGM, or PPM file, of which Pillow reads the first."""
    if image.format != "PPM" or image.tile[0].codec_name != "raw":
        return False
    row = (image.width + 7) // 8 if image.mode == "1" else image.width * len(image.getbands())
    with open(path, "rb") as file:
        file.seek(image.tile[0].offset + row * image.height)
        return bool(re.match(rb"\s*P[1-6]\s", file.read(16)))


def upright(image: Image.Image) -> Image.Image:
    """The loaded image as viewers show it: turned as its EXIF data says, unless that is damaged."""
    # Pillow 13 maps an uncompressed TIFF file into memory by its name, and then garbles one that it must turn.
    image.filename = ""  # type: ignore[attr-defined]
    image.load()
    with suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _gray(image: Image.Image) -> Image.Image | str:
    """The image in mode L, or why it is not one."""
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema() != (255, 255):
            return "with transparency"
    if image.mode in ("L", "1"):
        return image.convert("L")
    red, green, blue = image.convert("RGB").split()
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else "in color"


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
            kind = image_size(*image.size)
            self._sizes[kind] = image.size
        self._counts[kind] += 1
        if len(self._first[kind]) < SHOWN:
            self._first[kind].append(path)

    def error(self, folder: str | os.PathLike[str]) -> DataError:
        """What is wrong with them, and how to fix it. ``folder``: that of all images."""
        sizes = sorted(self._sizes, key=self._counts.__getitem__, reverse=True)
        several = len(sizes) > 1
        wrong = [kind for kind in self._counts if kind not in self._sizes] + sizes[: SHOWN * several]
        found = [
            f"{kind}: {self._counts[kind]:,} ({', '.join(self._first[kind])}{', …' * (self._counts[kind] > SHOWN)})"
            for kind in wrong
        ]
        found += [f"and {counted(len(sizes) - SHOWN, 'more size')}"] if len(sizes) > SHOWN else []
        todo = [REMEDIES[kind] for kind in wrong if kind in REMEDIES]
        if set(wrong) - REMEDIES.keys():
            old = shown(folder)
            new = free(f"{old.rstrip('/')}-gray")
            words, copies = [old, new], "gray copies"
            if several:
                rows, columns = self._sizes[sizes[0]]
                words += ["--size", f"{rows}x{columns}"]
                copies += f", stretched to {image_size(rows, columns)},"
            todo.append(run_script("convert_images", *words))
            todo.append(f"  writes {copies} into {new}, which you then name in place of {old}")
        problem, expected = "not all images can be put into one IDX file", "images of one size, in 8-bit gray"
        return DataError(folder, problem, expected=expected, found=found, todo=todo)
