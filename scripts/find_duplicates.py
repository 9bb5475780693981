"""List the images of a dataset that have the same pixels, within each split and across splits."""

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence

from idxpng import log
from idxpng.command import Command
from idxpng.files.json_file import write_json
from idxpng.formats.split_header import Selection, Selections
from idxpng.text import counted

SLOTS = 1 << 24  # for checksums, a byte each: of a million images, one in twenty shares its slot by chance


def main(splits: Selections, duplicates: str) -> None:
    """Write which images are exact duplicates of others.

    In memory are the images that have the checksum of another one, and the files of one split are open at a time.

    Args:
        duplicates: the JSON file to make: ``within`` has for each split the groups of its images with the same pixels,
            and ``across`` the groups with images of several splits. A group is a list of paths below ``png/``, in the
            order of the splits and their images, and groups are in the order of their first paths.
    """
    repeated = _repeated_checksums(splits.each())
    same: dict[str, dict[bytes, list[str]]] = {}  # for each split, paths by digest
    for split in splits.each():
        with split.open() as (header, source):
            groups = same[header.split] = defaultdict(list)
            directories = header.directories
            for index, label in source.labeled(split.classes):
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
    write_json(duplicates, {"within": within, "across": across})
    count = sum(len(paths) - 1 for groups in within.values() for paths in groups)
    log.info("%s: %s, %s", duplicates, counted(len(splits.headers), "split"), counted(count, "duplicate"))


def _repeated_checksums(splits: Sequence[Selection]) -> set[int]:
    """The CRC-32 that several images have. Images with the same pixels have the same, so most others need not be read.

    Most images have a slot of their own, so that few checksums are kept in sets.
    """
    checksums = array("I")
    for split in splits:
        with split.open() as (_, source):
            checksums.extend(source.checksums[index] for index, _ in source.labeled(split.classes))
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


if __name__ == "__main__":
    Command(__doc__).run(main)
