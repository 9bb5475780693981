"""Decompress a published file to the IDX file that it holds."""

import hashlib
import logging
from pathlib import Path

from idxpng.atomic import atomic_file
from idxpng.compressed import compression, content_chunks
from idxpng.errors import DataError
from idxpng.space import check_space


def main(dataset: str, published: str, idx: str) -> None:
    """Write the content of ``published`` to ``idx``, once it is known to be the right one.

    Args:
        dataset: the dataset file, which says what the content must be.
        published: the downloaded file, under the name that the dataset file has for it.
        idx: the file to make.

    Raises:
        DatasetError: when the dataset has no such file.
        DataError: see `decompress`.
    """
    from idxpng.dataset import load

    file = load(dataset).file(Path(published).name)
    decompress(published, idx, file.content_bytes, file.content_sha256, bool(file.sha256 or file.git_blob))


def decompress(published: str, idx: str, size: int, sha256: str | None, download_checked: bool = False) -> None:
    """Write the content of ``published`` to ``idx``, once it is known to be the right one.

    Args:
        published: the downloaded file; gzip, xz or not compressed, by its content.
        idx: the file to make.
        size: bytes that the content must have. No more is ever written, whatever the file holds.
        sha256: hexadecimal digest of the content, or None where the dataset file does not pin it.
        download_checked: whether ``published`` was itself compared with a pinned digest.

    Raises:
        DiskRoomError: when there is no space for it.
        CompressedFileError: when ``published`` is damaged or holds more than ``size`` bytes.
        DataError: when the content is not the pinned one.
    """
    check_space(idx, size)
    digest = hashlib.sha256()
    written = 0
    with atomic_file(idx) as file:
        for chunk in content_chunks(published, size_limit=size):
            digest.update(chunk)
            written += file.write(chunk)
        remedy = f"remove {published} and run again; if the file is your own, correct its dataset file"
        if written != size:
            raise DataError(
                published,
                "holds less than it should",
                expected=f"{size} bytes of content",
                found=f"{written} bytes",
                todo=remedy,
            )
        if sha256 is not None and digest.hexdigest() != sha256:
            raise DataError(
                published,
                "its content is not the published one",
                expected=f"SHA-256 {sha256}",
                found=digest.hexdigest(),
                todo=remedy,
            )
    logging.info("%s: %s, %d bytes, SHA-256 %s", idx, compression(published), written, digest.hexdigest())
    if sha256 is None and not download_checked:
        logging.warning(
            "%s: nothing to check it against. To pin it, write into its dataset file\n    content_sha256: %s",
            idx,
            digest.hexdigest(),
        )


if __name__ == "__main__":
    from idxpng.command import Command

    command = Command(__doc__)
    command.add_argument("--dataset", required=True, metavar="FILE", help="dataset file, such as datasets/mnist.yaml")
    command.add_argument("--published", required=True, metavar="FILE", help="the downloaded file")
    command.add_argument("--idx", required=True, metavar="FILE", help="the IDX file to make")
    command.run(main)
