"""What the IDX files of a split must be: the digests that its dataset file pins, and the files themselves if given."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from idxpng.dataset.model import ROLES, Dataset
from idxpng.errors import DataError
from idxpng.formats.idx import IdxFile, IdxHeader
from idxpng.formats.labeled_images import LabeledImages, file_headers


def headers(dataset: Dataset, split: str, count: int) -> dict[str, IdxHeader]:
    """What the IDX files of the first ``count`` images and labels of a split begin with, by their role."""
    return file_headers(count, dataset.splits[split].shape, dataset.label_type, dataset.label_columns)


@contextmanager
def open_originals(images: str, labels: str, dataset: Dataset, split: str) -> Iterator[LabeledImages]:
    """Open the decompressed IDX files of a split, once they are known to be the pinned ones where any are pinned.

    Raises:
        DataError: when a file differs from the dataset file's description.
        IdxError: when it is not an IDX file.
    """
    for path in (images, labels):
        if not os.path.isfile(path):
            raise DataError(path, "file not found")
    facts = dataset.splits[split]
    expected = headers(dataset, split, facts.file_count)
    with LabeledImages(images, labels, dataset.orientation, dataset.label_columns, facts.rows) as originals:
        for role, file in zip(ROLES, (originals.images, originals.labels), strict=True):
            _check(file, expected[role], facts.content_pins.get(role), dataset.source)
        yield originals


def _check(file: IdxFile, expected: IdxHeader, pinned: str | None, source: str) -> None:
    if file.header != expected:
        problem, wanted, found = "its header differs", str(expected), str(file.header)
    elif pinned and (digest := digest_of_part(file, expected)) != pinned:
        problem, wanted, found = "its content differs", f"SHA-256 {pinned}", digest
    else:
        return
    raise DataError(
        file.path,
        f"not the original: {problem}",
        expected=f"{wanted}, from {source}",
        found=found,
        todo="delete it, and download and decompress the published file again",
    )


def digest_of_part(file: IdxFile, header: IdxHeader) -> str:
    """The SHA-256 of the IDX file that has this header and the first items of a different one."""
    digest = hashlib.sha256(header.to_bytes())
    step = max(1, 2**20 // (header.item_size or 1))
    for first in range(0, header.dims[0], step):
        digest.update(file.read(first, min(first + step, header.dims[0])))
    return digest.hexdigest()
