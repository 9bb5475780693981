"""Files published in a zip archive, which is downloaded once for all of them; never files of hostile archives."""

import gzip
import hashlib
import io
import logging
import os
import random
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import download
from builders import idx_bytes, put
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
    refusal,
    start_process,
    wait_until_larger,
)
from idxpng.errors import DataError
from idxpng.fetch.zip_member import archive_path
from idxpng.files.disk_space import DiskRoomError
from idxpng.formats.idx import IdxHeader
from memory import allocating_less_than
from mirror_server import MirrorServer, Misbehavior

MEMBER = f"gzip/{FILE}"
OTHERS = {f"gzip/other-{n}.gz": random.Random(n).randbytes(700_000) for n in range(3)}


def zip_bytes(members: dict[str, bytes] | list[tuple[str, bytes]], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive of these members, in this order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicates are wanted here
        for name, data in members.items() if isinstance(members, dict) else members:
            archive.writestr(name, data)
    return file.getvalue()


def with_neighbors(member: str = MEMBER, data: bytes = PUBLISHED, compression: int = zipfile.ZIP_STORED) -> bytes:
    first, *rest = OTHERS.items()
    return zip_bytes(dict([first, (member, data), *rest]), compression)


ARCHIVE = with_neighbors()
IN_ARCHIVE: dict[str, Any] = PINNED | {"member": MEMBER, "archive": ("gzip.zip", len(ARCHIVE))}


@pytest.fixture
def server(mirror_server: MirrorServer, caplog: pytest.LogCaptureFixture) -> MirrorServer:
    """A server with the archive /a/gzip.zip."""
    caplog.set_level(logging.INFO)
    mirror_server.publish("/a/gzip.zip", ARCHIVE)
    return mirror_server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "resources/letters"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    directory = tmp_path / "local"
    directory.mkdir()
    return directory


def sent(server: MirrorServer) -> int:
    return sum(request.bytes_sent for request in server.requests)


def wholes(folder: Path) -> list[Path]:
    return [path for path in folder.parent.glob("archives/*") if path.suffix == ".zip"]


@pytest.mark.parametrize("mirror", ["/a", "/a/", "/a/?token=plugh", "/a/gzip.zip?token=plugh"])
def test_a_mirror_is_the_archive_or_the_folder_that_holds_it(server: MirrorServer, folder: Path, mirror: str) -> None:
    assert get(folder, server.url + mirror, pinned=IN_ARCHIVE) == PUBLISHED
    asked = [request.path.partition("?")[0] for request in server.requests]
    assert asked == (["/a/gzip.zip"] if "zip" in mirror else [f"/a/{FILE}", "/a/gzip.zip"])
    assert {request.path.partition("?")[2] for request in server.requests} == {mirror.partition("?")[2]}


def test_a_folder_on_a_server_may_hold_the_file_unpacked(server: MirrorServer, folder: Path) -> None:
    server.publish(f"/b/{FILE}", PUBLISHED)
    server.publish("/b/gzip.zip", ARCHIVE)
    assert get(folder, f"{server.url}/b", pinned=IN_ARCHIVE) == PUBLISHED
    assert sent(server) == len(PUBLISHED), "which is less than the archive"


def test_an_archive_that_is_packed_otherwise_serves_as_well(server: MirrorServer, folder: Path) -> None:
    server.publish("/b/emnist-gzip.zip", with_neighbors(f"else/where/{FILE}", compression=zipfile.ZIP_DEFLATED))
    assert get(folder, f"{server.url}/b/emnist-gzip.zip", pinned=IN_ARCHIVE) == PUBLISHED


@pytest.mark.parametrize("fault", [Misbehavior(cut_after=150_000), Misbehavior(stall_after=150_000)], ids=str)
def test_an_archive_that_breaks_off_goes_on_where_it_stopped(
    server: MirrorServer, folder: Path, fault: Misbehavior
) -> None:
    server.misbehave("/a/gzip.zip", fault)
    assert get(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE) == PUBLISHED
    assert server.requests[0].bytes_sent == 150_000
    assert sent(server) < len(ARCHIVE) + (1 << 16) + 1000, "what was under way when it stalled comes twice"


@pytest.mark.parametrize(
    ("faults", "named"),
    [
        ([Misbehavior(status=404)], "404 Not Found"),
        ([Misbehavior(cut_after=10), Misbehavior(status=403)], "403 Forbidden"),
        ([Misbehavior(status=503)] * 3, "503 Service Unavailable"),
        ([Misbehavior(cut_after=10)] * 9, "broke off"),
        (
            [Misbehavior(cut_after=10)] + [Misbehavior(status=206, headers={"Content-Range": "bytes 5-9/100"})] * 2,
            "206 ",
        ),
        (
            [Misbehavior(cut_after=10)] + [Misbehavior(status=206, headers={"Content-Range": None})] * 2,
            "206 ",
        ),
    ],
)
def test_what_goes_wrong_is_named_and_the_next_mirror_tried(
    server: MirrorServer, folder: Path, faults: list[Misbehavior], named: str
) -> None:
    server.misbehave("/a/gzip.zip", *faults)
    assert f"{server.url}/a/gzip.zip: " in (message := refusal(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE))
    assert named in message
    server.misbehave("/a/gzip.zip", *faults)
    server.publish(f"/b/{FILE}", PUBLISHED)
    assert get(folder, f"{server.url}/a/gzip.zip", f"{server.url}/b", pinned=IN_ARCHIVE) == PUBLISHED


@pytest.mark.parametrize("faults", [[], [Misbehavior(status=404)] * 2, [Misbehavior(cut_after=0)] * 9])
def test_credentials_and_query_appear_in_no_message_and_no_path(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture, faults: list[Misbehavior]
) -> None:
    server.misbehave("/a/gzip.zip", *faults)
    said = ""
    mirror = f"http://alice:xyzzy@127.0.0.1:{server.server_port}/a/gzip.zip?token=plugh"
    try:
        download.download(**arguments(folder, mirror, pinned=IN_ARCHIVE, retries=1))
    except DataError as error:
        said = str(error)
    said += caplog.text + " ".join(map(str, folder.parent.rglob("*")))
    assert f"127.0.0.1:{server.server_port}/a/gzip.zip" in said
    assert [secret for secret in ("alice", "xyzzy", "plugh") if secret in said] == []


def test_what_an_ordinary_mirror_sent_is_not_lost_to_an_archive_that_fails(server: MirrorServer, folder: Path) -> None:
    server.publish(f"/b/{FILE}", PUBLISHED)
    mirrors = (f"{server.url}/b", f"{server.url}/none/gzip.zip")
    server.misbehave(f"/b/{FILE}", Misbehavior(cut_after=200_000), GONE)
    refusal(folder, *mirrors, pinned=IN_ARCHIVE)
    assert get(folder, *mirrors, pinned=IN_ARCHIVE) == PUBLISHED
    assert server.requests[-1].headers["Range"] == "bytes=200000-"


def test_the_whole_archive_is_downloaded_once_for_all_members_and_datasets(
    server: MirrorServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert get(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE) == PUBLISHED
    assert sent(server) == len(ARCHIVE)
    assert [path.read_bytes() for path in wholes(folder)] == [ARCHIVE]
    other_dataset = folder.with_name("digits")
    other_dataset.mkdir()
    for name, data in OTHERS.items():
        file = name.rpartition("/")[2]
        header = IdxHeader.of("uint8", (len(data) - 8,))
        pinned = {"header": header, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        pinned |= {"member": name, "archive": IN_ARCHIVE["archive"]}
        download.download(
            **arguments(
                other_dataset,
                f"{server.url}/a/gzip.zip",
                file=file,
                pinned=pinned,
                output=str(other_dataset / f"{file}.plain"),
            )
        )
    assert len(server.requests) == 1
    assert "the whole archive" in caplog.text


def test_an_archive_that_cannot_be_stored_is_not_blamed_on_the_mirror(server: MirrorServer, folder: Path) -> None:
    (folder.parent / "archives").write_bytes(b"not a folder")
    message = refusal(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE)
    assert f"cannot be read or stored: File exists\n    found:    {folder.parent / 'archives'}" in message


@pytest.mark.slow
def test_archives_whose_urls_differ_in_the_query_are_two(server: MirrorServer, folder: Path) -> None:
    other = gzip.compress(idx_bytes(255 - IMAGES), mtime=0)
    unpinned = UNPINNED | {"member": MEMBER, "archive": IN_ARCHIVE["archive"]}
    assert get(folder, f"{server.url}/a/gzip.zip?id=1", pinned=unpinned) == PUBLISHED
    server.publish("/a/gzip.zip", with_neighbors(data=other))
    (folder / FILE).unlink()
    assert get(folder, f"{server.url}/a/gzip.zip?id=2", pinned=unpinned) == other
    assert [request.path[-1] for request in server.requests] == ["1", "2"]


@pytest.mark.parametrize("pinned", [PINNED, UNPINNED])
def test_what_arrived_from_a_different_query_is_not_continued(
    server: MirrorServer, folder: Path, pinned: dict[str, Any]
) -> None:
    server.publish(f"/a/{FILE}", PUBLISHED)
    server.misbehave(f"/a/{FILE}", Misbehavior(cut_after=100_000))
    refusal(folder, f"{server.url}/a?id=1", pinned=pinned, retries=0)
    download.download(**arguments(folder, f"{server.url}/a?id=2", pinned=pinned))
    assert "Range" not in server.requests[-1].headers


@pytest.mark.slow
def test_processes_that_want_members_at_once_download_the_archive_once(server: MirrorServer, folder: Path) -> None:
    server.misbehave("/a/gzip.zip", *[Misbehavior(pause=0.001)] * 9)
    folders = [folder.with_name(f"letters-{n}") for n in range(3)]
    for each in folders:
        each.mkdir()
    calls = [arguments(each, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE, patience=(LONG, LONG)) for each in folders]
    processes = [start_process(call) for call in calls]
    for process in processes:
        assert process.communicate()[1] == b""
        assert process.returncode == 0
    assert [(each / FILE).read_bytes() for each in folders] == [PUBLISHED] * 3
    assert [request.bytes_sent for request in server.requests].count(len(ARCHIVE)) == 1
    assert sorted(folder.parent.glob("archives/*")) == wholes(folder), "no lock file, nor anything else"


@pytest.mark.slow
def test_a_killed_download_of_the_whole_archive_leaves_nothing_under_its_name_and_goes_on(
    server: MirrorServer, folder: Path
) -> None:
    server.misbehave("/a/gzip.zip", Misbehavior(stall_after=1_000_000))
    whole = archive_path(folder.parent / "archives", f"{server.url}/a/gzip.zip")
    call = arguments(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE, patience=(LONG, LONG))
    with start_process(call) as process:
        wait_until_larger(whole, 500_000)
        process.kill()
    assert not whole.exists()
    assert get(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE) == PUBLISHED
    assert server.requests[-1].status == 206, "the rest of it"


def test_a_whole_archive_that_went_bad_is_thrown_away(server: MirrorServer, folder: Path) -> None:
    whole = archive_path(folder.parent / "archives", f"{server.url}/a/gzip.zip")
    damaged = bytearray(ARCHIVE)
    damaged[ARCHIVE.index(PUBLISHED) + 1000] ^= 1
    put(whole, bytes(damaged))
    assert get(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE) == PUBLISHED
    assert whole.read_bytes() == ARCHIVE


def test_a_whole_archive_without_end_is_not_taken(server: MirrorServer, folder: Path) -> None:
    server.misbehave("/a/gzip.zip", Misbehavior(endless=True, chunked=True))
    assert "larger than the file may be" in refusal(folder, f"{server.url}/a/gzip.zip", pinned=IN_ARCHIVE)
    assert [path for path in folder.parent.glob("archives/*") if path.stat().st_size] == []


def test_a_member_for_which_the_disk_has_no_space_is_reported_with_its_size(
    folder: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / "gzip.zip").write_bytes(ARCHIVE)
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_blocks=2**30, f_bavail=len(PUBLISHED) - 1, f_frsize=1, f_favail=9)
    )
    with pytest.raises(DiskRoomError, match=f"{MEMBER}: not enough disk space\n  expected: {len(PUBLISHED):,} bytes"):
        get(folder, directory, pinned=IN_ARCHIVE)
    assert list(folder.iterdir()) == []


def test_an_archive_that_does_not_fit_on_the_disk_is_a_reason_to_try_the_next_mirror(
    server: MirrorServer, folder: Path, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (directory / FILE).write_bytes(PUBLISHED)
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_blocks=2**30, f_bavail=len(ARCHIVE) - 1, f_frsize=1, f_favail=9)
    )
    assert get(folder, f"{server.url}/a/gzip.zip", directory, pinned=IN_ARCHIVE) == PUBLISHED
    folder.with_name("digits").mkdir()
    with pytest.raises(DiskRoomError, match=f"gzip.zip: not enough disk space\n  expected: {len(ARCHIVE):,} bytes"):
        get(folder.with_name("digits"), f"{server.url}/a/gzip.zip", f"{server.url}/none", pinned=IN_ARCHIVE)


@pytest.mark.parametrize("as_url", [False, True], ids=["path", "file URL"])
@pytest.mark.parametrize("name", ["", "/gzip.zip"], ids=["folder", "archive"])
def test_a_local_archive_is_a_mirror(folder: Path, directory: Path, name: str, as_url: bool) -> None:
    (directory / "gzip.zip").write_bytes(ARCHIVE)
    assert get(folder, (directory.as_uri() if as_url else str(directory)) + name, pinned=IN_ARCHIVE) == PUBLISHED
    assert wholes(folder) == []


@pytest.mark.parametrize(("member", "taken"), [("else/images.idx", True), ("train/images.idx", False)])
def test_a_member_without_a_digest_is_taken_from_elsewhere_in_the_archive_but_not_from_a_different_split(
    folder: Path, directory: Path, caplog: pytest.LogCaptureFixture, member: str, taken: bool
) -> None:
    caplog.set_level(logging.INFO)
    (directory / "gzip.zip").write_bytes(zip_bytes({member: PUBLISHED}))
    pinned = UNPINNED | {"member": "test/images.idx", "archive": IN_ARCHIVE["archive"]}
    if taken:
        assert get(folder, directory, pinned=pinned) == PUBLISHED
        assert f"gzip.zip: test/images.idx: taken from {member}, " in caplog.text
    else:
        assert "has no such member\n" in (said := refusal(folder, directory, pinned=pinned))
        assert f"found:    '{member}'" in said


@pytest.mark.parametrize("path", [FILE, MEMBER, FILE.removesuffix(".gz"), MEMBER.removesuffix(".gz")])
def test_members_that_were_unpacked_already_are_found(folder: Path, directory: Path, path: str) -> None:
    put(directory / path, PUBLISHED if path.endswith(".gz") else CONTENT)
    (directory / "gzip.zip").write_bytes(b"damaged")
    assert get(folder, directory, pinned=IN_ARCHIVE)[:2] == PUBLISHED[:2]


def test_a_folder_without_the_archive_is_a_reason(folder: Path, directory: Path) -> None:
    assert f"{directory}/gzip.zip: file not found" in refusal(folder, directory, pinned=IN_ARCHIVE)


def encrypted() -> bytes:
    """As `with_neighbors`, the flag of encryption set for every member, in the table and before the data."""
    data = bytearray(ARCHIVE)
    for signature, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    return bytes(data)


def claiming(size: int) -> bytes:
    """A deflated bomb of ten million bytes, which says that it has this size."""
    data = bytearray(zip_bytes({MEMBER: bytes(10_000_000)}, zipfile.ZIP_DEFLATED))
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        struct.pack_into("<I", data, data.index(signature) + offset, size)
    return bytes(data)


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "path upwards": (lambda: zip_bytes({MEMBER: PUBLISHED, "../../evil": b""}), "found:    '../../evil'"),
    "path upwards with backslashes": (lambda: zip_bytes({MEMBER: PUBLISHED, "..\\evil": b""}), r"'..\\evil'"),
    "path upwards within": (lambda: zip_bytes({MEMBER: PUBLISHED, f"a/../../{FILE}": b""}), "relative paths"),
    "absolute path": (lambda: zip_bytes({MEMBER: PUBLISHED, "/etc/passwd": b""}), "found:    '/etc/passwd'"),
    "path with a drive": (lambda: zip_bytes({MEMBER: PUBLISHED, "C:\\evil": b""}), "relative paths"),
    "twice": (lambda: zip_bytes([(MEMBER, PUBLISHED), (MEMBER, PUBLISHED)]), f"has more than one {FILE}"),
    "two of the same name elsewhere": (
        lambda: zip_bytes({f"a/{FILE}": PUBLISHED, f"b/{FILE}": PUBLISHED[::-1]}),
        f"found:    'a/{FILE}', 'b/{FILE}'",
    ),
    "no such member": (lambda: zip_bytes({f"{MEMBER}x\x1b[2J": PUBLISHED}), f"found:    '{MEMBER}x\\x1b[2J'"),
    "empty": (lambda: zip_bytes({}), "get the archive again, or from another mirror"),
    "encrypted": (encrypted, "is encrypted, password required"),
    "bomb": (lambda: claiming(10_000_000), "larger than the file may be"),
    "bomb that lies": (lambda: claiming(1000), "not a readable zip archive"),
    "unusual compression": (
        lambda: with_neighbors(compression=zipfile.ZIP_BZIP2),
        "unpack it with another program",
    ),
    "other content": (lambda: with_neighbors(data=PUBLISHED[::-1]), "not the right file"),
    "damaged member": (lambda: ARCHIVE.replace(PUBLISHED[5000:5100], bytes(100)), "Bad CRC-32"),
    "cut short": (lambda: ARCHIVE[:-200], "not a readable zip archive"),
    "web page": (lambda: b"<!doctype html><html>Moved</html>", "not a readable zip archive"),
}


@pytest.mark.slow
@pytest.mark.parametrize("source", ["server", "folder"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_is_refused_in_plain_words(
    server: MirrorServer, folder: Path, directory: Path, name: str, source: str
) -> None:
    make, words = HOSTILE[name]
    archive = make()
    server.publish("/a/gzip.zip", archive)
    (directory / "gzip.zip").write_bytes(archive)
    before = sorted(path for path in folder.parents[1].rglob("*") if "archives" not in path.parts)
    mirror = directory if source == "folder" else f"{server.url}/a/gzip.zip"
    message = refusal(folder, mirror, pinned=IN_ARCHIVE)
    assert words in message
    assert f"{mirror}" in message
    assert wholes(folder) == []
    assert sorted(path for path in folder.parents[1].rglob("*") if "archives" not in path.parts) == before


@pytest.mark.slow
@pytest.mark.parametrize("source", ["server", "folder"])
def test_a_table_of_contents_that_is_huge_is_not_read_into_memory(
    server: MirrorServer, folder: Path, directory: Path, source: str
) -> None:
    size = 1 << 27
    with (directory / "gzip.zip").open("wb") as file:
        file.seek(size)
        file.write(struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0))
    (server.folder / "a/gzip.zip").write_bytes((directory / "gzip.zip").read_bytes())
    mirror = directory if source == "folder" else f"{server.url}/a/gzip.zip"
    with allocating_less_than(10_000_000) if source == "folder" else nullcontext():  # a server is in this process, too
        message = refusal(folder, mirror, pinned=IN_ARCHIVE | {"archive": ("gzip.zip", size)}, patience=(LONG, LONG))
    assert "not a readable zip archive" in message


@pytest.mark.slow
@pytest.mark.parametrize("source", ["server", "folder"])
def test_no_damage_leads_to_a_traceback_or_to_other_bytes(
    server: MirrorServer, folder: Path, directory: Path, source: str
) -> None:
    small = zip_bytes({"gzip/a.gz": b"a", MEMBER: PUBLISHED[:2000]}, zipfile.ZIP_DEFLATED)
    pinned = IN_ARCHIVE | {"bytes": 2000, "sha256": hashlib.sha256(PUBLISHED[:2000]).hexdigest()}
    chance = random.Random(0)
    structure = [*range(60), *range(len(small) - 250, len(small))]
    for _ in range(150):
        damaged = bytearray(small)
        for _ in range(chance.randint(1, 4)):
            damaged[chance.choice(structure)] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        (directory / "gzip.zip").write_bytes(damaged)
        server.publish("/a/gzip.zip", bytes(damaged))
        mirror = directory if source == "folder" else f"{server.url}/a/gzip.zip"
        try:
            download.download(**arguments(folder, mirror, pinned=pinned))
        except DataError:
            assert not (folder / FILE).exists()
        else:
            assert (folder / FILE).read_bytes() == PUBLISHED[:2000]
            (folder / FILE).unlink()
