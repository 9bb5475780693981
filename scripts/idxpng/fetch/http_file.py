"""Downloading one file over HTTP: with retries, resumed where it stopped, and never more bytes than allowed."""

from collections.abc import Iterator

import requests
import urllib3

from idxpng import log
from idxpng.fetch.partial_file import PartialFile
from idxpng.fetch.patience import Patience, TooSlowError
from idxpng.fetch.session import Session, status
from idxpng.fetch.transfer import CHUNK, UnavailableError, copy, without_secrets

PROGRESS = 1 << 16  # bytes since the last failure that reset the count of retries


def fetch(url: str, partial: PartialFile, size_limit: int, patience: Patience) -> None:
    """Bring the body of ``url`` into ``partial``.

    If ``partial`` has bytes of the same URL, and ETag or Last-Modified show that the file has not changed since, only
    the rest is requested.

    Args:
        url: an http or https address. Proxy and CA variables of the environment are respected.
        size_limit: most bytes that the body may have.
        patience: how long the server may take.

    Raises:
        UnavailableError: when the download fails, with the reason. ``partial`` keeps what arrived.
        WrongFileError: as soon as the body is too large.
        DiskRoomError: when the disk has no space for it.
    """
    shown = without_secrets(url)
    furthest = partial.size
    with Session(patience, size_limit) as session:
        while True:
            try:
                _fetch_rest(session, url, shown, partial, size_limit)
                return
            except TooSlowError:
                raise UnavailableError(shown, "the transfer is too slow", at=f"byte {partial.size}") from None
            except urllib3.exceptions.HTTPError as error:  # the body broke off
                what = "stalled" if isinstance(error, urllib3.exceptions.TimeoutError) else "broke off"
            at = partial.size
            if at - furthest >= PROGRESS:
                session.failures = 0
                furthest = at
            if not session.again(shown, f"the transfer {what} at byte {at}"):
                raise UnavailableError(shown, f"the transfer {what}", at=f"byte {at}")


def _fetch_rest(session: Session, url: str, shown: str, partial: PartialFile, size_limit: int) -> None:
    have = partial.size
    validator = partial.validator if have else None
    headers = {"Range": f"bytes={have}-", "If-Range": validator} if validator else {}
    with session.ask(url, headers) as response:
        right_part = response.headers.get("Content-Range", "").startswith(f"bytes {have}-")
        resumed = bool(headers) and response.status_code == 206 and right_part
        if headers and response.status_code in (206, 416) and not resumed:
            log.info("%s: cannot be resumed at byte %d, starting again", shown, have)
            partial.restart()
            _fetch_rest(session, url, shown, partial, size_limit)
            return
        if response.status_code != 200 and not resumed:
            raise UnavailableError(shown, status(response))
        if not resumed:
            have = 0
            partial.restart()
        etag = response.headers.get("ETag", "")  # a weak one cannot guard a range
        partial.remember(etag if etag.startswith('"') else response.headers.get("Last-Modified"))
        length = response.headers.get("Content-Length", "")[:20]  # `int` refuses thousands of digits
        expected = have + int(length) if length.isdecimal() else None
        log.info("%s: %s", shown, f"resuming at byte {have}" if resumed else "downloading")
        with session.reading_body((expected or size_limit) - have):
            copy(_pieces(session, response), shown, partial, expected, size_limit)


def _pieces(session: Session, response: requests.Response) -> Iterator[bytes]:
    """The pieces of the body as they arrive, so that a broken connection loses none.

    Reading ``raw`` gives the bytes as published, even if the server declares a Content-Encoding.
    """
    while piece := response.raw.read1(CHUNK, decode_content=False):
        session.left -= len(piece)
        yield piece
