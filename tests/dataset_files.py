"""Dataset files and split headers for tests of single scripts."""

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
import yaml

from builders import described, put_pair
from idxpng.dataset.strict_yaml import read_yaml
from project import PROJECT

SCHEMA = read_yaml(PROJECT / "schemas/dataset.schema.yaml", "the schema")
DIGITS = {str(label): str(label) for label in range(10)}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_header(
    path: Path,
    images: str | Path,
    classes: Mapping[str, str] = DIGITS,
    split: str = "train",
    orientation: str = "upright",
    label_columns: Sequence[str] = ("class",),
) -> str:
    """Write the header of a split, with the keys that scripts read from those of `validate`; return its path."""
    with open(images, "rb") as file:
        magic, *dims = struct.unpack(">4I", file.read(16))
    pixels, size = Path(images).read_bytes()[16:], dims[1] * dims[2]
    checksums = [zlib.crc32(pixels[at * size : (at + 1) * size]) for at in range(dims[0])]
    path.with_suffix(".crc32").write_bytes(struct.pack(f">{2 + dims[0]}I", 0x00000C01, dims[0], *checksums))
    labels = Path(images).with_name(Path(images).name.replace("images", "labels").replace("idx3", "idx1"))
    digests = [sha256(path) if path.exists() else "" for path in (Path(images), labels)]
    label_type = {8: "uint8", 9: "int8", 11: "int16", 12: "int32"}[labels.read_bytes()[2] if labels.exists() else 8]
    facts = {"magic": magic, "bytes": 0}
    document = {
        "dataset": "set",
        "split": split,
        "dataset_file": "set.yaml",
        "orientation": orientation,
        "label_columns": list(label_columns),
        "images": facts | {"file": Path(images).name, "type": "uint8", "dims": dims, "content_sha256": digests[0]},
        "labels": facts | {"file": labels.name, "type": label_type, "dims": dims[:1], "content_sha256": digests[1]},
        "class_names": dict(classes),
        "class_counts": {},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
    return str(path)


def write_split(
    folder: Path, images: numpy.ndarray, labels: numpy.ndarray, split: str = "train", **facts: Any
) -> tuple[str, str, str]:
    """Write the files of a split, with ``facts`` for `write_header`; return their paths: images, labels, header."""
    paths = put_pair(folder, images, labels, (f"{split}-images", f"{split}-labels"))
    return str(paths[0]), str(paths[1]), write_header(folder / f"{split}.json", paths[0], split=split, **facts)


def write_dataset(path: Path, **facts: Any) -> str:
    """Write a dataset file with one split, and ``facts`` in place of the defaults; return its path."""
    document = {
        "title": "A set",
        "license": {"spdx": "CC0-1.0"},
        "citation": "none",
        "classes": {label: str(label) for label in range(10)},
        "splits": {"train": described(5, (2, 3), "train-images-idx3-ubyte", "train-labels-idx1-ubyte")},
    }
    path.write_text(yaml.safe_dump(document | facts, allow_unicode=True), encoding="utf-8")
    return str(path)
