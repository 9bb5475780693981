"""List the images of a dataset that have the same pixels, within each split and across splits."""

from idxpng import log
from idxpng.command import Command
from idxpng.formats.split_header import Selections
from idxpng.publish.duplicates import write_duplicates
from idxpng.text import counted


def main(splits: Selections, duplicates: str) -> None:
    """Write which images are exact duplicates of others.

    Args:
        duplicates: the JSON file to make: ``within`` has for each split the groups of its images with the same pixels,
            and ``across`` the groups with images of several splits; an image is its path below ``png/``.
    """
    count = write_duplicates(splits.each(), duplicates)
    log.info("%s: %s, %s", duplicates, counted(len(splits.headers), "split"), counted(count, "duplicate"))


if __name__ == "__main__":
    Command(__doc__).run(main)
