"""Prove that PNG files are the published dataset: read them back, rebuild the IDX files, and compare digests."""

import csv
import hashlib
import json
import logging
import os
import zlib
from collections.abc import Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from PIL import Image

from idxpng.atomic import atomic_file
from idxpng.errors import DataError
from idxpng.idx import IdxFile
from idxpng.split_header import SplitHeader

KINDS = ("missing", "misplaced", "extra", "altered", "unreadable")
SHOWN = 20  # of each kind
TIMESTAMP = ".snakemake_timestamp"  # Snakemake's own, in every directory that is an output


class VerifyError(DataError):
    """PNG files that are not the published dataset."""


def main(
    images: str,
    labels: str,
    header: str,
    report: str,
    entry: str,
    limit: int | None = None,
) -> None:
    """Rebuild both IDX files of a split from the PNG files below ``png/{split}`` alone, and compare their SHA-256.

    Pixels are read by Pillow, which had no part in writing them; an image's label is its directory, its
    position its name. Of labels with several columns, the others are taken from the manifest. Nothing but the
    report is written. With ``limit``, what is compared are the files that the first images alone would make.

    Args:
        images, labels: the published files, to name what differs.
        header: the JSON file of `validate`, with the digests that the files must have.
        report: the JSON file to make, ``{dataset}/verify/{split}.json``; the tree is ``{dataset}/png/{split}``.
        entry: the dataset as the configuration names it, for the command that repairs what differs.
        limit: how many images the tree has, if not all.

    Raises:
        VerifyError: when a file is missing, extra, altered, misplaced or unreadable: which, and what to do.
    """
    Path(report).unlink(missing_ok=True)
    dataset = Path(report).parents[1]
    about = SplitHeader.read(header)
    split, classes = about.split, about.class_names
    repair = f"snakemake --cores 4 all --config datasets={entry}"
    tree = dataset / "png" / split
    if not tree.is_dir():
        raise VerifyError(tree, "there is nothing to verify", todo="make it first: snakemake --cores 4 all")
    problems: dict[str, list[str]] = {kind: [] for kind in KINDS}
    with about.open(images, labels) as source:
        values = source.classes(limit)
        directories = {int(name): name for name in classes}
        paths = [f"{directories[value]}/{index:0{source.index_width}}.png" for index, value in enumerate(values)]
        extra_values = _extra_values(dataset / "manifest" / f"{split}.csv", source.extra_columns)
        rebuilt = [_start(file, len(paths)) for file in (source.images, source.labels)]
        for index, path in enumerate(paths):
            pixels, problem = _read(tree / path, source.size)
            if problem is None and pixels != source.pixels(index):
                problem = "altered"
            if problem is not None:
                problems[problem].append(path)
            rebuilt[0].update(source.stored(pixels))
            rebuilt[1].update(source.label_bytes(int(path.partition("/")[0]), next(extra_values)))
        if limit is None:
            published = [about.images["sha256"], about.labels["sha256"]]
        else:
            published = [_digest(file, len(paths)) for file in (source.images, source.labels)]
    _find_unexpected(tree, set(paths), problems)
    if any(problems.values()):
        raise _error(tree, problems, repair)
    digests = [digest.hexdigest() for digest in rebuilt]
    if digests != published:
        raise VerifyError(
            tree,
            "what is rebuilt from it is not what was published, although each image is as in the IDX file",
            expected=f"SHA-256 {' and '.join(published)}",
            found=" and ".join(digests),
            todo="if labels have several columns, make the manifest anew; if not, download and decompress anew",
        )
    document = {"equal": True, "files": len(paths), "sha256": dict(zip(("images", "labels"), digests, strict=True))}
    with atomic_file(report) as file:
        file.write(json.dumps(document, indent=2).encode() + b"\n")
    logging.info("%s: %d PNG files are the published images and labels", tree, len(paths))


def _start(file: IdxFile, count: int) -> Any:
    """The SHA-256 of an IDX file with the first ``count`` items of another, up to where the items begin."""
    return hashlib.sha256(file.header._replace(dims=(count, *file.header.item_shape)).to_bytes())


def _digest(file: IdxFile, count: int) -> str:
    digest = _start(file, count)
    for index in range(count):
        digest.update(file.read(index, index + 1))
    return str(digest.hexdigest())


def _read(path: Path, size: tuple[int, int]) -> tuple[bytes, str | None]:
    """The pixels of a PNG file, row by row, or none and what is wrong with it."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            if (image.mode, image.size) != ("L", size[::-1]):
                return b"", "altered"
            return image.tobytes(), None
    except FileNotFoundError:
        return b"", "missing"
    except (OSError, SyntaxError, ValueError, zlib.error, Image.DecompressionBombError):
        return b"", "unreadable"


def _extra_values(manifest: Path, columns: Sequence[str]) -> Iterator[Sequence[int]]:
    """For each image, the values of the label columns that no directory tells, from the manifest."""
    if not columns:
        yield from repeat(())
    with open(manifest, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield [int(row[column]) for column in columns]
    yield from repeat([0] * len(columns))


def _find_unexpected(tree: Path, expected: set[str], problems: dict[str, list[str]]) -> None:
    """Add each file below ``tree`` that should not be there; as misplaced, if one of its name is missing elsewhere."""
    missing = {path.rpartition("/")[2] for path in problems["missing"]}
    for folder, _, names in os.walk(tree):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if path in expected or name == TIMESTAMP:
                continue
            problems["misplaced" if name in missing else "extra"].append(path)


def _error(tree: Path, problems: dict[str, list[str]], repair: str) -> VerifyError:
    listed = []
    for kind, paths in problems.items():
        if paths:
            listed.append(f"{kind}: {len(paths)}")
            listed += [f"  {path}" for path in sorted(paths)[:SHOWN]]
            if len(paths) > SHOWN:
                listed.append(f"  and {len(paths) - SHOWN} more")
    labels = sorted({path.partition("/")[0] for paths in problems.values() for path in paths})
    targets = " ".join(str(tree / label) for label in labels)
    return VerifyError(
        tree,
        "not the published images",
        found="\n            ".join(listed),
        todo=f"{repair} --forcerun {targets}",
    )


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_idx_files()
    command.add_argument("--entry", required=True, help="the dataset as the configuration names it")
    command.add_argument("--report", required=True, metavar="FILE", help="the JSON file to make")
    command.add_limit()
    command.run(main)
