"""What `validate` found in a split, and what later steps need to know about its dataset: ``header/{split}.json``."""

from __future__ import annotations

import json
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
from idxpng.formats.idx import IdxError, IdxFile, IdxHeader
from idxpng.formats.labeled_images import LabeledImages, changed


class SplitHeader(NamedTuple):
    """One split of a dataset, its IDX files checked.

    ``orientation`` and ``label_columns``: those of `LabeledImages`. ``images``, ``labels``: of each IDX file its
    ``file`` name, ``magic`` number, ``type``, ``dims``, ``bytes`` and ``content_sha256``. ``class_names``: what each
    label means, by the name of its directory, in the order of the labels.
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
        keys = cls._fields[:-2]  # `rows` is optional, and `path` not in the file
        with reading("a header made by validate", path):
            document = json.loads(Path(path).read_bytes())
            return cls(**{key: document[key] for key in keys}, rows=document.get("rows"), path=path)

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
        with reading("a header made by validate", self.path):
            of_images, of_labels = (each["content_sha256"] for each in (self.images, self.labels))
            validated = IdxHeader(self.images["magic"], tuple(self.images["dims"]))
        found = digest_of(labels)
        if found == of_images:
            raise IdxError(labels, "this file has the images", todo="swap the files of --images and --labels")
        if found != of_labels:
            expected = f"SHA-256 {of_labels}"
            raise changed(labels, "the labels are not those that were validated", expected, found)
        with IdxFile(checksums_path(self.path)) as stored:
            if stored.header != (one_each := IdxHeader.of("int32", validated.dims[:1])):
                raise changed(stored.path, "not the checksums of these images", one_each, stored.header)
            checksums = memoryview(stored.values()).cast("B").cast("I")
        source = LabeledImages(images, labels, self.orientation, self.label_columns, self.rows, checksums, limit)
        header = source.images.header
        if header == validated:
            return source
        with source:
            raise changed(images, "the header is not the one that was validated", validated, header, "byte 0")


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
        if not len(self.images) == len(self.labels) == len(self.headers):
            counts = f"{len(self.headers)} headers, {len(self.images)} of images, {len(self.labels)} of labels"
            raise DataError(self.headers[0], "each header needs one file of images and one of labels", found=counts)
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
