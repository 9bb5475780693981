"""Check both IDX files of a split against each other and against the dataset file, before any export."""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from idxpng import log
from idxpng.command import Command
from idxpng.dataset.mismatch import little_endian, mismatch
from idxpng.errors import DataError, move_away
from idxpng.files.digest import digest_of
from idxpng.files.json_file import write_json
from idxpng.formats.idx import IdxFile
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.split_header import write_checksums
from idxpng.text import counted, image_size, shortened

from zlib_ng.zlib_ng import crc32  # isort: skip

if TYPE_CHECKING:
    from idxpng.dataset.model import Dataset, Split  # not in the digest


CHUNK = 1 << 20  # bytes in memory at once, if an image has no more


def main(dataset: str, split: str, images: str, labels: str, header: str, published: Sequence[str] = ()) -> None:
    """Check the two files of a split and write what was found to ``header``, a JSON file, see `SplitHeader`.

    The CRC-32 of each image goes to a file beside it, see `checksums_path`.

    Args:
        dataset: the dataset file, which describes both files.
        split: the split's name there.
        header: the file to make.
        published: downloads of the split, where the digest of their content is not pinned. The IDX files must be what
            they decompress to.

    Raises:
        DataError: when the dataset has no such split.
        WrongFileError: when a download is not the published one.
    """
    from idxpng.dataset.file import load, origin  # not in the digest
    from idxpng.fetch.integrity import with_witnesses  # not in the digest

    known = with_witnesses(load(dataset), published, pinned_only=False)
    expected = known.split(split)
    found, checksums = check(images, labels, known, expected)
    document = {
        "dataset": known.name,
        "split": split,
        "dataset_file": origin(known),
        "orientation": known.orientation,
        "label_columns": known.label_columns,
        **found,
    }
    if expected.rows:
        document["rows"] = expected.rows
    write_json(header, document)
    write_checksums(header, checksums)
    of_size = f"{counted(expected.count, 'image')} of {image_size(*found['images']['dims'][1:])}"
    log.info("%s: %s in %s", images, of_size, counted(len(known.classes), "class"))


def check(images: str, labels: str, dataset: Dataset, expected: Split) -> tuple[dict[str, Any], array[int]]:
    """Check the two IDX files of a split against each other, the dataset, and the ``expected`` split.

    Returns:
        ``images`` and ``labels``: name, magic number, type, dims, bytes and SHA-256 of each file; ``class_names``
        and ``class_counts``, by the name of the label's directory. Then the CRC-32 of each image.

    Raises:
        IdxError: when a file is not an IDX file, or its size does not match its header.
        DataError: when it is not the expected file.
    """
    with LabeledImages(images, labels, label_columns=dataset.label_columns, rows=expected.rows) as split:
        for file, (role, header) in zip((split.images, split.labels), expected.headers.items(), strict=True):
            if problem := mismatch(file.header, header):
                if expected.by_role[role].content_sha256 not in (None, digest_of(file.path)):
                    problem["todo"] = move_away(file.path)
                raise DataError(file.path, **problem)
        labels_facts = _describe(split.labels, digest_of(labels), expected.labels.content_sha256)
        counts = _count_classes(split, dataset, expected.class_counts)
        images_sha256, checksums = _digests(split.images)
        return {
            "images": _describe(split.images, images_sha256, expected.images.content_sha256),
            "labels": labels_facts,
            "class_names": {name: dataset.classes[label] for name, label in dataset.labels.items()},
            "class_counts": {name: counts[label] for name, label in dataset.labels.items()},
        }, checksums


def _count_classes(split: LabeledImages, dataset: Dataset, expected: tuple[int, ...] | None) -> Counter[int]:
    """How many images each label has, if all are of the dataset's classes, as many as ``expected`` where known."""
    counts, classes = Counter(split.classes()), dataset.classes
    if problem := little_endian(counts, split.labels.header.type):
        raise DataError(split.labels.path, **problem)
    if unknown := counts.keys() - classes.keys():
        index, value = next((index, value) for index, value in split.labeled() if value in unknown)
        raise DataError(
            split.labels.path,
            f"image {index} has a label that is not a class",
            at=f"byte {split.labels.header.offset(index)}",
            expected=f"one of {shortened(', '.join(map(str, classes)))}",
            found=value,
            todo="number the classes from 0"
            if value < 0
            else f"use the right file, or name {value} under `classes` in the dataset file",
        )
    for (name, label), wanted in zip(dataset.labels.items(), expected or (), strict=False):
        if counts[label] != wanted:
            raise DataError(
                split.labels.path,
                f"label {name} ({classes[label]}) has the wrong number of images",
                expected=wanted,
                found=counts[label],
                todo="use the right file, or correct `class_counts` in the dataset file",
            )
    return counts


def _digests(file: IdxFile) -> tuple[str, array[int]]:
    """The SHA-256 of a file, and the CRC-32 of each item."""
    digest, checksums = hashlib.sha256(file.header.to_bytes()), array("I")
    size = file.header.item_size
    for start in range(0, len(file), step := max(1, CHUNK // size)):
        items = memoryview(file.read(start, min(start + step, len(file))))
        digest.update(items)
        checksums.extend([crc32(items[at : at + size]) for at in range(0, len(items), size)])
    return digest.hexdigest(), checksums


def _describe(file: IdxFile, found: str, sha256: str | None) -> dict[str, Any]:
    if sha256 is not None and found != sha256:
        raise DataError(
            file.path,
            "not the original IDX file",
            expected=f"SHA-256 {sha256}",
            found=found,
            todo=move_away(file.path),
        )
    header = file.header
    return {
        "file": str(file.path).rpartition("/")[2],
        "magic": header.magic,
        "type": header.type.name,
        "dims": header.dims,
        "bytes": header.file_size,
        "content_sha256": found,
    }


if __name__ == "__main__":
    Command(__doc__).run(main)
