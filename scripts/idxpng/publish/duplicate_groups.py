"""Reading ``duplicates.json`` group by group: it may list millions of images, and few of them are shown."""

import json
import os
from collections import Counter
from collections.abc import Iterator

MOST_GROUPS = 1000  # that are kept
MOST_MEMBERS = 100  # of a group that are kept


class Groups:
    """Groups of images that have the same pixels.

    Attributes:
        count: how many groups there are.
        repeated: how many images are in them beside the first of each.
        images: how many images of each split are in them.
        first: the beginnings of the first groups, as lists of paths below ``png/``.
    """

    def __init__(self) -> None:
        self.count = 0
        self.repeated = 0
        self.images: Counter[str] = Counter()
        self.first: list[list[str]] = []

    def add(self, paths: Iterator[str]) -> None:
        """Add a group."""
        start: list[str] = []
        size = 0
        for size, path in enumerate(paths, 1):
            self.images[path.partition("/")[0]] += 1
            if size <= MOST_MEMBERS:
                start.append(path)
        self.count += 1
        self.repeated += size - 1
        if len(self.first) < MOST_GROUPS:
            self.first.append(start)


def read_groups(path: str | os.PathLike[str]) -> tuple[dict[str, Groups], Groups]:
    """The groups within each split, and those across splits, of what `find_duplicates` wrote.

    It writes JSON with an indent of 2, each bracket and each path on a line of its own: a split is a key at a depth
    of four, and ``across`` one at a depth of two.
    """
    within: dict[str, Groups] = {}
    across = groups = Groups()
    with open(path, encoding="utf-8") as file:
        for line in file:
            words = line.strip()
            if words == "[":
                groups.add(_paths(file))
            elif line.startswith('    "'):
                groups = within[json.loads(words.rpartition(": ")[0])] = Groups()
            elif line.startswith('  "across"'):
                groups = across
    return within, across


def _paths(lines: Iterator[str]) -> Iterator[str]:
    """The paths of a group, of which the opening bracket is read."""
    for line in lines:
        words = line.strip().rstrip(",")
        if words == "]":
            return
        yield json.loads(words)
