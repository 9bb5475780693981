"""List the images of a dataset that have the same pixels, within each split and across splits."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.split_header import SplitHeader
from idxpng.publish.duplicates import write_duplicates
from idxpng.text import counted


def main(
    images: Sequence[str],
    labels: Sequence[str],
    headers: Sequence[str],
    duplicates: str,
    limit: int | None = None,
    classes: Collection[int] | None = None,
) -> None:
    """Write which images are exact duplicates of others.

    Args:
        images, labels: the decompressed IDX files of each split.
        headers: what `validate` wrote about each split.
        duplicates: the JSON file to make: ``within``, for each split the groups of its images that have the same
            pixels, and ``across`` the groups of which several splits have some; an image is its path below ``png/``.
        limit: how many images of each split to take, the first ones; all by default.
    """
    with ExitStack() as stack, atomic_file(duplicates) as file:
        splits = [
            (header, stack.enter_context(header.open(*files)))
            for header, *files in zip(map(SplitHeader.read, headers), images, labels, strict=True)
        ]
        count = write_duplicates(splits, file, limit, classes)
    log.info("%s: %s, %s", duplicates, counted(len(splits), "split"), counted(count, "duplicate"))


if __name__ == "__main__":
    Command(__doc__).run(main)
