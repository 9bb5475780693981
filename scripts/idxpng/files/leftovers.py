"""Removing shards and labels of earlier runs that a loader would still find.

A different limit or shard size leaves shards that ``train-*.tar`` matches, a different list of classes leaves label
directories that an image-folder loader takes for classes. Only files with names that the workflow uses are removed.
"""

import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from idxpng import log

TIMESTAMP = ".snakemake_timestamp"  # Snakemake's own file, in a directory that is an output


def remove_shards(folder: str | os.PathLike[str], split: str, current: Collection[str]) -> list[str]:
    """Remove each ``{split}-{number}.tar`` that is not in ``current``; return the removed names."""
    shards = _names(folder, rf"{re.escape(split)}-\d{{6,}}\.tar")
    stale = sorted(set(shards) - set(current))
    for name in stale:
        (Path(folder) / name).unlink()
    if stale:
        log.warning("%s: removed %d shards of an earlier run: %s", folder, len(stale), _listed(stale))
    return stale


def remove_labels(
    png: str | os.PathLike[str], manifests: str | os.PathLike[str], current: Collection[str]
) -> list[str]:
    """Remove the directories and manifests of labels that a split no longer has; return the removed names.

    A directory with anything but our images stays as it is, with a warning.

    Args:
        png: the folder of the split's label directories, such as ``0`` and ``07``.
        manifests: the folder of the labels' manifests, such as ``0.csv``.
        current: names of the label directories that the split has.
    """
    removed = []
    for name in sorted(set(_names(png, r"\d+")) - set(current)):
        directory = Path(png) / name
        foreign = set(os.listdir(directory)) - set(_names(directory, rf"\d+\.png|{re.escape(TIMESTAMP)}"))
        if foreign:
            log.warning("%s: not a label of the split, but not removed, because it has %s", directory, _listed(foreign))
            continue
        shutil.rmtree(directory)
        removed.append(name)
    for name in _names(manifests, r"\d+\.csv"):
        if name.removesuffix(".csv") not in current:
            (Path(manifests) / name).unlink()
    if removed:
        log.warning("%s: removed %d labels of an earlier run: %s", png, len(removed), _listed(removed))
    return removed


def _names(folder: str | os.PathLike[str], pattern: str) -> list[str]:
    """The names in a folder that match the whole pattern, except links; none if there is no folder."""
    if not os.path.isdir(folder):
        return []
    matches = re.compile(pattern, re.ASCII).fullmatch
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries if matches(entry.name) and not entry.is_symlink()]


def _listed(names: Collection[str], shown: int = 5) -> str:
    some = ", ".join(sorted(names)[:shown])
    return f"{some} and {len(names) - shown} more" if len(names) > shown else some
