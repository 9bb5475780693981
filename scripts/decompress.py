"""Decompress a published file to the IDX file that it holds."""

from pathlib import Path

from idxpng import log
from idxpng.fetch.integrity import judge
from idxpng.files.atomic import atomic_file
from idxpng.files.disk_space import check_space
from idxpng.formats.compressed import compression


def main(dataset: str, published: str, idx: str) -> None:
    """Write the content of ``published`` to ``idx`` if it is the right content, and never more bytes than that has.

    Args:
        dataset: the dataset file, which describes the content.
        published: the downloaded file, under the name that the dataset file gives it.
        idx: the file to make.

    Raises:
        DataError: when the dataset has no such file.
        DiskRoomError: when the disk has no space for it.
        WrongFileError: when ``published`` is damaged or is not the file that the dataset file describes.
    """
    from idxpng.dataset.file import load  # not in the digest

    file = load(dataset).file(Path(idx).name)
    check_space(idx, file.content_bytes)
    with atomic_file(idx) as target:
        found = judge(published, file, idx=target)
    log.info("%s: %s, %d bytes, SHA-256 %s", idx, compression(published), file.content_bytes, found.content_sha256)
    if not file.pin:
        what = "no digest is pinned, so only header and size were checked"
        log.warning("%s: %s (content_sha256: %s)", idx, what, found.content_sha256)


if __name__ == "__main__":
    from idxpng.command import Command

    Command(__doc__).run(main)
