"""List the images of a dataset that have the same pixels, within each split and across splits."""

from collections.abc import Sequence

from idxpng import log
from idxpng.command import Command
from idxpng.files.atomic import atomic_file
from idxpng.formats.split_header import SplitHeader
from idxpng.publish.duplicates import write_duplicates


def main(headers: Sequence[str], manifests: Sequence[str], duplicates: str) -> None:
    """Write which images are exact duplicates of others.

    Args:
        headers, manifests: what `validate` and `merge_manifests` made of each split.
        duplicates: the JSON file to make: ``within``, for each split the groups of its images that have the same
            pixels, and ``across`` the groups of which several splits have some; an image is its path below ``png/``.
    """
    splits = [SplitHeader.read(path).split for path in headers]
    with atomic_file(duplicates) as file:
        count = write_duplicates(dict(zip(splits, manifests, strict=True)), file)
    log.info("%s: %d splits, %d duplicates", duplicates, len(splits), count)


if __name__ == "__main__":
    Command(__doc__).run(main)
