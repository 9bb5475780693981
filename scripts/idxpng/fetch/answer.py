"""The answers of HTTP servers, read within bounds that no server moves.

`requests` and urllib3 bound the wait for each next piece alone, so that one byte a second keeps them for ever, and
they read lines (headers, sizes of chunks, trailers, interim answers) as long as lines come. What curl has against
this is here: a minimum rate, a deadline, and an end to what is no body. It holds for proxies and TLS too.
"""

import functools
import http.client
import io
import socket
import time
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError

SLOWEST = 1000  # bytes per second, on average over a period: curl's --speed-limit and --speed-time
PERIOD = 30.0  # seconds
LINES_LIMIT = 1 << 18  # bytes of headers and other lines beyond as many as the body has


class TooSlowError(TimeoutError):
    """A server that sends too little for too long."""


class BoundedAdapter(HTTPAdapter):
    """Opens connections on which answers are read within bounds, and tries nothing again.

    Args:
        deadline: when every body must have arrived, as `time.monotonic` counts.
    """

    def __init__(self, deadline: float) -> None:
        super().__init__(max_retries=0)
        self._answer = staticmethod(functools.partial(_Answer, deadline=deadline))

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        if "response_class" not in vars(pool.ConnectionCls):
            kinds = (_AllAddresses, pool.ConnectionCls)
            pool.ConnectionCls = type("BoundedConnection", kinds, {"response_class": self._answer})
        return pool


class _AllAddresses(HTTPConnection):
    """A connection whose timeout is for all addresses of its host together. Some hosts have sixteen."""

    def _new_conn(self) -> socket.socket:
        timeout = self.timeout
        try:
            addresses = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        if timeout:
            self.timeout = timeout / len(addresses)
        connected: socket.socket = super()._new_conn()
        self.timeout = timeout
        connected.settimeout(timeout)
        return connected


class _Answer(http.client.HTTPResponse):
    """An answer whose headers arrive whole within the time for one read, and whose body arrives fast enough."""

    def __init__(self, sock: socket.socket, *args: Any, deadline: float, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self._pieces = _Pieces(self.fp.detach(), sock, deadline)
        self.fp = _Lines(self._pieces)

    def begin(self) -> None:
        super().begin()
        self._pieces.expect_body()


class _Pieces(io.RawIOBase):
    """What comes from a socket, as long as it comes in time."""

    def __init__(self, source: io.RawIOBase, sock: socket.socket, deadline: float) -> None:
        self._source = source
        self._sock = sock
        self._patience = sock.gettimeout() or PERIOD
        self._deadline = deadline
        self._end = min(deadline, time.monotonic() + self._patience)  # of the headers
        self._period: tuple[float, int] | None = None
        self.received = 0

    def expect_body(self) -> None:
        self._end = self._deadline
        self._period = time.monotonic() + PERIOD, self.received + int(SLOWEST * PERIOD)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TooSlowError
        self._sock.settimeout(min(self._patience, left))
        try:
            count: int = self._source.readinto(buffer) or 0
        except TimeoutError as error:
            raise (TooSlowError() if left < self._patience else error) from None
        self.received += count
        if self._period and time.monotonic() >= self._period[0]:
            if count and self.received < self._period[1]:
                raise TooSlowError
            self.expect_body()
        return count

    def close(self) -> None:
        self._source.close()
        super().close()


class _Lines(io.BufferedReader):
    """Buffered pieces. Of lines, which are no body, there may not be more without end."""

    def __init__(self, raw: _Pieces) -> None:
        super().__init__(raw)
        self._pieces = raw
        self._in_lines = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self._in_lines += len(line)
        body = self._pieces.received - self._in_lines
        if self._in_lines > LINES_LIMIT + body:
            raise http.client.HTTPException("too many headers")
        return line
