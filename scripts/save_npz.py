"""Save splits as arrays in one .npz file, with the names of Keras's mnist.npz: x_train, y_train, x_test, y_test."""

import zipfile
from collections.abc import Iterator
from functools import partial

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.split_header import Selections
from idxpng.text import counted

import numpy  # isort: skip
from numpy.lib import format as npy  # isort: skip

BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, as zip archives know it


def main(splits: Selections, npz: str) -> None:
    """Write ``x_{split}``, uint8 (count, rows, columns), and ``y_{split}``, integers (count), of each split.

    Nothing is compressed, so that the same arrays are the same bytes everywhere. Takes the memory of one image, and of
    the labels.

    Args:
        npz: the file to make.
    """
    with atomic_file(npz) as file, zipfile.ZipFile(file, "w") as archive:
        for split in splits.each():
            with split.open() as (header, source):
                chosen = partial(source.labeled, split.classes)
                type_ = numpy.dtype(source.labels.header.type.name).newbyteorder("<")
                labels = numpy.fromiter((label for _, label in chosen()), type_)
                shape, pixels = (len(labels), *source.size), (source.pixels(index) for index, _ in chosen())
                _save(archive, f"x_{header.split}", numpy.dtype("uint8"), shape, pixels)
                _save(archive, f"y_{header.split}", type_, labels.shape, iter([labels.tobytes()]))
            log.info("%s: %s of %s", npz, counted(len(labels), "image"), header.split)


def _save(
    archive: zipfile.ZipFile, name: str, dtype: numpy.dtype, shape: tuple[int, ...], data: Iterator[bytes]
) -> None:
    member = zipfile.ZipInfo(f"{name}.npy", BEGINNING)
    member.external_attr = 0o644 << 16
    with archive.open(member, "w", force_zip64=True) as file:
        array_header = {"descr": npy.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, array_header)
        for items in data:
            file.write(items)


if __name__ == "__main__":
    Command(__doc__).run(main)
