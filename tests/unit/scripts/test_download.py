"""Downloading a published file from real mirrors: HTTP servers and directories, with all that goes wrong there."""

import errno
import gzip
import hashlib
import logging
import lzma
import os
import resource
import shlex
import signal
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import yaml
from zlib_ng import gzip_ng

import download
import write_dataset
from builders import described, idx_bytes, put
from downloads import (
    CONTENT,
    FILE,
    GONE,
    IMAGES,
    LONG,
    PINNED,
    PUBLISHED,
    UNPINNED,
    arguments,
    get,
    partial_files,
    refusal,
    start_process,
    wait_until_larger,
)
from idxpng.advice import run_script
from idxpng.dataset import file as dataset_file
from idxpng.dataset.model import PublishedFile
from idxpng.errors import DataError
from idxpng.fetch import patience, session
from idxpng.fetch.patience import PATIENT, QUICK, Patience
from idxpng.formats.file_kind import file_kind
from idxpng.formats.idx import IdxHeader
from memory import allocating_less_than, limited
from mirror_server import HOSTILE, TALKATIVE, FarServer, MirrorServer, Misbehavior, black_hole
from plans import write_own_file
from project import PROJECT
from refusals import refusal as refused
from systems import failing

OTHER = gzip.compress(idx_bytes(255 - IMAGES), mtime=0)
HTML = b"\n<!DOCTYPE html><html><body>Please accept the terms of this network.</body></html>"


@pytest.fixture
def server(mirror_server: MirrorServer, caplog: pytest.LogCaptureFixture) -> MirrorServer:
    """A server with the right file in the mirrors /a and /b."""
    caplog.set_level(logging.INFO)
    mirror_server.publish(f"/a/{FILE}", PUBLISHED)
    mirror_server.publish(f"/b/{FILE}", PUBLISHED)
    return mirror_server


@pytest.fixture
def other_server(server: MirrorServer) -> Iterator[MirrorServer]:
    """A second server with the right file in the mirror /b."""
    with MirrorServer(server.folder) as other:
        yield other


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the downloads of the dataset ``digits`` go."""
    folder = tmp_path / "resources/digits"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An empty local directory, to be a mirror."""
    directory = tmp_path / "local copy #1?"
    directory.mkdir()
    return directory


def is_gzip(data: bytes) -> bool:
    return data.startswith(b"\x1f\x8b")


def test_the_first_mirror_that_has_the_file_is_used(server: MirrorServer, folder: Path) -> None:
    assert get(folder, f"{server.url}/a", f"{server.url}/b") == PUBLISHED
    assert [request.path for request in server.requests] == [f"/a/{FILE}"]


def test_the_second_mirror_is_used_when_the_first_has_no_such_file(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert get(folder, f"{server.url}/none/", f"{server.url}/b/") == PUBLISHED
    assert [(request.path, request.status) for request in server.requests] == [
        (f"/none/{FILE}", 404),
        (f"/b/{FILE}", 200),
    ]
    assert f"{server.url}/none/{FILE}: 404 Not Found" in caplog.text
    assert f"from {server.url}/b/{FILE}" in caplog.text


@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside a folder"])
def test_no_network_is_named_once_and_no_name_is_tried_again(
    folder: Path, directory: Path, caplog: pytest.LogCaptureFixture, beside: bool
) -> None:
    caplog.set_level(logging.INFO)
    mirrors = [f"http://{name}.invalid/" for name in ("a", "b", "c")]
    message = refusal(folder, *[directory] * beside, *mirrors)
    listed = f"\n    - {directory / FILE}: file not found" * beside
    listed += "\n    - no network: no mirror's name can be resolved\n  to do:    get"
    assert f"no mirror has the right file{listed}" in message
    assert "invalid" not in message
    assert [caplog.text.count(mirror) for mirror in mirrors] == [1, 1, 1]


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Misbehavior(body=HTML), id="HTML page"),
        pytest.param(Misbehavior(body=OTHER), id="other content"),
        pytest.param(Misbehavior(body=PUBLISHED[:-9]), id="truncated gzip"),
        pytest.param(Misbehavior(body=PUBLISHED + b"more"), id="something after it"),
        pytest.param(Misbehavior(body=bytes(10_000_000)), id="too large"),
        pytest.param(Misbehavior(body=b""), id="nothing"),
        pytest.param(Misbehavior(status=403), id="403"),
    ],
)
def test_the_second_mirror_is_used_when_the_first_serves_something_else(
    server: MirrorServer, folder: Path, fault: Misbehavior
) -> None:
    server.misbehave(f"/a/{FILE}", fault)
    assert get(folder, f"{server.url}/a", f"{server.url}/b") == PUBLISHED


@pytest.mark.parametrize("kind", ["server", "directory"])
def test_a_mirror_that_stops_in_the_middle_is_left_for_the_next(
    server: MirrorServer, folder: Path, directory: Path, kind: str
) -> None:
    (directory / FILE).write_bytes(PUBLISHED)
    server.misbehave(f"/a/{FILE}", *[Misbehavior(cut_after=1000)] * 3)
    assert get(folder, f"{server.url}/a", directory if kind == "directory" else f"{server.url}/b") == PUBLISHED
    asked_of_the_next = [request for request in server.requests if request.path.startswith("/b/")]
    assert len(asked_of_the_next) == (0 if kind == "directory" else 1)
    assert all("Range" not in request.headers for request in asked_of_the_next)


# Tenths of a second instead of half a minute.
SHORT = (Patience(0.5, 0.5, 0.2, rate=100_000, period=0.3), Patience(0.5, 0.5, 1.0, rate=1000, period=0.3))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_the_second_mirror_is_used_whatever_the_first_does(
    server: MirrorServer, other_server: MirrorServer, folder: Path, name: str
) -> None:
    server.misbehave(f"/a/{FILE}", *[HOSTILE[name]] * 9)
    start = time.monotonic()
    with allocating_less_than(10_000_000):
        assert get(folder, f"{server.url}/a", f"{other_server.url}/b", patience=SHORT) == PUBLISHED
    assert time.monotonic() - start < 5
    assert max(request.bytes_sent for request in server.requests) < 10_000_000


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_one_mirror_alone_is_given_up_whatever_it_does(
    server: MirrorServer, folder: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "LONGEST_WAIT", 0.1)
    server.misbehave(f"/a/{FILE}", *[HOSTILE[name]] * 9)
    start = time.monotonic()
    assert f"{server.url}/a/{FILE}: " in refusal(folder, f"{server.url}/a", patience=SHORT)
    assert time.monotonic() - start < 10


@pytest.fixture(params=["alone", "with other mirrors"])
def others(request: pytest.FixtureRequest, server: MirrorServer) -> list[str]:
    """Mirrors that have no such file."""
    return [f"{server.url}/none", f"{server.url}/nor-here"] if request.param == "with other mirrors" else []


@pytest.mark.slow
def test_a_server_with_a_round_trip_of_a_second_is_waited_for(
    server: MirrorServer, folder: Path, others: list[str]
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(delay=1.0))
    assert get(folder, f"{server.url}/a", *others, patience=(QUICK, PATIENT)) == PUBLISHED
    assert len(server.requests) == 1


@pytest.mark.slow
def test_a_connection_that_takes_more_than_a_second_is_waited_for(
    server: MirrorServer, folder: Path, others: list[str]
) -> None:
    with FarServer(server.folder) as far:
        start = time.monotonic()
        assert get(folder, f"{far.url}/a", *others, patience=(QUICK, PATIENT)) == PUBLISHED
        assert time.monotonic() - start > 1
        assert len(far.requests) == 1


@pytest.mark.slow
def test_a_server_that_sends_20_kilobytes_a_second_is_waited_for(
    server: MirrorServer, folder: Path, others: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a fifth of the time: it sends as much more, and what is measured against that is scaled."""
    monkeypatch.setattr(session, "WORTH", patience.WORTH / 5)
    fifths = [replace(each, rate=each.rate * 5, period=each.period / 5) for each in (QUICK, PATIENT)]
    server.misbehave(f"/a/{FILE}", Misbehavior(piece=5000, pause=0.05))
    assert get(folder, f"{server.url}/a", *others, patience=tuple(fifths)) == PUBLISHED
    assert len([request for request in server.requests if request.path.startswith("/a/")]) == 1


def test_a_slow_server_is_left_while_others_wait_and_goes_on_when_none_has_the_file(
    server: MirrorServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "WORTH", 0.5)
    server.misbehave(f"/a/{FILE}", Misbehavior(piece=1000, pause=0.05))
    brief = (replace(QUICK, period=0.5), PATIENT)
    assert get(folder, f"{server.url}/a", f"{server.url}/none", patience=brief) == PUBLISHED
    first, none, second = server.requests
    assert (first.status, none.status, second.status) == (200, 404, 206)
    assert first.bytes_sent < 100_000


@pytest.mark.slow
def test_a_host_of_16_addresses_of_which_the_last_answers_is_reached(
    server: MirrorServer, folder: Path, others: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        ports = [int(stack.enter_context(black_hole()).rpartition(":")[2]) for _ in range(15)]
        addresses = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in [*ports, server.server_port]
        ]
        resolve = socket.getaddrinfo
        monkeypatch.setattr(
            socket, "getaddrinfo", lambda host, *_, **__: addresses if host == "digits.example" else resolve(host, *_)
        )
        shorter = [replace(each, connect=each.connect / 50) for each in (QUICK, PATIENT)]
        assert get(folder, "http://digits.example/a", *others, patience=tuple(shorter)) == PUBLISHED


@pytest.mark.parametrize(
    "mirror",
    [
        "http://[::1/",
        "http://alice:xyz/zy@127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http:///",
        "http://xn--/",
        "http://h\x00/",
    ],
)
def test_the_second_mirror_is_used_when_the_first_is_an_invalid_address(
    server: MirrorServer, folder: Path, mirror: str
) -> None:
    assert get(folder, mirror, f"{server.url}/b") == PUBLISHED


def test_the_second_mirror_is_used_when_the_certificates_for_the_first_are_missing(
    server: MirrorServer, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "none.pem"))
    assert get(folder, "https://127.0.0.1:1/", f"{server.url}/b") == PUBLISHED
    assert f"{folder}/none.pem; see REQUESTS_CA_BUNDLE" in caplog.text


@pytest.mark.slow
def test_a_mirror_that_did_not_answer_is_asked_again_when_no_other_has_the_file(
    server: MirrorServer, other_server: MirrorServer, folder: Path
) -> None:
    server.misbehave(f"/a/{FILE}", *[Misbehavior(delay=60)] * 2)
    assert get(folder, f"{server.url}/a", f"{other_server.url}/none") == PUBLISHED
    assert [request.status for request in server.requests] == [0, 0, 200]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_a_mirror_that_wants_to_be_asked_later_is_asked_after_the_others(
    server: MirrorServer, other_server: MirrorServer, folder: Path
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(status=503, headers={"Retry-After": "60"}))
    start = time.monotonic()
    assert get(folder, f"{server.url}/a", f"{other_server.url}/b") == PUBLISHED
    assert time.monotonic() - start < 30
    assert len(other_server.requests) == 1


@pytest.mark.slow
@pytest.mark.parametrize("wait", ["1", "9" * 5000], ids=["soon", "never"])
def test_a_mirror_that_wants_to_be_asked_later_is_asked_then_when_no_other_has_the_file(
    server: MirrorServer, folder: Path, monkeypatch: pytest.MonkeyPatch, wait: str
) -> None:
    monkeypatch.setattr(session, "LONGEST_WAIT", 1.0)
    server.misbehave(f"/a/{FILE}", *[Misbehavior(status=503, headers={"Retry-After": wait})] * 2)
    start = time.monotonic()
    assert get(folder, f"{server.url}/a", f"{server.url}/none") == PUBLISHED
    assert time.monotonic() - start >= 1
    assert [request.status for request in server.requests] == [503, 404, 503, 200]


def test_nothing_of_what_any_mirror_sent_is_lost_when_others_fail(
    server: MirrorServer, other_server: MirrorServer, folder: Path
) -> None:
    mirrors = (f"{server.url}/a", f"{other_server.url}/b")
    for _ in range(2):
        server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=100_000), GONE)
        other_server.misbehave(f"/b/{FILE}", Misbehavior(cut_after=2000), GONE)
        refusal(folder, *mirrors)
    assert get(folder, *mirrors) == PUBLISHED
    ranges = [f"bytes={size}-" for size in (100_000, 100_000, 200_000, 200_000)]
    assert [request.headers["Range"] for request in server.requests] == [None, *ranges]
    ranges = [f"bytes={size}-" for size in (2000, 2000, 4000)]
    assert [request.headers["Range"] for request in other_server.requests] == [None, *ranges]


def test_a_file_name_is_put_into_the_path_of_a_mirror_with_a_query(server: MirrorServer, folder: Path) -> None:
    assert get(folder, f"{server.url}/a/?token=plugh") == PUBLISHED
    assert [request.path for request in server.requests] == [f"/a/{FILE}?token=plugh"]


@pytest.mark.parametrize("fault", [Misbehavior(status=500), Misbehavior(cut_after=200_000)], ids=["500", "cut"])
def test_what_may_pass_is_tried_again_after_the_other_mirrors(
    server: MirrorServer, folder: Path, fault: Misbehavior
) -> None:
    server.misbehave(f"/a/{FILE}", fault)
    assert get(folder, f"{server.url}/a", f"{server.url}/none") == PUBLISHED
    assert [request.path for request in server.requests] == [f"/a/{FILE}", f"/none/{FILE}", f"/a/{FILE}"]
    assert ("Range" in server.requests[-1].headers) == (fault.status is None)


def test_a_resumed_download_needs_space_only_for_the_rest(
    server: MirrorServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=200_000))
    refusal(folder, f"{server.url}/a", retries=0)
    free = len(PUBLISHED) - 200_000
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_blocks=free, f_bavail=free, f_frsize=1, f_favail=9))
    assert get(folder, f"{server.url}/a") == PUBLISHED


def test_a_later_run_resumes_where_a_killed_run_stopped(server: MirrorServer, folder: Path) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(stall_after=200_000))
    with start_process(arguments(folder, f"{server.url}/a", patience=(LONG, LONG))) as process:
        wait_until_larger(folder / FILE, 100_000)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert not (folder / FILE).exists()
    assert get(folder, f"{server.url}/a") == PUBLISHED
    second = server.requests[-1]
    assert second.status == 206
    assert second.headers["Range"] == f"bytes={len(PUBLISHED) - second.bytes_sent}-"
    assert second.bytes_sent < len(PUBLISHED) - 100_000


def test_a_file_that_changed_since_is_downloaded_from_its_beginning(server: MirrorServer, folder: Path) -> None:
    server.publish(f"/a/{FILE}", OTHER)
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=200_000))
    refusal(folder, f"{server.url}/a", retries=0)
    server.publish(f"/a/{FILE}", PUBLISHED)
    assert get(folder, f"{server.url}/a") == PUBLISHED
    second = server.requests[-1]
    assert second.headers["Range"] == "bytes=200000-"
    assert second.status == 200
    assert second.bytes_sent == len(PUBLISHED)


def test_a_partial_file_that_went_bad_is_thrown_away(server: MirrorServer, folder: Path) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=200_000))
    refusal(folder, f"{server.url}/a", retries=0)
    (partial,) = partial_files(folder / FILE)
    partial.write_bytes(bytes(200_000))
    assert get(folder, f"{server.url}/a") == PUBLISHED


@pytest.mark.parametrize("position", [0, 1], ids=["before", "after"])
@pytest.mark.parametrize("kind", ["server", "directory"])
def test_a_mirror_without_the_file_does_not_discard_what_a_different_one_sent(
    server: MirrorServer, folder: Path, directory: Path, kind: str, position: int
) -> None:
    mirrors: list[str | Path] = [f"{server.url}/a"]
    mirrors.insert(position, directory if kind == "directory" else f"{server.url}/none")
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=200_000), GONE)
    refusal(folder, *mirrors)
    assert get(folder, *mirrors) == PUBLISHED
    assert server.requests[-1].headers["Range"] == "bytes=200000-"


@pytest.mark.slow
def test_processes_that_download_the_same_file_at_once_all_succeed(server: MirrorServer, folder: Path) -> None:
    output = folder / FILE
    for _ in range(4):
        server.misbehave(f"/a/{FILE}", *[Misbehavior(pause=0.05)] * 3)
        processes = [start_process(arguments(folder, f"{server.url}/a", patience=(LONG, LONG))) for _ in range(3)]
        while any(process.poll() is None for process in processes):
            if output.exists():
                assert output.read_bytes() == PUBLISHED, "never less than the whole file under its final name"
            time.sleep(0.005)
        for process in processes:
            assert process.communicate()[1] == b""
            assert process.returncode == 0
        assert list(folder.iterdir()) == [output]
        assert output.read_bytes() == PUBLISHED
        output.unlink()
    assert len(server.requests) == 12


def test_the_right_file_is_not_downloaded_again(server: MirrorServer, folder: Path) -> None:
    get(folder, f"{server.url}/a")
    os.utime(folder / FILE, (0, 0))
    assert get(folder, "http://127.0.0.1:1/") == PUBLISHED
    assert len(server.requests) == 1
    assert time.time() - (folder / FILE).stat().st_mtime < 60, "newer than what it is made from"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_the_right_file_of_another_user_or_on_a_read_only_disk_is_replaced_by_an_own_one(
    folder: Path, directory: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    (directory / FILE).write_bytes(PUBLISHED)
    get(folder, str(directory))
    before = (folder / FILE).stat().st_ino
    with monkeypatch.context() as another:
        another.setattr(os, "utime", failing(number))
        assert get(folder, str(directory)) == PUBLISHED
    assert (folder / FILE).stat().st_ino != before


def test_a_limit_on_the_size_of_files_is_not_blamed_on_the_mirror(folder: Path, directory: Path) -> None:
    (directory / FILE).write_bytes(PUBLISHED)
    with limited(resource.RLIMIT_FSIZE, len(PUBLISHED) // 2):
        message = refusal(folder, str(directory))
    assert message == f"{folder / FILE}: File too large\n  to do:    allow larger files, see ulimit -f"


def test_a_wrong_file_is_replaced(server: MirrorServer, folder: Path) -> None:
    (folder / FILE).write_bytes(OTHER)
    assert get(folder, f"{server.url}/a") == PUBLISHED


def test_a_file_with_nothing_pinned_is_downloaded_again_since_it_may_have_changed(
    server: MirrorServer, folder: Path
) -> None:
    (folder / FILE).write_bytes(OTHER)
    assert get(folder, f"{server.url}/a", pinned=UNPINNED) == PUBLISHED


@pytest.mark.parametrize(
    "published",
    [gzip.compress(CONTENT, 1), lzma.compress(CONTENT, preset=0), CONTENT],
    ids=["gzip of a different level", "xz", "plain"],
)
def test_the_right_content_compressed_again_is_accepted(server: MirrorServer, folder: Path, published: bytes) -> None:
    server.publish(f"/a/{FILE}", published)
    stored = get(folder, f"{server.url}/a")
    assert gzip.decompress(stored) == CONTENT
    assert stored == published or not is_gzip(published)


def test_content_compressed_again_is_not_accepted_on_the_digest_of_the_published_file(
    server: MirrorServer, folder: Path
) -> None:
    pinned = {key: PINNED[key] for key in ("header", "sha256")}
    server.publish(f"/a/{FILE}", gzip.compress(CONTENT, 1))
    assert PINNED["sha256"] in refusal(folder, f"{server.url}/a", pinned=pinned)


def test_a_plain_file_that_the_server_compresses_on_its_way_is_accepted(server: MirrorServer, folder: Path) -> None:
    packed = gzip.compress(CONTENT)
    on_its_way = Misbehavior(body=packed, headers={"Content-Encoding": "gzip"}, chunked=True)
    server.misbehave("/a/digits-idx3-ubyte", on_its_way)
    pinned = PINNED | {"bytes": len(CONTENT), "sha256": PINNED["content_sha256"]}
    output = str(folder / "digits-idx3-ubyte.plain")
    assert get(folder, f"{server.url}/a", file="digits-idx3-ubyte", pinned=pinned, output=output) == packed


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param(HTML, "HTML or XML", id="HTML page"),
        pytest.param(b"<?xml version='1.0'?><Error>AccessDenied</Error>", "HTML or XML", id="XML"),
        pytest.param(PUBLISHED[:-9], "truncated gzip file", id="truncated at its end"),
        pytest.param(PUBLISHED[:100_000], "truncated gzip file", id="truncated gzip"),
        pytest.param(PUBLISHED[:99] + bytes(20) + PUBLISHED[119:], "damaged gzip file", id="damaged gzip"),
        pytest.param(PUBLISHED + b"more", "something else follows the gzip data", id="something after it"),
        pytest.param(gzip.compress(bytes(9_999_999), 1), "the content is too long", id="decompression bomb"),
        pytest.param(gzip.compress(CONTENT[:-1]), "its content differs", id="too little content"),
        pytest.param(OTHER, "its content differs", id="other content"),
        pytest.param(CONTENT[:1000], "its content differs", id="plain, too little"),
    ],
)
def test_a_wrong_file_is_named_for_what_it_is(server: MirrorServer, folder: Path, body: bytes, named: str) -> None:
    server.publish(f"/a/{FILE}", body)
    message = refusal(folder, f"{server.url}/a")
    assert f"{server.url}/a/{FILE}: not the right file: {named}" in message
    differs = f"expected: SHA-256 {PINNED['sha256']}\n    found:    {hashlib.sha256(body).hexdigest()}"
    assert (differs in message) == (body is OTHER), "where the size differs, or the file is damaged, that is said"
    assert list(folder.iterdir()) == []


BLOB = {"git_blob": hashlib.sha1(b"blob %d\0" % len(PUBLISHED) + PUBLISHED).hexdigest()}


def test_a_file_that_is_known_by_its_git_blob_is_accepted(server: MirrorServer, folder: Path) -> None:
    assert get(folder, f"{server.url}/a", pinned=UNPINNED | BLOB) == PUBLISHED


@pytest.mark.parametrize("body", [OTHER, gzip.compress(CONTENT, 1)], ids=["other", "compressed again"])
def test_a_file_that_differs_from_the_git_blob_is_refused(server: MirrorServer, folder: Path, body: bytes) -> None:
    server.publish(f"/a/{FILE}", body)
    message = refusal(folder, f"{server.url}/a", pinned=UNPINNED | BLOB)
    assert f"expected: Git blob {BLOB['git_blob']}" in message
    assert f"found:    {hashlib.sha1(b'blob %d' % len(body) + bytes(1) + body).hexdigest()}" in message


@pytest.mark.parametrize("compressed_again", [False, True])
def test_a_file_of_mnist_where_fashion_mnist_is_due_is_named_as_such(
    server: MirrorServer, folder: Path, mnist: Path, compressed_again: bool
) -> None:
    fashion = yaml.safe_load((PROJECT / "datasets/fashion-mnist.yaml").read_text())["splits"]["test"]["images"]
    del fashion["verified"]
    body = (mnist / FILE).read_bytes()
    server.publish(f"/a/{FILE}", gzip.compress(gzip.decompress(body), 1) if compressed_again else body)
    message = refusal(
        folder,
        f"{server.url}/a",
        file=fashion.pop("file"),
        pinned=fashion | {"header": IdxHeader.of("uint8", (10_000, 28, 28))},
    )
    assert f"not the right file: this is {FILE} of MNIST\n" in message


@pytest.mark.parametrize(
    "pinned",
    [PINNED, PINNED | {"content_sha256": None}, UNPINNED],
    ids=["pinned", "without content digest", "nothing pinned"],
)
@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"headers": {"ETag": '"1"'}, "chunked": True}, id="no Content-Length"),
        pytest.param({"headers": {"ETag": '"1"', "Content-Length": str(10**12)}}, id="announced"),
    ],
)
def test_a_body_without_end_is_not_taken(
    server: MirrorServer, folder: Path, fault: dict[str, Any], pinned: dict[str, Any]
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(body=PUBLISHED, endless=True, **fault))
    assert "larger than the file may be" in refusal(folder, f"{server.url}/a", pinned=pinned)
    (request,) = server.requests
    assert request.bytes_sent < 5_000_000, "what the buffers between server and client hold is all that it gets rid of"
    assert list(folder.iterdir()) == []


def test_a_file_with_nothing_pinned_is_accepted_with_a_warning_that_shows_what_to_pin(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert get(folder, f"{server.url}/a", pinned=UNPINNED) == PUBLISHED
    (warning,) = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert f"sha256: {PINNED['sha256']}" in warning
    assert FILE in warning
    assert ".partial" not in warning, "a name that the reader never sees"


def test_a_pinned_file_is_accepted_without_a_warning(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    get(folder, f"{server.url}/a")
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_page_of_the_right_size_is_refused_by_the_header_when_nothing_is_pinned(
    server: MirrorServer, folder: Path
) -> None:
    server.publish(f"/a/{FILE}", HTML.ljust(len(CONTENT)))
    message = refusal(folder, f"{server.url}/a", pinned=UNPINNED)
    assert "not an IDX file: its magic number is wrong" in message
    assert "(HTML or XML: download the file itself" in message


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param(HTML, "HTML or XML", id="HTML page"),
        pytest.param(gzip.compress(CONTENT[:-1]), f"{len(CONTENT) - 1} bytes", id="too little"),
        pytest.param(gzip.compress(CONTENT + b"\0"), "the content is too long", id="too much"),
        pytest.param(PUBLISHED[:-9], "truncated gzip file", id="truncated gzip"),
        pytest.param(PUBLISHED + b"junk", "something else follows the gzip data", id="more behind it"),
    ],
)
def test_a_file_with_nothing_pinned_is_refused_when_it_cannot_be_right(
    server: MirrorServer, folder: Path, body: bytes, named: str
) -> None:
    server.publish(f"/a/{FILE}", body)
    message = refusal(folder, f"{server.url}/a", pinned=UNPINNED)
    assert named in message
    assert "found:    0 bytes" not in message
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("largest", ["pinned", "not pinned"])
def test_an_archive_of_arrays_is_taken_only_if_each_array_is_the_pinned_one(
    folder: Path, directory: Path, largest: str, caplog: pytest.LogCaptureFixture
) -> None:
    labels = numpy.arange(400, dtype=numpy.uint8)
    headers = {"x.npy": IdxHeader.of("uint8", IMAGES.shape), "y.npy": IdxHeader.of("uint8", labels.shape)}
    digests = [hashlib.sha256(idx_bytes(array)).hexdigest() for array in (IMAGES, labels)]
    files = [
        PublishedFile("a.npz", header, content_sha256=digest, member=name)
        for (name, header), digest in zip(headers.items(), digests, strict=True)
    ]
    if largest == "not pinned":
        files[0] = replace(files[0], content_sha256=None)
    numpy.savez(directory / "a.npz", x=IMAGES, y=labels[::-1])
    message = refusal(folder, directory, file="a.npz", files=files)
    assert f"{directory}/a.npz: not the right file: its content differs" in message
    assert f"expected: SHA-256 {files[1].content_sha256}" in message
    (folder / "a.npz").write_bytes((directory / "a.npz").read_bytes())  # as an earlier run took it
    numpy.savez(directory / "a.npz", x=IMAGES, y=labels)
    assert get(folder, directory, file="a.npz", files=files) == (directory / "a.npz").read_bytes()
    unpinned = "x.npy" if largest == "not pinned" else None
    assert (f"{directory}/a.npz: no digest is pinned for {unpinned}, so" in caplog.text) == bool(unpinned)
    (folder / "a.npz").unlink()
    get(folder, directory, file="a.npz", files=[files[0], replace(files[1], content_sha256=None)])
    unpinned = f"{unpinned} and y.npy" if unpinned else "y.npy"
    assert f"{directory}/a.npz: no digest is pinned for {unpinned}, so" in caplog.text


@pytest.mark.parametrize("as_url", [False, True], ids=["path", "file URL"])
def test_a_directory_is_a_mirror(folder: Path, directory: Path, as_url: bool) -> None:
    (directory / FILE).write_bytes(PUBLISHED)
    assert get(folder, directory.as_uri() if as_url else directory) == PUBLISHED
    assert (directory / FILE).read_bytes() == PUBLISHED


@pytest.mark.parametrize("file", ["t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte.gz"])
@pytest.mark.parametrize(
    "name",
    ["t10k-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte.gz", "t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte"],
)
def test_both_spellings_are_found_in_a_directory_compressed_or_not(
    folder: Path, directory: Path, file: str, name: str
) -> None:
    (directory / name).write_bytes(PUBLISHED if name.endswith(".gz") else CONTENT)
    stored = get(folder, directory, file=file)
    assert is_gzip(stored)
    assert gzip.decompress(stored) == CONTENT


def test_the_published_size_limits_only_what_a_digest_of_the_published_file_pins(folder: Path, directory: Path) -> None:
    (directory / FILE).write_bytes(CONTENT)
    assert gzip.decompress(get(folder, directory, pinned=UNPINNED | {"bytes": len(CONTENT) - 1})) == CONTENT
    (folder / FILE).unlink()
    pinned = UNPINNED | {"bytes": len(CONTENT) - 1, "md5": hashlib.md5(CONTENT).hexdigest()}
    assert "larger than the file may be" in refusal(folder, directory, pinned=pinned)


@pytest.mark.parametrize("layers", [1, 2])
def test_a_file_that_compression_has_made_larger_is_accepted(folder: Path, directory: Path, layers: int) -> None:
    content = idx_bytes(numpy.random.default_rng(0).integers(0, 256, (20, 256, 256), numpy.uint8))
    packed = gzip_ng.compress(content, 1)
    assert len(packed) > len(content) + (1 << 16), "as some programs write what does not compress"
    (directory / FILE).write_bytes(packed if layers == 1 else gzip.compress(packed))
    header = IdxHeader.of("uint8", (20, 256, 256))
    pinned = {"header": header, "content_sha256": hashlib.sha256(content).hexdigest()}
    assert gzip.decompress(get(folder, directory, pinned=UNPINNED | pinned)) == content


def test_a_file_compressed_here_is_the_same_on_every_run(folder: Path, directory: Path) -> None:
    (directory / FILE).write_bytes(CONTENT)
    first = get(folder, directory)
    (folder / FILE).unlink()
    os.utime(directory / FILE, (0, 0))
    assert get(folder, directory) == first
    assert first[4:8] == bytes(4), "no time stamp"


@pytest.mark.parametrize(
    ("file", "decode"), [("digits-idx3-ubyte.gz", gzip.decompress), ("digits-idx3-ubyte.xz", lzma.decompress)]
)
@pytest.mark.parametrize("data", [CONTENT, PUBLISHED, lzma.compress(CONTENT, preset=0)], ids=["plain", "gzip", "xz"])
def test_a_file_is_stored_compressed_as_its_name_says(
    folder: Path, directory: Path, file: str, decode: Any, data: bytes
) -> None:
    (directory / file).write_bytes(data)
    assert decode(get(folder, directory, file=file)) == CONTENT


@pytest.mark.parametrize("pins", [["sha256"], ["content_sha256"], []])
def test_a_file_without_suffix_is_kept_as_it_is(folder: Path, directory: Path, pins: list[str]) -> None:
    """For `decompress` compares what is kept with the pinned digest, whatever its compression."""
    (directory / "digits-idx3-ubyte.gz").write_bytes(PUBLISHED)
    pinned = UNPINNED | {pin: PINNED[pin] for pin in pins}
    output = folder / "digits-idx3-ubyte.plain"
    assert get(folder, directory, file="digits-idx3-ubyte", pinned=pinned, output=str(output)) == PUBLISHED


def test_a_wrong_file_in_a_directory_is_refused_and_the_next_mirror_tried(
    server: MirrorServer, folder: Path, directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (directory / FILE).write_bytes(OTHER)
    assert get(folder, directory, f"{server.url}/a") == PUBLISHED
    assert f"{directory / FILE}: not the right file" in caplog.text


@pytest.mark.parametrize("own", [True, False])
def test_the_command_that_pins_changed_files_can_be_typed_and_is_for_own_data_alone(
    tmp_path: Path, directory: Path, monkeypatch: pytest.MonkeyPatch, own: bool
) -> None:
    path = Path(write_own_file(tmp_path)(mirrors=[str(directory)]))
    (directory / FILE).write_bytes(OTHER)
    if not own:
        monkeypatch.setattr(dataset_file, "DATASETS", path.parent)
    message = refused(download.main, str(path), FILE, str(tmp_path / FILE))
    assert "take the published file\n" in f"{message}\n"
    pin = f"pin it: {run_script('new_dataset', '--update', str(path))}"
    assert (message.endswith(pin), "--update" in message) == (own, own)
    message = refused(download.main, str(path), FILE, str(tmp_path / FILE), [str(directory), "http://127.0.0.1:1/"])
    assert message.endswith(f"{pin} --mirrors {shlex.quote(str(directory))}") == own
    splits = {"test": described(3, (4, 5), FILE)}
    unpinned = write_own_file(tmp_path)("my/unpinned.yaml", mirrors=[str(directory)], splits=splits)
    message = refused(download.main, unpinned, FILE, str(tmp_path / FILE))
    assert "into the dataset file" in message and "--update" not in message, "nothing is pinned that differs"


def test_a_built_file_that_is_damaged_or_lost_is_to_be_built_again(tmp_path: Path) -> None:
    path = Path(write_own_file(tmp_path)("x/idx/x.yaml", mirrors=["."]))
    assert "target idx" not in refused(download.main, str(path), FILE, str(tmp_path / FILE)), "it is the user's own"
    path.write_text(write_dataset.HEAD + path.read_text())
    for write in (lambda file: None, lambda file: file.write_bytes(OTHER)):
        write(path.parent / FILE)
        message = refused(download.main, str(path), FILE, str(tmp_path / FILE))
        advice = "if it is damaged or lost, run the target idx again, with your folders and --forcerun build_idx"
        assert message.endswith(advice)


def test_a_file_in_a_directory_that_is_too_large_is_not_copied(folder: Path, directory: Path) -> None:
    (directory / FILE).write_bytes(bytes(10_000_000))
    assert f"{directory / FILE}: larger than the file may be" in refusal(folder, directory)
    assert list(folder.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (idx_bytes(IMAGES.astype("float32")), "write the images as uint8"),
        (idx_bytes(IMAGES[:, :14]), "`shape: [14, 28]`"),
        (idx_bytes(IMAGES[:7]), "`count: 7`"),
        (idx_bytes(IMAGES[:, 0, 0]), "swap the two names"),
        (CONTENT[:-1], "copy or write the file again"),
        (b"5,0,0\n", "copy or write the file again"),
    ],
    ids=["type", "shape", "count", "labels", "truncated", "text"],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_a_mistake_in_a_users_own_file_is_blamed_on_the_file_and_not_on_the_mirror(
    folder: Path, directory: Path, data: bytes, told: str, compressed: bool
) -> None:
    (directory / FILE).write_bytes(gzip.compress(data, 1) if compressed else data)
    message = refusal(folder, directory, pinned=UNPINNED)
    assert f"- {directory / FILE}: " in message
    assert told in message.splitlines()[-1]
    assert "in another way" not in message
    assert list(folder.iterdir()) == []


def test_a_damaged_file_that_a_server_sends_is_not_blamed_on_the_reader(server: MirrorServer, folder: Path) -> None:
    for body in (PUBLISHED[:5], gzip.compress(CONTENT[:-1]), b"5,0,0\n"):
        server.publish(f"/a/{FILE}", body)
        message = refusal(folder, f"{server.url}/a", pinned=UNPINNED)
        assert "write the file again" not in message
        assert "in another way" in message


@pytest.mark.parametrize("name", ["missing", "file", "folder in its place", "endless link", "x" * 300])
def test_a_directory_that_cannot_be_read_is_a_reason_and_the_next_mirror_is_tried(
    server: MirrorServer, folder: Path, directory: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    (directory / "file").touch()
    (directory / "folder in its place" / FILE).mkdir(parents=True)
    (directory / "endless link").mkdir()
    (directory / "endless link" / FILE).symlink_to(FILE)
    mirror = directory / name
    assert get(folder, mirror, f"{server.url}/a") == PUBLISHED
    assert f"{mirror / FILE}: " in caplog.text
    (folder / FILE).unlink()
    message = refusal(folder, mirror)
    assert f"\n    - {mirror / FILE}: " in message
    assert f"to do:    get {FILE} in another way and give its folder, in a run: " in message
    assert list(folder.iterdir()) == []


def test_the_error_lists_each_mirror_with_its_reason_and_says_what_to_do(
    server: MirrorServer, folder: Path, directory: Path
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(body=HTML))
    server.misbehave(f"/b/{FILE}", *[Misbehavior(status=503)] * 4)
    message = refusal(
        folder, f"{server.url}/none", f"{server.url}/a", f"{server.url}/b", "http://127.0.0.1:1/mnist", directory
    )
    assert message.startswith(f"{folder / FILE}: no mirror has the right file\n")
    listed = [line.strip() for line in message.splitlines() if line.lstrip().startswith("- ")]
    assert listed[:3] == [
        f"- {server.url}/none/{FILE}: 404 Not Found",
        f"- {server.url}/a/{FILE}: not the right file: {file_kind(HTML)}",
        f"- {server.url}/b/{FILE}: 503 Service Unavailable",
    ]
    assert listed[3].startswith(f"- http://127.0.0.1:1/mnist/{FILE}: no connection: ")
    assert listed[4:] == [f"- {directory / FILE}: file not found"]
    assert "found:" not in message.partition("file not found")[2], "there are no files like it"
    assert "give its folder, in a run: --config 'mirrors={digits: /path/to/folder}'" in message
    assert list(folder.iterdir()) == []


def test_a_missing_list_of_mirrors_is_reported(folder: Path) -> None:
    message = refusal(folder)
    assert "there is no mirror to get it from" in message


@pytest.mark.parametrize("cut_after", [1000, 100_000])
@pytest.mark.parametrize("resumable", [True, False])
def test_a_failed_download_leaves_nothing_but_what_can_be_resumed(
    server: MirrorServer, folder: Path, resumable: bool, cut_after: int
) -> None:
    headers = {} if resumable else {"ETag": None, "Last-Modified": None}
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=cut_after, headers=headers), GONE)
    refusal(folder, f"{server.url}/a", f"{server.url}/none")
    left = sorted(path.name for path in folder.glob("*/*"))
    assert left == (["bytes", "validator"] if resumable else [])
    assert len(list(folder.iterdir())) == resumable


def test_a_failed_download_leaves_an_earlier_file_as_it_was(server: MirrorServer, folder: Path) -> None:
    (folder / FILE).write_bytes(b"from an earlier run")
    with pytest.raises(DataError):
        download.download(**arguments(folder, f"{server.url}/none"))
    assert (folder / FILE).read_bytes() == b"from an earlier run"


@pytest.mark.parametrize("fault", TALKATIVE.values(), ids=TALKATIVE)
def test_credentials_and_query_of_a_mirror_appear_in_no_message_and_no_file(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture, fault: Misbehavior
) -> None:
    server.misbehave(f"/a/{FILE}", *[fault] * 2)
    call = arguments(folder, f"http://alice:xyzzy@127.0.0.1:{server.server_port}/a/?token=plugh", retries=1)
    message = ""
    try:
        download.download(**call)
    except DataError as error:
        message = str(error)
    said = message + caplog.text + "".join(path.read_text() for path in folder.glob(".*/validator"))
    assert f"127.0.0.1:{server.server_port}/a/{FILE}" in said
    assert [secret for secret in ("alice", "xyzzy", "plugh") if secret in said] == []


@pytest.mark.parametrize(
    "mirror",
    [
        "http://alice:xyzzy@[::1/a?token=plugh",
        "http://alice:xyz/zy@127.0.0.1/a?token=plugh",
        "https://alice:xyzzy@127.0.0.1:1/a?token=plugh",
        "http://alice:xyzzy@127.0.0.1:99999/a?token=plugh",
        "http://alice:xyzzy@\u2028host\x00/a?token=plugh",
        "ftp://alice:xyzzy@127.0.0.1/a?token=plugh",
    ],
)
def test_credentials_and_query_of_an_invalid_mirror_appear_in_no_message_and_no_file(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture, mirror: str
) -> None:
    said = refusal(folder, mirror, retries=0) + caplog.text + str(list(folder.parent.rglob("*")))
    assert [secret for secret in ("alice", "xyz", "zy", "plugh") if secret in said] == []


@pytest.mark.parametrize("device", ["/dev/zero", "pipe"])
def test_a_device_in_a_directory_is_refused(folder: Path, directory: Path, device: str) -> None:
    os.mkfifo(directory / "pipe")
    (directory / FILE).symlink_to(device)
    assert "not a regular file" in refusal(folder, directory)
    assert list(folder.iterdir()) == []


def test_a_directory_full_of_links_is_never_written_to(folder: Path, directory: Path, tmp_path: Path) -> None:
    secret, stem = put(tmp_path / "secret", "not for you"), "t10k-images"
    (directory / f"{stem}-idx3-ubyte.gz").symlink_to(secret)
    (directory / f"{stem}-idx3-ubyte").symlink_to("/dev/zero")
    (directory / f"{stem}.idx3-ubyte").symlink_to(directory)
    (directory / f"{stem}.idx3-ubyte.gz").symlink_to("nowhere")
    assert "not the right file" in refusal(folder, directory)
    assert secret.read_bytes() == b"not for you"
    assert list(folder.iterdir()) == []


def test_words_and_names_of_a_mirror_do_not_act_on_a_terminal(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server.misbehave(f"/a/{FILE}", *[Misbehavior(raw=b"HTTP/1.1 404 \x1b[2Jgone\x85away\r\n\r\n")] * 2)
    location = {"Location": "http://\x1b]0;title\x07/"}
    server.misbehave(f"/b/{FILE}", *[Misbehavior(status=302, headers=location)] * 2)
    said = refusal(folder, f"{server.url}/a", f"{server.url}/b", "/tmp/\x1b[2J\u202e", "http://h\u2028/") + caplog.text
    assert r"404 \x1b[2Jgone\x85away" in said
    assert r"/tmp/\x1b[2J\u202e" in said
    assert not [character for character in said if not character.isprintable() and character != "\n"]


def zipped(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("s__i", "s.i"), data)


@pytest.mark.parametrize(
    "place",
    [
        "t10k-images-idx3-ubyte/t10k-images.idx3-ubyte",
        "t10k-images-idx3-ubyte.gz/t10k-images-idx3-ubyte.gz",
        "MNIST/raw/t10k-images-idx3-ubyte",
        "raw/t10k-images-idx3-ubyte.gz",
        "t10k-images-idx3-ubyte (1).gz",
        "t10k-images.idx3-ubyte(1)",
        "test/images-idx3-ubyte",
        "images/test.idx3-ubyte",
        "testImages.idx",
    ],
)
def test_a_file_is_found_in_a_directory_as_people_have_it(folder: Path, directory: Path, place: str) -> None:
    put(directory / place, PUBLISHED if place.endswith(".gz") else CONTENT)
    for name in ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte"):
        (directory / name).write_bytes(b"something else")
    assert gzip.decompress(get(folder, directory)) == CONTENT
    (folder / FILE).unlink()
    assert gzip.decompress(get(folder, directory, pinned=UNPINNED)) == CONTENT


TWICE = "t10k-images__idx3-ubyte t10k-images-idx3-ubyte/ t10k-images-idx3-ubyte/t10k-images-idx3-ubyte"


@pytest.mark.parametrize(
    "names",
    [FILE, "t10k-images-idx3-ubyte", "t10k-images__idx3-ubyte", "raw/t10k-images", TWICE],
)
def test_a_zip_archive_for_a_file_or_for_all_files_is_unpacked(folder: Path, directory: Path, names: str) -> None:
    members = {name: b"" if name.endswith("/") else PUBLISHED if name == FILE else CONTENT for name in names.split()}
    members |= {"__MACOSX/._t10k-images": b"x", "train-images": b"x"}
    zipped(directory / "t10k-images-idx3-ubyte.zip", **members)
    zipped(directory / "all.zip", **members)
    for mirror in (directory, directory / "all.zip"):
        assert gzip.decompress(get(folder, mirror)) == CONTENT
        (folder / FILE).unlink()


def test_of_several_files_that_may_be_meant_the_digest_decides_and_nothing_else(folder: Path, directory: Path) -> None:
    for name, data in (("a", OTHER), ("b", PUBLISHED)):
        put(directory / name / FILE, data)
    assert get(folder, directory) == PUBLISHED
    (folder / FILE).unlink()
    message = refusal(folder, directory, pinned=UNPINNED)
    assert "file not found" in message and f"in its folder: a/{FILE}, b/{FILE}" in message


def test_a_second_layer_of_gzip_is_taken_off_where_the_content_is_pinned(
    server: MirrorServer, folder: Path, directory: Path
) -> None:
    twice = gzip.compress(PUBLISHED)
    (directory / FILE).write_bytes(twice)
    server.publish(f"/c/{FILE}", twice)
    for mirror in (directory, f"{server.url}/c"):
        assert get(folder, mirror) == PUBLISHED
        (folder / FILE).unlink()
        assert "gzip: decompress it first" in refusal(folder, mirror, pinned=UNPINNED)
    (directory / FILE).write_bytes(gzip.compress(gzip.compress(bytes(10 * len(CONTENT)))))
    assert "not the right file" in refusal(folder, directory)


def test_a_file_that_is_like_the_missing_one_is_named(folder: Path, directory: Path) -> None:
    (directory / f"{FILE}.crdownload").write_bytes(PUBLISHED)
    (directory / "notes.txt").touch()
    assert f"in its folder: {FILE}.crdownload, notes.txt" in refusal(folder, directory)


def test_a_later_run_resumes_where_a_cut_run_stopped(server: MirrorServer, folder: Path) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=200_000))
    assert "the transfer broke off" in refusal(folder, f"{server.url}/a", retries=0)
    assert get(folder, f"{server.url}/a") == PUBLISHED
    second = server.requests[-1]
    assert second.headers["Range"] == "bytes=200000-"
    assert second.status == 206
    assert second.bytes_sent == len(PUBLISHED) - 200_000


def test_a_download_with_a_weak_etag_is_not_resumed(server: MirrorServer, folder: Path) -> None:
    weak = Misbehavior(cut_after=200_000, headers={"ETag": 'W/"1"', "Last-Modified": None})
    server.misbehave(f"/a/{FILE}", weak)
    refusal(folder, f"{server.url}/a", retries=0)
    assert get(folder, f"{server.url}/a") == PUBLISHED
    assert "Range" not in server.requests[-1].headers


@pytest.mark.parametrize("name", [f".{FILE}.partial", f".{FILE}.partial.json"])
def test_a_planted_link_leads_to_no_file_of_the_user(
    server: MirrorServer, folder: Path, tmp_path: Path, name: str
) -> None:
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=100_000))
    (tmp_path / "diary").write_bytes(b"dear diary")
    (folder / name).symlink_to(tmp_path / "diary")
    refusal(folder, f"{server.url}/a", retries=0)
    download.download(**arguments(folder, f"{server.url}/a"))
    assert (tmp_path / "diary").read_bytes() == b"dear diary"
    assert (folder / FILE).read_bytes() == PUBLISHED
    assert not (folder / FILE).is_symlink()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"Rar!\x1a\x07\x01\x00", "a RAR archive: unpack it first"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer: git lfs pull"),
        (b"../mnist/t10k-images-idx3-ubyte.gz", "a link that was saved as text"),
        (b"just text", "its content differs"),
    ],
)
def test_a_file_in_a_directory_is_named_by_what_it_is(folder: Path, directory: Path, data: bytes, kind: str) -> None:
    (directory / FILE).write_bytes(data)
    assert f"not the right file: {kind}" in refusal(folder, directory)
