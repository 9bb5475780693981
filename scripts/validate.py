"""Check both IDX files of a split against each other and against what is known: the gate before any export."""

import hashlib
import json
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from idxpng.atomic import atomic_file
from idxpng.errors import DataError
from idxpng.idx import IdxFile
from idxpng.images import CLASS, LabelledImages


class ValidationError(DataError):
    """IDX files that are well-formed, and yet not the ones that the dataset file describes."""


def main(
    images: str,
    labels: str,
    header: str,
    count: int,
    shape: tuple[int, int],
    classes: dict[str, str],
    class_counts: tuple[int, ...] | None,
    images_sha256: str | None,
    labels_sha256: str | None,
    label_columns: Sequence[str] = (CLASS,),
) -> None:
    """Check the two files and write what was found to ``header``, a JSON file.

    Args:
        images, labels: the decompressed IDX files.
        header: the file to make: of each IDX file its name, magic number, type, dims, bytes and SHA-256;
            then names and counts of the classes.
        count: how many images there must be.
        shape: rows and columns that each must have.
        classes: what each label stands for, by the label as directories spell it.
        class_counts: how many images each class must have, in the order of ``classes``; None when unknown.
        images_sha256, labels_sha256: hexadecimal digests that the files must have; None when unknown.
        label_columns: names of the columns of ``labels``, one of them ``class``.

    Raises:
        IdxError: when a file is no IDX file, or not as long as its header says.
        ValidationError: when it is not the expected one.
    """
    with LabelledImages(images, labels, label_columns=label_columns) as split:
        image_file, label_file = split.images, split.labels
        label_shape = () if len(label_columns) == 1 else (len(label_columns),)
        _check_type(image_file, ["uint8"], 3)
        _check_type(label_file, ["uint8", "int8", "int16", "int32"], 1 + len(label_shape))
        _check_dims(image_file, (count, *shape), ("images", "rows", "columns"))
        if len(label_file) != len(image_file):
            raise ValidationError(
                labels,
                f"not as many labels as images in {images}",
                at="byte 4",
                expected=len(image_file),
                found=len(label_file),
            )
        _check_dims(label_file, (count, *label_shape), ("labels", "columns"))
        found = _count_classes(split, {int(label): label for label in classes})
        counts = {label: found[int(label)] for label in classes}
        for label, expected in zip(classes, class_counts or (), strict=False):
            if counts[label] != expected:
                raise ValidationError(
                    labels,
                    f"label {label} ({classes[label]}) does not stand as often as it must",
                    expected=expected,
                    found=counts[label],
                )
        document = {
            "images": _describe(image_file, images_sha256),
            "labels": _describe(label_file, labels_sha256),
            "class_names": classes,
            "class_counts": counts,
        }
    with atomic_file(header) as file:
        file.write(json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n")
    logging.info("%s: %d images of %d × %d pixels in %d classes", images, count, *shape, len(classes))


def _check_type(file: IdxFile, allowed: list[str], n_dims: int) -> None:
    header = file.header
    if header.type.name not in allowed:
        raise ValidationError(
            file.path,
            "elements of an unsuitable type",
            at="byte 2",
            expected=" or ".join(allowed),
            found=header.type.name,
        )
    if len(header.dims) != n_dims:
        raise ValidationError(
            file.path,
            "not the number of dimensions that it should have",
            at="byte 3",
            expected=n_dims,
            found=f"{len(header.dims)} {header.dims}",
        )


def _check_dims(file: IdxFile, expected: tuple[int, ...], names: tuple[str, ...]) -> None:
    for position, (size, wanted) in enumerate(zip(file.header.dims, expected, strict=True)):
        if size != wanted:
            raise ValidationError(
                file.path,
                f"not the number of {names[position]} that the dataset file says",
                at=f"byte {4 + 4 * position}",
                expected=wanted,
                found=size,
                todo="take the right file, or correct count and shape in the dataset file",
            )


def _count_classes(split: LabelledImages, classes: dict[int, str]) -> Counter[int]:
    values = split.classes()
    counts: Counter[int] = Counter(values)
    unknown = counts.keys() - classes.keys()
    if unknown:
        index = next(index for index, value in enumerate(values) if value in unknown)
        raise ValidationError(
            split.labels.path,
            f"a label that is no class, of image {index}",
            at=f"byte {split.labels.header.offset(index)}",
            expected=f"a label from {min(classes)} to {max(classes)}",
            found=values[index],
            todo="take the right file, or add the class to the dataset file",
        )
    return counts


def _describe(file: IdxFile, sha256: str | None) -> dict[str, Any]:
    with open(file.path, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 is not None and found != sha256:
        raise ValidationError(
            file.path,
            "its content is not the published one",
            expected=f"SHA-256 {sha256}",
            found=found,
            todo="remove the file and make it again",
        )
    header = file.header
    return {
        "file": str(file.path).rpartition("/")[2],
        "magic": header.magic,
        "type": header.type.name,
        "dims": header.dims,
        "bytes": header.file_size,
        "sha256": found,
    }


if __name__ == "__main__":
    from idxpng.log import job_log

    with job_log(snakemake.log[0]):
        main(snakemake.input.images, snakemake.input.labels, snakemake.output[0], **snakemake.params.expected)
