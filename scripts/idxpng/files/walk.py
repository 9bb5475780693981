"""The files in a folder and in its folders."""

import os
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path


def files_below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    """The files in a folder and in its folders, also behind links, ordered by path; no hidden ones.

    ``above``: the real paths of the folders around it, so that a link to one of them makes no loop.
    """
    inside = above | {os.path.realpath(folder)}
    if inside == above or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        visible = sorted((entry for entry in entries if not entry.name.startswith(".")), key=attrgetter("name"))
    for entry in visible:
        yield from files_below(Path(entry.path), inside) if entry.is_dir() else [Path(entry.path)]
