"""Images that have exactly the same pixels: found, written to ``duplicates.json``, and read from it."""

import hashlib
import json
import os
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from idxpng.errors import reading
from idxpng.files.json_file import write_json
from idxpng.formats.split_header import Selection

MOST_GROUPS = 100  # that `Groups` keeps
MOST_MEMBERS = 100  # of a group that it keeps
SLOTS = 1 << 24  # for checksums, a byte each: of a million images, one in twenty shares its slot by chance


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


def write_duplicates(splits: Sequence[Selection], path: str | os.PathLike[str]) -> int:
    """Write which images have the same pixels, as JSON; return how many repeat an earlier image of their split.

    ``within`` has for each split the groups of its images, and ``across`` the groups with images of several splits. A
    group is a list of paths in the order of the splits and their images, and groups are in the order of their first
    paths. In memory are the images that have the checksum of another one, and the files of one split are open at a
    time.

    Raises:
        DataError: as `Selection.open`.
    """
    repeated = _repeated_checksums(splits)
    same: dict[str, dict[bytes, list[str]]] = {}  # for each split, paths by digest
    for split in splits:
        with split.open() as (header, source):
            groups = same[header.split] = defaultdict(list)
            directories = header.directories
            for index, label in source.labeled(split.limit, split.classes):
                if source.checksums[index] in repeated:
                    digest = hashlib.sha256(source.pixels(index)).digest()
                    groups[digest].append(f"{header.split}/{directories[label]}/{source.name(index)}.png")
    within = {split: [paths for paths in groups.values() if len(paths) > 1] for split, groups in same.items()}
    splits_of = Counter(digest for groups in same.values() for digest in groups)
    across = [
        [path for groups in same.values() for path in groups.get(digest, ())]
        for digest, number in splits_of.items()
        if number > 1
    ]
    write_json(path, {"within": within, "across": across})
    return sum(len(paths) - 1 for groups in within.values() for paths in groups)


def _repeated_checksums(splits: Sequence[Selection]) -> set[int]:
    """The CRC-32 that several images have. Images with the same pixels have the same, so most others need not be read.

    Most images have a slot of their own, so that few checksums are kept in sets.
    """
    checksums = array("I")
    for split in splits:
        with split.open() as (_, source):
            checksums.extend(source.checksums[index] for index, _ in source.labeled(split.limit, split.classes))
    counts = bytearray(SLOTS)  # of the images in each slot: none, one, or more
    for checksum in checksums:
        slot = checksum % SLOTS
        counts[slot] = 2 if counts[slot] else 1
    seen: set[int] = set()
    repeated: set[int] = set()
    for checksum in checksums:
        if counts[checksum % SLOTS] > 1:
            (repeated if checksum in seen else seen).add(checksum)
    return repeated
