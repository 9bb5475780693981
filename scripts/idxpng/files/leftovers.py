"""Removing labels of earlier runs that a loader would still find.

A new list of classes leaves old label directories that an image-folder loader takes for classes. Only images that a
manifest of an earlier run lists are removed.
"""

import csv
import io
import os
import re
from collections.abc import Collection, Iterable
from pathlib import Path

from idxpng import log
from idxpng.replaceable import check_role, check_settings
from idxpng.text import counted, some

TIMESTAMP = ".snakemake_timestamp"  # Snakemake's own file, in a directory that is an output


def remove_labels(
    png: str | os.PathLike[str],
    manifests: str | os.PathLike[str],
    current: Collection[str],
    proof: str | os.PathLike[str] | None = None,
) -> None:
    """Remove the directories and manifests of labels that a split no longer has.

    A directory with anything but the images that its manifest lists stays as it is, with a warning.

    Args:
        png: the folder of the split's label directories, such as ``0`` and ``07``.
        manifests: the folder of the labels' manifests, such as ``0.csv``.
        current: names of the label directories that the split has.
        proof: a report of `verify` on the split, which is removed before the first image.
    """
    check_settings(png)  # or it would remove what a newer run made
    removed = []
    for name in sorted({Path(name).stem for name in entries_of(manifests)} - set(current)):
        directory, manifest = Path(png) / name, Path(manifests) / f"{name}.csv"
        listed = listed_images(manifest)
        if listed is None or directory.is_symlink():
            continue
        entries = entries_of(directory)
        if foreign := [entry for entry, is_file in entries.items() if not (is_file and entry in listed)]:
            log.warning("%s: not a label of the split, but not removed, because it has %s", directory, some(foreign))
            continue
        if proof:
            remove_proof(proof)
        for entry in entries:
            (directory / entry).unlink()
        if directory.is_dir():
            directory.rmdir()
        manifest.unlink()
        removed.append(name)
    if removed:
        log.warning("%s: removed %s of an earlier run: %s", png, counted(len(removed), "label"), some(removed))
    if others := entries_of(png).keys() - set(current):
        log.warning("%s: not labels of the split, but not removed: %s", png, some(others))


def remove_proof(report: str | os.PathLike[str]) -> None:
    """Remove a report of `verify`, which is about other images, if there is one; DataError if it is an input."""
    check_role(report)
    check_settings(report)  # as in `remove_labels`
    Path(report).unlink(missing_ok=True)


def listed_images(manifest: Path) -> set[str] | None:
    """The names in a label's directory that its manifest lists; None if it is not its manifest."""
    folder = f"{manifest.parent.name}/{manifest.stem}"
    try:
        # Without following a link or waiting for a pipe.
        with open(os.open(manifest, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
            columns, paths = rows.fieldnames or [], [os.path.split(row["path"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        return None
    if not {"path", "split"} <= {*columns} or any(parent != folder for parent, _ in paths):
        return None
    return {name for _, name in paths} | {TIMESTAMP}


def entries_of(folder: str | os.PathLike[str]) -> dict[str, bool]:
    """The names in a folder, and whether each is a regular file; none if there is no folder."""
    if not os.path.isdir(folder):
        return {}
    with os.scandir(folder) as entries:
        return {entry.name: entry.is_file(follow_symlinks=False) for entry in entries}


def not_images(names: Iterable[str]) -> list[str]:
    """The names in a label's directory that no export gives to a file."""
    return [name for name in names if name != TIMESTAMP and not re.fullmatch(r"\d+\.png", name, re.ASCII)]
