"""Print one digest of a directory of PNG files, the same whichever program wrote them.

It is the SHA-256 of a text with a line for each file, ordered by path: the SHA-256 of its size and pixels, two
spaces, and its path below the directory. Paths with control characters are refused, since they could look like
other lines. So is anything else that a loader would load: images of other formats, and what is behind links. The
number of files goes to standard error.
"""

import hashlib
import os
import re
import sys
from functools import partial

from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.formats.png_reader import PngError, check_chunks, open_png, plain_image, read_regular_file
from idxpng.text import counted, image_size

# What torchvision's ImageFolder loads, in either case.
IMAGES = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
# A line break in a path could pass for another file; a path that is not valid text cannot be digested.
REFUSED = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
LARGEST_IMAGE = 2**28  # pixels: whoever made the tree, an image takes no more than a gigabyte of memory
LARGEST_FILE = 2**31


def main(directory: str, /) -> str:
    """The digest of all PNG files below ``directory``, in hexadecimal.

    The digest of an image is of its mode, columns, and rows as ``"L 28 28 "``, and of its pixels row by row.

    Args:
        directory: such as results/mnist/png.

    Raises:
        DataError: when there are none, one cannot be read, or a path could pass for another.
    """
    paths = _paths(directory)
    if not paths:
        raise DataError(directory, "no PNG files found", todo="give a directory such as results/mnist/png")
    digest = hashlib.sha256()
    for path in paths:
        try:
            pixels = _pixels(os.path.join(directory, path))
        except PngError as error:
            raise DataError(os.path.join(directory, path), str(error)) from None
        digest.update(f"{hashlib.sha256(pixels).hexdigest()}  {path}\n".encode())
    if sys.stderr:  # otherwise it was closed, and `print` would take standard output
        print(counted(len(paths), "PNG file"), file=sys.stderr)
    return digest.hexdigest()


def _paths(directory: str) -> list[str]:
    """The path below ``directory`` of each PNG file, in order."""
    paths = []
    for folder, folders, names in os.walk(directory, onerror=_raise):
        for link in filter(os.path.islink, (os.path.join(folder, name) for name in folders)):
            raise DataError(
                link, "a link to a folder, which a loader would follow", todo="move it elsewhere, or copy the folder"
            )
        below = os.path.relpath(folder, directory)
        for name in filter(lambda name: name.lower().endswith(IMAGES), names):
            path = name if below == os.curdir else os.path.join(below, name)
            wrong = partial(DataError, os.path.join(directory, path))
            if REFUSED.search(path):
                raise wrong("the path has control characters or is not valid text", todo="rename it")
            if not name.lower().endswith(".png"):
                raise wrong("not a PNG file, but a loader would load it", todo="move it elsewhere, or convert it")
            paths.append(path)
    return sorted(paths)


def _raise(error: OSError) -> None:
    raise error


def _pixels(path: str) -> bytes:
    data = read_regular_file(path, LARGEST_FILE)
    if plain := plain_image(data, check_chunks(data)):
        columns, rows, pixels = plain
        return f"L {columns} {rows} ".encode() + pixels
    with open_png(data) as image:
        if image.width * image.height > LARGEST_IMAGE:
            size = image_size(image.height, image.width)
            raise PngError("unreadable", f"{size}, and an image in a tree has at most {LARGEST_IMAGE:,} pixels")
        if image.mode == "P":
            raise PngError("unreadable", "palette images have no digest")
        drawn = image.convert("L") if image.mode == "1" else image  # black and white are levels of gray, too
        return f"{drawn.mode} {drawn.width} {drawn.height} ".encode() + drawn.tobytes()


if __name__ == "__main__":
    Command(__doc__).answer(main)
