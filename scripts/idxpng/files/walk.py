"""The files in a folder and in its folders."""

import os
from collections.abc import Iterator
from pathlib import Path


def files_below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The files in a folder and in its folders, also behind links, in the order of their paths; none that is hidden.

    ``above``: the real paths of the folders that it is in, so that a link to one of them is no loop.
    """
    inside = above | {os.path.realpath(folder)}
    for path in sorted(folder.iterdir()) if folder.is_dir() and inside != above else ():
        if not path.name.startswith("."):
            yield from files_below(path, inside) if path.is_dir() else [path]
