"""Print one digest of a directory of PNG files, the same whichever program wrote them.

It is the SHA-256 of a text with a line for each file, ordered by path: the SHA-256 of its size and pixels, two
spaces, and its path below the directory.
"""

import argparse
import hashlib
import sys
from pathlib import Path

from PIL import Image


def main(directory: str) -> str:
    """The digest of all PNG files below ``directory``, in hexadecimal.

    What is digested of each image is its mode, columns and rows as ``"L 28 28 "``, and its pixels row by row.
    """
    digest = hashlib.sha256()
    for path in sorted(path.relative_to(directory).as_posix() for path in Path(directory).rglob("*.png")):
        with Image.open(Path(directory, path)) as image:
            pixels = f"{image.mode} {image.width} {image.height} ".encode() + image.tobytes()
        digest.update(f"{hashlib.sha256(pixels).hexdigest()}  {path}\n".encode())
    return digest.hexdigest()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", metavar="DIRECTORY", help="such as results/mnist/png")
    try:
        print(main(parser.parse_args().directory))
    except OSError as error:
        sys.exit(f"{error.filename or error}: {error.strerror or 'no readable image'}")
