"""What IDX files make up together: the splits of a dataset, found by the files' names, headers and contents."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from idxpng.dataset.mismatch import LABEL_TYPES, mismatch, wrong_size
from idxpng.errors import DataError
from idxpng.formats.compressed import SUFFIXES, open_content
from idxpng.formats.idx import IdxHeader, decode, read_header

# Words of a file name that say what kind of file it is, and those that say which split, with the split's usual name.
KINDS = re.compile(r"images?|imgs?|x|labels?|lbls?|y|idx\d?|ubyte|byte|u?int\d*|short|data", re.IGNORECASE)
SPLITS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "t10k": "test",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
}


class SurveyError(DataError):
    """IDX files that make up no dataset."""


class SurveyedFile(NamedTuple):
    """One IDX file. ``values``: of labels the class of each, the first column where there are several; else empty."""

    path: Path
    header: IdxHeader
    bytes: int
    sha256: str
    content_sha256: str
    values: Sequence[int]

    def facts(self) -> dict[str, Any]:
        """What a dataset file says of it."""
        return {
            "file": self.path.name,
            "bytes": self.bytes,
            "sha256": self.sha256,
            "content_sha256": self.content_sha256,
            "verified": "bytes",
        }


def survey(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Any]:
    """The keys of a dataset file that follow from IDX files: classes, label type and columns, splits.

    Args:
        paths: images and labels of each split, compressed or not. They belong together by their names, as
            train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz do.

    Returns:
        ``classes``, named by their numbers; ``label_type`` and ``label_columns`` where they are not the usual;
        ``splits``.

    Raises:
        IdxError, CompressedFileError: when a file is no IDX file, or damaged.
        SurveyError: when they are not images and labels, split by split.
    """
    pairs = _pairs([_look_at(Path(path)) for path in paths])
    labels = [labels for _, labels in pairs.values()]
    first, *others = labels
    for other in others:
        if (other.header.type, other.header.item_shape) != (first.header.type, first.header.item_shape):
            raise SurveyError(
                other.path,
                f"the labels differ in type or shape from those of {first.path}",
                expected=f"{first.header.type.name} {first.header.item_shape}",
                found=f"{other.header.type.name} {other.header.item_shape}",
                todo="write all labels in one format, or make two datasets",
            )
    counts = [Counter(file.values) for file in labels]
    classes = sorted(set().union(*counts))
    facts: dict[str, Any] = {"classes": {label: str(label) for label in classes}}
    if first.header.type.name != "uint8":
        facts["label_type"] = first.header.type.name
    if first.header.item_shape:
        facts["label_columns"] = ["class", *(f"column_{number}" for number in range(2, first.header.dims[1] + 1))]
    facts["splits"] = {
        split: {
            "count": images.header.dims[0],
            "shape": list(images.header.item_shape),
            "class_counts": [count[label] for label in classes],
            "images": images.facts(),
            "labels": label_file.facts(),
        }
        for (split, (images, label_file)), count in zip(pairs.items(), counts, strict=True)
    }
    return facts


def _look_at(path: Path) -> SurveyedFile:
    with open(path, "rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    digest, size, values = hashlib.sha256(), 0, bytearray()
    with open_content(path) as stream:
        header = read_header(stream, path)
        is_labels = len(header.dims) < 3
        _check_kind(path, header)
        digest.update(header.to_bytes())
        size = header.size
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
            if is_labels:
                values += chunk
            if size > header.file_size:
                break
    if problem := wrong_size(header, size):
        raise SurveyError(path, **problem._asdict())
    classes = _classes(path, header, bytes(values)) if is_labels else ()
    return SurveyedFile(path, header, path.stat().st_size, sha256, digest.hexdigest(), classes)


def _check_kind(path: Path, header: IdxHeader) -> None:
    """Images are uint8 with 3 dimensions, labels integers with 1, or 2 where each has columns."""
    dims, type_ = header.dims, header.type.name
    if len(dims) >= 3:
        expected = IdxHeader.of("uint8", dims[:3])
    elif len(dims) == 2 and re.search("image|img", path.name, re.IGNORECASE):
        expected = IdxHeader.of("uint8", (dims[0], 1, dims[1]))
    else:
        labels = dims[:1] if dims[1:] == (1,) else dims
        expected = IdxHeader.of(type_ if type_ in LABEL_TYPES else "uint8", labels)
    if problem := mismatch(header, expected):
        raise SurveyError(path, **problem._asdict())
    if 0 in header.dims:
        raise SurveyError(
            path, "the file contains no items", at="byte 4", expected="at least one item", found=header.dims
        )


def _classes(path: Path, header: IdxHeader, data: bytes) -> Sequence[int]:
    columns = header.dims[1] if header.item_shape else 1
    values = decode(data, header.type)
    if (
        columns > 1
        and set(values) == {0, 1}
        and all(sum(values[start : start + columns]) == 1 for start in range(0, len(values), columns))
    ):
        raise SurveyError(
            path,
            "the labels are one-hot",
            at="byte 3",
            expected="1 dimension: the class number of each image",
            found=f"2 dimensions {header.dims}, with a single 1 in each row",
            todo="replace each row by the position of the 1, such as with numpy's argmax(axis=1)",
        )
    classes = values[::columns]
    index = min(range(len(classes)), key=classes.__getitem__)
    if classes[index] < 0:
        raise SurveyError(
            path,
            f"the label of image {index} is negative",
            at=f"byte {header.offset(index)}",
            expected="0 or more",
            found=classes[index],
            todo="number the classes from 0",
        )
    return classes


def _pairs(files: list[SurveyedFile]) -> dict[str, tuple[SurveyedFile, SurveyedFile]]:
    """Images and labels by split, train first."""
    by_key: dict[str, dict[str, SurveyedFile]] = defaultdict(dict)
    for file in files:
        role = "images" if len(file.header.dims) == 3 else "labels"
        other = by_key[_key(file.path)].get(role)
        if other and other.content_sha256 != file.content_sha256:
            raise SurveyError(
                file.path,
                f"its name says that it has the {role} of the same split as {other.path.name}, but the content differs",
                todo="give the files of one dataset only, such as my/idx/train-*",
            )
        if not other or file.path.suffix in SUFFIXES:  # the same content twice: the smaller file
            by_key[_key(file.path)][role] = file
    pairs: dict[str, tuple[SurveyedFile, SurveyedFile]] = {}
    for key, roles in by_key.items():
        if len(roles) != 2:
            ((role, file),) = roles.items()
            wanted = "labels" if role == "images" else "images"
            raise SurveyError(
                file.path,
                f"no {wanted} found for these {role}",
                expected=f"a file with the same name and {wanted} in place of {role}",
                found=", ".join(sorted(each.path.name for each in files)),
                todo="give both files, with matching names such as train-images-idx3-ubyte and train-labels-idx1-ubyte",
            )
        images, labels = roles["images"], roles["labels"]
        if images.header.dims[0] != labels.header.dims[0]:
            raise SurveyError(
                labels.path,
                f"the number of labels differs from the number of images in {images.path.name}",
                at="byte 4",
                expected=images.header.dims[0],
                found=labels.header.dims[0],
            )
        split = _split_name(key, alone=len(by_key) == 1)
        if split in pairs:
            raise SurveyError(
                images.path,
                f"a second split has the name {split}; the first is {pairs[split][0].path.name}",
                todo="give the files of one dataset only, such as my/idx/letters-*",
            )
        pairs[split] = images, labels
    order = list(dict.fromkeys(SPLITS.values()))
    return dict(sorted(pairs.items(), key=lambda item: (order.index(item[0]) if item[0] in order else 9, item[0])))


def _words(path: Path) -> list[str]:
    name = path.stem if path.suffix in SUFFIXES else path.name
    return [word for word in re.split(r"[-_.]", name) if word and not KINDS.fullmatch(word)]


def _key(path: Path) -> str:
    return "-".join(_words(path)).lower()


def _split_name(key: str, alone: bool) -> str:
    known = {SPLITS[word] for word in key.split("-") if word in SPLITS}
    return known.pop() if len(known) == 1 else "train" if alone or not key else key
