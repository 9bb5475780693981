"""Reading dataset files: YAML with all that is known about one dataset, see schemas/dataset.schema.yaml."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import replace
from pathlib import Path
from typing import Any

from idxpng.dataset.model import PLAIN_SUFFIX, Dataset, PublishedFile, Split
from idxpng.dataset.schema import check
from idxpng.dataset.strict_yaml import read_with_places, read_yaml
from idxpng.errors import DataError, DatasetError
from idxpng.formats.compressed import SUFFIXES
from idxpng.formats.idx import IdxHeader
from idxpng.formats.labeled_images import CLASS
from idxpng.text import NAME

OF_A_TREE = ("archive_sha256", "tree_sha256")
LARGEST_LABEL = {"uint8": 255, "int8": 127, "int16": 2**15 - 1, "int32": 2**31 - 1}


def load(path: str | Path, schema: dict[str, Any] | None = None, display_name: str | None = None) -> Dataset:
    """Read and check a dataset file.

    Args:
        path: the file, whose name without suffix is the dataset's.
        schema: what it must look like. Without it nothing but contradictions is checked: for a job of a run,
            whose dataset files were checked before.
        display_name: how messages name the file, when not by its path.

    Raises:
        DatasetError: when the file is not readable YAML, does not follow the schema or contradicts itself.
    """
    display_name = display_name or str(path)
    name = Path(path).stem
    if not re.fullmatch(NAME, name):
        raise DatasetError(
            display_name,
            "not a valid name for a dataset",
            expected="at most 100 letters, digits, - and _, starting with a letter or digit, then .yaml",
            found=name,
        )
    facts, places = read_with_places(path, display_name)
    if schema is not None:
        check(facts, schema, display_name, places=places)
    try:
        dataset = _dataset(name, facts, display_name, Path(path).parent)
    except (KeyError, TypeError, AttributeError, ValueError) as error:  # the schema has been left out
        raise DatasetError(
            display_name,
            "not a dataset file",
            expected="the keys that schemas/dataset.schema.yaml explains",
            found=f"{type(error).__name__}: {error}",
            todo="run the workflow on it, which names each mistake",
        ) from None
    for mirror in dataset.mirrors:
        check_mirror(mirror, display_name)
    _check_consistency(dataset)
    return dataset


def _dataset(name: str, facts: dict[str, Any], display_name: str, folder: Path) -> Dataset:
    classes = {int(label): text for label, text in sorted(facts["classes"].items(), key=lambda item: int(item[0]))}
    label_type = facts.get("label_type", "uint8")
    _check_labels(classes, label_type, display_name)
    label_columns = tuple(facts.get("label_columns", (CLASS,)))
    archive = facts.get("archive")
    file_facts = label_type, label_columns, archive and (archive["file"], archive["bytes"])
    return Dataset(
        name=name,
        title=facts["title"],
        license=facts["license"],
        attribution=facts.get("attribution"),
        citation=facts["citation"],
        classes=classes,
        orientation=facts.get("orientation", "upright"),
        label_type=label_type,
        label_columns=label_columns,
        mirrors=tuple(facts.get("mirrors", ())),
        splits=_splits(facts["splits"], display_name, *file_facts),
        url=facts.get("url"),
        creators=tuple(facts.get("creators", ())),
        published=facts.get("published"),
        superseded=_superseded(facts),
        source=display_name,
        folder=folder,
    )


def check_mirror(mirror: str, display_name: str, error: type[DataError] = DatasetError) -> str:
    """The mirror itself, when it is an http, https or file URL or a directory.

    Raises:
        ``error``: when it is anything else.
    """
    scheme, separator, _ = mirror.partition("://")
    if separator and scheme not in ("http", "https", "file"):
        raise error(
            display_name,
            "unknown kind of mirror",
            at="mirrors",
            expected="an http, https, or file URL, or a directory",
            found=f"{scheme}://…",
        )
    return mirror


def _splits(facts: dict[str, Any], display_name: str, *file_facts: Any) -> dict[str, Split]:
    whole = {name: _split(split, *file_facts) for name, split in facts.items() if "from" not in split}
    return {
        name: whole[name] if name in whole else _part(split, whole, display_name, f"splits.{name}")
        for name, split in facts.items()
    }


def _part(facts: dict[str, Any], whole: dict[str, Split], display_name: str, at: str) -> Split:
    parent = whole.get(facts["from"])
    if parent is None:
        expected = f"a split with files: {', '.join(whole) or 'there is none'}"
        raise DatasetError(display_name, "a part of no split", at=f"{at}.from", expected=expected, found=facts["from"])
    start, stop = facts["rows"]
    if not start < stop <= parent.count:
        raise DatasetError(
            display_name,
            f"rows that {facts['from']} does not have",
            at=f"{at}.rows",
            expected=f"the first and the one after the last, from 0 to {parent.count}",
            found=facts["rows"],
        )
    return replace(parent, count=stop - start, rows=(start, stop), parent=facts["from"], **_made_of(facts))


def _split(
    facts: dict[str, Any], label_type: str, label_columns: tuple[str, ...], archive: tuple[str, int] | None
) -> Split:
    count = facts["count"]
    headers = {
        "images": IdxHeader.of("uint8", (count, *facts["shape"])),
        "labels": IdxHeader.of(label_type, (count,) if label_columns == (CLASS,) else (count, len(label_columns))),
    }
    images, labels = (
        PublishedFile(
            **facts[role],
            content_bytes=header.file_size,
            header=header,
            archive=archive if "member" in facts[role] else None,
        )
        for role, header in headers.items()
    )
    rows, columns = facts["shape"]
    return Split(count, (rows, columns), images, labels, file_count=count, **_made_of(facts))


def _made_of(facts: dict[str, Any]) -> dict[str, Any]:
    """What is known of the images of a split, whichever files they are in."""
    counts = facts.get("class_counts")
    digests = {key: facts.get(key) for key in OF_A_TREE}
    return {"class_counts": None if counts is None else tuple(counts), **digests}


def _check_labels(classes: dict[int, str], label_type: str, display_name: str) -> None:
    largest = LARGEST_LABEL[label_type]
    if max(classes) > largest:
        raise DatasetError(
            display_name,
            "a label is too large for the labels file",
            at="classes",
            expected=f"labels of type {label_type}: 0 to {largest}",
            found=max(classes),
            todo="write the type of the numbers in the labels file as label_type",
        )


def _check_consistency(dataset: Dataset) -> None:
    names = [file.idx for split in dataset.whole_splits.values() for file in split.files]
    suffixed = [name for name in names if name.endswith((*SUFFIXES, PLAIN_SUFFIX))]
    if suffixed:
        raise DatasetError(dataset.source, "a file name has an extra suffix", at="splits", found=", ".join(suffixed))
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DatasetError(dataset.source, "two of its files have the same name", at="splits", found=", ".join(twice))
    for name, split in dataset.splits.items():
        for file in split.files:
            if file.member and not file.archive:
                raise DatasetError(
                    dataset.source,
                    f"{file.file} has `member`, but the dataset file names no archive",
                    at="archive",
                    expected="the archive's file and bytes",
                )
        if split.class_counts is None:
            continue
        at = f"splits.{name}.class_counts"
        if len(split.class_counts) != len(dataset.classes):
            raise DatasetError(
                dataset.source,
                "the number of counts differs from the number of classes",
                at=at,
                expected=len(dataset.classes),
                found=len(split.class_counts),
            )
        if sum(split.class_counts) != split.count:
            raise DatasetError(
                dataset.source,
                "the class counts do not add up to the number of images",
                at=at,
                expected=split.count,
                found=sum(split.class_counts),
            )


def identify(digests: Container[str], datasets: Path) -> str | None:
    """The known file, published or decompressed, that has one of these SHA-256, among the dataset files of a folder."""
    for path in sorted(datasets.glob("*.yaml")):
        facts = read_yaml(path, str(path))
        old = [what for digest, what in _superseded(facts).items() if digest in digests]
        if old:
            return f"{old[0]} (superseded) of {facts['title']}"
        files = [split[role] for split in facts["splits"].values() for role in ("images", "labels") if role in split]
        for file in files:
            if file.get("sha256") in digests or file.get("content_sha256") in digests:
                return f"{file['file']} of {facts['title']}"
    return None


def _superseded(facts: dict[str, Any]) -> dict[str, str]:
    """What each older release of a file is, by its digests."""
    return {
        release[key]: release["what"]
        for release in facts.get("superseded", ())
        for key in ("sha256", "content_sha256")
        if key in release
    }
