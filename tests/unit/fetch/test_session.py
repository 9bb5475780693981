"""Requests to real servers: what is retried, when, and what is never read."""

import socket
import time
from base64 import b64encode
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from builders import put
from idxpng.fetch import patience
from idxpng.fetch import session as module
from idxpng.fetch.patience import Patience
from idxpng.fetch.session import Session
from idxpng.fetch.transfer import UnavailableError
from mirror_server import HOSTILE, MirrorServer, Misbehavior, black_hole
from project import run_code
from refusals import refusal

# Half a second instead of half a minute.
PATIENT = Patience(0.5, 0.5, 1.5, rate=1000, period=30.0)


def ask(url: str, how: Patience = PATIENT, retries: int = 2) -> int:
    """The status with which the server answers."""
    with Session(replace(how, retries=retries, backoff=0.01)) as session:
        response = session.ask(url, {})
        response.close()
        return response.status_code


@pytest.fixture
def server(mirror_server: MirrorServer) -> MirrorServer:
    mirror_server.publish("/file", b"here it is")
    return mirror_server


@pytest.mark.parametrize("name", [name for name in HOSTILE if "without end" in name or "bomb" in name])
def test_an_answer_that_is_not_a_file_is_not_read(
    server: MirrorServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(module, "WORK", 0.2)
    server.misbehave("/file", *[HOSTILE[name]] * 9)
    with suppress(UnavailableError):
        ask(f"{server.url}/file")
    assert max(request.bytes_sent for request in server.requests) < 10_000_000, "what the buffers on the way hold"


def wait_for(server: MirrorServer, retry_after: str) -> float:
    server.misbehave("/file", Misbehavior(status=503, headers={"Retry-After": retry_after}))
    with Session(PATIENT) as session:
        return module._retry_after(session.get(f"{server.url}/file"))


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("7", 7),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("Tue, 01 Jan 2019 00:00:00 GMT", 0),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0),
        ("9" * 5000, float("inf")),
    ],
    ids=["seconds", "none", "word", "negative", "past", "year 99999", "5,000 digits"],
)
def test_retry_after_is_a_number_of_seconds_or_a_date(server: MirrorServer, value: str, wait: float) -> None:
    assert wait_for(server, value) == wait


def test_retry_after_may_be_a_date(server: MirrorServer) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 30 < wait_for(server, date) <= 60


def test_a_quick_session_does_not_wait_long_for_a_server_that_asks_for_it(server: MirrorServer) -> None:
    server.misbehave("/file", Misbehavior(status=503, headers={"Retry-After": "30"}))
    start = time.monotonic()
    assert "503 Service Unavailable" in refusal(ask, f"{server.url}/file", error=UnavailableError, retries=0)
    assert time.monotonic() - start < 10


def test_the_patient_pass_asks_a_busy_server_five_times_again(server: MirrorServer) -> None:
    server.misbehave("/file", *[Misbehavior(status=503)] * 5)
    assert ask(f"{server.url}/file", patience.PATIENT, patience.PATIENT.retries) == 200


@pytest.mark.slow
def test_a_black_hole_is_not_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    with black_hole() as url, pytest.raises(UnavailableError, match=r"no connection within 0\.5 s"):
        ask(f"{url}/file", retries=5)
    assert "trying again" not in caplog.text


@pytest.mark.slow
def test_all_addresses_of_a_black_hole_cost_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", int(url.rpartition(":")[2])))
            for url in [stack.enter_context(black_hole()) for _ in range(5)]
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        monkeypatch.setenv("no_proxy", "*")
        start = time.monotonic()
        assert "no connection" in refusal(ask, "http://mirror.example/file", error=UnavailableError, retries=0)
    assert 0.5 <= time.monotonic() - start < 2


def test_a_name_that_is_not_known_is_a_reason_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(UnavailableError, match=r"mirror\.example.*not known") as raised:
        ask("http://alice:xyzzy@mirror.example/file?token=plugh")
    assert not {"alice", "xyzzy", "plugh"} & set(str(raised.value).replace(":", " ").replace("/", " ").split())


@pytest.mark.parametrize(
    ("variable", "proxy", "why"),
    [
        ("http_proxy", "http://alice:xyzzy@127.0.0.1:1", "127.0.0.1:1: no connection: "),
        ("ALL_PROXY", "http://127.0.0.1:1", "http://127.0.0.1:1: no connection: "),
        ("HTTP_PROXY", "alice:xyzzy@127.0.0.1:x", "127.0.0.1:x: the address, the proxy's"),
        ("http_proxy", "http://none:1", "http://none:1: no connection: Failed to resolve"),
    ],
)
def test_a_proxy_that_is_not_there_is_named_without_its_password_and_asked_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, variable: str, proxy: str, why: str
) -> None:
    def resolve(host: str, port: int, *_: Any) -> list[Any]:
        if host == "none":
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, proxy)
    message = refusal(ask, "http://mirror.example/file", error=UnavailableError)
    assert f": through the proxy {why}" in message
    assert "xyzzy" not in message
    assert "trying again" not in caplog.text


def test_without_its_package_a_socks_proxy_is_an_error_that_names_both(monkeypatch: pytest.MonkeyPatch) -> None:
    code = """
import sys
sys.modules["socks"] = None
from idxpng.fetch.patience import PATIENT
from idxpng.fetch.session import Session
Session(PATIENT).ask("http://mirror.example/file", {})
"""
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    error = run_code(code).stderr
    assert "through the proxy socks5://127.0.0.1:1: a SOCKS proxy needs" in error
    assert "PySocks" in error


def test_words_of_a_server_are_shown_in_one_line_that_does_nothing(server: MirrorServer, tmp_path: Path) -> None:
    server.misbehave("/file", Misbehavior(raw=b"HTTP/1.1 404 \x1b[2Jgone\x85" + b"!" * 999 + b"\r\n\r\n"))
    with Session(PATIENT) as session, session.get(f"{server.url}/file", stream=True) as response:
        shown = module.status(response)
    assert shown.startswith(r"404 \x1b[2Jgone\x85!!!")
    assert len(shown) < 200


def test_credentials_go_to_the_same_host_only(server: MirrorServer) -> None:
    url = f"http://alice:xyzzy@127.0.0.1:{server.server_port}"
    server.misbehave("/old", Misbehavior(status=302, headers={"Location": "/file"}))
    assert ask(f"{url}/old") == 200
    assert all("Authorization" in request.headers for request in server.requests)
    server.misbehave(
        "/old", Misbehavior(status=302, headers={"Location": f"http://localhost:{server.server_port}/file"})
    )
    assert ask(f"{url}/old") == 200
    assert "Authorization" not in server.requests[-1].headers


def test_a_password_may_be_in_netrc(server: MirrorServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "netrc", "machine 127.0.0.1 login alice password xyzzy\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert ask(f"http://127.0.0.1:{server.server_port}/file") == 200
    assert server.requests[-1].headers["Authorization"] == f"Basic {b64encode(b'alice:xyzzy').decode()}"
