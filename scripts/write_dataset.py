"""Write the dataset file of IDX files that build_idx.py made, which pins their digests."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.command import Command
from idxpng.dataset.file import read_schema
from idxpng.dataset.schema import check
from idxpng.dataset.writer import dump
from idxpng.errors import reading
from idxpng.files.atomic import atomic_file
from idxpng.formats.image_folder import are_labels
from idxpng.text import counted, shortened

# No year, because the same images give the same bytes in every year.
HEAD = """\
# Made by write_dataset.py, and again when the images change: then your edits are lost. To say more (title, license,
# citation, class names, year), copy this file under another name, and write its folder under `mirrors` of the copy.
# When the images change, run new_dataset.py --update on the copy; if they have other classes, first copy `classes`.
"""
# Keys that are left out where they have these values.
USUAL = {"inverted": False, "orientation": "upright", "label_type": "uint8", "label_columns": ["class"]}


def main(facts: Sequence[str], /, dataset: str, labels: Sequence[str] = ()) -> None:
    """Write ``dataset``, a dataset file beside the IDX files.

    Args:
        facts: what build_idx.py wrote of each split.
        dataset: the file to make. Its name is the dataset's name.
        labels: the labels files of these splits, if they no longer have the names that build_idx.py gave them.
    """
    splits, counts = {}, []
    for path, file in zip_longest(facts, labels[: len(facts)]):
        with reading("what build_idx wrote of a split", path):
            part: dict[str, Any] = json.loads(Path(path).read_bytes())
            part["facts"]["labels"] |= {"file": Path(file).name} if file else {}
            splits[part["split"]] = part["facts"]
            counts.append(part["facts"]["class_counts"])
            classes = {int(label): name for label, name in part["classes"].items()}
            unusual = {key: part[key] for key, usual in USUAL.items() if part[key] != usual}
            made = {"classes": part["classes"], **unusual, "splits": {part["split"]: part["facts"]}}
        check(made, (read_schema() or {}) | {"required": []}, path)
    document = {
        "title": Path(dataset).stem,
        "license": {"spdx": None, "note": "Not stated."},
        "citation": "Not stated.",
        "classes": classes,
        **unusual,
        "mirrors": ["."],
        "splits": splits,
    }
    _warn(dataset, classes, counts)
    with atomic_file(dataset) as stream:
        stream.write((HEAD + dump(document)).encode())
    log.info("%s: %s, %s", dataset, counted(len(splits), "split"), counted(len(classes), "class"))


def _warn(dataset: str, classes: Mapping[int, str], counts: Iterable[Sequence[int]]) -> None:
    """Warn of what a stray folder does to the labels of others, and of classes without images.

    ``counts``: how many images each class has, by split.
    """
    if moved := [f"{name} is {label}" for label, name in classes.items() if are_labels([name]) and int(name) != label]:
        reason = "since not all classes are numbers, their labels count from 0"
        log.warning("%s: %s: the label of %s", dataset, reason, shortened(", ".join(moved)))
    if empty := [name for name, *of_splits in zip(classes.values(), *counts, strict=False) if not any(of_splits)]:
        log.warning("%s: no image has the class %s", dataset, shortened(", ".join(empty)))


if __name__ == "__main__":
    Command(__doc__).run(main)
