"""Decompress a published file to the IDX file that it holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from idxpng import log
from idxpng.fetch.integrity import judge
from idxpng.files.atomic import atomic_file
from idxpng.files.disk_space import check_space
from idxpng.formats.compressed import compression

if TYPE_CHECKING:
    from idxpng.dataset.model import PublishedFile  # not in the digest


def main(dataset: str, published: str, idx: str) -> None:
    """Write the content of ``published`` to ``idx``, once it is known to be the right one.

    Args:
        dataset: the dataset file, which says what the content must be.
        published: the downloaded file, under the name that the dataset file has for it.
        idx: the file to make.

    Raises:
        DataError: when the dataset has no such file.
        DiskRoomError, WrongFileError: see `decompress`.
    """
    from idxpng.dataset.file import load  # not in the digest

    decompress(published, idx, load(dataset).file(Path(published).name))


def decompress(published: str, idx: str, file: PublishedFile) -> None:
    """Write the content of ``published`` to ``idx``, once it is known to be the right one.

    Args:
        published: the downloaded file; gzip, xz or not compressed, by its content.
        idx: the file to make. No more than the bytes that it must have is ever written, whatever ``published`` holds.
        file: what is known about the two.

    Raises:
        DiskRoomError: when there is no space for it.
        WrongFileError: when ``published`` is damaged, holds more or less than it should, or is not the pinned one.
    """
    check_space(idx, file.content_bytes)
    with atomic_file(idx) as target:
        found = judge(published, file, idx=target)
    log.info("%s: %s, %d bytes, SHA-256 %s", idx, compression(published), file.content_bytes, found.content_sha256)
    if not file.pinned:
        log.warning("%s: no digest to check it against (content_sha256: %s)", idx, found.content_sha256)


if __name__ == "__main__":
    from idxpng.command import Command

    Command(__doc__).run(main)
