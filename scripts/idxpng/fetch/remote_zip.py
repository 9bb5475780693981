"""A zip archive on an HTTP server, of which only those parts are fetched that are read."""

import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import requests
import urllib3
from remotezip import PartialBuffer, RemoteZip, RemoteZipError  # type: ignore[import-untyped]

from idxpng.fetch.http_file import PROGRESS, broken, given_up
from idxpng.fetch.session import HttpFileError, Session, status
from idxpng.fetch.transfer import without_secrets

# A table of contents is read into memory. That of a million members is not as large.
LARGEST_IN_MEMORY = 1 << 26


class NoRangesError(HttpFileError):
    """A server that has the file, and sends it as a whole only."""


@contextmanager
def open_remote_zip(url: str, size_limit: int, **patience: Any) -> Iterator[zipfile.ZipFile]:
    """Open an archive for reading its members: one request for its size, one for its table, one for each member.

    Args:
        url, size_limit, patience: as in `http.fetch`.

    Raises, also while a member is being read inside the block:
        NoRangesError: when the server does not support range requests.
        HttpFileError: when it sends nothing, with the reason.
        BadZipFile: when what it sends is not a zip archive.
    """
    with Session(size_limit=size_limit, **patience) as session:
        ranges = _Ranges(session, url)
        try:
            with RemoteZip(url, fetcher=lambda *_, **__: ranges) as archive:
                yield archive
        except RemoteZipError as error:
            raise zipfile.BadZipFile(str(error)) from None
        finally:
            ranges.close()


class _Ranges:
    """The parts of a URL, in the form in which `RemoteZip` asks for them."""

    def __init__(self, session: Session, url: str) -> None:
        self._session = session
        self._url = url
        self._shown = without_secrets(url)
        self._size: int | None = None
        self._body: _Body | None = None

    def fetch(self, data_range: tuple[int, int | None], stream: bool = False) -> PartialBuffer:
        """Bytes from the first up to and with the last; or so many from the end, when the first is negative."""
        if self._size is None:
            self._request(0, 1).close()
        size = self._size or 0
        first, last = data_range
        start = first if first >= 0 else max(0, size + first)
        stop = size if last is None else last + 1
        if not 0 <= start < stop <= size or (stop - start > LARGEST_IN_MEMORY and not stream):
            raise zipfile.BadZipFile(f"it refers to bytes {start} to {stop} of {size}")
        self.close()
        self._body = _Body(self._request, self._session, self._shown, start, stop)
        return PartialBuffer(self._body, start, stop - start, stream)

    def close(self) -> None:
        if self._body is not None:
            self._body.close()

    def _request(self, start: int, stop: int) -> requests.Response:
        """Ask for bytes ``start`` up to but not including ``stop``, and check that it is these which come."""
        response = self._session.ask(self._url, {"Range": f"bytes={start}-{stop - 1}"})
        try:
            if response.status_code == 200:
                raise NoRangesError(self._shown, "the server does not support range requests")
            if response.status_code != 206:
                raise HttpFileError(self._shown, status(response))
            sent = re.fullmatch(r"bytes (\d{1,20})-(\d{1,20})/(\d{1,20})", response.headers.get("Content-Range", ""))
            if not sent or (int(sent[1]), int(sent[2]) + 1) != (start, stop):
                raise HttpFileError(self._shown, "the server sent the wrong part of the file")
            if self._size not in (None, int(sent[3])):
                raise HttpFileError(self._shown, "the file changed while it was read")
            self._size = int(sent[3])
        except HttpFileError:
            response.close()
            raise
        return response


class _Body:
    """Bytes ``start`` up to but not including ``stop`` of a URL. Where they break off, the rest is asked for again."""

    def __init__(
        self, request: Callable[[int, int], requests.Response], session: Session, shown: str, start: int, stop: int
    ) -> None:
        self._request = request
        self._session = session
        self._shown = shown
        self._start = self._at = self._furthest = start
        self._stop = stop
        self._response = request(start, stop)
        self.closed = False

    def read(self, size: int) -> bytes:
        while size and self._at < self._stop:
            what = "broke off"
            try:
                piece: bytes = self._response.raw.read1(min(size, self._stop - self._at), decode_content=False)
            except urllib3.exceptions.HTTPError as error:
                piece, what = b"", broken(error, self._shown, self._at)
            if piece:
                self._at += len(piece)
                return piece
            self._resume(what)
        return b""

    def _resume(self, what: str) -> None:
        self._response.close()
        if self._at - self._furthest >= PROGRESS:
            self._session.failures = 0
            self._furthest = self._at
        if not self._session.again(self._shown, f"the transfer {what} at byte {self._at}"):
            raise given_up(self._shown, what, self._session.failures, self._at)
        self._response = self._request(self._at, self._stop)

    def tell(self) -> int:
        return self._at - self._start

    def close(self) -> None:
        self.closed = True
        self._response.close()
