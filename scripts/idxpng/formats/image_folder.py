"""Folders of a user's images, ``{split}/{class}/{name}``: what is in them, and in which order."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from idxpng.errors import DataError
from idxpng.files.external_sort import sort_lines
from idxpng.text import NAME

LAYOUT = "{split}/{class}/{image}, such as train/cat/0001.png"


class FoundImage(NamedTuple):
    """An image by the value of its label and its path below the folder of its split."""

    label: int
    path: str


def natural(name: str) -> list[str | int]:
    """A key that sorts names as people count: ``9.png`` before ``10.png``."""
    return [int(part) if part.isdecimal() else part for part in re.split("([0-9]+)", name)]


class ImageFolder:
    """A folder of images, a folder for each split in it, and in these a folder for each class.

    Names that begin with a dot are left alone everywhere.

    Args:
        path: the folder.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._states: dict[str, str] = {}

    @cached_property
    def splits(self) -> list[str]:
        """The names of the splits, train first and test next.

        Raises:
            DataError: when there is none, or one whose name cannot be that of a split.
        """
        names = _folders(self.path)
        if wrong := [name for name in names if not re.fullmatch(NAME, name)]:
            allowed = "letters, digits, - and _, the first a letter or digit"
            raise DataError(self.path, "not a valid split name", expected=allowed, found=", ".join(wrong))
        usual = ["train", "test"]
        return sorted(names, key=lambda name: (usual.index(name) if name in usual else len(usual), natural(name)))

    @cached_property
    def classes(self) -> dict[str, int]:
        """The value of the label of each class in any of the splits, by the name of its folder.

        Names that are all numbers are the labels. Else they are numbered from 0, in natural order.

        Raises:
            DataError: when two names are the same number.
        """
        names = sorted({name for split in self.splits for name in _folders(self.path / split)}, key=natural)
        if not all(name.isascii() and name.isdecimal() for name in names):
            return {name: label for label, name in enumerate(names)}
        labels = {name: int(name) for name in names}
        if len(set(labels.values())) < len(labels):
            same = [name for name in names if list(labels.values()).count(labels[name]) > 1]
            raise DataError(self.path, "several folders have the same label", found=", ".join(same))
        if max(labels.values()) >= 2**31:
            raise DataError(self.path, "the label is too large", expected="at most 2147483647", found=names[-1])
        return labels

    def folders(self, split: str) -> list[str]:
        """The folder of a split and of each class in it: what changes when an image is added or removed."""
        folder = self.path / split
        return [str(folder), *(str(folder / name) for name in _folders(folder))]

    def state(self, split: str) -> str:
        """A digest of the name, size and time of change of each image of a split: it changes with any edit.

        It takes some seconds for a million images, and no memory: the digests of the images are added up.
        """
        if split not in self._states:
            total = 0
            for name in _folders(self.path / split):
                with os.scandir(self.path / split / name) as entries:
                    total += sum(_state(name, entry) for entry in entries if not entry.name.startswith("."))
            self._states[split] = f"{total % 2**128:032x}"
        return self._states[split]

    def images(self, split: str) -> tuple[int, Iterator[FoundImage]]:
        """How many images a split has; and all of them by natural order of their names, then by that of the classes.

        Memory is that of some 100,000 names, see `sort_lines`.

        Raises:
            DataError: when there is none, or something else lies where an image must be.
        """
        count, lines = sort_lines((f"{json.dumps(image)}\n" for image in self._scan(split)), _place)
        if not count:
            raise DataError(self.path / split, "the folder has no images", expected=LAYOUT)
        return count, (FoundImage(*json.loads(line)) for line in lines)

    def _scan(self, split: str) -> Iterator[FoundImage]:
        folder = self.path / split
        for name in _folders(folder):
            with os.scandir(folder / name) as entries:
                for entry in entries:
                    if not entry.name.startswith("."):
                        if not entry.is_file():
                            raise DataError(entry.path, "not an image", expected=LAYOUT, found="a folder")
                        yield FoundImage(self.classes[name], f"{name}/{entry.name}")


def _place(line: str) -> tuple[list[str | int], int, str]:
    image = FoundImage(*json.loads(line))
    return natural(image.path.rpartition("/")[2].rpartition(".")[0]), image.label, image.path


def _state(folder: str, entry: os.DirEntry[str]) -> int:
    try:
        found = entry.stat()
    except OSError:
        return 0  # a broken link, which the job reports
    state = f"{folder}/{entry.name} {found.st_size} {found.st_mtime_ns}"
    return int.from_bytes(hashlib.blake2b(os.fsencode(state), digest_size=16).digest())


def _folders(path: Path) -> list[str]:
    """The names of the folders in a folder, in natural order.

    Raises:
        DataError: when it does not exist, has files, or is not a folder.
    """
    if not path.is_dir():
        raise DataError(path, "folder not found", expected=LAYOUT)
    with os.scandir(path) as entries:
        found = [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    files = [name for name, is_folder in found if not is_folder]
    if files or not found:
        shown = ", ".join(sorted(files)[:5]) or "nothing"
        todo = "move images into folders for their classes, and other files elsewhere" if files else None
        raise DataError(path, "expected only folders", expected=LAYOUT, found=shown, todo=todo)
    return sorted((name for name, _ in found), key=natural)
