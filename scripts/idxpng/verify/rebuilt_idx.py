"""The IDX files that a tree of PNG files would make: the digests of their bytes, without writing them."""

import csv
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from idxpng.errors import DataError
from idxpng.formats.idx import IdxHeader
from idxpng.formats.labeled_images import CLASS, LabeledImages, transposed
from idxpng.formats.png_reader import PngError, PngReader
from idxpng.text import shortened
from idxpng.verify.parallel import parallel_map
from idxpng.verify.png_tree import PngTree

CHUNK_IMAGES = 512
CHUNK_BYTES = 2**20
# Starting processes takes as long as reading a few thousand digits.
FEWEST_FOR_PROCESSES = 4000
LONGEST_LINE = 2**16
MAKE = "give its path to Snakemake as the target"
MAKE_AGAIN = f"move it away; to make it again, {MAKE}"

# Some images of a tree: of each, its index and its path below the tree.
Chunk = list[tuple[int, str]]
# What is wrong with an image: a kind, its path below the tree, and a few words.
Wrong = tuple[str, str, str]


@dataclass(frozen=True)
class StoredImages:
    """Reads the images of a tree as the bytes of the IDX file.

    ``rows`` and ``columns`` are those of an upright image; with ``transposed`` it is stored column by column.
    """

    tree: str
    rows: int
    columns: int
    transposed: bool

    @property
    def size(self) -> int:
        return self.rows * self.columns

    def read(self, chunk: Chunk) -> tuple[Chunk, bytes, list[Wrong]]:
        """A chunk, its images one after the other, and what is wrong with which of them.

        Zeros replace an image that has a problem.
        """
        reader = PngReader(self.rows, self.columns)
        images, wrong = [], []
        for _, path in chunk:
            try:
                pixels = reader.read(os.path.join(self.tree, path))
            except PngError as error:
                wrong.append((error.kind, path, str(error)))
                pixels = bytes(self.size)
            images.append(transposed(pixels, self.columns) if self.transposed else pixels)
        return chunk, b"".join(images), wrong

    def read_all(self, tree: PngTree, processes: int) -> Iterator[tuple[Chunk, bytes, list[Wrong]]]:
        """What `read` gives of all images found in a tree, in the order of the IDX file."""
        if len(tree.places) < FEWEST_FOR_PROCESSES:
            processes = 1
        chunks = tree.chunks(max(1, min(CHUNK_IMAGES, CHUNK_BYTES // self.size)))
        return parallel_map(self.read, chunks, processes)


def labels_digest(header: IdxHeader, tree: PngTree, columns: Sequence[str], manifest: str | None) -> str:
    """The SHA-256 of the labels file, with this header, that the directories of a whole tree make.

    ``columns``: those of the labels file, one of them ``class``; ``manifest``: the CSV file with all others, if any.

    Raises:
        DataError: when it does not list each image, or a number does not fit into the type of the file.
    """
    digest = hashlib.sha256(header.to_bytes())
    row = struct.Struct(f">{len(columns)}{header.type.code}")
    if len(columns) == 1:
        packed = [row.pack(value) for value in tree.values]
        for place in tree.places:
            digest.update(packed[place - 1])
        return digest.hexdigest()
    others = [column for column in columns if column != CLASS]
    rows = _manifest_rows(tree, manifest, others, range(len(tree.places)))
    for index, (place, values) in enumerate(zip(tree.places, rows, strict=True)):
        values.insert(columns.index(CLASS), tree.values[place - 1])
        try:
            digest.update(row.pack(*values))
        except struct.error:
            problem, found = "a label does not fit into the labels file", ", ".join(map(str, values))
            expected, at = header.type.name, f"image {index}"
            raise DataError(manifest or "", problem, at=at, expected=expected, found=found, todo=MAKE_AGAIN) from None
    return digest.hexdigest()


def check_columns(tree: PngTree, manifest: str | None, originals: LabeledImages) -> None:
    """Check that a manifest lists a tree's images, each with the further columns of its original label.

    Raises:
        DataError: when it does not, with the first line that differs.
    """
    columns = originals.extra_columns
    indices = [index for chunk in tree.chunks(CHUNK_IMAGES) for index, _ in chunk]
    rows = _manifest_rows(tree, manifest, columns, indices)
    for line, (index, values) in enumerate(zip(indices, rows, strict=True), 2):
        if tuple(values) != (expected := originals.extra_values(index)):
            problem = f"the label of image {index} differs from the published one"
            at, found = f"line {line}, {', '.join(columns)}", ", ".join(map(str, values))
            wanted = ", ".join(map(str, expected))
            raise DataError(manifest or "", problem, at=at, expected=wanted, found=found, todo=MAKE_AGAIN)


def _manifest_rows(
    tree: PngTree, manifest: str | None, columns: Sequence[str], indices: Sequence[int]
) -> Iterator[list[int]]:
    """The values of ``columns`` for each image of a tree, which the manifest must list in order."""
    if manifest is None:
        problem = f"its directories say the class of each image, but not: {', '.join(columns)}"
        raise DataError(tree.path, problem, todo="add --manifest FILE, the manifest of the split")
    if not os.path.isfile(manifest):
        raise DataError(manifest, "file not found", todo=f"to make it, {MAKE}")
    with open(manifest, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(iter(lambda: file.readline(LONGEST_LINE), ""))
        for index in indices:
            row = None
            try:
                row = next(rows)
                if int(row["index"]) != index:
                    raise ValueError
                values = [int(row[column]) for column in columns]
            except (StopIteration, KeyError, TypeError, ValueError, csv.Error) as error:
                problem, at = f"no valid row for image {index}", f"line {rows.line_num}"
                expected = f"index {index}, and whole numbers: {', '.join(columns)}"
                cells = ", ".join(f"{name} {row.get(name)}" for name in ("index", *columns)) if row else str(error)
                found = shortened(cells or "end of file")
                raise DataError(manifest, problem, at=at, expected=expected, found=found, todo=MAKE_AGAIN) from None
            yield values
