"""Reading one file from a zip archive, which is downloaded as a whole.

Nothing is extracted to a path that an archive names: a member's bytes go to a file that is already open.
"""

import difflib
import errno
import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from idxpng import log
from idxpng.dataset.file_names import says
from idxpng.fetch.integrity import WrongFileError
from idxpng.fetch.partial_file import PartialFile, arrived, discard_others, partial_file
from idxpng.fetch.patience import PATIENT
from idxpng.fetch.transfer import CHUNK, check_size, copy, without_secrets
from idxpng.files.atomic import publish
from idxpng.files.disk_space import check_space
from idxpng.files.partial import in_turn
from idxpng.text import counted

OTHER_MIRROR = "get the archive from another mirror"
ENCRYPTED = 0x1  # in the flags of a member
LARGEST_READ = 1 << 26  # bytes, more than the table of contents of a million members
# What `zipfile` raises for damaged archives, in addition to OSError.
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


def from_file(archive: io.BufferedReader, shown: str, member: str, partial: PartialFile, size_limit: int) -> None:
    """Copy a member of an archive on disk into ``partial``.

    Args:
        archive: open for reading.
        shown: name of the archive for messages.
        member: path of the member inside the archive. A member with the same name in a different folder is taken too.
        partial: what becomes the file.
        size_limit: most bytes that the member may have.

    Raises:
        WrongFileError: when the archive is damaged, or when the member is missing, ambiguous, too large, encrypted, or
            compressed in an unsupported way.
    """
    with _readable(shown), zipfile.ZipFile(_Bounded(archive.raw)) as contents:
        info = _find(contents, shown, member)
        shown = f"{shown}: {member}"
        check_size(shown, info.file_size, size_limit)
        with contents.open(info) as stream:
            partial.restart()
            check_space(shown, info.file_size, partial.path.parents[1])
            log.info("%s: %d bytes, %d in the archive", shown, info.file_size, info.compress_size)
            pieces = iter(lambda: stream.read(CHUNK), b"")
            copy(pieces, shown, partial.file, 0, info.file_size, size_limit)


def download_archive(url: str, archive: Path, size_limit: int, **attempts: Any) -> None:
    """Download a whole archive, see `http_file.fetch`, and keep it for all members of all datasets.

    While a different process downloads it and makes progress, this one waits.
    """
    from idxpng.fetch import http_file  # not in the digest

    archive.parent.mkdir(parents=True, exist_ok=True)
    shown = without_secrets(url)
    with in_turn(archive.parent, PATIENT.silence, lambda: arrived(archive)):
        if archive.is_file():  # a different process made it
            return
        with partial_file(archive, shown) as partial:
            try:
                http_file.fetch(url, partial, size_limit, **attempts)
            except WrongFileError:
                partial.restart()
                raise
            partial.file.flush()
            publish(partial.file, archive)
        discard_others(archive)


def archive_path(folder: Path, url: str) -> Path:
    """The path of a URL's archive below ``folder``: the same for every job, a different one for each URL."""
    address = without_secrets(url)
    name = re.sub(r"[^A-Za-z0-9._-]", "_", address.rpartition("/")[2])
    return folder / f"{hashlib.sha256(address.encode()).hexdigest()[:8]}-{name}"


class _Bounded(io.BufferedReader):
    """A file that refuses a single read larger than any archive needs."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size and size > LARGEST_READ:
            raise zipfile.BadZipFile(f"its table of contents has {size} bytes")
        return super().read(size)


def _find(archive: zipfile.ZipFile, shown: str, member: str) -> zipfile.ZipInfo:
    """The only member with that path; if there is none, the only one with that name, or with one that says the same."""
    wrong = partial(WrongFileError, shown, todo=OTHER_MIRROR)
    infos = archive.infolist()
    for info in infos:
        if re.match(r"([A-Za-z]:)?[/\\]|(.*[/\\])?\.\.([/\\]|$)", info.orig_filename, re.DOTALL):
            problem = "unsafe archive: one of its members would be unpacked outside its folder"
            raise wrong(problem, expected="relative paths", found=ascii(info.orig_filename))
    name = member.rpartition("/")[2]
    alike = [info for info in infos if info.filename.rpartition("/")[2] == name]
    alike = alike or [info for info in infos if says(info.filename, name) and not info.filename.startswith("__MACOSX")]
    found = [info for info in alike if info.filename == member] or alike
    if len(found) != 1:
        names = [info.filename for info in found or infos if not info.is_dir()]
        close = names if found else difflib.get_close_matches(member, names, n=3, cutoff=0.3)
        raise wrong(
            f"has more than one {name}" if found else "has no such member",
            expected=f"one {member}",
            found=", ".join(map(ascii, close)) or counted(len(names), "other"),
            todo=f"{OTHER_MIRROR}, or correct `member` in the dataset file",
        )
    if found[0].flag_bits & ENCRYPTED:
        raise wrong(f"{member} is encrypted")
    if found[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise wrong(
            f"{member} uses an unsupported compression method",
            expected="deflate or stored",
            found=f"method {found[0].compress_type}",
            todo="unpack the archive with another program, and give the folder as a mirror",
        )
    return found[0]


@contextmanager
def _readable(shown: str) -> Iterator[None]:
    """Turn any error that `zipfile` raises for a damaged archive into a WrongFileError."""
    try:
        yield
    except (*DAMAGED, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a seek to a negative position
            raise
        found = ascii(str(error))[1:-1] or type(error).__name__
        raise WrongFileError(shown, "not a readable zip archive", found=found, todo=OTHER_MIRROR) from None
