"""Reading one file from a zip archive, which is downloaded as a whole.

Nothing is extracted to a path that an archive names: a member's bytes go to a file that is already open.
"""

import hashlib
import io
import re
from pathlib import Path

from idxpng import log
from idxpng.dataset.file_names import fits
from idxpng.fetch.integrity import WrongFileError
from idxpng.fetch.partial_file import PartialFile, discard_others, partial_file
from idxpng.fetch.patience import Patience
from idxpng.fetch.transfer import CHUNK, copy, query_digest, without_secrets
from idxpng.files.atomic import publish
from idxpng.files.partial import in_turn
from idxpng.formats.compressed import CompressedFileError, find_member, open_archive

HOUR = 3600.0  # seconds


def from_file(archive: io.BufferedReader, shown: str, member: str, partial: PartialFile, size_limit: int) -> None:
    """Copy a member of an archive on disk into ``partial``.

    Args:
        shown: name of the archive for messages.
        member: path of the member inside the archive. One that `fits` is taken too, and named in the log.
        size_limit: most bytes that the member may have.

    Raises:
        WrongFileError: when the archive is damaged, or when the member is missing, ambiguous, too large, encrypted, or
            compressed in an unsupported way.
        DiskRoomError: when the disk has no space for it.
    """
    shown_member = f"{shown}: {member}"
    try:
        with open_archive(archive, shown) as contents:
            info = find_member(contents, shown, member, fits)
            with contents.open(info) as stream:
                partial.restart()
                taken = "" if info.filename == member else f"taken from {info.filename}, "
                log.info("%s: %s%d bytes, %d in the archive", shown_member, taken, info.file_size, info.compress_size)
                pieces = iter(lambda: stream.read(CHUNK), b"")
                copy(pieces, shown_member, partial, info.file_size, size_limit)
    except CompressedFileError as error:
        raise WrongFileError(shown, error.problem, **error.details) from None


def download_archive(url: str, archive: Path, size_limit: int, patience: Patience) -> None:
    """Download a whole archive, see `http_file.fetch`, and keep it for all members of all datasets.

    While another process downloads it, this one waits, at most for an hour.
    """
    from idxpng.fetch import http_file  # not in the digest

    archive.parent.mkdir(parents=True, exist_ok=True)
    shown = without_secrets(url)
    with in_turn(archive.parent, HOUR):
        if archive.is_file():  # another process made it
            return
        with partial_file(archive, shown) as partial:
            http_file.fetch(url, partial, size_limit, patience)
            publish(partial.file, archive)
        discard_others(archive)


def archive_path(folder: Path, url: str) -> Path:
    """The path of a URL's archive below ``folder``: the same for every job, a different one for each URL."""
    address = without_secrets(url)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", address.rpartition("/")[2])
    return folder / f"{hashlib.sha256((address + query_digest(url)).encode()).hexdigest()[:8]}-{name}"
