"""Getting one file over HTTP, from a real server."""

import hashlib
import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from certificates import loopback_tls
from idxpng import log
from idxpng.fetch import http_file, session
from idxpng.fetch.integrity import WrongFileError
from idxpng.fetch.partial_file import partial_file
from idxpng.fetch.patience import Patience
from idxpng.fetch.transfer import CHUNK, UnavailableError, without_secrets
from mirror_server import TALKATIVE, MirrorServer, Misbehavior
from refusals import refusal as refused

BODY = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(10_000))
PATH = "/file.gz"
SECRETS = ("alice", "xyzzy", "plugh")


@pytest.fixture
def server(mirror_server: MirrorServer) -> MirrorServer:
    mirror_server.publish(PATH, BODY)
    return mirror_server


@pytest.fixture
def secure_server(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MirrorServer]:
    """A server with a certificate that only REQUESTS_CA_BUNDLE makes known."""
    certificate, context = loopback_tls(tmp_path_factory.mktemp("tls"))
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with MirrorServer(tmp_path, tls=context) as server:
        server.publish(PATH, BODY)
        yield server


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


# Half a second instead of half a minute.
PATIENCE = Patience(0.5, 0.5, 1.5, rate=1000, period=30.0)


def fetch(
    url: str, output: Path, *, size_limit: int = len(BODY), retries: int = 2, patience: Patience = PATIENCE
) -> bytes:
    """What `http_file.fetch` downloads, continuing an earlier attempt."""
    with partial_file(output, without_secrets(url)) as partial:
        http_file.fetch(url, partial, size_limit, replace(patience, retries=retries, backoff=0.01))
        partial.file.flush()
        data = partial.path.read_bytes()
        partial.restart()
    return data


def refusal(server: MirrorServer, output: Path, **how: Any) -> str:
    """Why the file of a server cannot be downloaded."""
    return refused(fetch, server.url + PATH, output, error=UnavailableError, **how)


def kept(output: Path) -> bytes:
    """What is left for the next attempt."""
    (path,) = output.parent.glob(f".{output.name}.*.partial/bytes")
    return path.read_bytes()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_arrives_as_it_was_sent(server: MirrorServer, output: Path, chunked: bool) -> None:
    server.misbehave(PATH, Misbehavior(chunked=chunked))
    assert fetch(server.url + PATH, output) == BODY
    assert list(output.parent.glob(".*")) == []


def test_a_request_names_the_client_and_asks_for_bytes_without_encoding(server: MirrorServer, output: Path) -> None:
    fetch(server.url + PATH, output)
    (request,) = server.requests
    assert request.headers["User-Agent"].startswith("mnist-png-workflow/")
    assert request.headers["Accept-Encoding"] == "identity"


def test_bytes_that_a_server_calls_an_encoding_are_kept_as_they_are(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, Misbehavior(headers={"Content-Encoding": "gzip"}))
    assert fetch(server.url + PATH, output) == BODY


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_error_that_may_pass_is_tried_again(server: MirrorServer, output: Path, status: int) -> None:
    server.misbehave(PATH, *[Misbehavior(status=status)] * 2)
    assert fetch(server.url + PATH, output) == BODY
    assert [request.status for request in server.requests] == [status, status, 200]


def test_an_error_that_lasts_is_given_up_after_the_retries(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, *[Misbehavior(status=500)] * 9)
    assert "500 Internal Server Error" in refusal(server, output, retries=2)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_error_that_does_not_pass_is_not_tried_again(server: MirrorServer, output: Path, status: int) -> None:
    server.misbehave(PATH, Misbehavior(status=status))
    assert str(status) in refusal(server, output)
    assert len(server.requests) == 1


@pytest.mark.slow
def test_retry_after_is_waited_for_and_said(
    server: MirrorServer, output: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave(PATH, Misbehavior(status=429, headers={"Retry-After": "1"}))
    start = time.monotonic()
    assert fetch(server.url + PATH, output) == BODY
    assert time.monotonic() - start >= 1
    assert "trying again in 1 s: 429 Too Many Requests" in caplog.text


def test_retry_after_is_not_waited_for_without_end(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LONGEST_WAIT", 0.1)
    server.misbehave(PATH, Misbehavior(status=503, headers={"Retry-After": "86400"}))
    start = time.monotonic()
    assert fetch(server.url + PATH, output) == BODY
    assert 0.1 <= time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Misbehavior(cut_after=200_000), "broke off"),
        (Misbehavior(cut_after=200_000, chunked=True), "broke off"),
        (Misbehavior(stall_after=200_000), "stalled"),
        (Misbehavior(stall_after=200_000, chunked=True), "stalled"),
    ],
    ids=["cut", "cut between chunks", "stall", "stall between chunks"],
)
def test_a_body_that_stops_is_resumed_within_the_same_run(
    server: MirrorServer, output: Path, caplog: pytest.LogCaptureFixture, fault: Misbehavior, said: str
) -> None:
    caplog.set_level(logging.INFO)
    server.misbehave(PATH, fault)
    assert fetch(server.url + PATH, output) == BODY
    _, second = server.requests
    have = len(BODY) - second.bytes_sent
    assert second.status == 206
    assert second.headers["Range"] == f"bytes={have}-"
    assert have == 200_000
    assert f"the transfer {said} at byte {have}" in caplog.text
    assert f"resuming at byte {have}" in caplog.text


def test_a_body_that_always_stops_is_given_up_after_the_retries(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, *[Misbehavior(cut_after=1000)] * 9)
    assert "broke off\n  at:       byte 3000" in refusal(server, output, retries=2)
    assert len(server.requests) == 3
    assert kept(output) == BODY[:3000]


def test_a_body_that_goes_on_at_each_try_is_not_given_up(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_file, "PROGRESS", 10_000)
    server.misbehave(PATH, *[Misbehavior(cut_after=30_000)] * 8)
    assert fetch(server.url + PATH, output, retries=1) == BODY
    assert len(server.requests) == 9


def test_a_body_that_starts_again_and_again_is_given_up(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_file, "PROGRESS", 10_000)
    server.misbehave(PATH, *[Misbehavior(cut_after=size, ranges=False) for size in (30_000, 5_000) * 5])
    assert "broke off" in refusal(server, output, retries=1)
    assert len(server.requests) == 2


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_that_comes_too_slowly_is_given_up_and_what_came_is_kept(
    server: MirrorServer, output: Path, chunked: bool
) -> None:
    server.misbehave(PATH, Misbehavior(piece=1, pause=0.01, chunked=chunked))
    start = time.monotonic()
    assert "the transfer is too slow" in refusal(server, output, patience=replace(PATIENCE, period=0.3))
    assert 0.3 <= time.monotonic() - start < 5
    came = kept(output)
    assert came
    assert fetch(server.url + PATH, output) == BODY
    assert server.requests[-1].headers["Range"] == f"bytes={len(came)}-"


def test_a_body_that_comes_fast_enough_has_the_time_it_needs(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, Misbehavior(piece=5_000, pause=0.02))
    assert fetch(server.url + PATH, output, patience=replace(PATIENCE, period=0.5)) == BODY


def test_no_body_may_take_for_ever(server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "DEADLINE", 1.0)  # seconds, in which a connection must have been made, too
    monkeypatch.setattr(session, "DEADLINE_RATE", 1e9)
    server.misbehave(PATH, Misbehavior(piece=1000, pause=0.01))
    start = time.monotonic()
    assert "the transfer is too slow" in refusal(server, output)
    assert 1 <= time.monotonic() - start < 5
    assert 0 < len(kept(output)) < len(BODY)


def test_a_server_without_ranges_sends_all_of_it_again(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, Misbehavior(cut_after=1000), Misbehavior(ranges=False))
    assert fetch(server.url + PATH, output) == BODY
    assert [request.status for request in server.requests] == [200, 200]


@pytest.mark.parametrize(
    ("headers", "validator"),
    [
        pytest.param({}, "ETag", id="both"),
        pytest.param({"ETag": None}, "Last-Modified", id="Last-Modified"),
        pytest.param({"ETag": 'W/"weak"'}, "Last-Modified", id="weak ETag and Last-Modified"),
        pytest.param({"ETag": 'W/"weak"', "Last-Modified": None}, None, id="weak ETag"),
        pytest.param({"ETag": None, "Last-Modified": None}, None, id="none"),
    ],
)
def test_only_a_validator_that_stands_for_the_bytes_makes_it_resume(
    server: MirrorServer, output: Path, headers: dict[str, str | None], validator: str | None
) -> None:
    server.misbehave(PATH, Misbehavior(cut_after=1000, headers=headers))
    assert fetch(server.url + PATH, output) == BODY
    second = server.requests[-1]
    assert second.status == (206 if validator else 200)
    assert ("Range" in second.headers) == bool(validator)
    assert ("If-Range" in second.headers) == bool(validator)
    assert (second.headers.get("If-Range", "").startswith('"')) == (validator == "ETag")


def test_a_partial_that_is_whole_already_is_asked_for_again(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, Misbehavior(chunked=True, cut_after=len(BODY)))
    assert fetch(server.url + PATH, output) == BODY
    assert [request.status for request in server.requests] == [200, 416, 200]


@pytest.mark.parametrize("content_range", [f"bytes 0-499/{len(BODY)}", None])
def test_after_a_part_that_was_not_requested_all_is_asked_for(
    server: MirrorServer, output: Path, content_range: str | None
) -> None:
    other = Misbehavior(status=206, body=BODY[:500], headers={"Content-Range": content_range})
    server.misbehave(PATH, Misbehavior(cut_after=1000), other)
    assert fetch(server.url + PATH, output) == BODY
    assert [request.status for request in server.requests] == [200, 206, 200]
    assert "Range" not in server.requests[-1].headers


def test_a_part_in_place_of_all_is_refused(server: MirrorServer, output: Path) -> None:
    other = Misbehavior(status=206, body=BODY[:500], headers={"Content-Range": f"bytes 500-999/{len(BODY)}"})
    server.misbehave(PATH, Misbehavior(cut_after=1000), other, other)
    assert "206" in refusal(server, output)
    assert list(output.parent.glob(".*")) == []


def test_a_redirect_is_followed(server: MirrorServer, output: Path) -> None:
    server.misbehave("/moved.gz", Misbehavior(status=302, headers={"Location": server.url + PATH}))
    assert fetch(f"{server.url}/moved.gz", output) == BODY


def test_a_redirect_without_end_is_given_up(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, *[Misbehavior(status=302, headers={"Location": PATH})] * 99)
    assert "too many redirects" in refusal(server, output)


def test_tls_with_a_trusted_certificate_works(secure_server: MirrorServer, output: Path) -> None:
    assert fetch(secure_server.url + PATH, output) == BODY


def test_tls_without_a_trusted_certificate_is_refused(
    secure_server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    told = "certificate is not trusted; if your network has its own CA, set REQUESTS_CA_BUNDLE"
    assert told in refusal(secure_server, output)
    assert secure_server.requests == []


@pytest.mark.parametrize("scheme", ["http", "HTTP"])
def test_a_redirect_that_gives_up_tls_is_not_followed(
    secure_server: MirrorServer, server: MirrorServer, output: Path, scheme: str
) -> None:
    location = f"{scheme}://alice:xyzzy@127.0.0.1:{server.server_port}{PATH}?token=plugh"
    secure_server.misbehave(PATH, Misbehavior(status=302, headers={"Location": location}))
    message = refusal(secure_server, output)
    assert "unencrypted" in message
    assert server.requests == []
    assert [secret for secret in SECRETS if secret in message] == []


def test_the_proxy_of_the_environment_is_used(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("http_proxy", server.url)
    url = f"http://mirror.example{PATH}"
    assert fetch(url, output) == BODY
    (request,) = server.requests
    assert request.path == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:1/file.gz", "no connection: .*refused"), ("http://127.0.0.1:port/file.gz", ".")],
)
def test_a_server_that_is_not_there_is_a_reason_in_one_line(
    server: MirrorServer, output: Path, url: str, reason: str
) -> None:
    with pytest.raises(UnavailableError, match=reason) as raised:
        fetch(url, output, retries=0)
    assert len(str(raised.value).splitlines()) == 1
    assert "object at 0x" not in str(raised.value)


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_a_reason(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, *[Misbehavior(delay=60)] * 2)
    start = time.monotonic()
    assert "no answer within 0.5 s" in refusal(server, output, retries=1)
    assert 1 <= time.monotonic() - start < 5


def test_a_content_length_that_is_not_a_number_does_no_harm(server: MirrorServer, output: Path) -> None:
    server.misbehave(PATH, Misbehavior(headers={"Content-Length": "some", "Connection": "close"}, cut_after=len(BODY)))
    assert fetch(server.url + PATH, output) == BODY


def test_a_slow_transfer_says_in_its_log_how_far_it_is(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(log, "PROGRESS", 0.05)
    server.misbehave(PATH, Misbehavior(pause=0.02))
    assert fetch(server.url + PATH, output) == BODY
    lines = [message for message in caplog.messages if f"of {len(BODY)} bytes" in message]
    assert lines[0].startswith(f"{server.url}{PATH}: ")
    counts = [int(line.split()[1]) for line in lines]
    assert 0 < counts[0] <= CHUNK
    assert counts == sorted(set(counts))
    assert len(lines) >= 3


def test_a_fast_transfer_logs_no_progress(
    server: MirrorServer, output: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(log, "_said", time.monotonic())  # as in a job that begins
    fetch(server.url + PATH, output)
    assert caplog.messages == [f"{server.url}{PATH}: downloading"]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/mnist/file.gz", "https://host/mnist/file.gz"),
        ("https://alice:xyzzy@host:8443/file.gz?token=plugh#part", "https://host:8443/file.gz"),
        ("http://alice:xyz@zy@host/file.gz", "http://host/file.gz"),
        ("http://alice:xyz/zy@host/file.gz", "http://host/file.gz"),
        ("http://alice:12/zy@host/file.gz?token=plugh", "http://host/file.gz"),
        ("http://alice:xyz#zy@host/file.gz?token=plugh", "http://host/file.gz"),
        ("http://alice:xyz?zy@host/file.gz?token=plugh", "http://host/file.gz"),
        ("http://alice:xyzzy@[::1/file.gz?token=plugh", "http://[::1/file.gz"),
        ("https://host/user/repository@tag/file.gz", "https://host/user/repository@tag/file.gz"),
        ("http://host/\x1b[2J\u202egz.elif\u2028", r"http://host/\x1b[2J\u202egz.elif\u2028"),
    ],
)
def test_an_url_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert without_secrets(url) == shown


def test_bytes_of_a_different_url_are_not_resumed(server: MirrorServer, output: Path) -> None:
    server.publish("/other.gz", bytes(2000))
    server.misbehave("/other.gz", Misbehavior(cut_after=1000))
    with pytest.raises(UnavailableError):
        fetch(f"{server.url}/other.gz", output, retries=0)
    assert fetch(server.url + PATH, output) == BODY
    assert "Range" not in server.requests[-1].headers


@pytest.mark.parametrize(
    ("fault", "taken"),
    [
        pytest.param(Misbehavior(body=BODY, endless=True, chunked=True), 100_000, id="no Content-Length"),
        pytest.param(Misbehavior(body=BODY, endless=True, headers={"Content-Length": str(10**12)}), 0, id="announced"),
    ],
)
def test_a_body_that_is_too_large_is_not_taken(
    server: MirrorServer, output: Path, fault: Misbehavior, taken: int
) -> None:
    server.misbehave(PATH, fault)
    with pytest.raises(WrongFileError, match="larger than the file may be"):
        fetch(server.url + PATH, output, size_limit=100_000)
    (request,) = server.requests
    assert request.bytes_sent < 5_000_000, "what the buffers between server and client hold is all that it gets rid of"
    assert sum(path.stat().st_size for path in output.parent.glob(".*/bytes")) <= taken


@pytest.mark.parametrize("fault", [*TALKATIVE.values(), Misbehavior(status=500)], ids=[*TALKATIVE, "500"])
def test_credentials_and_query_appear_in_no_message(
    server: MirrorServer, output: Path, caplog: pytest.LogCaptureFixture, fault: Misbehavior
) -> None:
    caplog.set_level(logging.INFO)
    server.misbehave(PATH, *[fault] * 2)
    said = ""
    try:
        fetch(f"http://alice:xyzzy@127.0.0.1:{server.server_port}{PATH}?token=plugh", output, retries=1)
    except (UnavailableError, WrongFileError) as error:
        said = str(error)
    assert server.requests[0].path == f"{PATH}?token=plugh"
    assert server.requests[0].headers["Authorization"].startswith("Basic ")
    assert [secret for secret in SECRETS if secret in said + caplog.text] == []
