"""The images of a split, upright, with their labels: the class, and the further columns."""

from __future__ import annotations

import os
from array import array
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from zlib_ng.zlib_ng import crc32

from idxpng.errors import move_away
from idxpng.formats.idx import IdxError, IdxFile, IdxHeader

# The column of a labels file that holds the class, where the file has columns.
CLASS = "class"
LABELS_AT_ONCE = 1 << 16  # in memory with all of their columns


def file_headers(count: int, shape: Sequence[int], label_type: str, columns: Sequence[str]) -> dict[str, IdxHeader]:
    """The headers of a split's ``images`` and ``labels`` files.

    The dims of labels are (count), or (count, number of columns) where labels have several.
    """
    labels = (count, len(columns)) if len(columns) > 1 else (count,)
    return {"images": IdxHeader.of("uint8", (count, *shape)), "labels": IdxHeader.of(label_type, labels)}


class LabeledImages:
    """Both IDX files of a split, open for reading any image and any label.

    Args:
        images: IDX file of uint8 images, dims (count, rows, columns).
        labels: IDX file of integers, dims (count), or (count, number of columns) where ``label_columns`` names them.
        orientation: how the images lie in the file. ``upright``: row by row. ``transposed``: column by
            column, so that they look mirrored and turned on their side when read row by row.
        label_columns: names of the columns of ``labels``, one of them ``class``.
        rows: the first image of the split in the files and the one after its last, from 0; None for all of them.
        checksums: the CRC-32 of each image as stored, to compare with each image that is read; or none.
        limit: take only the first of these images; None for all of them.
        checksums_file: where the checksums are from, for messages.

    An image is known by its index in the files, whichever of them belong to the split.

    Attributes:
        rows: the indices of the split's images, as far as they are taken.
        extra_columns: ``label_columns`` without the class.

    Raises:
        IdxError: when a file is not an IDX file, or not as long as its header says.
    """

    def __init__(
        self,
        images: str | os.PathLike[str],
        labels: str | os.PathLike[str],
        orientation: str = "upright",
        label_columns: Sequence[str] = (CLASS,),
        rows: Sequence[int] | None = None,
        checksums: Sequence[int] = (),
        limit: int | None = None,
        checksums_file: Path = Path(),
    ) -> None:
        with ExitStack() as stack:
            self.images = stack.enter_context(IdxFile(images))
            self.labels = stack.enter_context(IdxFile(labels))
            self._stack = stack.pop_all()
        self.rows = range(*(rows or (len(self.images),)))[:limit]
        self.checksums, self._checksums_file = checksums, checksums_file
        self._transposed = orientation == "transposed"
        self._class_column = label_columns.index(CLASS)
        self.extra_columns = tuple(name for name in label_columns if name != CLASS)

    def __enter__(self) -> LabeledImages:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of each image when it is upright."""
        rows, columns = self.images.header.item_shape
        return (columns, rows) if self._transposed else (rows, columns)

    @property
    def index_width(self) -> int:
        """Digits of the last index in the file, to which the names of images are zero-padded."""
        return len(str(len(self.images) - 1))

    def name(self, index: int) -> str:
        """The name of an image's file, without ``.png``."""
        return f"{index:0{self.index_width}}"

    def classes(self) -> Sequence[int]:
        """The class of each image of the split."""
        if not self.extra_columns:
            return self.labels.values(self.rows.start, self.rows.stop)
        classes = array(self.labels.header.type.code)
        for start in range(self.rows.start, self.rows.stop, LABELS_AT_ONCE):
            values = self.labels.values(start, min(start + LABELS_AT_ONCE, self.rows.stop))
            classes.extend(values[self._class_column :: len(self.extra_columns) + 1])
        return classes

    def labeled(self, only: Collection[int] | None = None) -> Iterator[tuple[int, int]]:
        """Index and class of each image of the split; with ``only``, of these classes."""
        for index, label in enumerate(self.classes(), self.rows.start):
            if only is None or label in only:
                yield index, label

    def indices(self, label: int) -> Iterator[int]:
        """The index of each image of one class, as in `labeled`, in a tenth of the time."""
        classes, at = self.classes(), -1
        with suppress(ValueError):  # there are no more
            while True:
                at = classes.index(label, at + 1)
                yield self.rows.start + at

    def first_of_each(self, labels: Collection[int], most: int) -> dict[int, list[int]]:
        """The indices of the first images of each of some classes, at most ``most`` of each."""
        found: dict[int, list[int]] = {label: [] for label in labels}
        missing = most * len(found)
        for index, label in self.labeled(found):
            if len(found[label]) < most:
                found[label].append(index)
                missing -= 1
                if not missing:
                    break
        return found

    def extra_values(self, index: int) -> tuple[int, ...]:
        """The further columns of the label of the image at ``index``, in the order of `extra_columns`."""
        if not self.extra_columns:
            return ()
        values = self.labels.values(index, index + 1)
        return tuple(value for column, value in enumerate(values) if column != self._class_column)

    def upright(self, stored: bytes) -> bytes:
        """An image as stored in the images file, row by row from the top."""
        return transposed(stored, self.size[0]) if self._transposed else stored

    def pixels(self, index: int) -> bytes:
        """The image at ``index``: rows × columns unsigned bytes, upright, row by row from the top.

        Raises:
            IdxError: when it does not have its checksum.
        """
        stored = self.images.read(index, index + 1)
        self.check(index, stored)
        return self.upright(stored)

    def check(self, index: int, stored: bytes | memoryview) -> None:
        """Raise IdxError if the image at ``index``, as stored, does not have its checksum; without any, do nothing."""
        if not self.checksums or (found := crc32(stored)) == self.checksums[index]:
            return
        problem, at = f"image {index} is not the one that was validated", f"byte {self.images.header.offset(index)}"
        expected = f"CRC-32 {self.checksums[index]:08x}, as in {self._checksums_file}"
        raise changed(self.images.path, problem, expected, f"{found:08x}", at, self._checksums_file)


def changed(
    path: str | os.PathLike[str], problem: str, expected: object, found: object, at: str | None = None, *others: Path
) -> IdxError:
    """The error of an IDX file that changed after it was validated, or of ``others``; each may be the only copy."""
    problem = f"{problem}: the file changed, or the header is of other files"
    return IdxError(path, problem, at=at, expected=expected, found=found, todo=move_away(path, *others))


def transposed(pixels: bytes, columns: int) -> bytes:
    """An image of one byte a pixel, row by row, with rows and columns exchanged; ``columns``: those that it has now."""
    return b"".join(pixels[column::columns] for column in range(columns))
