"""Copying the bytes of a file, up to a limit, and showing addresses without secrets."""

import hashlib
import os
import re
from collections.abc import Iterable
from urllib.parse import urlsplit, urlunsplit

from idxpng import log
from idxpng.errors import DataError
from idxpng.fetch.integrity import WrongFileError
from idxpng.fetch.partial_file import PartialFile
from idxpng.files.disk_space import check_space
from idxpng.text import shortened

CHUNK = 1 << 16
UNRESOLVED = "no connection: Failed to resolve "  # how the reason begins where a name is not known


class UnavailableError(DataError):
    """A place where the file is not available."""


def copy(chunks: Iterable[bytes], shown: str, partial: PartialFile, expected: int | None, size_limit: int) -> None:
    """Append chunks to ``partial``, which then has ``expected`` bytes if that is known, and log the progress.

    Raises:
        WrongFileError: as soon as there are, or will be, more than ``size_limit`` bytes.
        DiskRoomError: when the disk has no space for them.
    """
    have = partial.size
    if expected is not None:
        _check_size(shown, expected, size_limit)
        check_space(shown, expected - have, partial.path.parents[1])
    for chunk in chunks:
        have += len(chunk)
        _check_size(shown, have, size_limit)
        partial.file.write(chunk)
        log.progress("%s: %d of %s bytes", shown, have, expected or "an unknown number of")


def _check_size(shown: str, size: int, size_limit: int) -> None:
    """Raise WrongFileError if ``size`` is above the limit."""
    if size > size_limit:
        limit = f"at most {size_limit} bytes"
        raise WrongFileError(shown, "larger than the file may be", expected=limit, found=f"{size} or more")


def without_secrets(url: str) -> str:
    """``url``, even a malformed one, in one line for messages and logs: without user, password and query."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        if ":" in parts.netloc and "@" in url and "@" not in parts.netloc:
            raise ValueError("a password with a slash or a number sign in it")
        public = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        public = re.split("[?#]", re.sub("(?<=://).*@", "", url, flags=re.DOTALL))[0]
    return shortened(public, 500)


def query_digest(url: str) -> str:
    """What tells a URL from those that differ in the query alone, which is secret; empty without a query."""
    query = url.partition("?")[2]
    return f"?{hashlib.sha256(os.fsencode(query)).hexdigest()[:8]}" if query else ""
