"""Merge the manifests of a split's labels into one, in the order of the IDX file."""

import heapq
import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError, move_away, reading
from idxpng.files.atomic import atomic_file
from idxpng.files.disk_space import check_space
from idxpng.files.leftovers import remove_labels
from idxpng.text import counted

OTHER_FILES = 50  # that the process has open


def main(label_manifests: Sequence[str], /, manifest: str, png: str | None = None, proof: str | None = None) -> None:
    """Write the rows of ``label_manifests``, each ordered by index, to ``manifest``, ordered by index.

    Only one row of each is in memory at a time.

    Args:
        label_manifests: ``{label}.csv`` of each label of the split, in one folder.
        manifest: the CSV file to make.
        png: the folder of the split's label directories. If a manifest beside ``label_manifests`` lists the images of
            a label that is not one of these, an earlier run made both, and they are removed.
        proof: a report of `verify` on the split, which is removed together with a label.

    Raises:
        DataError: when one of them was cut short, or is no manifest.
        DiskRoomError: when the disk lacks the space.
    """
    check_space(manifest, sum(map(os.path.getsize, label_manifests)))
    _allow_open_files(len(label_manifests) + OTHER_FILES)
    with atomic_file(manifest) as merged:
        lines = [_lines(path) for path in label_manifests]
        (_, column_names), *_ = map(next, lines)
        merged.write(column_names)
        count = 0
        for _, row in heapq.merge(*lines):
            merged.write(row)
            count += 1
        if png is not None:  # only now, since a wrong name among the manifests is no reason to remove a label
            remove_labels(png, Path(label_manifests[0]).parent, {Path(path).stem for path in label_manifests}, proof)
    log.info("%s: %s", manifest, counted(count, "image"))


def _allow_open_files(count: int) -> None:
    """Let this process open that many files, where the system allows more than the usual 1,024, or 256 on macOS."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # then opening the files fails with a message
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """The lines of a label's manifest: -1 and the names of its columns, then the index and the row of each image."""
    with reading("the manifest of a label", path), open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 1))
        if file.read(1) != b"\n":
            raise DataError(path, "not a complete manifest: its last line does not end", todo=move_away(path))
        file.seek(0)
        column_names = file.readline()
        yield -1, column_names
        at = column_names.split(b",").index(b"index")  # no column before it is ever quoted
        for row in file:
            yield int(row.split(b",", at + 1)[at]), row


if __name__ == "__main__":
    Command(__doc__).run(main)
