"""Images that have exactly the same pixels, found in manifests of any length in little memory."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

from idxpng.errors import DataError

BYTES_PER_ROW = 64  # of a manifest, at least: a digest alone has as many
BITS_PER_ROW = 16  # of the filter: with them it takes one unique image of sixteen for a duplicate, or fewer
CACHE_KB = 16 * 1024

TABLES = f"""
    PRAGMA journal_mode = OFF;
    PRAGMA cache_size = -{CACHE_KB};
    PRAGMA temp_store = FILE;
    CREATE TABLE image (position INTEGER PRIMARY KEY, split TEXT, path TEXT, digest BLOB);
"""
# Of each digest that several images have, or several images of a split: where the first of them stands.
GROUPS = """
    CREATE INDEX by_digest ON image (digest, split);
    CREATE TABLE split_group AS
        SELECT digest, split, min(position) AS first, count(*) AS images FROM image GROUP BY digest, split;
    CREATE TABLE across AS
        SELECT digest, min(first) AS first FROM split_group GROUP BY digest HAVING count(*) > 1;
    DELETE FROM split_group WHERE images = 1 AND digest NOT IN (SELECT digest FROM across);
    CREATE INDEX split_group_by_digest ON split_group (digest);
    CREATE INDEX across_by_digest ON across (digest);
"""
WITHIN = """
    SELECT first, path FROM split_group JOIN image USING (digest, split)
    WHERE split = ? AND images > 1 ORDER BY first, position
"""
ACROSS = "SELECT first, path FROM across JOIN image USING (digest) ORDER BY first, position"


class Duplicates:
    """Images of a dataset whose pixels another of its images has too.

    Only what may be one of them is kept, in a database on the disk for temporary files: in memory are four to eight
    bytes for each image, and one row.

    Args:
        manifests: by the name of each split, its manifest: a CSV file with columns ``path`` and ``sha256``.
    """

    def __init__(self, manifests: Mapping[str, str]) -> None:
        self._splits = list(manifests)
        self._images = sqlite3.connect("")  # a file of its own, which is gone when it is closed
        with _disk_full_error():
            self._images.executescript(TABLES)
            self._images.executemany("INSERT INTO image VALUES (?, ?, ?, ?)", _candidates(manifests))
            self._images.executescript(GROUPS)

    def __enter__(self) -> Duplicates:
        return self

    def __exit__(self, *exception: object) -> None:
        self._images.close()

    def within(self, split: str) -> int:
        """How many images of a split have the same pixels as an earlier one of it."""
        return self._number("SELECT sum(images - 1) FROM split_group WHERE split = ?", split)

    def across(self, split: str) -> int:
        """How many images of a split another split has too."""
        return self._number("SELECT sum(images) FROM split_group JOIN across USING (digest) WHERE split = ?", split)

    def write(self, file: IO[bytes]) -> None:
        """Write all groups as JSON: ``within``, by split those of its images, and ``across`` those of several splits.

        A group is a list of paths in the order of the manifests, and groups are in the order of their first paths.
        """
        file.write(b'{\n  "within": {')
        with _disk_full_error():
            for number, split in enumerate(self._splits):
                file.write(f"{',' if number else ''}\n    {json.dumps(split)}: ".encode())
                _write_groups(file, self._images.execute(WITHIN, (split,)), " " * 4)
            file.write(b'\n  },\n  "across": ')
            _write_groups(file, self._images.execute(ACROSS), " " * 2)
        file.write(b"\n}\n")

    def _number(self, query: str, split: str) -> int:
        return self._images.execute(query, (split,)).fetchone()[0] or 0


@contextmanager
def _disk_full_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        folder = tempfile.gettempdir()
        raise DataError(
            folder,
            "no room to sort duplicate images in the temporary folder",
            expected="room for 200 bytes of each",
            found=error,
            todo="make room, or set the environment variable TMPDIR to another folder",
        ) from None


def _candidates(manifests: Mapping[str, str]) -> Iterator[tuple[int, str, str, bytes]]:
    """Position, split, path and digest of each image that may have a duplicate, and of few others.

    Two passes over the manifests: the first notes in two bits for each image whether its digest came once or again.
    """
    rows = sum(map(os.path.getsize, manifests.values())) // BYTES_PER_ROW
    last_slot = (1 << max(16, (BITS_PER_ROW * rows - 1).bit_length())) - 1
    seen, again = bytearray(last_slot // 8 + 1), bytearray(last_slot // 8 + 1)
    for manifest in manifests.values():
        for digest in _columns(manifest, "sha256"):
            slot = hash(digest) & last_slot
            place, bit = slot >> 3, 1 << (slot & 7)
            if seen[place] & bit:
                again[place] |= bit
            else:
                seen[place] |= bit
    position = 0
    for split, manifest in manifests.items():
        for path, digest in _columns(manifest, "path", "sha256"):
            slot = hash(digest) & last_slot
            if again[slot >> 3] >> (slot & 7) & 1:
                yield position, split, path, bytes.fromhex(digest)
            position += 1


def _columns(manifest: str, *names: str) -> Iterator[Any]:
    """The values of some columns in each row of a manifest: a text, or a tuple of several."""
    with open(manifest, newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        yield from map(itemgetter(*map(next(rows).index, names)), rows)


def _write_groups(file: IO[bytes], rows: Iterable[tuple[int, str]], indent: str) -> None:
    """Write ``[[path, ...], ...]`` as `json` does it with an indent of 2, path by path."""
    empty = True
    for _, group in groupby(rows, itemgetter(0)):
        file.write(f"{'[' if empty else ','}\n{indent}  [".encode())
        for number, (_, path) in enumerate(group):
            file.write(f"{',' if number else ''}\n{indent}    {json.dumps(path)}".encode())
        file.write(f"\n{indent}  ]".encode())
        empty = False
    file.write(b"[]" if empty else f"\n{indent}]".encode())
