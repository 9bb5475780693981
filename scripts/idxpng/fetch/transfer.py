"""Bringing the bytes of a file to where they are kept: never more than there may be, and with no secret shown."""

import re
import time
from collections.abc import Iterable
from typing import IO, Any
from urllib.parse import urlsplit, urlunsplit

from idxpng import log
from idxpng.errors import DataError
from idxpng.fetch.integrity import WrongFileError
from idxpng.text import shortened

CHUNK = 1 << 16
PROGRESS_AFTER = 5.0  # seconds


class UnavailableError(DataError):
    """A place from which the file cannot be had.

    Args:
        later: seconds after which it is worth a patient try, when no other place has the file; None if it never is.
    """

    def __init__(self, *args: Any, later: float | None = None, **details: Any) -> None:
        super().__init__(*args, **details)
        self.later = later


def copy(
    chunks: Iterable[bytes], shown: str, partial: IO[bytes], have: int, expected: int | None, size_limit: int
) -> None:
    """Write to ``partial``, which has ``have`` bytes, what comes in, and show how far it is.

    Raises:
        WrongFileError: as soon as there are more than ``size_limit`` bytes.
    """
    from tqdm import tqdm  # here, since it takes longer to load than most files to copy

    name = shown.rpartition("/")[2]
    logged = time.monotonic()
    with tqdm(
        total=expected,
        initial=have,
        desc=name,
        unit="B",
        unit_scale=True,
        leave=False,
        delay=PROGRESS_AFTER,
        disable=None,
    ) as progress:
        for chunk in chunks:
            have += len(chunk)
            check_size(shown, have, size_limit)
            partial.write(chunk)
            progress.update(len(chunk))
            if time.monotonic() - logged > PROGRESS_AFTER:
                logged = time.monotonic()
                log.info("%s: %d of %s bytes", shown, have, expected or "an unknown number of")


def check_size(shown: str, size: int, size_limit: int) -> None:
    """Raise WrongFileError where ``size`` is more than there may be."""
    if size > size_limit:
        raise WrongFileError(
            shown, "larger than the file may be", expected=f"at most {size_limit} bytes", found=f"{size} or more"
        )


def without_secrets(url: str) -> str:
    """``url``, however malformed, as it may be shown and logged: without user, password and query, in one line."""
    try:
        parts = urlsplit(url)
        _ = parts.port
        if ":" in parts.netloc and "@" in url and "@" not in parts.netloc:
            raise ValueError("a password with a slash or a number sign in it")
        public = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    except ValueError:
        public = re.split("[?#]", re.sub("(?<=://).*@", "", url, flags=re.DOTALL))[0]
    return shortened(public, 500)
