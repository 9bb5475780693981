"""Images that have exactly the same pixels: found, written to ``duplicates.json``, and read from it."""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO

from idxpng.errors import reading
from idxpng.files.external_sort import sort_lines
from idxpng.formats.split_header import Selection, SplitHeader

MOST_GROUPS = 100  # that `Groups` keeps
MOST_MEMBERS = 100  # of a group that it keeps
SLOTS = 1 << 24  # for checksums, a byte each: of a million images, one in twenty shares its slot by chance

# The lines that are sorted have columns of one width each, so that they sort as numbers do.
DIGEST, PATH_OF_IMAGE = slice(0, 64), 13  # after the digest: position, path
SECTION, GROUP, PATH_OF_MEMBER = slice(0, 4), slice(0, 17), 31  # section, first position, position, path


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
    """The groups within each split, and those across splits, as `write_duplicates` wrote them."""
    with reading("a list made by find_duplicates", path):
        document = json.loads(Path(path).read_bytes())
        return {split: _groups(found) for split, found in document["within"].items()}, _groups(document["across"])


def _groups(found: list[list[str]]) -> Groups:
    images = Counter(path.partition("/")[0] for group in found for path in group)
    first = [group[:MOST_MEMBERS] for group in found[:MOST_GROUPS]]
    return Groups(len(found), images.total() - len(found), images, first)


def write_duplicates(splits: Sequence[Selection], file: IO[bytes]) -> int:
    """Write which images have the same pixels, as JSON; return how many repeat an earlier image of their split.

    ``within`` has for each split the groups of its images, and ``across`` the groups with images of several splits. A
    group is a list of paths in the order of the splits and their images, and groups are in the order of their first
    paths. Takes the memory of some 100,000 images and of the largest group, and opens the files of one split at a time.

    Raises:
        DataError: when the temporary folder is full; and as `Selection.open`.
    """
    _, images = sort_lines(_images(splits))
    names = [SplitHeader.read(split.header).split for split in splits]
    _, members = sort_lines(_members(images, names))
    sections = (lines for _, lines in groupby(members, itemgetter(SECTION)))
    duplicates = 0
    file.write(b'{\n  "within": {')
    for number, split in enumerate(names):
        file.write(f"{',' if number else ''}\n    {json.dumps(split)}: ".encode())
        duplicates += _write_groups(file, next(sections), " " * 4)
    file.write(b'\n  },\n  "across": ')
    _write_groups(file, next(sections), " " * 2)
    file.write(b"\n}\n")
    return duplicates


def _images(splits: Sequence[Selection]) -> Iterator[str]:
    """A line for each image that may have duplicates: its digest, its position in all splits together, and its path.

    Images with the same pixels have the same CRC-32, so most others need not be read.
    """
    counts = bytearray(SLOTS)  # of the images in each slot: none, one, or more
    for split in splits:
        with split.open() as (_, source):
            for index, _ in source.labeled(split.limit, split.classes):
                slot = source.checksums[index] % SLOTS
                counts[slot] = 2 if counts[slot] else 1
    position = 0
    for split in splits:
        with split.open() as (header, source):
            directories = header.directories
            for index, label in source.labeled(split.limit, split.classes):
                position += 1
                if counts[source.checksums[index] % SLOTS] > 1:
                    digest = hashlib.sha256(source.pixels(index)).hexdigest()
                    path = f"{header.split}/{directories[label]}/{source.name(index)}.png"
                    yield f"{digest} {position:012} {path}\n"


def _members(images: Iterable[str], splits: Sequence[str]) -> Iterator[str]:
    """A line for each image in each group: the group's section and first position, the image's position and path.

    A section is the number of a split, or the next number for groups across splits; a separate line begins it.
    """
    for section in range(len(splits) + 1):
        yield f"{section:04}\n"
    for _, same in groupby(images, itemgetter(DIGEST)):
        group = [line[DIGEST.stop + 1 :] for line in same]
        if len(group) == 1:
            continue
        by_split = groupby(group, lambda line: line[PATH_OF_IMAGE:].partition("/")[0])
        sections = [(splits.index(split), list(own)) for split, own in by_split]
        if len(sections) > 1:
            sections.append((len(splits), group))
        for section, members in sections:
            if len(members) > 1:
                yield from (f"{section:04} {members[0][:12]} {member}" for member in members)


def _write_groups(file: IO[bytes], lines: Iterator[str], indent: str) -> int:
    """Write the groups of a section as `json` does with an indent of 2; how many images are not the first of theirs."""
    next(lines)
    groups = images = 0
    for _, members in groupby(lines, itemgetter(GROUP)):
        file.write(f"{',' if groups else '['}\n{indent}  [".encode())
        for number, member in enumerate(members):
            file.write(f"{',' if number else ''}\n{indent}    {json.dumps(member[PATH_OF_MEMBER:-1])}".encode())
            images += 1
        file.write(f"\n{indent}  ]".encode())
        groups += 1
    file.write(f"\n{indent}]".encode() if groups else b"[]")
    return images - groups
