"""Build the IDX files of a split from a folder of grayscale images, {folder}/{split}/{class}/{image}.

Images are in the natural order of their names (9.png before 10.png), then of the classes; so a tree that export.py made
keeps its order. With --manifest, the manifest gives order and labels.
"""

import itertools
import json
import os
import re
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from idxpng import log
from idxpng.command import Command
from idxpng.dataset.file import load, read_schema
from idxpng.dataset.model import Dataset
from idxpng.dataset.schema import check
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_file
from idxpng.files.external_sort import sort_lines
from idxpng.files.json_file import write_json
from idxpng.formats.gray_image import DARK, INVERTED, GrayImage, Problems, read
from idxpng.formats.idx import LABELS, label_type
from idxpng.formats.idx_writer import IdxWriter
from idxpng.formats.image_folder import ImageFolder, Item, are_labels, rows, spelled
from idxpng.formats.labeled_images import CLASS, file_headers, transposed
from idxpng.text import counted, image_size


class Labels(NamedTuple):
    """What labels are: the type of their numbers, their columns, and what each class means."""

    type_name: str
    columns: tuple[str, ...]
    classes: dict[int, str]


def main(
    folder: str,
    split: str,
    images: str,
    labels: str,
    facts: str,
    manifest: str | None = None,
    manifests: Sequence[str] = (),
    like: str | None = None,
    invert: bool = False,
) -> None:
    """Write both IDX files, and their entry for a dataset file. Takes the memory of one image.

    Args:
        folder: the folder of images, which has a folder for each split, or for each class.
        split: the split to build.
        images, labels: the gzip-compressed IDX files to make: uint8 (count, rows, columns), and integers (count), or
            (count, columns) where labels have several. Labels above 255 make them int16 or int32.
        facts: the JSON file to make: ``split``, ``inverted``, ``orientation``, ``label_type``, ``label_columns``,
            ``classes``, and ``facts``, the split's entry in a dataset file.
        manifest: CSV file with the columns ``path`` and ``label``, as merge_manifests.py makes it, which gives the
            order and all columns of the labels.
        manifests: the manifests of all splits, whose labels are the classes; by default, the one of this split.
        like: dataset file that gives the columns and the type of the labels, class names, and orientation.
        invert: store 255 - value for each pixel.

    Raises:
        DataError: when the folder has a different layout, images differ in size or kind, an output is one of
            them, or no dataset file may have the name of a class.
    """
    tables = dict.fromkeys(manifests) | {manifest: None} if manifest else {}
    source = ImageFolder(folder, {path: Path(path) for path in tables})
    model = load(like) if like else None
    if like and not manifest:
        todo = "give their manifest, with --manifest"
        raise DataError(like, "`like` needs a manifest, which has the labels", todo=todo)
    for output in (images, labels, facts):
        if os.path.lexists(output) and Path(os.path.realpath(output)).is_relative_to(os.path.realpath(source.path)):
            raise DataError(output, "a file in the folder of images", todo="give a file outside of it, or a new one")
    kind = _labels(source, model)
    if manifest:
        count, items = _listed(manifest, kind, {} if model else source.classes)
    else:
        count, items = source.images(split)
    names = {str(label): name for label, name in kind.classes.items()}
    check({"classes": names}, (read_schema() or {}) | {"required": []}, manifest or folder)  # folders may have any name
    upright = model is None or model.orientation == "upright"
    counts: Counter[int] = Counter()
    light, values = 0, set[int]()  # of all pixels: how many are nearly white, and some of the values
    # In this order, an error names the images, which are what fills a disk.
    with atomic_file(labels) as labels_file, atomic_file(images) as images_file:
        pixels = _pixels(folder, items, count)
        first = next(pixels)  # there is one, or an error
        shape = first[1].size if upright else first[1].size[::-1]
        headers = file_headers(count, shape, kind.type_name, kind.columns)
        image_writer = IdxWriter(images_file, headers["images"])
        label_writer = IdxWriter(labels_file, headers["labels"])
        row = struct.Struct(f">{len(kind.columns)}{headers['labels'].type.code}")
        for label, image in itertools.chain([first], pixels):
            stored = image.pixels.translate(INVERTED) if invert else image.pixels
            light += len(stored.translate(None, DARK))
            if len(values) < 2:
                values.update(stored)
            image_writer.write(stored if upright else transposed(stored, image.size[1]))
            label_writer.write(row.pack(*label))
            counts[label[kind.columns.index(CLASS)]] += 1
        files = {
            "images": {"file": Path(images).name} | image_writer.finish(),
            "labels": {"file": Path(labels).name} | label_writer.finish(),
        }
    document = {
        "split": split,
        "inverted": invert,
        "orientation": "upright" if upright else "transposed",
        "label_type": kind.type_name,
        "label_columns": kind.columns,
        "classes": kind.classes,
        "facts": {"count": count, "shape": shape, "class_counts": [counts[label] for label in kind.classes]} | files,
    }
    write_json(facts, document)
    log.info("%s: %s of %s", images, counted(count, "image"), image_size(*shape))
    if len(values) == 1:
        log.warning("%s: every pixel of every image is %d, so nothing can be seen in them", images, *values)
    elif light > count * shape[0] * shape[1] / 2:
        stores = "`invert: true` for this folder stores 255 - value for each pixel, and says so in the dataset file"
        todo = "leave out `invert`" if invert else stores
        log.warning("%s: the images are dark on light, and those of MNIST light on dark: %s", images, todo)


def _pixels(root: str, items: Iterator[Item], count: int) -> Iterator[tuple[Sequence[int], GrayImage]]:
    """The label and the pixels of each image, up to the first that does not match those before it.

    Raises:
        DataError: if some do not match, after all images were read: how many, and why.
    """
    problems, total = Problems(), counted(count, "image")
    for done, item in enumerate(items):
        log.progress("%s of %s read", f"{done:,}", total)
        path = spelled(root, item.path)
        image = read(path)
        problems.add(path, image)
        if not problems and not isinstance(image, str):
            yield item.label, image
    if problems:
        raise problems.error(root)


def _labels(source: ImageFolder, model: Dataset | None) -> Labels:
    if model:
        return Labels(model.label_type, model.label_columns, model.classes)
    numbers = are_labels(source.classes)
    names = {label: str(label) if numbers else name for name, label in source.classes.items()}
    return Labels(label_type(*names), (CLASS,), names)


def _listed(manifest: str, labels: Labels, classes: dict[str, int]) -> tuple[int, Iterator[Item]]:
    """The number of images that a manifest lists, and each image; ``classes``: the values of labels that are names."""
    columns, allowed = ["label" if name == CLASS else name for name in labels.columns], LABELS[labels.type_name]

    def items() -> Iterator[Item]:
        for line, row in rows(manifest, "path", *columns):
            wrong = partial(DataError, manifest, at=f"line {line}")
            values = []
            for name, text in zip(labels.columns, (row[column].strip() for column in columns), strict=True):
                number = int(text) if re.fullmatch(r"-?\d{1,20}", text, re.ASCII) else None
                value = classes.get(text, number)
                if name == CLASS and value not in labels.classes:
                    expected = f"one of {', '.join(map(str, labels.classes))}"
                    raise wrong("a label that is not a class", expected=expected, found=text)
                if value is None or value not in allowed:
                    expected = f"a whole number of {labels.type_name}, {allowed[0]} to {allowed[-1]}"
                    raise wrong(f"{name} does not fit into the labels file", expected=expected, found=text)
                values.append(value)
            if Path(row["path"]).is_absolute() or ".." in Path(row["path"]).parts:
                expected = "a path below that folder, such as train/cat/0001.png"
                raise wrong("a path that leads out of the folder of images", expected=expected, found=row["path"])
            yield Item(row["path"], values)

    count, lines = sort_lines(f"{json.dumps([os.path.normpath(item.path), item.label])}\n" for item in items())
    for (path, label), (next_path, other) in itertools.pairwise(map(json.loads, lines)):
        if path == next_path and label != other:
            todo = "remove all its lines but the one with the right label"
            raise DataError(manifest, "an image with two labels", found=path, todo=todo)
    if not count:
        raise DataError(manifest, "the manifest has no images")
    return count, items()


if __name__ == "__main__":
    Command(__doc__).run(main)
