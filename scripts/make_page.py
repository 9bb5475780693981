"""Make the page to browse a dataset: every image, class by class, and all that is known about it."""

import base64
import csv
import json
import math
from collections.abc import Iterator, Sequence
from html import escape
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

import idxpng
from idxpng import log
from idxpng.command import Command
from idxpng.dataset.file import load
from idxpng.errors import reading
from idxpng.files.atomic import atomic_file
from idxpng.files.json_file import read_made
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.png import PngEncoder
from idxpng.formats.split_header import Selection, Selections, SplitHeader
from idxpng.publish import page_sections
from idxpng.publish.duplicates import Groups, read_duplicates
from idxpng.publish.markup import filled, json_for_script
from idxpng.text import counted

PARTS = Path(idxpng.__file__).parent / "publish/page"
FIRST_CODE = 62  # of the characters for classes: JSON and HTML escape few of those that follow it
MEASURED = {"images": int, "mean": float, "std": float, "levels": [int], "blank": [int], "blank_count": int}
MEASURED |= {"class_counts": {str: int}, "class_means": {str: str}}
SHEET_COLUMNS = 12  # images of each class that are part of the page
MOST_SHEET_PIXELS = 1 << 21  # of all splits together
DIGESTS_AT_ONCE = 3000


def main(
    dataset: str,
    splits: Selections,
    statistics: Sequence[str],
    manifests: Sequence[str],
    duplicates: str,
    page: str,
    digests: str,
) -> None:
    """Write the page, which needs no network, and shows the PNG files that lie beside it in ``png/``.

    Args:
        dataset: the dataset file, for the terms of use.
        statistics, manifests: what `measure` and `merge_manifests` made of each split.
        duplicates: what `find_duplicates` found.
        page: the HTML file to make.
        digests: the script to make, beside the page, which gives it the digests of all manifests. It is loaded when
            the first image is enlarged.
    """
    known = load(dataset)
    split_headers = [SplitHeader.read(path) for path in splits.headers]
    measured = [read_made(path, "statistics made by measure", MEASURED) for path in statistics]
    within, across = read_duplicates(duplicates)
    names = split_headers[0].names(splits.classes)
    # None where they are too large, or the classes too many.
    sheet_pixels = len(names) * sum(math.prod(header.images["dims"][1:]) for header in split_headers)
    columns = min(SHEET_COLUMNS, MOST_SHEET_PIXELS // sheet_pixels)
    described = []
    for selection, numbers in zip(splits.each(), measured, strict=True):
        described.append(_split(selection, numbers, columns))
    with reading("the duplicates of these splits", duplicates):
        for split in described:
            split["within"] = _groups(within[split["name"]], split_headers)
        shared = _groups(across, split_headers)
    also_in = known.also_in([split["name"] for split in described], splits.limit)
    document = {
        "classes": [(split_headers[0].directories[label], name) for label, name in names.items()],
        "firstCode": FIRST_CODE,
        "sheetColumns": columns,
        "digests": Path(digests).name,
        "duplicates": Path(duplicates).name,
        "splits": described,
        "across": shared,
    }
    parts = {
        "title": escape(known.title),
        "summary": escape(page_sections.summary(described, len(names), also_in)),
        "style": (PARTS / "page.css").read_text(encoding="utf-8"),
        "script": (PARTS / "page.js").read_text(encoding="utf-8"),
        "pixels": "\n".join(map(page_sections.pixels, split_headers, measured)),
        "splits": page_sections.numbers(split_headers, measured, within, across),
        "files": page_sections.files(split_headers),
        "terms": page_sections.terms(known),
        "data": json_for_script(document),
    }
    with atomic_file(digests) as file:
        for piece in _digests(described, manifests):
            file.write(piece)
    with atomic_file(page) as file:
        file.write(filled((PARTS / "page.html").read_text(encoding="utf-8"), parts).encode())
    log.info("%s: %s, %s", page, counted(len(described), "split"), counted(len(names), "class"))


# What the page's script reads


def _split(split: Selection, numbers: dict[str, Any], columns: int) -> dict[str, Any]:
    with split.open() as (header, source):
        labels = list(header.names(split.classes))
        codes = dict.fromkeys(header.names(), chr(FIRST_CODE - 1))  # of images that were not made
        codes |= {label: chr(code) for code, label in enumerate(labels, FIRST_CODE)}
        rows, width = source.size
        encoder = PngEncoder(rows, width)
        means = {int(label): base64.b64decode(mean) for label, mean in numbers["class_means"].items()}
        return {
            "name": header.split,
            "count": numbers["images"],
            "first": source.rows.start,
            "width": source.index_width,
            "rows": rows,
            "columns": width,
            "labels": "".join(map(codes.__getitem__, source.classes())),
            "counts": list(numbers["class_counts"].values()),
            "blank": numbers["blank"],
            "blankCount": numbers["blank_count"],
            "means": [_data_url(encoder.encode(means[label])) if label in means else None for label in labels],
            "sheet": _data_url(_sheet(source, labels, columns)) if columns else None,
        }


def _sheet(source: LabeledImages, labels: Sequence[int], columns: int) -> bytes:
    """A PNG with a row for each label, of its first ``columns`` images, edge to edge and none of them resized."""
    rows, width = source.size
    black = bytes(rows * width)
    lines = []
    for indices in source.first_of_each(labels, columns).values():
        tiles = [*map(source.pixels, indices), *[black] * (columns - len(indices))]
        lines += [pixels[line : line + width] for line in range(0, rows * width, width) for pixels in tiles]
    return PngEncoder(rows * len(labels), width * columns).encode(b"".join(lines))


def _groups(groups: Groups, split_headers: Sequence[SplitHeader]) -> dict[str, Any]:
    """Groups of images, each as the number of its split and its index."""
    numbers = {split_header.split: number for number, split_header in enumerate(split_headers)}
    first = []
    for group in groups.first:
        places = (path.split("/") for path in group)
        first.append([(numbers[split], int(name.removesuffix(".png"))) for split, _, name in places])
    return {"count": groups.count, "groups": first}


def _digests(splits: Sequence[dict[str, Any]], manifests: Sequence[str]) -> Iterator[bytes]:
    """A script that calls a function of the page with the digests of each split, in the order of its manifest.

    Base64 of 33 bytes is 44 letters: a digest and a zero.
    """
    yield b"showDigests({"
    for split, manifest in zip(splits, manifests, strict=True):
        yield f'{json.dumps(split["name"])}:"'.encode()
        found = 0
        with reading("a manifest", manifest), open(manifest, newline="", encoding="utf-8") as file:
            rows = csv.reader(file)
            digests = map(itemgetter(next(rows, []).index("sha256")), rows)
            while some := "00".join((*islice(digests, DIGESTS_AT_ONCE), "")):
                yield base64.b64encode(bytes.fromhex(some))
                found += len(some) // 66
            if found != split["count"]:
                raise ValueError(f"expected {split['count']} images, found {found}")
        yield b'",\n'
    yield b"});\n"


def _data_url(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


if __name__ == "__main__":
    Command(__doc__).run(main)
