"""Getting one file over HTTP: retried, resumed where it stopped, and never larger than it may be."""

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import requests
import urllib3

from idxpng import log
from idxpng.fetch.answer import TooSlowError
from idxpng.fetch.partial_file import read_state, restart, write_state
from idxpng.fetch.session import HttpFileError, Session, status
from idxpng.fetch.transfer import CHUNK, check_size, copy, without_secrets
from idxpng.files.disk_space import check_space

# So much more than at the last failure is progress, after which the retries are counted from the beginning.
PROGRESS = 1 << 16


def fetch(url: str, partial: IO[bytes], state: Path, size_limit: int, **patience: Any) -> None:
    """Bring the body of ``url`` into ``partial``.

    What ``partial`` already holds of the same URL is kept, and only the rest is asked for, provided
    that the server says by ETag or Last-Modified that the file has not changed since.

    Args:
        url: an http or https address. Proxy and CA variables of the environment are respected.
        partial: a file open for reading and writing.
        state: a file beside it, to remember what the partial bytes belong to.
        size_limit: bytes that the body may have at most.
        patience: timeout, retries, backoff and hurry, as of `Session`.

    Raises:
        HttpFileError: when the file cannot be had, with the reason. What did arrive is worth keeping.
        TooLargeError: as soon as the body is larger than it may be.
        DiskRoomError: when the disk has no space for it.
    """
    shown = without_secrets(url)
    furthest = partial.seek(0, 2)
    with Session(size_limit=size_limit, **patience) as session:
        while True:
            try:
                _fetch_rest(session, url, shown, partial, state, size_limit)
                state.unlink(missing_ok=True)
                return
            except urllib3.exceptions.HTTPError as error:  # the body broke off
                what, at = broken(error, shown, partial.tell()), partial.tell()
            if at - furthest >= PROGRESS:
                session.failures = 0
                furthest = at
            if not session.again(shown, f"the transfer {what} at byte {at}"):
                raise given_up(shown, what, session.failures, at)


def broken(error: urllib3.exceptions.HTTPError, shown: str, at: int) -> str:
    """How a body ended too early, in words.

    Raises:
        HttpFileError: when the server is so slow that it is not worth another try as long as there are others.
    """
    if isinstance(error.__cause__, TooSlowError):
        raise HttpFileError(shown, "the transfer is too slow", at=f"byte {at}", later=0) from None
    return "stalled" if isinstance(error, urllib3.exceptions.TimeoutError) else "broke off"


def given_up(shown: str, what: str, times: int, at: int) -> HttpFileError:
    """The error to raise after the last try. Who stalled may go on for those who wait longer."""
    later = 0 if what == "stalled" else None
    return HttpFileError(shown, f"the transfer {what} {times} times", at=f"byte {at}", later=later)


def _fetch_rest(session: Session, url: str, shown: str, partial: IO[bytes], state: Path, size_limit: int) -> None:
    have = partial.seek(0, 2)
    headers = _range_headers(url, state, have)
    with session.ask(url, headers) as response:
        if headers and response.status_code == requests.codes.requested_range_not_satisfiable:
            log.info("%s: cannot be resumed at byte %d, starting again", shown, have)
            state.unlink(missing_ok=True)
            _fetch_rest(session, url, shown, partial, state, size_limit)
            return
        if response.status_code not in (200, 206):
            raise HttpFileError(shown, status(response))
        resumed = response.status_code == 206 and response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        if response.status_code == 206 and not resumed:
            raise HttpFileError(shown, "the server sent the wrong part of the file")
        if not resumed:
            have = 0
            restart(partial, state)
        _remember(url, response, state)
        length = response.headers.get("Content-Length", "")[:20]  # `int` refuses thousands of digits
        expected = have + int(length) if length.isdecimal() else None
        if expected:
            check_size(shown, expected, size_limit)
            check_space(shown, expected - have, Path(partial.name).parent)
        log.info("%s: %s", shown, f"resuming at byte {have}" if resumed else "downloading")
        copy(_pieces(response), shown, partial, have, expected, size_limit)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body as it comes, each piece at once, so that none is lost with one that does not come.

    It is read ``raw``, since a download must be the bytes as published, also when the server calls them an encoding.
    """
    while piece := response.raw.read1(CHUNK, decode_content=False):
        yield piece


def _range_headers(url: str, state: Path, have: int) -> dict[str, str]:
    remembered = read_state(state)
    if have and remembered.get("url") == without_secrets(url):
        return {"Range": f"bytes={have}-", "If-Range": remembered["validator"]}
    return {}


def _remember(url: str, response: requests.Response, state: Path) -> None:
    etag = response.headers.get("ETag", "")
    validator = etag if etag.startswith('"') else response.headers.get("Last-Modified")  # weak ETags guard no range
    if validator:
        write_state(state, {"url": without_secrets(url), "validator": validator})
    else:
        state.unlink(missing_ok=True)
