"""Checks of mirrors that have a file, and of mirrors that fail in typical ways."""

import gzip
import hashlib
import io
import json
import os
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy
import pytest
import yaml

import check_mirrors
from builders import OWN, described, flip, idx_bytes, rewritten
from certificates import loopback_tls
from check_mirrors import Check, ask, table, wrong
from idxpng.dataset.model import PublishedFile
from idxpng.fetch.mirrors import Place, places_in
from idxpng.fetch.patience import Patience
from idxpng.formats.idx import IdxHeader
from mirror_server import MirrorServer, Misbehavior
from project import PROJECT, run_script

FILE = "train-images-idx3-ubyte.gz"
DATA = gzip.compress(b"\0\0\x08\x01\0\0\0\x09" + bytes(9), mtime=0)
HEADER = IdxHeader.of("uint8", (9,))
KNOWN = PublishedFile(FILE, HEADER, bytes=len(DATA), sha256=hashlib.sha256(DATA).hexdigest())
HTML = b"<!DOCTYPE html><html>Please accept the terms of this network.</html>"


@pytest.fixture
def server(mirror_server: MirrorServer, monkeypatch: pytest.MonkeyPatch) -> MirrorServer:
    monkeypatch.setattr(check_mirrors, "PATIENCE", Patience(0.5, 0.5, 1.5, rate=1, period=1.0))
    mirror_server.publish(f"/a/{FILE}", DATA)
    return mirror_server


def place_of(file: PublishedFile, mirror: str) -> Place:
    return places_in(mirror, file)[0]


def found_of(server: MirrorServer, fault: Misbehavior | None = None, file: PublishedFile = KNOWN) -> Check:
    """What is found of the file when the server answers with a fault."""
    if fault:
        server.misbehave(f"/a/{FILE}", fault)
    return check_mirrors.check(("digits", [file], f"{server.url}/a/"), folder=None)


def test_a_good_mirror_is_described_and_sends_no_more_than_the_first_bytes(server: MirrorServer) -> None:
    found = found_of(server)
    names = {"dataset": "digits", "file": FILE, "mirror": f"{server.url}/a/{FILE}"}
    facts = {"bytes": len(DATA), "ranges": True, "tls": "no", "first": "gzip", "changed": found["changed"]}
    assert found == names | facts | {"state": "good"}
    assert len(found["changed"]) == len("2026-01-31")
    (request,) = server.requests
    assert request.bytes_sent == check_mirrors.FIRST
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
    assert found_of(server, fault)["state"] == problem


def test_a_server_without_ranges_is_good_and_said_to_have_none(server: MirrorServer) -> None:
    found = found_of(server, Misbehavior(ranges=False))
    assert (found["state"], found["ranges"], found["bytes"]) == ("good", False, len(DATA))


def test_a_redirect_is_followed(server: MirrorServer) -> None:
    server.publish("/moved.gz", DATA)
    assert found_of(server, Misbehavior(status=302, headers={"Location": "/moved.gz"}))["state"] == "good"


def test_a_missing_size_is_not_a_fault(server: MirrorServer) -> None:
    found = found_of(server, Misbehavior(ranges=False, chunked=True))
    assert (found["state"], found["bytes"]) == ("good", None)


@pytest.mark.parametrize("compress", [lambda data: gzip.compress(data, 1) + bytes(9), bytes], ids=["again", "not"])
def test_a_different_compression_is_good_if_the_content_is_pinned(
    server: MirrorServer, compress: Callable[[bytes], bytes]
) -> None:
    pinned = PublishedFile(FILE, HEADER, bytes=len(DATA), sha256=KNOWN.sha256, content_sha256="0" * 64)
    body = compress(gzip.decompress(DATA))
    assert found_of(server, Misbehavior(body=body), pinned)["state"] == "good"
    assert found_of(server, Misbehavior(body=body))["state"] != "good"
    server.publish("/a/plain", body)
    # Published without compression, so that both are the same.
    of_content = PublishedFile("plain", HEADER, sha256="0" * 64)
    assert check_mirrors.check(("digits", [of_content], f"{server.url}/a"), folder=None)["state"] == "good"


@pytest.mark.slow
def test_files_that_a_download_takes_packed_differently_or_of_several_arrays_are_good(tmp_path: Path) -> None:
    images, labels = numpy.zeros((2500, 28, 28), "uint8"), numpy.zeros(2500, "uint8")
    numpy.savez(tmp_path / "a.npz", x=images, y=labels)  # more than sixteen times as large as its labels
    (tmp_path / "digits").write_bytes(idx_bytes(images))
    numpy.save(tmp_path / "b.npy", labels)
    one, two = described(2500, (28, 28), "a.npz", "a.npz"), described(2500, (28, 28), "digits.gz", "b.npy")
    one["images"]["member"], one["labels"]["member"] = "x.npy", "y.npy"
    (tmp_path / "plain.yaml").write_text(yaml.safe_dump(OWN | {"mirrors": ["."], "splits": {"one": one, "two": two}}))
    process = run_script("check_mirrors", tmp_path / "plain.yaml", "--full", "--format", "json")
    assert process.returncode == 0, process.stderr
    rows = json.loads(process.stdout)
    assert [(row["file"], row["state"]) for row in rows] == [(name, "good") for name in ("a.npz", "digits.gz", "b.npy")]


@pytest.fixture
def untrusted(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[MirrorServer]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    _, context = loopback_tls(tmp_path_factory.mktemp("tls"))
    with MirrorServer(tmp_path_factory.mktemp("mirror"), tls=context) as server:
        server.publish(f"/a/{FILE}", DATA)
        yield server


def test_a_certificate_that_nobody_trusts_is_a_fault(untrusted: MirrorServer) -> None:
    found = found_of(untrusted)
    assert found["tls"] == "untrusted"
    assert "certificate is not trusted" in found["state"]


def test_a_server_that_is_not_there_is_a_fault() -> None:
    assert re.fullmatch(r"no connection: \[Errno \d+\] Connection refused", ask("http://127.0.0.1:1/x")["state"])


@pytest.mark.parametrize("where", ["http://[::1/x.gz", "http://127.0.0.1:99999/x.gz"])
def test_an_invalid_address_is_a_fault_and_does_not_end_the_check(where: str) -> None:
    assert ask(place_of(KNOWN, where).where)["state"]


@pytest.mark.parametrize("target", ["http://[::1/", "http://h\xe9/"])
def test_a_redirect_to_an_invalid_address_is_a_fault_and_does_not_end_the_check(
    server: MirrorServer, target: str
) -> None:
    assert found_of(server, Misbehavior(status=302, headers={"Location": target}))["state"] != "good"


def test_a_missing_ca_bundle_is_a_fault_and_does_not_end_the_check(
    untrusted: MirrorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/none")
    assert "REQUESTS_CA_BUNDLE" in found_of(untrusted)["state"]


def test_a_member_of_an_archive_is_looked_for_in_it_or_alone() -> None:
    member = PublishedFile("a.gz", HEADER, member="gzip/a.gz", archive=("gzip.zip", 99))
    zipped = place_of(member, "https://x.org/e/gzip.zip?key=1")
    assert zipped == ("https://x.org/e/gzip.zip?key=1", "gzip/a.gz")
    assert place_of(member, "https://x.org/e?key=1") == ("https://x.org/e/a.gz?key=1", None)
    assert place_of(member, "/data/gzip.zip") == ("/data/gzip.zip", "gzip/a.gz")


def test_an_archive_of_any_size_is_good_and_other_files_are_not(server: MirrorServer) -> None:
    member = PublishedFile("a.gz", HEADER, bytes=9, member="gzip/a.gz", archive=("gzip.zip", 99))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("gzip/a.gz", DATA)
    server.publish("/gzip.zip", packed.getvalue())
    assert wrong(ask(f"{server.url}/gzip.zip"), member, in_archive=True) is None
    assert check_mirrors.check(("digits", [member], server.url), folder=None)["state"] == "good", "the folder has it"
    server.publish("/gzip.zip", HTML)
    assert wrong(ask(f"{server.url}/gzip.zip"), member, in_archive=True) == "not zip but HTML or XML"
    found = check_mirrors.check(("digits", [member], server.url), folder=None)
    assert (found["mirror"], found["state"]) == (f"{server.url}/a.gz", "404 Not Found")


def test_a_folder_is_a_mirror_too(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(DATA)
    assert ask(place_of(KNOWN, str(tmp_path)).where) == {"bytes": len(DATA), "ranges": True, "first": "gzip"}
    assert ask(str(tmp_path / "none"))["state"] == "file not found"
    assert ask(f"{tmp_path}/{'x' * 300}")["state"] == "cannot be read: File name too long"
    os.mkfifo(tmp_path / "pipe")
    assert ask(str(tmp_path / "pipe"))["state"] == "not a regular file"


def row(file: str, problem: str | None, **answer: Any) -> Check:
    names = {"dataset": "digits", "file": file, "mirror": f"https://x.org/{file}", "state": problem or "good"}
    return dict.fromkeys(check_mirrors.COLUMNS) | names | answer


def test_a_table_has_a_row_for_each_file_at_each_mirror() -> None:
    checks = [row("a", None, bytes=1234567, ranges=True, tls="yes"), row("b", "this | that")]
    header, first, second = table(checks).splitlines()
    assert header.split() == list(check_mirrors.COLUMNS)
    assert first.split() == ["digits", "a", "https://x.org/a", "1,234,567", "yes", "yes", "good"]
    assert second.split() == ["digits", "b", "https://x.org/b", "this", "|", "that"]
    lines = table(checks, markdown=True).splitlines()
    assert lines[0] == f"| {' | '.join(check_mirrors.COLUMNS)} |"
    assert lines[1] == f"|{' --- |' * len(check_mirrors.COLUMNS)}"
    assert lines[3].endswith("| this \\| that |")


SAMPLE = PROJECT / "datasets/mnist-sample"
T10K = "t10k-labels-idx1-ubyte.gz"


@pytest.fixture
def dataset(mirror_server: MirrorServer, tmp_path: Path) -> Path:
    """The dataset file of the sample, whose mirrors are two folders of a server."""
    for mirror in ("a", "b"):
        shutil.copytree(SAMPLE, mirror_server.folder / mirror)
    path = Path(shutil.copy(PROJECT / "datasets/mnist-sample.yaml", tmp_path / "digits.yaml"))
    with rewritten(path) as document:
        document["mirrors"] = [f"{mirror_server.url}/a/?key=plugh", f"{mirror_server.url}/b"]
    return path


@pytest.mark.slow
def test_all_good_mirrors_are_listed_and_end_with_0(dataset: Path) -> None:
    process = run_script("check_mirrors", dataset)
    assert process.returncode == 0, process.stderr
    _, *rows = process.stdout.splitlines()
    assert len(rows) == 8
    assert all(row.endswith("good") for row in rows)
    assert "plugh" not in process.stdout


@pytest.mark.slow
def test_one_bad_mirror_of_two_is_shown_and_ends_with_0(dataset: Path, mirror_server: MirrorServer) -> None:
    mirror_server.misbehave(f"/a/{T10K}", Misbehavior(status=404))
    process = run_script("check_mirrors", dataset, "--format", "json")
    assert process.returncode == 0
    rows = json.loads(process.stdout)
    assert [row["mirror"] for row in rows if row["state"] != "good"] == [f"{mirror_server.url}/a/{T10K}"]
    assert {row["state"] for row in rows} == {"good", "404 Not Found"}


@pytest.mark.slow
def test_a_file_without_a_good_mirror_ends_with_1_and_is_named(dataset: Path, mirror_server: MirrorServer) -> None:
    for mirror in ("a", "b"):
        mirror_server.misbehave(f"/{mirror}/{T10K}", Misbehavior(status=404))
    process = run_script("check_mirrors", dataset, "--format", "markdown")
    assert process.returncode == 1
    assert process.stderr.strip() == f"no mirror has digits/{T10K}"
    assert process.stdout.startswith("| dataset | ")
    assert process.stdout.count("404 Not Found") == 2


def test_a_file_for_which_no_mirror_is_named_is_named_too(dataset: Path) -> None:
    with rewritten(dataset) as document:
        document["mirrors"] = []
    process = run_script("check_mirrors", dataset)
    assert process.returncode == 1
    kinds = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    assert process.stderr.strip() == f"no mirror has {', '.join(f'digits/{kind}-ubyte.gz' for kind in kinds)}"


@pytest.mark.slow
def test_bytes_that_only_a_digest_tells_apart_are_found_in_full(dataset: Path, mirror_server: MirrorServer) -> None:
    flip(mirror_server.folder / "a" / T10K, -1)
    assert "404" not in run_script("check_mirrors", dataset).stdout
    process = run_script("check_mirrors", dataset, "--full", "--format", "json")
    assert process.returncode == 0, process.stderr
    (bad,) = (row for row in json.loads(process.stdout) if row["state"] != "good")
    assert bad["mirror"] == f"{mirror_server.url}/a/{T10K}"
    assert "not the right file" in bad["state"]
    assert "plugh" not in process.stdout


@pytest.mark.slow
def test_shipped_datasets_go_by_name_and_mistakes_are_reported_without_a_traceback() -> None:
    process = run_script("check_mirrors", "mnist-sample")
    assert (process.returncode, process.stdout.count("good")) == (0, 4)
    for name, problem in (("nist", "nist: no such dataset"), ("/none/x.yaml", "/none/x.yaml: file not found")):
        process = run_script("check_mirrors", name)
        assert process.returncode == 1
        assert problem in process.stderr
        assert "Traceback" not in process.stderr
