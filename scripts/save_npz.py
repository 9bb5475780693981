"""Save splits as arrays in one .npz file, with the names of Keras's mnist.npz: x_train, y_train, x_test, y_test."""

import zipfile
from collections.abc import Collection, Iterator, Sequence
from typing import IO, cast

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.labeled_images import LabeledImages
from idxpng.formats.split_header import SplitHeader
from idxpng.text import counted

import numpy  # isort: skip
from numpy.lib import format as npy  # isort: skip

AT_ONCE = 4096  # images
BEGINNING = (1980, 1, 1, 0, 0, 0)  # of time, as zip archives know it


class Stream:
    """A file without seeking, so that zipfile writes the same bytes to any file."""

    def __init__(self, file: IO[bytes]) -> None:
        self.write, self.flush = file.write, file.flush


def main(
    images: Sequence[str],
    labels: Sequence[str],
    headers: Sequence[str],
    npz: str,
    limit: int | None = None,
    classes: Collection[int] | None = None,
) -> None:
    """Write ``x_{split}``, uint8 (count, rows, columns), and ``y_{split}``, integers (count), of each split.

    Nothing is compressed, so that the same arrays are the same bytes everywhere. Memory is that of some thousand
    images.

    Args:
        images, labels, headers: of each split, in the same order, the decompressed IDX files, and what `validate`
            wrote about them.
        npz: the file to make.
        limit: how many images of each split to take, the first ones; all by default.
    """
    with atomic_file(npz) as file, zipfile.ZipFile(cast(IO[bytes], Stream(file)), "w") as archive:
        for images_path, labels_path, header in zip(images, labels, headers, strict=True):
            split_header = SplitHeader.read(header)
            with split_header.open(images_path, labels_path) as source:
                chosen = [index for index, _ in source.labeled(limit, classes)]
                values = source.classes(limit)
                type_ = numpy.dtype(source.labels.header.type.name)
                selected = numpy.array([values[index - source.rows.start] for index in chosen], type_)
                _save(
                    archive,
                    f"x_{split_header.split}",
                    numpy.dtype("uint8"),
                    (len(chosen), *source.size),
                    _pixels(source, chosen),
                )
                _save(archive, f"y_{split_header.split}", type_, selected.shape, iter([selected.tobytes()]))
            log.info("%s: %s of %s", npz, counted(len(chosen), "image"), split_header.split)


def _pixels(source: LabeledImages, indices: Sequence[int]) -> Iterator[bytes]:
    for start in range(0, len(indices), AT_ONCE):
        yield b"".join([source.pixels(index) for index in indices[start : start + AT_ONCE]])


def _save(
    archive: zipfile.ZipFile, name: str, dtype: numpy.dtype, shape: tuple[int, ...], data: Iterator[bytes]
) -> None:
    member = zipfile.ZipInfo(f"{name}.npy", BEGINNING)
    member.external_attr = 0o644 << 16
    with archive.open(member, "w", force_zip64=True) as file:
        array_header = {"descr": npy.dtype_to_descr(dtype.newbyteorder("<")), "fortran_order": False, "shape": shape}
        npy.write_array_header_1_0(file, array_header)
        for piece in data:
            file.write(piece)


if __name__ == "__main__":
    Command(__doc__).run(main)
