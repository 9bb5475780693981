"""Merge the manifests of a split's labels into one, in the order of the IDX file."""

import heapq
import logging
import os
from contextlib import ExitStack

from idxpng.atomic import atomic_file
from idxpng.space import check_space

INDEX = 2  # column; no column before it is ever quoted


def main(label_manifests: list[str], manifest: str) -> None:
    """Write the rows of ``label_manifests``, each ordered by index, to ``manifest``, ordered by index.

    Only one row of each is in memory at a time.

    Raises:
        DiskRoomError: when there is no space for it.
    """
    check_space(manifest, sum(map(os.path.getsize, label_manifests)))
    with ExitStack() as stack, atomic_file(manifest) as merged:
        files = [stack.enter_context(open(path, "rb")) for path in label_manifests]
        column_names, *_ = [file.readline() for file in files]
        merged.write(column_names)
        count = 0
        for row in heapq.merge(*files, key=lambda row: int(row.split(b",", INDEX + 1)[INDEX])):
            merged.write(row)
            count += 1
    logging.info("%s: %d images", manifest, count)


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_argument("label_manifests", nargs="+", metavar="FILE", help="the manifests of the labels")
    command.add_argument("--manifest", required=True, metavar="FILE", help="the CSV file to make")
    command.run(main)
