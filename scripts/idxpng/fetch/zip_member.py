"""Getting one file out of a zip archive, which lies on disk or on an HTTP server.

Nothing is ever extracted to a path that an archive names: a member's bytes go to a file that is open already.
"""

import difflib
import errno
import hashlib
import os
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from idxpng import log
from idxpng.errors import DataError
from idxpng.fetch.partial_file import discard, discard_others, partial_file, restart
from idxpng.fetch.transfer import CHUNK, TooLargeError, check_size, copy, without_secrets
from idxpng.files.disk_space import check_space
from idxpng.files.flush import flush_names

ENCRYPTED = 0x1  # in the flags of a member
# What `zipfile` raises for damaged archives, beside OSError.
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class ArchiveError(DataError):
    """An archive that is damaged, or not one out of which a published file can be taken."""


def from_file(file: IO[bytes], shown: str, member: str, partial: IO[bytes], state: Path, size_limit: int) -> None:
    """Bring a member of an archive on disk into ``partial``.

    Args:
        file: the archive, open for reading.
        shown: name of the archive for messages.
        member: path of the member inside the archive. One of the same name in another folder serves as well.
        partial, state: as in `http_file.fetch`.
        size_limit: bytes that the member may have at most.

    Raises:
        ArchiveError: when the archive is damaged, or holds the member not once, or in a form that is not published.
        TooLargeError: when the member is larger than it may be.
    """
    with _readable(shown), zipfile.ZipFile(file) as archive:
        _copy(archive, shown, member, partial, state, size_limit)


def from_url(
    url: str,
    member: str,
    partial: IO[bytes],
    state: Path,
    size_limit: int,
    whole: Path,
    whole_limit: int,
    **transfer: Any,
) -> None:
    """Bring a member of an archive on a server into ``partial``, and no other part of it.

    Where the server does not support range requests, the whole archive is downloaded to ``whole``. There it stays: all
    members, of whatever dataset, come from it from then on.

    Args:
        url, transfer: as in `http_file.fetch`.
        member, partial, state, size_limit: as in `from_file`.
        whole: where the whole archive lies or goes, see `whole_path`.
        whole_limit: bytes that the whole archive may have at most.

    Raises:
        HttpFileError: when the server does not send it.
        ArchiveError, TooLargeError: as in `from_file`.
    """
    from idxpng.fetch.remote_zip import NoRangesError, open_remote_zip  # not in the digest

    shown = without_secrets(url)
    if not whole.is_file():
        try:
            with _readable(shown), open_remote_zip(url, size_limit, **transfer) as archive:
                _copy(archive, shown, member, partial, state, size_limit)
            return
        except NoRangesError as error:
            log.info("%s; so the whole archive is downloaded", error)
            _download_whole(url, whole, whole_limit, transfer)
    log.info("%s: taken from %s, the whole archive", shown, whole)
    with open(whole, "rb") as file:
        from_file(file, shown, member, partial, state, size_limit)


def whole_path(folder: Path, url: str) -> Path:
    """Where below ``folder`` the whole archive of a URL lies: the same for whoever wants it, another for each URL."""
    address = without_secrets(url)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", address.rpartition("/")[2])
    return folder / f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{name}"


def _download_whole(url: str, whole: Path, size_limit: int, transfer: dict[str, Any]) -> None:
    from idxpng.fetch import http_file  # not in the digest

    whole.parent.mkdir(parents=True, exist_ok=True)
    with partial_file(whole, wait=True) as (partial, state):
        if whole.is_file():  # by now, from another job
            return
        try:
            http_file.fetch(url, partial, state, size_limit, **transfer)
        except TooLargeError:
            discard(partial, state)
            raise
        partial.flush()
        os.fsync(partial.fileno())
        os.replace(partial.name, whole)
        flush_names(whole.parent)
    discard_others(whole)


def _copy(archive: zipfile.ZipFile, shown: str, member: str, partial: IO[bytes], state: Path, size_limit: int) -> None:
    info = _find(archive, shown, member)
    shown = f"{shown}: {member}"
    check_size(shown, info.file_size, size_limit)
    with archive.open(info) as stream:
        restart(partial, state)
        check_space(shown, info.file_size, os.path.dirname(partial.name))
        log.info("%s: %d bytes, %d in the archive", shown, info.file_size, info.compress_size)
        copy(iter(lambda: stream.read(CHUNK), b""), shown, partial, 0, info.file_size, size_limit)


def _find(archive: zipfile.ZipFile, shown: str, member: str) -> zipfile.ZipInfo:
    """The one member of that path, or else of that name."""
    infos = archive.infolist()
    for info in infos:
        if re.match(r"([A-Za-z]:)?[/\\]|(.*[/\\])?\.\.([/\\]|$)", info.orig_filename, re.DOTALL):
            raise ArchiveError(
                shown,
                "unsafe archive: one of its members would be unpacked outside its folder",
                expected="relative paths",
                found=ascii(info.orig_filename),
                todo="get the archive from another mirror",
            )
    name = member.rpartition("/")[2]
    found = [info for info in infos if info.filename == member] or [
        info for info in infos if info.filename.rpartition("/")[2] == name
    ]
    if len(found) != 1:
        names = [info.filename for info in found or infos if not info.is_dir()]
        close = names if found else difflib.get_close_matches(member, names, n=3, cutoff=0.3)
        raise ArchiveError(
            shown,
            f"has more than one {name}" if found else "has no such member",
            expected=f"one {member}",
            found=", ".join(map(ascii, close)) or f"{len(names)} others",
            todo="get the archive from another mirror, or correct `member` in the dataset file",
        )
    if found[0].flag_bits & ENCRYPTED:
        raise ArchiveError(shown, f"{member} is encrypted", todo="get the archive from another mirror")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveError(
            shown,
            f"{member} uses an unsupported compression method",
            expected="deflate or stored",
            found=f"method {found[0].compress_type}",
            todo="unpack the archive with another program, and give the folder as a mirror",
        )
    return found[0]


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    """Say in plain words what `zipfile` says of damaged archives, in whichever way."""
    try:
        yield
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # as of a jump to before the beginning
            raise
        raise ArchiveError(
            shown,
            "not a readable zip archive",
            found=ascii(str(error))[1:-1] or type(error).__name__,
            todo="get the archive from another mirror",
        ) from None
