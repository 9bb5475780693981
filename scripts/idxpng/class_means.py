"""The mean image of each class."""

from collections.abc import Iterable, Sequence

import numpy

MOST_PIXELS = 1 << 20  # of all classes together: the sums take eight bytes of memory for each


class ClassMeans:
    """Adds up the images of each class, in whole numbers, so that the result does not depend on their order.

    Args:
        classes: the labels that there are.
        size: pixels of an image. Where all classes together have more than a million, nothing is added up.
    """

    def __init__(self, classes: Iterable[int], size: int) -> None:
        self._classes = numpy.array(sorted(classes))
        wanted = len(self._classes) * size <= MOST_PIXELS
        self._sums = numpy.zeros((len(self._classes), size), numpy.int64) if wanted else None
        self._counts = numpy.zeros(len(self._classes), numpy.int64)

    def add(self, pixels: numpy.ndarray, labels: Sequence[int]) -> None:
        """Add some images: ``pixels`` of dims (count, size), and the class of each."""
        if self._sums is None:
            return
        rows = numpy.searchsorted(self._classes, list(labels))
        order = numpy.argsort(rows, kind="stable")
        found, starts = numpy.unique(rows[order], return_index=True)
        self._sums[found] += numpy.add.reduceat(pixels[order], starts, axis=0, dtype=numpy.int64)
        self._counts += numpy.bincount(rows, minlength=len(self._counts))

    def mean(self, label: int) -> bytes:
        """The mean of a class, each pixel rounded to the nearest whole number; empty where there is none."""
        row = int(numpy.searchsorted(self._classes, label))
        count = int(self._counts[row])
        if self._sums is None or not count:
            return b""
        return ((2 * self._sums[row] + count) // (2 * count)).astype(numpy.uint8).tobytes()
