"""A real HTTP server on loopback that can fail in the ways in which mirrors fail."""

import gzip
import hashlib
import itertools
import re
import select
import socket
import ssl
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from builders import put

PIECE = 1 << 14  # bytes that are sent at a time


@dataclass(frozen=True)
class Misbehavior:
    """How one answer differs from a good one.

    ``headers`` are set, or left out when None. ``body`` takes the place of the file. An ``endless`` body
    is repeated until the client hangs up. A ``chunked`` answer has no Content-Length. After ``cut_after``
    bytes of body the connection is closed, after ``stall_after`` nothing comes any more. ``delay`` is the
    time in seconds before the answer, ``pause`` that after each piece of it, which has ``piece`` bytes.
    ``raw`` bytes take the place of the whole answer, headers and all, and then ``tail`` is repeated until the
    client hangs up.
    """

    status: int | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None
    ranges: bool = True
    chunked: bool = False
    endless: bool = False
    cut_after: int | None = None
    stall_after: int | None = None
    delay: float = 0.0
    pause: float = 0.0
    piece: int = PIECE
    raw: bytes | None = None
    tail: bytes = b""


@dataclass
class Request:
    """One request as it arrived, and what was answered. ``bytes_sent`` are those of the body."""

    path: str
    headers: Message
    status: int = 0
    bytes_sent: int = 0


class MirrorServer(ThreadingHTTPServer):
    """Serves the files below ``folder`` with ETag, Last-Modified and ranges; use it as a context manager.

    As it takes absolute request targets too, it serves as an HTTP proxy for any host.
    """

    def __init__(self, folder: Path, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.server_port}"
        self.closing = threading.Event()
        self._misbehaviors: dict[str, list[Misbehavior]] = defaultdict(list)
        self._requests: list[Request] = []
        self._answering = 0
        self._changed = threading.Condition()
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)

    def __enter__(self) -> "MirrorServer":
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def publish(self, path: str, data: bytes) -> None:
        """Serve ``data`` under ``path`` from now on."""
        put(self.folder / path.lstrip("/"), data)

    def misbehave(self, path: str, *misbehaviors: Misbehavior) -> None:
        """Answer the next requests for ``path`` in these ways, one after the other, and then normally again."""
        self._misbehaviors[path].extend(misbehaviors)

    @property
    def requests(self) -> list[Request]:
        """The requests so far, in the order of their arrival, once all are answered."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._answering == 0, timeout=5):
                raise TimeoutError("a request is still being answered")
            return list(self._requests)

    @contextmanager
    def answering(self, request: Request) -> Iterator[Misbehavior]:
        """Record the request, and yield how to answer it."""
        path = urlsplit(request.path).path
        with self._changed:
            self._requests.append(request)
            self._answering += 1
            misbehavior = self._misbehaviors[path].pop(0) if self._misbehaviors[path] else Misbehavior()
        try:
            yield misbehavior
        finally:
            with self._changed:
                self._answering -= 1
                self._changed.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):  # a client may hang up
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: MirrorServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        # So that little more counts as sent than the client has read.
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 16)
        super().setup()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the server keeps the requests instead."""

    def do_GET(self) -> None:
        request = Request(self.path, self.headers)
        with self.server.answering(request) as misbehavior:
            if misbehavior.delay and self._hung_up_within(misbehavior.delay):
                self.close_connection = True
                return
            if misbehavior.raw is not None:
                self._send_raw(request, misbehavior, misbehavior.raw)
                return
            status, headers, body = self._answer(misbehavior)
            request.status = status
            self.send_response(status)
            for name, value in {**headers, **misbehavior.headers}.items():
                if value is not None:
                    self.send_header(name, value)
            self.end_headers()
            self._send_body(request, misbehavior, body)

    def _answer(self, misbehavior: Misbehavior) -> tuple[int, dict[str, str], bytes]:
        file = self.server.folder / unquote(urlsplit(self.path).path).lstrip("/")
        status, headers, body = 200, {}, misbehavior.body
        if misbehavior.status is not None:
            status, body = misbehavior.status, body or b""
        elif body is None and not file.is_file():
            status, body = 404, b""
        elif body is None:
            body = file.read_bytes()
            headers["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            headers["Last-Modified"] = formatdate(file.stat().st_mtime, usegmt=True)
            if misbehavior.ranges:
                status, body = self._part(headers, body)
        if misbehavior.chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers["Content-Length"] = str(len(body))
        return status, headers, body

    def _part(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body as Range and If-Range ask for; sets the headers that belong to it."""
        headers["Accept-Ranges"] = "bytes"
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        unchanged = (None, headers["ETag"], headers["Last-Modified"])
        if not wanted or self.headers.get("If-Range") not in unchanged:
            return 200, body
        start, stop = int(wanted[1]), int(wanted[2] or len(body) - 1) + 1
        if start >= len(body):
            headers["Content-Range"] = f"bytes */{len(body)}"
            return 416, b""
        part = body[start:stop]
        headers["Content-Range"] = f"bytes {start}-{start + len(part) - 1}/{len(body)}"
        return 206, part

    def _send_body(self, request: Request, misbehavior: Misbehavior, body: bytes) -> None:
        stops = [stop for stop in (misbehavior.cut_after, misbehavior.stall_after) if stop is not None]
        for piece in _pieces(body[: min(stops, default=None)], misbehavior.piece, misbehavior.endless):
            chunk = b"%x\r\n%s\r\n" % (len(piece), piece) if misbehavior.chunked else piece
            self.wfile.write(chunk)
            request.bytes_sent += len(piece)
            if self.server.closing.wait(misbehavior.pause):
                break
        if misbehavior.stall_after is not None:
            self._hung_up_within(float("inf"))
        if stops or self.server.closing.is_set():
            self.close_connection = True
        elif misbehavior.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _send_raw(self, request: Request, misbehavior: Misbehavior, raw: bytes) -> None:
        self.close_connection = True
        tail = itertools.repeat(misbehavior.tail) if misbehavior.tail else ()
        for piece in itertools.chain(_pieces(raw, misbehavior.piece), tail):
            self.wfile.write(piece)
            request.bytes_sent += len(piece)
            if self.server.closing.wait(misbehavior.pause):
                break

    def _hung_up_within(self, seconds: float) -> bool:
        """Wait, but stop when the client hangs up or the server closes."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.server.closing.is_set() or select.select([self.connection], [], [], 0.02)[0]:
                return True
        return False


def _pieces(body: bytes, size: int, endless: bool = False) -> Iterable[bytes]:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return itertools.cycle(pieces) if endless else pieces


class FarServer(MirrorServer):
    """A server to which a connection takes more than a second: the first client finds its queue full."""

    request_queue_size = 1

    def __enter__(self) -> "FarServer":
        self._waiting = ExitStack()
        _fill_queue(self.socket, self._waiting)
        threading.Timer(0.5, super().__enter__).start()  # a client tries again after a second
        return self

    def __exit__(self, *exception: object) -> None:
        super().__exit__(*exception)
        self._waiting.close()


@contextmanager
def black_hole(host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server that neither accepts nor refuses connections: its queue is full."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind((host, 0))
        server.listen(1)  # macOS takes 0 for as many as it can
        _fill_queue(server, stack)
        yield f"http://{host}:{server.getsockname()[1]}"


def _fill_queue(server: socket.socket, stack: ExitStack) -> None:
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.setblocking(False)
        waiting.connect_ex(server.getsockname())


BOMB = gzip.compress(bytes(1 << 20)) * (1 << 8)
_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
# Answers without a file, which must do no harm to the client.
HOSTILE = {
    "redirect to raw Latin-1": Misbehavior(status=302, headers={"Location": "http://h\xe9/"}),
    "redirect to half an IPv6 address": Misbehavior(status=302, headers={"Location": "http://[::1/"}),
    "redirect without end": Misbehavior(
        status=302, headers={"Location": "/none"}, body=bytes(PIECE), endless=True, chunked=True
    ),
    "redirect with a bomb": Misbehavior(
        status=302, headers={"Location": "/none", "Content-Encoding": "gzip"}, body=BOMB
    ),
    "error without end": Misbehavior(status=404, body=bytes(PIECE), endless=True, chunked=True),
    "passing error without end": Misbehavior(status=503, body=bytes(PIECE), endless=True, chunked=True),
    "error with a bomb": Misbehavior(status=503, headers={"Content-Encoding": "gzip"}, body=BOMB),
    "length of 5,000 digits": Misbehavior(headers={"Content-Length": "9" * 5000}),
    "wait of 5,000 digits": Misbehavior(status=503, headers={"Retry-After": "9" * 5000}),
    "wait until the year 99999": Misbehavior(status=503, headers={"Retry-After": "Fri, 31 Dec 99999 23:59:59 GMT"}),
    "too many headers": Misbehavior(raw=b"HTTP/1.1 200 OK\r\n", tail=b"X: %s\r\n" % bytes(9999)),
    "header of one endless line": Misbehavior(raw=b"HTTP/1.1 200 OK\r\nX: ", tail=bytes(PIECE)),
    "interim answers without end": Misbehavior(raw=b"", tail=b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "trailers without end": Misbehavior(raw=_CHUNKED + b"0\r\n", tail=b"X: y\r\n" * 100),
    "chunk size without end": Misbehavior(raw=_CHUNKED + b"5;", tail=bytes(PIECE)),
    "headers byte by byte": Misbehavior(raw=b"HTTP/1.1 200 OK\r\nX: ", tail=b"y", piece=1, pause=0.05),
    "body byte by byte": Misbehavior(piece=1, pause=0.05),
    "trailers byte by byte": Misbehavior(raw=_CHUNKED + b"0\r\nX: ", tail=b"y", pause=0.05),
    "no HTTP": Misbehavior(raw=b"SSH-2.0-OpenSSH_9.9\r\n"),
    "nothing": Misbehavior(raw=b""),
    "no answer": Misbehavior(delay=60),
}
# Answers to a request with credentials and a query, of which a message may say the rest.
TALKATIVE = {
    "success": Misbehavior(),
    "404": Misbehavior(status=404),
    "503": Misbehavior(status=503),
    "cut": Misbehavior(cut_after=100_000),
    "no answer": Misbehavior(delay=60),
    "too large": Misbehavior(body=bytes(10_000_000)),
    "HTML page": Misbehavior(body=b"<!DOCTYPE html>"),
    "odd Retry-After": Misbehavior(status=503, headers={"Retry-After": "soon"}),
    **{
        to: Misbehavior(status=302, headers={"Location": f"{to}/?token=plugh"})
        for to in ("ftp://alice:xyzzy@host", "http://alice:xyzzy@host:x", "http://alice:xyzzy@127.0.0.1:1")
    },
}
