"""Images that have exactly the same pixels, as `find_duplicates` wrote them."""

import os
from collections import Counter
from dataclasses import dataclass

from idxpng.files.json_file import read_made

MOST_GROUPS = 100  # that `Groups` keeps
MOST_MEMBERS = 100  # of a group that it keeps


@dataclass(frozen=True)
class Groups:
    """Groups of images that have the same pixels.

    ``count``: the number of groups. ``repeated``: the number of images in them, without the first of each. ``images``:
    the number of images of each split in them. ``first``: the beginnings of the first groups, as lists of paths below
    ``png/``.
    """

    count: int
    repeated: int
    images: Counter[str]
    first: list[list[str]]


def read_duplicates(path: str | os.PathLike[str]) -> tuple[dict[str, Groups], Groups]:
    """The groups within each split, and those across splits."""
    document = read_made(path, "a list made by find_duplicates", {"within": {str: [[str]]}, "across": [[str]]})
    return {split: _groups(found) for split, found in document["within"].items()}, _groups(document["across"])


def _groups(found: list[list[str]]) -> Groups:
    images = Counter(path.partition("/")[0] for group in found for path in group)
    first = [group[:MOST_MEMBERS] for group in found[:MOST_GROUPS]]
    return Groups(len(found), images.total() - len(found), images, first)
