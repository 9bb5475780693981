"""List the SHA-256 of every file in a folder, as sha256sum does.

Anyone can check a copy of the folder with it:

    cd results/mnist && sha256sum --check --quiet SHA256SUMS
"""

import os
from pathlib import Path

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_file
from idxpng.files.digest import digest_of
from idxpng.files.walk import files_below
from idxpng.text import counted


def main(folder: str, sums: str) -> None:
    """Write ``sums``, a line for each file: its digest and its path below ``folder``, sorted by path.

    Hidden files, which are Snakemake's or half made, are left out, and the list itself.

    Args:
        folder: the folder, such as results/mnist.
        sums: the list to make.

    Raises:
        DataError: when there is nothing to list.
    """
    found = {os.path.relpath(path, folder) for path in files_below(Path(folder)) if path.is_file()}
    paths = sorted(found - {os.path.relpath(sums, folder)}, key=os.fsencode)
    if not paths:
        raise DataError(folder, "nothing to list", todo="make something first, such as with the target all")
    with atomic_file(sums) as output:
        for path in paths:
            output.write(os.fsencode(f"{digest_of(os.path.join(folder, path))}  {path}\n"))
    log.info("%s: %s", sums, counted(len(paths), "file"))


if __name__ == "__main__":
    Command(__doc__).run(main)
