"""Export the images of one label to a directory of PNG files, and list them in a manifest."""

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from math import prod
from pathlib import Path

from idxpng import log
from idxpng.command import Command
from idxpng.errors import DataError
from idxpng.files.atomic import atomic_directory, atomic_file
from idxpng.files.disk_space import check_room_for_files
from idxpng.files.leftovers import not_images, remove_proof
from idxpng.files.partial import in_turn
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.png import PngEncoder
from idxpng.formats.split_header import SplitHeader
from idxpng.text import counted, some

COLUMNS = ("path", "split", "index", "label", "class_name", "sha256")
BYTES_AT_ONCE = 1 << 16  # of pixels, few enough for a processor's cache
PATIENCE = 2.0  # seconds for another process that publishes an export


def main(
    images: str,
    labels: str,
    header: str,
    label: str,
    png: str,
    manifest: str,
    limit: int | None = None,
    proof: str | None = None,
) -> None:
    """Write ``png/{index}.png`` for each image of a label, then the manifest that lists them.

    Both appear under their names only when complete and on disk, the manifest last. Images are read one by one,
    so memory does not grow with the file.

    Args:
        label: name of the label's directory, such as ``7``, or ``07`` where labels have two digits.
        png: the directory to make, ``.../png/{split}/{label}``.
        manifest: the CSV file to make. Its column ``label`` is the label as a number, and ``sha256`` is of the
            exported pixels, row by row, so it does not depend on the program that wrote the PNG. The label's
            columns other than the class come last.
        proof: a report of `verify` on the split, which is removed, because it is about other images.

    Raises:
        DiskRoomError: when there is no room for all files, before the first is written.
        DataError: when ``png`` is not such a path, or another program changed the directory.
    """
    png_dir = Path(png)
    if len(png_dir.parents) < 3:
        raise DataError(png, "the path is too short", expected=f"FOLDER/png/SPLIT/{label}")
    split_header = SplitHeader.read(header)
    wanted, class_name = split_header.label(label), split_header.class_names[label]
    if png_dir.is_dir() and (others := not_images(os.listdir(png_dir))):
        todo = "move them elsewhere, or give a different directory with --png"
        raise DataError(
            png, "this directory has other files, which an export would remove", found=some(others), todo=todo
        )
    if proof:  # not only once this succeeds: Snakemake has already removed the images that it proves
        remove_proof(proof)
    root = png_dir.parents[2]  # results/{dataset}, where no program lists images
    with ExitStack() as published:
        with (
            split_header.open(images, labels, limit) as source,
            atomic_file(manifest) as manifest_file,
            atomic_directory(png_dir, root) as directory,
        ):
            count = sum(1 for _ in source.indices(wanted))
            check_room_for_files(directory, count)
            lines = io.TextIOWrapper(manifest_file, encoding="utf-8", newline="")
            rows = csv.writer(lines, lineterminator="\n")
            rows.writerow((*COLUMNS, *source.extra_columns))
            for name, index, digest in _write_images(source, source.indices(wanted), directory):
                path = f"{split_header.split}/{label}/{name}"
                rows.writerow(
                    (path, split_header.split, index, wanted, class_name, digest, *source.extra_values(index))
                )
            lines.detach()  # writes what is left
            _check_unchanged(png, len(os.listdir(directory)) == count)
            made = os.stat(directory)
            # From here on alone, so that directory and manifest always come from the same process.
            published.enter_context(in_turn(Path(manifest).parent, PATIENCE))
        _check_unchanged(png, png_dir.exists() and os.path.samestat(os.stat(png), made))
    log.info("%s: %s", png, counted(count, "image"))


def _write_images(source: LabeledImages, indices: Iterable[int], directory: Path) -> Iterator[tuple[str, int, str]]:
    """Write the image at each index to a PNG file; yield its name, its index, and the SHA-256 of its pixels.

    Small images are read, encoded, and written in batches: a processor is faster when it repeats the same step.
    """
    encoder, at_once = PngEncoder(*source.size), max(1, BYTES_AT_ONCE // prod(source.size))
    indices = iter(indices)
    while batch := list(islice(indices, at_once)):
        names = [f"{source.name(index)}.png" for index in batch]
        pixels = [source.pixels(index) for index in batch]
        for name, data in zip(names, [encoder.encode(image) for image in pixels], strict=True):
            _write(f"{directory}/{name}", data)
        digests = [hashlib.sha256(image).hexdigest() for image in pixels]
        yield from zip(names, batch, digests, strict=True)


def _check_unchanged(png: str, unchanged: bool) -> None:
    if not unchanged:
        todo = "run the same command again, when no other run uses the results folder"
        raise DataError(png, "another program changed or removed the directory during the export", todo=todo)


def _write(path: str, data: bytes) -> None:
    # Making a file object would take longer than encoding a digit.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        written = os.write(descriptor, data)
        while written < len(data):  # one call writes at most 2 GiB
            written += os.write(descriptor, memoryview(data)[written:])
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    Command(__doc__).run(main)
