"""What the IDX files of a split must be: the digests that its dataset file pins, and the files themselves if given."""

import hashlib
import os
from collections.abc import Sequence
from contextlib import ExitStack

from idxpng.dataset.model import ROLES, Dataset, content_digests
from idxpng.errors import DataError
from idxpng.formats.idx import IdxFile, IdxHeader
from idxpng.formats.labeled_images import CLASS, labels_header


def headers(dataset: Dataset, split: str, count: int) -> dict[str, IdxHeader]:
    """What the IDX files of the first ``count`` images and labels of a split begin with, by their role."""
    return {
        "images": IdxHeader.of("uint8", (count, *dataset.splits[split].shape)),
        "labels": labels_header(dataset.label_type, count, dataset.label_columns),
    }


class Originals:
    """The IDX files of a split, known to be the pinned ones where any are pinned.

    Args:
        images, labels: the decompressed files.
        dataset, split: which ones they must be.

    Attributes:
        images, labels: the files, open.

    Raises:
        DataError: when a file is not the one that the dataset file describes.
        IdxError: when it is no IDX file.
    """

    def __init__(self, images: str, labels: str, dataset: Dataset, split: str) -> None:
        self._dataset, self._split = dataset, split
        published = dataset.splits[split]
        pinned = content_digests(published.files)
        expected = headers(dataset, split, published.file_count)
        with ExitStack() as stack:
            self.images, self.labels = (
                stack.enter_context(_open(path, expected[role], pinned.get(role), dataset.source))
                for role, path in zip(ROLES, (images, labels), strict=True)
            )
            self._stack = stack.pop_all()

    def __enter__(self) -> "Originals":
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def classes(self, start: int, stop: int) -> Sequence[int]:
        """The class of each image from ``start`` up to but not including ``stop``."""
        columns = self._dataset.label_columns
        return self.labels.values(start, stop)[columns.index(CLASS) :: len(columns)]

    def digests(self, count: int) -> dict[str, str]:
        """The SHA-256 of the IDX files that the first ``count`` images and labels make, by their role."""
        first = headers(self._dataset, self._split, count)
        return {role: _digest(file, first[role]) for role, file in zip(ROLES, (self.images, self.labels), strict=True)}


def _open(path: str, expected: IdxHeader, pinned: str | None, source: str) -> IdxFile:
    if not os.path.isfile(path):
        raise DataError(path, "file not found")
    file = IdxFile(path)
    if file.header != expected:
        problem, wanted, found = "not the original: its header is another", str(expected), str(file.header)
    elif pinned and (digest := _digest(file, expected)) != pinned:
        problem, wanted, found = "not the original: its content differs", f"SHA-256 {pinned}", digest
    else:
        return file
    file.__exit__()
    raise DataError(
        path,
        problem,
        expected=f"{wanted}, from {source}",
        found=found,
        todo="delete it, and download and decompress the published file again",
    )


def _digest(file: IdxFile, header: IdxHeader) -> str:
    digest = hashlib.sha256(header.to_bytes())
    step = max(1, 2**20 // (header.item_size or 1))
    for first in range(0, header.dims[0], step):
        digest.update(file.read(first, min(first + step, header.dims[0])))
    return digest.hexdigest()
