"""Folders of a user's images, ``{split}/{class}/{name}`` or with a table of labels: what is in them, in which order."""

import csv
import hashlib
import json
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from idxpng.errors import DataError
from idxpng.files.external_sort import sort_lines
from idxpng.text import NAME, shortened

LAYOUT = "{split}/{class}/{image}, such as train/cat/0001.png, or {class}/{image}"
ONLY = "train"  # the split of images without a folder for it
OTHER_NUMBER = re.compile(
    r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE
)  # as programs write what they took for measurements
MISSING = re.compile(r"nan|none|null|n/?a|<na>|\?+|-+|\.+|", re.IGNORECASE)  # as they write that there is none
COPY = ".png"  # what convert_images.py adds to the names of images
USUAL = ("train", "training", "test", "testing", "val", "valid", "validation")  # names of splits, and not of classes


class Item(NamedTuple):
    """An image by its path below the folder of images, and the columns of its label."""

    path: str
    label: Sequence[int]


def natural(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names as people count, ``9.png`` before ``10.png``, and ``07`` before ``7``."""
    return [int(part) if at % 2 else part for at, part in enumerate(re.split("([0-9]+)", name))], name


def are_labels(names: Iterable[str]) -> bool:
    """Whether names of classes are the values of their labels."""
    return all(name.isascii() and name.isdecimal() for name in names)


class ImageFolder:
    """A folder of images: a folder for each class, for each split if there are several; or tables with the labels.

    Names that begin with a dot are ignored everywhere.

    ``tables``: CSV files with the columns ``path``, below the folder, and ``label``, by split. Then no folder matters.
    A path also finds what `spelled` does.
    """

    def __init__(self, path: str | os.PathLike[str], tables: Mapping[str, Path]) -> None:
        self.path, self.tables = Path(path), tables

    @cached_property
    def splits(self) -> list[str]:
        """The names of the splits, train first and test next.

        Raises:
            DataError: when there is none, or one whose name cannot be that of a split.
        """
        names = list(self.tables) or ([ONLY] if self._flat else _folders(self.path))
        if wrong := [name for name in names if not re.fullmatch(NAME, name)]:
            allowed = "at most 60 letters, digits, - and _, starting with a letter or digit"
            raise DataError(self.path, "not a valid split name", expected=allowed, found=", ".join(wrong))
        usual = ["train", "test"]
        return sorted(names, key=lambda name: (usual.index(name) if name in usual else len(usual), natural(name)))

    @cached_property
    def _flat(self) -> bool:
        """Whether the folders in it are classes, since there are images in some of them, and no folder in any.

        Raises:
            DataError: when one of them has both, and not the name of a split.
        """
        kinds = set()
        for name in _folders(self.path):
            inside = {entry.is_dir(): entry.path for entry in _visible(self.path / name)}
            kinds |= {(is_folder, name in USUAL) for is_folder in inside}
            if len(inside) > 1 and name not in USUAL:
                todo = "move it, or the files beside it, elsewhere"
                raise DataError(inside[True], "a folder among images", expected=LAYOUT, todo=todo)
        return (False, False) in kinds and not any(is_folder for is_folder, _ in kinds)

    def folder(self, split: str) -> Path:
        """The folder with the classes of a split."""
        return self.path if self._flat else self.path / split

    @cached_property
    def classes(self) -> dict[str, int]:
        """The value of the label of each class in any of the splits, by the name of its folder, or in the tables.

        If all names are numbers, they are the labels. Otherwise they are numbered from 0, in natural order.

        Raises:
            DataError: when two names are the same number or show alike, or tables have -1, 3.0, or a NaN among numbers.
        """
        place = next(iter(self.tables.values()), self.path)
        found = self._in_tables() if self.tables else self._in_folders()
        names = sorted(found, key=natural)
        numbers = are_labels(names)
        labels = {name: int(name) if numbers else position for position, name in enumerate(names)}
        meant = {name: int(name) if numbers else normalize("NFC", name) for name in names}  # accents as they show
        counts = Counter(meant.values())
        if same := [name for name in names if counts[meant[name]] > 1]:
            problem = f"several {'names' if self.tables else 'folders'} have the same label"
            todo = "use one of these names for all images of the label"
            raise DataError(place, problem, found=shortened(", ".join(same)), todo=todo)
        if max(labels.values(), default=0) >= 2**31:
            raise DataError(place, "the label is too large", expected="at most 2147483647", found=names[-1])
        return labels

    def _in_folders(self) -> Iterable[str]:
        """The names of the folders of classes in all splits."""
        return {name for split in self.splits for name in _folders(self.folder(split))}

    def _in_tables(self) -> Iterable[str]:
        """The labels in the tables; DataError for a number that is not whole, or a missing label among numbers."""
        found: dict[str, tuple[Path, int]] = {}
        for table in self.tables.values():
            for line, row in rows(table, "path", "label"):
                found.setdefault(row["label"].strip(), (table, line))
        names = [name for name in found if not are_labels([name])]
        missing = names if len(names) < len(found) and all(map(MISSING.fullmatch, names)) else []
        if odd := [*filter(OTHER_NUMBER.fullmatch, names), *missing]:
            table, line = found[odd[0]]
            todo = "write whole numbers, such as 3 in place of 3.0 or +3, and no line for an image without a label"
            problem, expected = "a label that is not a whole number", "0 or more, or names"
            raise DataError(table, problem, at=f"line {line}", expected=expected, found=odd[0], todo=todo)
        return found

    def state(self, split: str) -> str:
        """A digest of name, size and time of change of a split's images and of its table: it changes with any edit.

        It takes some seconds for a million images, and no memory: the digests of the images are added up.

        Raises:
            DataError: when there is no such split.
        """
        if split not in self.splits:
            raise DataError(self.path, "no such split", expected=f"one of {', '.join(self.splits)}", found=split)
        if self.tables:
            total = _state(self.tables[split])
            paths = (row["path"] for _, row in rows(self.tables[split], "path"))
            total += sum(_state(spelled(self.path, path)) for path in paths)
        else:
            folder = self.folder(split)
            total = sum(_state(image) for name in _folders(folder) for image in _visible(folder / name))
        return f"{total % 2**128:032x}"

    def images(self, split: str) -> tuple[int, Iterator[Item]]:
        """How many images a split has; and all, by natural order of their names, then of the classes.

        Takes the memory of some 100,000 names, see `sort_lines`.

        Raises:
            DataError: when there is none, or something else lies where an image must be.
        """
        count, lines = sort_lines((f"{json.dumps(image)}\n" for image in self._scan(split)), _place)
        if not count:
            raise DataError(self.folder(split), "the folder has no images", expected=LAYOUT)
        return count, (Item(*json.loads(line)) for line in lines)

    def _scan(self, split: str) -> Iterator[Item]:
        folder = self.folder(split)
        start = "" if self._flat else f"{split}/"
        for name in _folders(folder):
            for entry in _visible(folder / name):
                if not entry.is_file():
                    found = "a folder" if entry.is_dir() else "a broken link or a special file"
                    raise DataError(entry.path, "not an image", expected=LAYOUT, found=found)
                yield Item(f"{start}{name}/{entry.name}", (self.classes[name],))


def _place(line: str) -> tuple[tuple[list[str | int], str], Sequence[int], str]:
    path, label = json.loads(line)
    return natural(os.path.splitext(os.path.basename(path))[0]), label, path


def tables(place: str | os.PathLike[str]) -> dict[str, Path]:
    """The tables of labels in a folder, by split: {split}.csv; of a single table, it is `ONLY`."""
    path = Path(place)
    if path.is_file():
        return {ONLY: path}
    return {table.stem: table for table in sorted(path.glob("*.[cC][sS][vV]")) if not table.name.startswith(".")}


def spelled(folder: str | os.PathLike[str], path: str) -> str:
    """Where the image is that a table names, or its copy by convert_images.py, whose name ends in `COPY`."""
    image = os.path.join(folder, path)
    return image if os.path.lexists(image) or not os.path.lexists(image + COPY) else image + COPY


def rows(table: str | os.PathLike[str], *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The line and the cells, by column, of each row of a table, with commas, semicolons, or tabs between the cells.

    Raises:
        DataError: when it is not a CSV file in UTF-8, its header or a row that is not empty lacks one of the
            ``columns``, there are two of one name, or a column `split` has several values.
    """
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:  # a byte order mark is no part of a column's name
            header = file.readline()
            reader = csv.DictReader(chain([header], file), delimiter=max(",;\t", key=header.count))
            names = list(reader.fieldnames or ())
            if twice := [name for name in columns if names.count(name) > 1]:
                problem, todo = f"two columns are named {twice[0]}", "rename or remove one of them"
                raise DataError(table, problem, found=", ".join(names), todo=todo)
            if not set(columns) <= set(names):
                expected, found = f"the names {', '.join(columns)}", shortened(", ".join(names)) or "nothing"
                raise DataError(table, "a column is missing", at="line 1", expected=expected, found=found)
            splits: dict[str, None] = {}
            for row in reader:
                wrong = partial(DataError, table, at=f"line {reader.line_num}")
                if not any(map("".join, filter(None, row.values()))):
                    continue  # as spreadsheets write lines below a table
                if missing := [name for name in columns if not row[name]]:
                    found = f"no {', '.join(missing)}"
                    raise wrong("a row without a path or label", expected=", ".join(columns), found=found)
                if split := row.get("split"):
                    splits[split] = None
                if len(splits) > 1:
                    expected = "a table for each split, such as train.csv and test.csv, in one folder"
                    found = ", ".join(splits)
                    raise wrong("a table of several splits", expected=expected, found=found)
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        todo = "save the table as CSV UTF-8"
        raise DataError(table, "not a readable CSV file", expected="CSV in UTF-8", found=error, todo=todo) from None


def _state(path: str | os.PathLike[str]) -> int:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return 0  # a broken link, or no path, which the job reports
    state = f"{os.fspath(path)} {found.st_size} {found.st_mtime_ns}"
    return int.from_bytes(hashlib.blake2b(os.fsencode(state), digest_size=16).digest())


def _visible(path: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(path) as entries:
        yield from (entry for entry in entries if not entry.name.startswith("."))


def _folders(path: Path) -> list[str]:
    """The names of the folders in a folder, in natural order.

    Raises:
        DataError: when it does not exist, has files, or is not a folder.
    """
    if not path.is_dir():
        raise DataError(path, "folder not found", expected=LAYOUT, todo="give the folder that has these folders")
    found = [(entry.name, entry.is_dir()) for entry in _visible(path)]
    files = [name for name, is_folder in found if not is_folder]
    if files or not found:
        shown = ", ".join(sorted(files)[:5]) or None
        todo = [
            "move images into folders for their classes, classes that lie beside a split into a split, such as train,",
            "and other files elsewhere; or name a table with `manifests`",
        ]
        problem = "files where only folders belong" if files else "the folder is empty"
        raise DataError(path, problem, expected=LAYOUT, found=shown, todo=todo if files else None)
    return sorted((name for name, _ in found), key=natural)
