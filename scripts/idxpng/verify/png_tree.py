"""The images of a split in directories by label: where each is, what else is there, and what is wrong."""

import os
from array import array
from bisect import insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from idxpng.files.leftovers import TIMESTAMP
from idxpng.text import printable

LARGEST_TIMESTAMP = 1024
KINDS = ("missing", "misplaced", "wrong count", "extra", "altered", "wrong format", "unreadable")
SHOWN = 20  # of each kind
UNKNOWN = "?"  # the directory of a missing image whose label is not known


class Problems:
    """What is wrong with a tree, in memory that does not grow with it.

    Attributes:
        counts: how many files of each kind.
        shown: the first of each kind by path, some with a few words.
        labels: directories in which something is wrong that making them again would repair.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.shown: dict[str, list[tuple[str, str]]] = {kind: [] for kind in KINDS}
        self.labels: set[str] = set()

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, kind: str, path: str, detail: str = "") -> None:
        """Count a path below the tree as of one kind. Making the directory of its label again repairs all but extra."""
        self.counts[kind] += 1
        shown = self.shown[kind]
        insort(shown, (path, detail))
        del shown[SHOWN:]
        if kind != "extra" and (label := path.partition("/")[0]) != UNKNOWN:
            self.labels.add(label)

    def lines(self) -> list[str]:
        """The problems as text that is safe on a terminal, even with hostile file names."""
        lines = []
        for kind in KINDS:
            if self.counts[kind]:
                lines.append(f"{kind}: {self.counts[kind]:,}")
                lines += [
                    f"  {printable(path)}{f' ({printable(detail)})' if detail else ''}"
                    for path, detail in self.shown[kind]
                ]
                if self.counts[kind] > SHOWN:
                    lines.append(f"  and {self.counts[kind] - SHOWN:,} more")
        return lines


class PngTree:
    """Where each image of a split lies below a directory: ``{label}/{index}.png``.

    Args:
        path: the directory.
        labels: the value of each label, by the name of its directory.
        count: how many images the split has, which makes the width of their names.
        limit: how many of them the tree must have.
        first: the index of the first one.

    Attributes:
        places: for each index from `first` on 0 where no image is found, or else the position of its label in
            `names`, from 1. Four bytes an image is all that is kept, since a split may have millions.
    """

    def __init__(self, path: str, labels: Mapping[str, int], count: int, limit: int, first: int = 0) -> None:
        self.path = path
        self.names = list(labels)
        self.values = list(labels.values())
        self._directories = dict(zip(self.values, self.names, strict=True))
        self.width = len(str(count - 1))
        self.places = array("I", [0]) * limit
        self.first = first

    def find_images(self, labels: Sequence[int] | None = None) -> Problems:
        """Find all images, and report what is missing, misplaced or extra.

        A file counts as an image by its name, in a directory with the name of a label. Nothing is opened, and no
        symbolic link followed.

        Args:
            labels: the label of each image, if known, and -1 for each that the tree must not have. Without it, the
                directory of a missing image is unknown, and an image is misplaced only if its name was found before.

        Raises:
            OSError: when a directory cannot be read.
        """
        problems = Problems()
        known, found = set(self.names), set()
        with os.scandir(self.path) as entries:
            for entry in entries:
                if entry.name in known and entry.is_dir(follow_symlinks=False):
                    found.add(entry.name)
                else:
                    problems.add("extra", entry.name, _kind(entry))
        for position, name in enumerate(self.names, 1):
            if name in found:
                self._find_label(position, name, problems, labels)
        if 0 in self.places:
            self._add_missing(problems, labels)
        return problems

    def _find_label(self, position: int, name: str, problems: Problems, labels: Sequence[int] | None) -> None:
        value = self.values[position - 1]
        with os.scandir(os.path.join(self.path, name)) as entries:
            for entry in entries:
                index = self._index(entry.name)
                if index is None:
                    if not _is_timestamp(entry):
                        problems.add("extra", f"{name}/{entry.name}", _kind(entry))
                elif labels is not None and labels[index] < 0:
                    problems.add("extra", f"{name}/{entry.name}", "its label was not requested")
                elif labels is not None and labels[index] != value:
                    right = self._directory(labels[index])
                    problems.add("misplaced", f"{name}/{entry.name}", f"its label is {right}")
                elif self.places[index]:
                    other = self.names[self.places[index] - 1]
                    problems.add("misplaced", f"{name}/{entry.name}", f"also in {other}")
                    problems.labels.add(other)
                else:
                    self.places[index] = position

    def _index(self, name: str) -> int | None:
        """The position of an image in `places` from its file's name, or None if it cannot be an image."""
        if (index := index_in(name, self.width)) is not None and 0 <= index - self.first < len(self.places):
            return index - self.first
        return None

    def _add_missing(self, problems: Problems, labels: Sequence[int] | None) -> None:
        for index, place in enumerate(self.places):
            if place == 0 and (labels is None or labels[index] >= 0):
                name = UNKNOWN if labels is None else self._directory(labels[index])
                problems.add("missing", f"{name}/{self.first + index:0{self.width}}.png")

    def _directory(self, value: int) -> str:
        return self._directories.get(value, str(value))

    def image_counts(self) -> dict[str, int]:
        """How many images were found in each label's directory."""
        counts = Counter(self.places)
        return {name: counts[position] for position, name in enumerate(self.names, 1)}

    def chunks(self, size: int) -> Iterator[list[tuple[int, str]]]:
        """Index and path below the tree of each image found, in the order of the IDX file, ``size`` at a time."""
        found = (
            (index, f"{self.names[place - 1]}/{index:0{self.width}}.png")
            for index, place in enumerate(self.places, self.first)
            if place
        )
        while chunk := list(islice(found, size)):
            yield chunk


def index_in(name: str, width: int) -> int | None:
    """The index that the name of an image's file says in ``width`` digits; None for any other name."""
    digits = name[:width]
    return int(digits) if name[width:] == ".png" and digits.isdecimal() and digits.isascii() else None


def _is_timestamp(entry: os.DirEntry[str]) -> bool:
    return (
        entry.name == TIMESTAMP
        and entry.is_file(follow_symlinks=False)
        and entry.stat(follow_symlinks=False).st_size <= LARGEST_TIMESTAMP
    )


def _kind(entry: os.DirEntry[str]) -> str:
    """What an entry is, if it is not a file."""
    if entry.is_symlink():
        return "a symbolic link"
    if entry.is_dir():
        return "a directory"
    return "" if entry.is_file() else "not a file"
