"""Checks of mirrors that have a file, and of mirrors that fail in typical ways."""

import gzip
import hashlib
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from certificates import loopback_tls
from idxpng.dataset.model import Dataset, PublishedFile
from idxpng.fetch import mirror_check
from idxpng.fetch.mirror_check import Answer, Check, ask, lost, table, wrong
from idxpng.fetch.mirrors import Place, places_in
from idxpng.fetch.patience import Patience
from mirror_server import MirrorServer, Misbehavior

FILE = "train-images-idx3-ubyte.gz"
DATA = gzip.compress(b"\0\0\x08\x01\0\0\0\x09" + bytes(9), mtime=0)
KNOWN = PublishedFile(FILE, 17, bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
HTML = b"<!DOCTYPE html><html>Please accept the terms of this network.</html>"


@pytest.fixture
def server(mirror_server: MirrorServer, monkeypatch: pytest.MonkeyPatch) -> MirrorServer:
    monkeypatch.setattr(mirror_check, "PATIENCE", Patience(0.5, 0.5, 1.5, rate=1, period=1.0))
    mirror_server.publish(f"/a/{FILE}", DATA)
    return mirror_server


def place_of(file: PublishedFile, mirror: str) -> Place:
    return places_in(mirror, file)[0]


def state(server: MirrorServer, fault: Misbehavior | None = None, file: PublishedFile = KNOWN) -> Answer:
    """What is found of the file when the server answers with a fault."""
    if fault:
        server.misbehave(f"/a/{FILE}", fault)
    answer = ask(place_of(file, f"{server.url}/a/").where)
    return answer._replace(problem=answer.problem or wrong(answer, file, in_archive=False))


def test_a_good_mirror_is_described_and_sends_no_more_than_the_first_bytes(server: MirrorServer) -> None:
    answer = state(server)
    assert answer == Answer(None, len(DATA), True, "no", "gzip", answer.changed)
    assert len(answer.changed or "") == len("2026-01-31")
    (request,) = server.requests
    assert request.bytes_sent == mirror_check.FIRST
    assert request.headers["User-Agent"].startswith("mnist-png-workflow/")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Misbehavior(status=404), "404 Not Found"),
        (Misbehavior(status=503), "503 Service Unavailable"),
        (Misbehavior(body=HTML), "not gzip but HTML or XML"),
        (Misbehavior(body=b"PK\3\4" + DATA), "not gzip but zip"),
        (Misbehavior(body=DATA + b"more"), f"wrong size, {len(DATA)} bytes expected"),
        (Misbehavior(body=DATA[:-1]), f"wrong size, {len(DATA)} bytes expected"),
        (Misbehavior(cut_after=5), "broke off"),
        (Misbehavior(body=b"", headers={"Content-Length": "0"}), "not gzip but something else"),
        (Misbehavior(delay=5), "no answer within 0.5 s"),
        (Misbehavior(stall_after=5), "broke off"),
        (Misbehavior(status=302, headers={"Location": f"/a/{FILE}?again"}), "too many redirects"),
    ],
    ids=["404", "503", "page", "zip", "longer", "shorter", "cut", "empty", "slow", "stalled", "redirects"],
)
def test_a_bad_mirror_is_known_by_what_it_answers(server: MirrorServer, fault: Misbehavior, problem: str) -> None:
    if problem == "too many redirects":
        server.misbehave(f"/a/{FILE}", *[fault] * 50)
    assert state(server, fault).problem == problem


def test_a_server_without_ranges_is_good_and_said_to_have_none(server: MirrorServer) -> None:
    answer = state(server, Misbehavior(ranges=False))
    assert (answer.problem, answer.ranges, answer.bytes) == (None, False, len(DATA))


def test_a_redirect_is_followed(server: MirrorServer) -> None:
    server.publish("/moved.gz", DATA)
    assert state(server, Misbehavior(status=302, headers={"Location": "/moved.gz"})).problem is None


def test_a_missing_size_is_not_a_fault(server: MirrorServer) -> None:
    answer = state(server, Misbehavior(ranges=False, chunked=True))
    assert (answer.problem, answer.bytes) == (None, None)


@pytest.mark.parametrize("compress", [lambda data: gzip.compress(data, 1) + bytes(9), bytes], ids=["again", "not"])
def test_a_different_compression_is_good_if_the_content_is_pinned(
    server: MirrorServer, compress: Callable[[bytes], bytes]
) -> None:
    pinned = PublishedFile(FILE, 17, bytes=len(DATA), sha256=KNOWN.sha256, content_sha256="0" * 64)
    body = compress(gzip.decompress(DATA))
    assert state(server, Misbehavior(body=body), pinned).problem is None
    assert state(server, Misbehavior(body=body)).problem is not None


@pytest.fixture
def untrusted(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    _, context = loopback_tls(tmp_path_factory.mktemp("tls"))
    with MirrorServer(tmp_path_factory.mktemp("mirror"), tls=context) as server:
        server.publish(f"/a/{FILE}", DATA)
        yield server


def test_a_certificate_that_nobody_trusts_is_a_fault(untrusted: MirrorServer) -> None:
    answer = state(untrusted)
    assert answer.tls == "untrusted"
    assert "certificate is not trusted" in (answer.problem or "")


def test_a_server_that_is_not_there_is_a_fault() -> None:
    assert re.fullmatch(r"no connection: \[Errno \d+\] Connection refused", ask("http://127.0.0.1:1/x").problem or "")


@pytest.mark.parametrize("where", ["http://[::1/x.gz", "http://127.0.0.1:99999/x.gz"])
def test_an_invalid_address_is_a_fault_and_does_not_end_the_check(where: str) -> None:
    assert ask(place_of(KNOWN, where).where).problem


@pytest.mark.parametrize("target", ["http://[::1/", "http://h\xe9/"])
def test_a_redirect_to_an_invalid_address_is_a_fault_and_does_not_end_the_check(
    server: MirrorServer, target: str
) -> None:
    assert state(server, Misbehavior(status=302, headers={"Location": target})).problem


def test_a_missing_ca_bundle_is_a_fault_and_does_not_end_the_check(
    untrusted: MirrorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/none")
    assert "REQUESTS_CA_BUNDLE" in (state(untrusted).problem or "")


def test_a_member_of_an_archive_is_looked_for_in_it_or_alone() -> None:
    member = PublishedFile("a.gz", 17, member="gzip/a.gz", archive=("gzip.zip", 99))
    zipped = place_of(member, "https://x.org/e/gzip.zip?key=1")
    assert zipped == ("https://x.org/e/gzip.zip?key=1", "gzip/a.gz")
    assert place_of(member, "https://x.org/e?key=1") == ("https://x.org/e/a.gz?key=1", None)
    assert place_of(member, "/data/gzip.zip") == ("/data/gzip.zip", "gzip/a.gz")


def test_an_archive_of_any_size_is_good_and_other_files_are_not(server: MirrorServer) -> None:
    member = PublishedFile("a.gz", 17, bytes=9, member="gzip/a.gz", archive=("gzip.zip", 99))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gzip/a.gz", DATA)
    server.publish("/gzip.zip", packed.getvalue())
    assert wrong(ask(f"{server.url}/gzip.zip"), member, in_archive=True) is None
    server.publish("/gzip.zip", HTML)
    assert wrong(ask(f"{server.url}/gzip.zip"), member, in_archive=True) == "not zip but HTML or XML"


def test_a_folder_is_a_mirror_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(DATA)
    assert ask(place_of(KNOWN, str(tmp_path)).where) == Answer(None, len(DATA), True, first="gzip")
    assert ask(str(tmp_path / "none")).problem == "No such file or directory"
    assert ask(f"{tmp_path}/{'x' * 300}").problem == "File name too long"
    os.mkfifo(tmp_path / "pipe")
    assert ask(str(tmp_path / "pipe")).problem == "not a regular file"


def check(file: str, problem: str | None, **answer: Any) -> Check:
    row: Check = dict.fromkeys(mirror_check.COLUMNS)
    return (
        row
        | {"dataset": "digits", "file": file, "mirror": f"https://x.org/{file}", "state": problem or "good"}
        | answer
    )


def test_a_file_is_lost_when_no_mirror_has_it() -> None:
    checks = [check("a", "404"), check("a", None), check("b", "404"), check("b", "no answer")]
    known = SimpleNamespace(name="digits", whole_splits={"train": SimpleNamespace(files=[KNOWN])})
    files = [replace(KNOWN, file=name) for name in ("a", "b", "c")]  # no mirror was asked for the last one
    known.whole_splits["test"] = SimpleNamespace(files=files)
    assert lost([cast(Dataset, known)], checks) == [f"digits/{FILE}", "digits/b", "digits/c"]


def test_a_table_has_a_row_for_each_file_at_each_mirror() -> None:
    checks = [check("a", None, bytes=1234567, ranges=True, tls="yes"), check("b", "this | that")]
    header, first, second = table(checks).splitlines()
    assert header.split() == list(mirror_check.COLUMNS)
    assert first.split() == ["digits", "a", "https://x.org/a", "1,234,567", "yes", "yes", "good"]
    assert second.split() == ["digits", "b", "https://x.org/b", "this", "|", "that"]
    lines = table(checks, markdown=True).splitlines()
    assert lines[0] == f"| {' | '.join(mirror_check.COLUMNS)} |"
    assert lines[1] == f"|{' --- |' * len(mirror_check.COLUMNS)}"
    assert lines[3].endswith("| this \\| that |")
