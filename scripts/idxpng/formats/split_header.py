"""What `validate` found in a split, and what later steps need to know about its dataset: ``header/{split}.json``."""

from __future__ import annotations

import os
import sys
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from idxpng.errors import DataError, reading
from idxpng.files.atomic import atomic_file
from idxpng.files.digest import digest_of
from idxpng.files.json_file import read_made
from idxpng.formats.idx import IdxError, IdxFile, IdxHeader
from idxpng.formats.labeled_images import CLASS, LabeledImages, changed, file_headers

FILE = {"file": str, "magic": int, "type": str, "dims": [int], "bytes": int, "content_sha256": str}
SHAPE = {"dataset": str, "split": str, "orientation": str, "label_columns": [str], "images": FILE, "labels": FILE}
SHAPE |= {"class_names": {str: str}}


class SplitHeader(NamedTuple):
    """One split of a dataset, its IDX files checked.

    ``orientation`` and ``label_columns``: those of `LabeledImages`. ``class_names``: what each label means,
    by the name of its directory, in the order of the labels.
    ``rows``: for a split that is a part of the files, its first image there and the one after its last, from 0.
    ``path``: the file that it was read from.
    """

    dataset: str
    split: str
    orientation: str
    label_columns: list[str]
    images: dict[str, Any]
    labels: dict[str, Any]
    class_names: dict[str, str]
    rows: list[int] | None = None
    path: str | os.PathLike[str] = ""

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> SplitHeader:
        """Read what `validate` wrote; DataError if it is not such a file."""
        what = "a header made by validate"
        document = read_made(path, what, SHAPE)
        with reading(what, path):
            header = cls(**{key: document[key] for key in SHAPE}, rows=document.get("rows"), path=path)
            header.names()  # labels are numbers
            start, stop = header.rows or (0, 0)
            inside = 0 <= start <= stop <= header.idx_headers["images"].dims[0]
            if not inside or CLASS not in header.label_columns or header.orientation not in ("upright", "transposed"):
                raise ValueError("rows, label_columns, or orientation that cannot be")
            return header

    @property
    def idx_headers(self) -> dict[str, IdxHeader]:
        """The headers of both IDX files, see `file_headers`."""
        count, *shape = self.images["dims"]
        return file_headers(count, shape, self.labels["type"], self.label_columns)

    @property
    def directories(self) -> dict[int, str]:
        """The name of each label's directory."""
        return {int(name): name for name in self.class_names}

    def names(self, only: Collection[int] | None = None) -> dict[int, str]:
        """What each label means; with ``only``, each of these. DataError if one of them does not exist."""
        names = {int(label): name for label, name in self.class_names.items()}
        if unknown := [str(label) for label in only or () if label not in names]:
            expected = f"some of {', '.join(map(str, names))}"
            raise DataError(self.path, "no such label", expected=expected, found=", ".join(unknown))
        return {label: name for label, name in names.items() if only is None or label in only}

    def label(self, directory: str) -> int:
        """The value in the labels file, from the name of its directory; DataError if no label has this name."""
        if directory not in self.class_names:
            names = list(self.class_names)
            raise DataError(self.dataset, "no such label", expected=f"one of {', '.join(names)}", found=directory)
        return int(directory)

    def open(
        self, images: str | os.PathLike[str], labels: str | os.PathLike[str], limit: int | None = None
    ) -> LabeledImages:
        """The split's two IDX files, open for reading its first ``limit`` images or all, if they are those validated.

        The labels are checked at once, and each image as it is read, see `LabeledImages`.

        Raises:
            IdxError: when a file is not an IDX file, or a header, the labels, or the checksums are not as validated.
        """
        of_labels, found = self.labels["content_sha256"], digest_of(labels)
        if found == self.images["content_sha256"]:
            raise IdxError(labels, "this file has the images", todo="swap the files of --images and --labels")
        if found != of_labels:
            problem, expected = "not the labels that were validated", f"SHA-256 {of_labels}, as in {self.path}"
            raise changed(labels, problem, expected, found, None, Path(self.path))
        with IdxFile(checked := checksums_path(self.path)) as stored:
            if stored.header != (one_each := IdxHeader.of("int32", self.idx_headers["images"].dims[:1])):
                raise changed(checked, "not the checksums of these images", one_each, stored.header)
            checksums = memoryview(stored.values()).cast("B").cast("I")
        source = LabeledImages(
            images, labels, self.orientation, self.label_columns, self.rows, checksums, limit, checked
        )
        for file, said in zip((source.images, source.labels), self.idx_headers.values(), strict=True):
            if file.header != said:
                with source:
                    problem = "the header is not the one that was validated"
                    raise changed(file.path, problem, said, file.header, "byte 0", Path(self.path))
        return source


class Selection(NamedTuple):
    """The images of a split that a script takes: the first ``limit`` or all, and of these some ``classes`` or all.

    ``images``, ``labels``: the decompressed IDX files; ``header``: what `validate` wrote about them.
    """

    images: str
    labels: str
    header: str
    limit: int | None = None
    classes: Collection[int] | None = None

    @contextmanager
    def open(self) -> Iterator[tuple[SplitHeader, LabeledImages]]:
        """What `validate` wrote, and the two IDX files, see `SplitHeader.open`."""
        header = SplitHeader.read(self.header)
        header.names(self.classes)  # DataError if one of them does not exist
        with header.open(self.images, self.labels, self.limit) as source:
            yield header, source


class Selections(NamedTuple):
    """A `Selection` of each of several splits.

    Args:
        images, labels: the decompressed IDX files of each split, in the same order.
        headers: what `validate` wrote about each split.
        limit: take only the first N images of each split; all by default.
    """

    images: Sequence[str]
    labels: Sequence[str]
    headers: Sequence[str]
    limit: int | None = None
    classes: Collection[int] | None = None

    def each(self) -> list[Selection]:
        """The selection of each split."""
        files = zip(self.images, self.labels, self.headers, strict=True)
        return [Selection(*of_split, self.limit, self.classes) for of_split in files]


def checksums_path(header: str | os.PathLike[str]) -> Path:
    """The IDX file beside a header with the CRC-32 of each image as stored in the images file, as int32 (count)."""
    return Path(header).with_suffix(".crc32")


def write_checksums(header: str | os.PathLike[str], checksums: array[int]) -> None:
    """Write the checksums beside a header."""
    if sys.byteorder == "little":
        checksums.byteswap()
    with atomic_file(checksums_path(header)) as file:
        file.write(IdxHeader.of("int32", (len(checksums),)).to_bytes() + checksums.tobytes())
